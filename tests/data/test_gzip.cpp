#include <strata/data/gzip.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <strata/data/mnist.hpp>

#include "data/idx.hpp"

using namespace strata;
using namespace data_test;

namespace {

std::string gzip(const std::string& plain) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string unpack(const std::string& packed) {
  const std::vector<std::byte> bytes = gunzip(as_bytes(packed), "file.gz");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string refusal(const std::string& packed) {
  return error<FileError>([&] { unpack(packed); });
}

}  // namespace

TEST_CASE("gunzip gives back what gzip took", "[gzip]") {
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 3'000'000}) {
    const std::string plain = noise(size, size);
    CHECK((unpack(gzip(plain)) == plain));
  }
  const std::string zeros(5'000'000, '\0');
  CHECK((unpack(gzip(zeros)) == zeros));
  CHECK(unpack(gzip("one") + gzip("") + gzip("two")) == "onetwo");
  // As GNU gzip and Python's: zeros fill up a tape's block.
  for (const std::size_t count : {1, 7, 512, 3'000'000}) {
    const std::string padding(count, '\0');
    CHECK(unpack(gzip("one") + padding) == "one");
    CHECK(unpack(gzip("one") + padding + gzip("two") + padding) == "onetwo");
    CHECK(missing(refusal(gzip("one") + padding + "two"), {"gzip data", "incorrect header check"}) == "");
    CHECK(missing(refusal(gzip("one") + padding + gzip("two").substr(0, 12)), {"end of the file"}) == "");
    CHECK(missing(refusal(padding), {"file.gz: byte "}) == "");
  }
}

TEST_CASE("a broken gzip file is named, with the byte", "[gzip]") {
  const std::string packed = gzip(noise(100, 1));
  CHECK(missing(refusal(""), {"file.gz: byte 0", "end of the file"}) == "");
  CHECK(missing(refusal("plain text"), {"file.gz: byte 2", "gzip data", "incorrect header check"}) == "");
  CHECK(missing(refusal(packed.substr(0, 60)), {"byte 60", "more compressed data", "end of the file"}) == "");
  CHECK(missing(refusal(packed.substr(0, packed.size() - 1)), {"end of the file"}) == "");
  CHECK(missing(refusal(packed + "more"), {"gzip data", "incorrect header check"}) == "");
  std::string altered = packed;
  altered[50] = as_char(static_cast<std::uint64_t>(altered[50]) ^ 1);
  CHECK(missing(refusal(altered), {"gzip data", "incorrect data check"}) == "");
}

TEST_CASE("a small file cannot claim all memory", "[gzip]") {
  std::string bomb = gzip(std::string(100'000'000, '\0'));
  CHECK(bomb.size() < 200'000);
  std::string bombs;
  for (int i = 0; i < 11; ++i) bombs += bomb;
  CHECK(missing(refusal(bombs), {"at most 1 GiB"}) == "");
}

TEST_CASE("no gzip file, however broken, does harm", "[gzip]") {
  const std::string plain = noise(300, 2) + std::string(300, 'x');
  CHECK(fuzz(gzip(plain), 4000, [&](const std::string& bytes) {
          const std::string unpacked = unpack(bytes);
          // Only header fields that carry no data (time, system, flags of the packer) are not covered by its checksum.
          if (unpacked != plain) CHECK(unpacked.size() % plain.size() == 0);
        }) > 3000);
}

TEST_CASE("MNIST is read from its compressed files", "[gzip][mnist]") {
  const MnistDirectory directory;
  const Dataset plain = load_mnist(directory.path).train;
  for (const char* part : {"train", "t10k"}) {
    for (const auto& [path, bytes] :
         {std::pair(directory.images(part), mnist_images), std::pair(directory.labels(part), mnist_labels)}) {
      std::filesystem::remove(path);
      write_text(path.string() + ".gz", gzip(bytes));
    }
  }
  const Dataset packed = load_mnist(directory.path, gunzip).train;
  CHECK(std::ranges::equal(packed.bytes(), plain.bytes()));
  CHECK(std::ranges::equal(packed.labels(), plain.labels()));
}

TEST_CASE("the real MNIST is the same, compressed or not", "[gzip][mnist][real]") {
  const auto root = real_data("mnist");
  if (!root) return;
  for (const char* name : {"train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    const std::filesystem::path packed = *root / (std::string(name) + ".gz");
    if (!std::filesystem::exists(packed)) continue;
    CHECK((gunzip(read_file(packed), packed) == read_file(*root / name)));
  }
}
