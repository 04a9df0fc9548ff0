#include <strata/data/mnist.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "data/idx.hpp"

using namespace strata;
using namespace data_test;

namespace {

std::string refusal(const MnistDirectory& directory) {
  return error<FileError>([&] { load_mnist(directory.path); });
}

}  // namespace

TEST_CASE("MNIST files become a data set", "[mnist]") {
  const MnistDirectory directory;
  const auto [train, test] = load_mnist(directory.path);
  for (const Dataset& set : {train, test}) {
    CHECK(set.shape() == Shape{2, 4, 1});
    CHECK(set.size() == 3);
    CHECK(std::ranges::equal(set.labels(), std::vector{9, 0, 4}));
    for (std::size_t i = 0; i < 24; ++i) CHECK(static_cast<char>(set.bytes()[i]) == mnist_images[16 + i]);
  }
  CHECK(train.sample(2)[7] == static_cast<float>(static_cast<std::uint8_t>(mnist_images.back())) / 255.0f);
}

TEST_CASE("a wrong MNIST file is named, with the byte", "[mnist]") {
  const MnistDirectory directory;
  const std::filesystem::path images = directory.images("t10k"), labels = directory.labels("t10k");
  const auto images_are = [&](const std::string& bytes, std::initializer_list<std::string> parts) {
    write_text(images, bytes);
    const std::string text = refusal(directory);
    CHECK(missing(text, {images.string()}) == "");
    CHECK(missing(text, parts) == "");
    write_text(images, mnist_images);
  };
  const auto labels_are = [&](const std::string& bytes, std::initializer_list<std::string> parts) {
    write_text(labels, bytes);
    const std::string text = refusal(directory);
    CHECK(missing(text, {labels.string()}) == "");
    CHECK(missing(text, parts) == "");
    write_text(labels, mnist_labels);
  };
  images_are("", {"byte 0", "header of 16 bytes", "end of the file"});
  images_are(mnist_images.substr(0, 15), {"byte 15", "end of the file"});
  images_are(mnist_labels + noise(20, 2), {"byte 0", "magic number 2051", "received 2049"});
  images_are(mnist_images.substr(0, 39), {"byte 16", "3x2x4 bytes", "received 23 bytes"});
  images_are(mnist_images + "x", {"byte 16", "3x2x4 bytes", "received 25 bytes"});
  images_are(idx({0x803, 0, 2, 4}, ""), {"0x2x4", "at least one"});
  images_are(idx({0x803, 0, 0, 0}, "x"), {"0x0x0", "received 1 bytes"});
  images_are(idx({0x803, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "x"), {"4294967295x4294967295x4294967295"});
  images_are(idx({0x803, 0x80000000, 0x80000000, 4}, ""), {"received 0 bytes"});  // the product is 2^64
  images_are(idx({0x803, 1, 65536, 1}, std::string(65536, 'x')), {"byte 8", "65535x65535", "65536x1"});
  labels_are("", {"byte 0", "header of 8 bytes"});
  labels_are(mnist_images, {"byte 0", "magic number 2049", "received 2051"});
  labels_are(idx({0x801, 3}, {9, 0}), {"byte 8", "3 bytes", "received 2 bytes"});
  labels_are(idx({0x801, 2}, {9, 0}), {"byte 4", "3 labels, one for each image", "received 2"});
  labels_are(idx({0xC01, 3}, {0, 0, 0, 9}), {"byte 8", "3 times 4 bytes", "received 4 bytes"});
  labels_are(idx({0xC01, 0x40000001}, {0, 0, 0, 9}), {"1073741825 times 4 bytes"});  // 2^32 + 4 bytes
  labels_are(idx({0xC02, 3, 8}, std::string(95, '\0')), {"byte 12", "3x8 times 4 bytes", "received 95 bytes"});
  labels_are(idx({0xC02, 3, 10}, std::string(120, '\0')), {"byte 8", "the eight of QMNIST", "received 10"});
  labels_are(idx({0xC02}, ""), {"byte 4", "header of 8 bytes", "end of the file"});
  labels_are(idx({0xC02, 3}, ""), {"byte 8", "header of 12 bytes", "end of the file"});
  labels_are(idx({0xD01, 3}, std::string(12, '\0')), {"byte 0", "whole numbers", "received 3329"});       // float
  labels_are(idx({0xE01, 3}, std::string(24, '\0')), {"byte 0", "whole numbers", "received 3585"});       // double
  labels_are(idx({0x802, 3, 10}, std::string(30, '\0')), {"byte 0", "of rank 1", "received 2050"});       // one-hot
  labels_are(idx({0x10801, 3}, {9, 0, 4}), {"byte 0", "magic number 2049", "received 67585"});
  labels_are(idx({0x901, 3}, {9, 0, '\xFF'}), {"byte 10", "a label of at least 0", "received -1"});
  labels_are(idx({0xC01, 3, 1, 0x80000000, 2}, ""), {"byte 12", "a label of at least 0", "received -2147483648"});
  images_are(idx({0xD03, 3, 2, 4}, std::string(96, '\0')), {"byte 0", "unsigned bytes of rank 3", "received 3331"});
  images_are(idx({0x804, 3, 2, 2, 2}, std::string(24, '\0')), {"byte 0", "of rank 3", "received 2052"});
}

TEST_CASE("labels are whole numbers of any width", "[mnist]") {
  const MnistDirectory directory;
  const auto labels = [&](const std::string& bytes) {
    write_text(directory.labels("train"), bytes);
    const Dataset set = load_mnist(directory.path).train;
    return std::vector(set.labels().begin(), set.labels().end());
  };
  CHECK(labels(idx({0x801, 3}, {1, 26, '\xFF'})) == std::vector{1, 26, 255});  // letters and more
  CHECK(labels(idx({0x901, 3}, {0, 26, 127})) == std::vector{0, 26, 127});
  CHECK(labels(idx({0xB01, 3}, {0, 9, 1, 0, 127, '\xFF'})) == std::vector{9, 256, 32767});
  CHECK(labels(idx({0xC01, 3, 9, 0x01020304, 0x7FFFFFFF}, "")) == std::vector{9, 16909060, 2147483647});
  // QMNIST: class, series, writer, digit of this writer, NIST's class, digit of NIST, duplicate, unused
  CHECK(labels(idx({0xC02, 3, 8, 5, 0, 2500, 1, 65, 0, 8, 0, 0, 4, 2501, 9, 66, 2, 1, 0, 4, 1, 2502, 3, 67, 4, 5, 0},
                   "")) == std::vector{5, 0, 4});
}

TEST_CASE("images and labels under any names", "[mnist]") {
  const MnistDirectory directory;
  const std::filesystem::path images = directory.path / "letters-images", labels = directory.path / "letters-labels.gz";
  write_text(images, mnist_images);
  write_text(labels, mnist_labels);
  const auto unpack = [](std::span<const std::byte> file, const std::filesystem::path& path) {
    CHECK(path.extension() == ".gz");
    return std::vector<std::byte>(file.begin(), file.end());
  };
  CHECK(std::ranges::equal(load_idx(images, labels, unpack).labels(), std::vector{9, 0, 4}));
  CHECK(missing(error<FileError>([&] { load_idx(images, labels); }), {labels.string(), "is compressed"}) == "");
  CHECK(missing(error<FileError>([&] { load_idx(images, labels.string() + ".gz", unpack); }), {"No such file"}) == "");
}

TEST_CASE("a large file of another format is refused by its first bytes", "[mnist]") {
  const MnistDirectory directory;
  for (const std::string& start : {std::string("PK\3\4 an archive"), mnist_images}) {
    write_text(directory.images("train"), start);
    std::error_code no_such_size;
    std::filesystem::resize_file(directory.images("train"), std::uintmax_t{1} << 40, no_such_size);  // a hole
    CHECK(missing(refusal(directory), {directory.images("train").string(), "received "}) == "");
    CHECK(missing(refusal(directory), {"memory"}) != "");
  }
}

TEST_CASE("a missing MNIST file is named", "[mnist]") {
  const MnistDirectory directory;
  std::filesystem::remove(directory.labels("train"));
  CHECK(missing(refusal(directory), {directory.labels("train").string(), "No such file"}) == "");
  write_text(directory.labels("train").string() + ".gz", "x");
  CHECK(missing(refusal(directory),
                {"train-labels-idx1-ubyte.gz", "gunzip", "<strata/data/gzip.hpp>", "strata::zlib"}) == "");
}

TEST_CASE("a compressed MNIST file goes through the given function, a plain one does not", "[mnist]") {
  const MnistDirectory directory;
  write_text(directory.labels("train").string() + ".gz", "not read, because the plain file is there");
  std::filesystem::rename(directory.labels("t10k"), directory.labels("t10k").string() + ".gz");
  const auto reversed = [](std::span<const std::byte> file, const std::filesystem::path& path) {
    CHECK(path.extension() == ".gz");
    std::vector<std::byte> bytes(file.begin(), file.end());
    std::reverse(bytes.begin() + 8, bytes.end());
    return bytes;
  };
  const auto [train, test] = load_mnist(directory.path, reversed);
  CHECK(std::ranges::equal(train.labels(), std::vector{9, 0, 4}));
  CHECK(std::ranges::equal(test.labels(), std::vector{4, 0, 9}));
}

TEST_CASE("no MNIST file, however broken, does harm", "[mnist]") {
  const MnistDirectory directory;
  const auto load = [&](const std::filesystem::path& path) {
    return [&, path](const std::string& bytes) {
      write_text(path, bytes);
      const Dataset set = load_mnist(directory.path).train;
      CHECK(set.labels().size() == set.size());
      CHECK(std::ranges::all_of(set.labels(), [](int label) { return label >= 0; }));
    };
  };
  CHECK(fuzz(mnist_images, 2000, load(directory.images("train"))) > 1000);
  write_text(directory.images("train"), mnist_images);
  CHECK(fuzz(mnist_labels, 2000, load(directory.labels("train"))) > 1000);
}

// The set's mean and standard deviation are known from many programs that normalise with them: 0.1307 and 0.3081.
TEST_CASE("the real MNIST", "[mnist][real]") {
  const auto directory = real_data("mnist");
  if (!directory) return;
  const auto [train, test] = load_mnist(*directory);
  REQUIRE(train.size() == 60000);
  REQUIRE(test.size() == 10000);
  CHECK(train.shape() == Shape{28, 28, 1});
  CHECK(std::ranges::equal(train.labels().first(10), std::vector{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}));
  CHECK(std::ranges::equal(test.labels().first(10), std::vector{7, 2, 1, 0, 4, 1, 4, 9, 5, 9}));
  double sum = 0, squares = 0;
  for (const std::uint8_t byte : train.bytes()) {
    sum += byte / 255.0;
    squares += byte / 255.0 * (byte / 255.0);
  }
  const auto count = static_cast<double>(train.bytes().size());
  CHECK(sum / count == Approx(0.1307).margin(0.00005));
  CHECK(std::sqrt(squares / count - sum / count * (sum / count)) == Approx(0.3081).margin(0.00005));
}
