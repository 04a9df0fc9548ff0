#include <strata/io/tensor_file.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/support.hpp"

using namespace strata;
using io_test::container, io_test::file_error, io_test::missing, io_test::write_text;

namespace {

/// What read_tensors says to a file of these bytes.
std::string complaint(const std::string& bytes) {
  const io_test::Directory directory;
  write_text(directory / "x.safetensors", bytes);
  const std::string text = file_error([&] { read_tensors(directory / "x.safetensors"); });
  CHECK(missing(text, {(directory / "x.safetensors").string(), "byte ", "expected ", "received "}) == "");
  return text;
}

/// Of a header with one tensor, `a`.
std::string tensor_complaint(const std::string& entries, const std::string& data = std::string(8, 'x')) {
  return complaint(container("{\"a\":{" + entries + "}}", data));
}

}  // namespace

TEST_CASE("tensors and metadata come back", "[io]") {
  const io_test::Directory directory;
  const std::vector<float> floats{1.5f, -0.0f, 3e-45f, 4};
  const std::vector<std::int32_t> labels{-1, 2, 3};
  const Metadata metadata{{"format", "strata"}, {"text", "\"quoted\" \\ and\nä"}};
  const std::vector<TensorEntry> tensors{{"z/kernel", "F32", {2, 2}, std::as_bytes(std::span(floats)), 0},
                                         {"labels", "I32", {3}, std::as_bytes(std::span(labels)), 0},
                                         {"none", "F32", {0, 7}, {}, 0},
                                         {"scalar", "F32", {}, std::as_bytes(std::span(floats)).first(4), 0}};
  write_tensors(directory / "x", tensors, metadata);
  const TensorFile file = read_tensors(directory / "x");
  CHECK(file.metadata() == metadata);
  REQUIRE(file.tensors().size() == 4);
  CHECK(file.tensors()[0].byte % 8 == 0);
  CHECK(file.find("nothing") == nullptr);
  for (const TensorEntry& tensor : tensors) {
    const TensorEntry* found = file.find(tensor.name);
    REQUIRE(found != nullptr);
    CHECK(found->dtype == tensor.dtype);
    CHECK(found->shape == tensor.shape);
    CHECK(io_test::bits(found->data) == io_test::bits(tensor.data));
    CHECK(io_test::read_text(directory / "x").substr(found->byte, found->data.size()) == io_test::bits(tensor.data));
  }
  write_tensors(directory / "x", {});
  const TensorFile empty = read_tensors(directory / "x");
  CHECK(empty.tensors().empty());
  CHECK_THROWS_AS(write_tensors(directory / "x", std::vector{tensors[0], tensors[0]}), InvalidArgument);
  CHECK_THROWS_AS(write_tensors(directory / "x", std::vector{TensorEntry{"__metadata__", "U8", {0}, {}, 0}}),
                  InvalidArgument);
}

TEST_CASE("files of other writers are read", "[io]") {
  int files = 0, tensors = 0;
  const auto oracle = strata::test::tests_directory() / "oracle";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(oracle)) {
    if (entry.path().extension() != ".safetensors") continue;
    ++files;
    const TensorFile file = read_tensors(entry.path());
    for (const TensorEntry& tensor : file.tensors()) {
      std::size_t size = 4;
      for (const std::size_t extent : tensor.shape) size *= extent;
      CHECK(tensor.data.size() == size);  // F32 and I32 alone
      ++tensors;
    }
  }
  CHECK(files > 50);
  CHECK(tensors > 2 * files);
}

TEST_CASE("foreign and damaged files are refused", "[io]") {
  CHECK(missing(complaint(""), {"byte 0", "an empty file"}) == "");
  CHECK(missing(complaint("1234567"), {"7 bytes"}) == "");
  CHECK(missing(complaint(container("{}").substr(0, 9)), {"byte 0", "at most 1 bytes, received 2"}) == "");
  CHECK(missing(complaint("\x89HDF\r\n\x1a\n and so on"), {"byte 0", "a header of at most 10 bytes"}) == "");
  CHECK(missing(complaint(std::string(8, '\xff')), {"received 18446744073709551615"}) == "");
  CHECK(missing(complaint(container("")), {"byte 8", "a JSON object", "no bytes"}) == "");
  CHECK(missing(complaint(container("[1]")), {"byte 8", "starts with '{'", "\"[\""}) == "");
  for (const char* start : {"\xEF\xBB\xBF", " ", "\n"})
    CHECK(missing(complaint(container(start + std::string("{}"))), {"byte 8", "starts with '{'"}) == "");
  for (const char* end : {"\n", "\t", " \r"})
    CHECK(missing(complaint(container("{}" + std::string(end))), {"nothing but spaces behind the JSON object"}) == "");
  CHECK(missing(complaint(container(std::string("{}\0", 3))), {"byte 10", "a byte of value 0"}) == "");
  CHECK(missing(complaint(container(std::string("{}\0{}", 5))), {"byte 10", "a byte of value 0"}) == "");
  CHECK(missing(complaint(container(std::string("{\"a\0\":1}", 8))), {"a byte of value 0"}) == "");
  CHECK(missing(complaint(container("{}x}")), {"byte 10", "a JSON object"}) == "");
  CHECK(missing(complaint(container("{\"a\":}")), {"byte 13", "a JSON object"}) == "");
  CHECK(missing(complaint(container("{\"\xff\":1}")), {"invalid string"}) == "");
  CHECK(missing(complaint(container("{} {}")), {"byte 11", "a JSON object"}) == "");
  CHECK(missing(complaint(container("{\"a\":1e999}")), {"out_of_range"}) == "");
  CHECK(missing(complaint(container(detail::join("{\"a\":", std::string(100'000, '[')))), {"nested at most 3 deep"}) ==
        "");
  CHECK(missing(complaint(container("{}", "x")), {"byte 10", "the end of the file", "1 bytes more"}) == "");
  CHECK(missing(complaint(container("{\"__metadata__\":1}")), {"byte 9", "an object of strings", "number"}) == "");
  CHECK(missing(complaint(container("{\"__metadata__\":{\"epoch\":1}}")), {"a string as 'epoch'", "number"}) == "");
  const std::string a = "\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  CHECK(missing(complaint(container("{" + a + "," + a + "}")), {"byte 62", "each key once", "\"a\" again"}) == "");
  CHECK(missing(complaint(container("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}")), {"\"dtype\" again"}) == "");
  CHECK(missing(complaint(container("{\"__metadata__\":{},\"__metadata__\":{}}")), {"\"__metadata__\" again"}) == "");
}

TEST_CASE("a large file is refused by its first bytes", "[io]") {
  const io_test::Directory directory;
  for (const std::string& start : {std::string("PK\3\4 an archive"), container("not one").substr(0, 15),
                                   container("{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}")}) {
    write_text(directory / "x", start);
    std::error_code no_such_size;
    std::filesystem::resize_file(directory / "x", std::uintmax_t{1} << 40, no_such_size);  // a hole
    CHECK(missing(file_error([&] { read_tensors(directory / "x"); }), {"byte ", "expected "}) == "");
    CHECK(missing(file_error([&] { read_tensors(directory / "x"); }), {"memory"}) != "");
  }
}

TEST_CASE("a header of many tensors", "[io]") {
  const io_test::Directory directory;
  std::vector<std::byte> data(20'000);
  std::vector<TensorEntry> tensors;
  for (std::size_t i = 0; i < data.size(); ++i)
    tensors.push_back({detail::join("tensor ", i), "U8", {1}, std::span(data).subspan(i, 1), 0});
  write_tensors(directory / "x", tensors);
  const TensorFile file = read_tensors(directory / "x");
  REQUIRE(file.tensors().size() == data.size());
  std::size_t right = 0;
  for (std::size_t i = 0; i < data.size(); ++i)
    right += file.find(tensors[i].name) == &file.tensors()[i] && file.tensors()[i].name == tensors[i].name;
  CHECK(right == data.size());
}

TEST_CASE("a wrong entry is named with its tensor", "[io]") {
  const std::string shape = "\"shape\":[2],", dtype = "\"dtype\":\"F32\",", offsets = "\"data_offsets\":[0,8]";
  CHECK(missing(complaint(container("{\"a\":3}")), {"byte 9", "\"a\" with an object", "number"}) == "");
  CHECK(missing(tensor_complaint(dtype + offsets), {"an entry \"shape\"", "none"}) == "");
  CHECK(missing(tensor_complaint(shape + offsets), {"a string \"dtype\"", "none"}) == "");
  CHECK(missing(tensor_complaint(dtype + "\"shape\":[2]"), {"an entry \"data_offsets\"", "none"}) == "");
  CHECK(missing(tensor_complaint(shape + offsets + ",\"dtype\":32"), {"a string \"dtype\"", "number"}) == "");
  CHECK(missing(tensor_complaint(shape + offsets + ",\"dtype\":\"f32\""), {"a known dtype", "\"f32\""}) == "");
  CHECK(missing(tensor_complaint(dtype + offsets + ",\"shape\":2"), {"an array \"shape\"", "number"}) == "");
  CHECK(missing(tensor_complaint(shape + dtype + offsets + ",\"more\":0"), {"\"a\" with", "received 4"}) == "");
  for (const char* bad : {"-1", "2.0", "\"2\"", "null", "[2]", "true", "1e400", "99999999999999999999"})
    CHECK(missing(tensor_complaint(dtype + offsets + ",\"shape\":[" + bad + "]"), {"expected "}) == "");
  for (const char* bad : {"3", "1,1", "2,2", "0", "", "4294967296,4294967296", "2,9223372036854775808,2", "0,2"})
    CHECK(missing(tensor_complaint(dtype + offsets + ",\"shape\":[" + bad + "]"),
                  {"as many bytes as its shape and dtype say", "data_offsets 0 to 8"}) == "");
  for (const char* bad : {"0,9", "8,0", "9,9", "0,18446744073709551615", "18446744073709551608,0"})
    CHECK(missing(tensor_complaint(dtype + shape + "\"data_offsets\":[" + bad + "]"), {"within the 8 bytes"}) == "");
  for (const char* bad : {"", "0", "0,8,8"})
    CHECK(missing(tensor_complaint(dtype + shape + "\"data_offsets\":[" + bad + "]"), {"two data_offsets"}) == "");
}

TEST_CASE("gaps, overlaps and remainders are refused", "[io]") {
  const auto two = [](const std::string& first, const std::string& second) {
    const std::string entry = "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[";
    return container("{\"a\":" + entry + first + "]},\"b\":" + entry + second + "]}}", std::string(8, 'x'));
  };
  const io_test::Directory directory;
  write_text(directory / "x", container("{}" + std::string(100, ' ')));
  const TensorFile padded = read_tensors(directory / "x");
  CHECK(padded.tensors().empty());
  write_text(directory / "x", two("4,8", "0,4"));
  const TensorFile swapped = read_tensors(directory / "x");
  CHECK(swapped.tensors()[0].name == "b");
  CHECK(missing(complaint(two("0,4", "2,6")), {"\"b\" with its data at byte"}) == "");
  CHECK(missing(complaint(two("0,4", "0,4")), {"with its data at byte"}) == "");
  CHECK(missing(complaint(two("2,6", "0,4")), {"\"a\" with its data at byte"}) == "");
  CHECK(missing(complaint(two("0,4", "4,8") + "y"), {"1 bytes more"}) == "");
  CHECK(missing(complaint(two("0,4", "4,8").substr(0, 100)), {"byte"}) == "");
}
