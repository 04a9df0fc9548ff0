#include <strata/data/cifar10.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "data/support.hpp"

using namespace strata;
using namespace data_test;

namespace {

/// Records with the given labels; the pixels of the n-th are noise(3072, n).
std::string batch(std::initializer_list<int> labels) {
  std::string file;
  std::uint64_t number = 0;
  for (const int label : labels) file += static_cast<char>(label) + noise(3072, number++);
  return file;
}

const std::string names = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";

/// Training batches of three records and a test batch of two.
struct CifarDirectory : Directory {
  CifarDirectory() {
    write_text(path / "data_batch_1.bin", batch({1, 2, 3}));
    write_text(path / "data_batch_2.bin", batch({2, 2, 2}));
    write_text(path / "data_batch_3.bin", batch({3, 3, 3}));
    write_text(path / "data_batch_4.bin", batch({4, 4, 4}));
    write_text(path / "data_batch_5.bin", batch({5, 5, 6}));
    write_text(path / "test_batch.bin", batch({0, 9}));
    write_text(path / "batches.meta.txt", names);
  }
};

std::string refusal(const CifarDirectory& directory) {
  return error<FileError>([&] { load_cifar10(directory.path); });
}

}  // namespace

TEST_CASE("CIFAR-10 files become a data set", "[cifar10]") {
  const CifarDirectory directory;
  const auto [train, test] = load_cifar10(directory.path);
  CHECK(train.shape() == Shape{32, 32, 3});
  CHECK(std::ranges::equal(train.labels(), std::vector{1, 2, 3, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6}));
  CHECK(std::ranges::equal(test.labels(), std::vector{0, 9}));
  CHECK(train.class_names()[9] == "truck");
  CHECK(test.class_names().size() == 10);
  // The file has planes of red, green and blue, the data set pixels.
  const std::string planes = noise(3072, 1);
  for (std::size_t pixel = 0; pixel < 1024; ++pixel)
    for (std::size_t channel = 0; channel < 3; ++channel)
      CHECK(static_cast<char>(test.bytes()[3072 + pixel * 3 + channel]) == planes[channel * 1024 + pixel]);
}

TEST_CASE("CIFAR-10 is found one directory below too", "[cifar10]") {
  const CifarDirectory inner;
  const Directory outer;
  std::filesystem::create_directory_symlink(inner.path, outer / "cifar-10-batches-bin");
  CHECK(load_cifar10(outer.path).train.size() == 15);
}

TEST_CASE("a wrong CIFAR-10 file is named, with the byte", "[cifar10]") {
  const CifarDirectory directory;
  const std::filesystem::path path = directory / "data_batch_4.bin", meta = directory / "batches.meta.txt";
  const auto refused = [&](const std::filesystem::path& file, const std::string& bytes,
                           std::initializer_list<std::string> parts) {
    write_text(file, bytes);
    const std::string text = refusal(directory);
    CHECK(missing(text, {file.string()}) == "");
    CHECK(missing(text, parts) == "");
  };
  refused(path, "", {"byte 0", "one or more records of 3073 bytes", "received 0 bytes"});
  refused(path, batch({1, 2}).substr(0, 6145), {"byte 3073", "received 6145 bytes"});
  refused(path, batch({1}) + "x", {"byte 3073", "received 3074 bytes"});
  refused(path, batch({4, 4}), {"byte 6146", "3 images, as many as the other files", "received 2"});
  refused(path, batch({4, 4, 4, 4}), {"byte 9219", "3 images, as many as the other files", "received 4"});
  refused(path, batch({1, 10, 2}), {"byte 3073", "label from 0 to 9", "received 10"});
  refused(path, batch({255, 0, 0}), {"byte 0", "received 255"});
  std::filesystem::remove(path);
  CHECK(missing(refusal(directory), {path.string(), "No such file"}) == "");
  write_text(path, batch({1, 1, 1}));
  refused(meta, "", {"10 class names", "received 0"});
  refused(meta, "one\ntwo", {"10 class names", "received 2"});
  refused(meta, names + "eleven", {"10 class names", "received 11"});
  write_text(meta, "a\r\nb\r\nc\nd\ne\nf\ng\nh\n\ni\nj");
  CHECK(load_cifar10(directory.path).test.class_names()[1] == "b");
  CHECK(missing(error<FileError>([] { load_cifar10("/nonexistent"); }), {"/nonexistent/data_batch_1.bin"}) == "");
}

TEST_CASE("the published CIFAR-10 has as many images in every file", "[cifar10]") {
  const CifarDirectory directory;
  for (int n = 1; n <= 5; ++n)
    std::filesystem::resize_file(directory / detail::join("data_batch_", n, ".bin"), 3073 * 10'000);  // zeros
  CHECK(missing(refusal(directory), {"test_batch.bin: byte 6146", "10000 images", "received 2"}) == "");
  std::filesystem::resize_file(directory / "test_batch.bin", 3073 * 10'000);
  CHECK(load_cifar10(directory.path).test.size() == 10'000);
  std::filesystem::resize_file(directory / "data_batch_1.bin", std::uintmax_t{3073} << 28);
  CHECK(missing(refusal(directory), {"data_batch_1.bin: byte 30730000", "10000 at most"}) == "");
}

TEST_CASE("no CIFAR-10 file, however broken, does harm", "[cifar10]") {
  const CifarDirectory directory;
  const auto load = [&](const char* name) {
    return [&, name](const std::string& bytes) {
      write_text(directory / name, bytes);
      const Dataset set = load_cifar10(directory.path).test;
      CHECK(set.labels().size() == set.size());
      CHECK(std::ranges::all_of(set.labels(), [](int label) { return label >= 0 && label <= 9; }));
    };
  };
  CHECK(fuzz(batch({0, 9}), 1000, load("test_batch.bin")) > 500);
  write_text(directory / "test_batch.bin", batch({0, 9}));
  CHECK(fuzz(names, 1000, load("batches.meta.txt")) > 200);
}

TEST_CASE("the real CIFAR-10", "[cifar10][real]") {
  const auto root = real_data("cifar-10-batches-bin");
  if (!root) return;
  const auto [train, test] = load_cifar10(root->parent_path());
  REQUIRE(train.size() == 50000);
  REQUIRE(test.size() == 10000);
  for (int label = 0; label < 10; ++label) {
    CHECK(std::ranges::count(train.labels(), label) == 5000);
    CHECK(std::ranges::count(test.labels(), label) == 1000);
  }
  CHECK(train.class_names()[0] == "airplane");
  // Means of red, green and blue that many programs normalise with: 0.4914, 0.4822, 0.4465.
  for (std::size_t channel = 0; const double mean : {0.4914, 0.4822, 0.4465}) {
    double sum = 0;
    for (std::size_t i = channel; i < train.bytes().size(); i += 3) sum += train.bytes()[i];
    CHECK(sum / 255.0 / (50000 * 1024) == Approx(mean).margin(0.001));
    ++channel;
  }
}
