#include <strata/io/safetensors.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/support.hpp"

using namespace strata;
using io_test::bits, io_test::file_error, io_test::missing, io_test::Net, io_test::read_text, io_test::write_text;

namespace {

const std::filesystem::path here = strata::test::tests_directory() / "io";

/// Every bit pattern that a float can have has to survive.
Model<Net> model_with_oddities() {
  Model<Net> model{Seed{7}};
  const auto parameters = model.parameters();
  parameters[0] = -0.0f;
  parameters[1] = std::numeric_limits<float>::infinity();
  parameters[2] = std::numeric_limits<float>::denorm_min();
  const std::uint32_t signalling_nan = 0x7fa00001;
  std::memcpy(&parameters[3], &signalling_nan, 4);
  return model;
}

/// The value that fixtures/make_fixtures.py gives to an element.
float fixture_value(int tensor, std::size_t element) {
  return static_cast<float>((tensor + 1) * 1000 + static_cast<double>(element) / 8);
}

}  // namespace

TEST_CASE("weights come back to the bit", "[io]") {
  const io_test::Directory directory;
  const Model<Net> saved = model_with_oddities();
  save_weights(saved, directory / "net.safetensors");
  Model<Net> loaded{Seed{8}};
  CHECK(bits(loaded.parameters()) != bits(saved.parameters()));
  load_weights(loaded, directory / "net.safetensors");
  CHECK(bits(loaded.parameters()) == bits(saved.parameters()));

  const std::string first = read_text(directory / "net.safetensors");
  save_weights(loaded, directory / "net.safetensors");
  CHECK(read_text(directory / "net.safetensors") == first);
  CHECK(directory.entries() == 1);
}

TEST_CASE("tensors have Keras' names, order and layouts", "[io]") {
  const io_test::Directory directory;
  save_weights(Model<Net>{}, directory / "x");
  std::string names;
  const TensorFile file = read_tensors(directory / "x");
  for (const TensorEntry& tensor : file.tensors()) names += tensor.name + detail::shape_text(tensor.shape) + " ";
  CHECK(names ==
        "filter/moving_mean(4,) filter/kernel(2, 3, 2, 4) filter/bias(4,) project/kernel(4, 3) "
        "filter_1/moving_mean(4,) filter_1/kernel(2, 3, 3, 4) filter_1/bias(4,) ");
  CHECK(file.metadata() == Metadata{{"format", "strata"}});
}

TEST_CASE("a file of another implementation is read", "[io]") {
  Model<Net> model;
  load_weights(model, here / "fixtures" / "other_writer.safetensors");
  const std::map<std::string, int> index{{"filter/bias", 0},   {"filter/kernel", 1},   {"filter/moving_mean", 2},
                                         {"filter_1/bias", 3}, {"filter_1/kernel", 4}, {"filter_1/moving_mean", 5},
                                         {"project/kernel", 6}};
  std::size_t compared = 0;
  for (const TensorEntry& tensor : detail::weight_entries(model)) {
    for (std::size_t i = 0; i < tensor.data.size() / 4; ++i, ++compared) {
      float element = 0;
      std::memcpy(&element, tensor.data.data() + 4 * i, 4);
      CHECK(element == fixture_value(index.at(tensor.name), i));
    }
  }
  CHECK(compared == Net::param_count);
}

TEST_CASE("another implementation reads our file", "[io]") {
  if (std::system("python3 -c 'import struct, json' 2> /dev/null") != 0) {
    WARN("no python3: not tried");
    return;
  }
  const io_test::Directory directory;
  Model<Net> model{Seed{3}};
  model.parameters()[5] = 1e-40f;
  save_weights(model, directory / "net");
  const std::string command = "python3 '" + (here / "read_safetensors.py").string() + "' '" +
                              (directory / "net").string() + "' > '" + (directory / "out").string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);

  std::string expected = "format=strata\n";
  for (const TensorEntry& tensor : detail::weight_entries(model)) {
    expected += tensor.name + " F32";
    for (const std::size_t extent : tensor.shape) expected += detail::join(" ", extent);
    expected += " :";
    for (std::size_t i = 0; i < tensor.data.size() / 4; ++i) {
      float element = 0;
      std::memcpy(&element, tensor.data.data() + 4 * i, 4);
      // Python's float.hex has 13 digits and no padding of 0.
      std::array<char, 40> text{};
      std::snprintf(text.data(), text.size(), element == 0 ? "0x0.0p+0" : "%.13a", static_cast<double>(element));
      expected += std::string(" ") + text.data();
    }
    expected += "\n";
  }
  CHECK(read_text(directory / "out") == expected);
}

TEST_CASE("floats of other widths are read, too", "[io]") {
  const io_test::Directory directory;
  Model<Net> wide{Seed{1}}, narrow{Seed{2}};
  load_weights(wide, here / "fixtures" / "other_writer.safetensors");
  load_weights(narrow, here / "fixtures" / "half.safetensors");
  CHECK(bits(narrow.parameters()) != bits(wide.parameters()));
  for (std::size_t i = 0; i < wide.parameters().size(); ++i)
    CHECK(std::abs(narrow.parameters()[i] - wide.parameters()[i]) <= 0x1p-11f * wide.parameters()[i]);

  // F64 are the same numbers; BF16 the first half of a float's bits.
  auto entries = detail::weight_entries(wide);
  std::vector<std::vector<double>> doubles;
  std::vector<std::vector<std::uint16_t>> brains;
  for (const TensorEntry& entry : entries) {
    std::vector<float> values(entry.data.size() / 4);
    std::memcpy(values.data(), entry.data.data(), entry.data.size());
    doubles.emplace_back(values.begin(), values.end());
    for (auto& brain = brains.emplace_back(); const float value : values)
      brain.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
  }
  const auto load = [&](const char* dtype, const auto& numbers) {
    for (std::size_t e = 0; e < entries.size(); ++e)
      entries[e].dtype = dtype, entries[e].data = std::as_bytes(std::span(numbers[e]));
    write_tensors(directory / "x", entries);
    load_weights(narrow, directory / "x");
  };
  load("F64", doubles);
  CHECK(bits(narrow.parameters()) == bits(wide.parameters()));
  load("BF16", brains);
  for (std::size_t i = 0; i < wide.parameters().size(); ++i)
    CHECK(std::bit_cast<std::uint32_t>(narrow.parameters()[i]) ==
          (std::bit_cast<std::uint32_t>(wide.parameters()[i]) & 0xffff0000u));
}

TEST_CASE("weights of another network are refused and nothing is loaded", "[io]") {
  const io_test::Directory directory;
  const auto path = directory / "net.safetensors";
  Model<Net> model{Seed{1}};
  const std::string before = bits(model.parameters());
  const auto complaint = [&] {
    const std::string text = file_error([&] { load_weights(model, path); });
    CHECK(missing(text, {path.string(), "expected ", "received "}) == "");
    CHECK(bits(model.parameters()) == before);
    return text;
  };

  save_weights(Model<io_test::ShorterNet>{Seed{2}}, path);
  CHECK(missing(complaint(), {"network's 7 weights, received 4 tensors", "\n  missing filter_1/moving_mean (4,)",
                              "\n  missing filter_1/kernel (2, 3, 3, 4)", "\n  missing filter_1/bias (4,)"}) == "");
  save_weights(Model<io_test::WiderNet>{Seed{2}}, path);
  CHECK(missing(complaint(), {"filter/kernel expected F32 (2, 3, 2, 4), received F32 (2, 3, 7, 4)"}) == "");

  auto entries = detail::weight_entries(model);
  entries.push_back({"spare", "U8", {1}, entries[0].data.first(1), 0});
  write_tensors(path, entries);
  CHECK(missing(complaint(), {"7 weights, received 8 tensors", "\n  unexpected \"spare\" (1,)"}) == "");

  entries.pop_back();
  entries[1].dtype = "I32";
  write_tensors(path, entries);
  const std::string text = complaint();
  CHECK(missing(text, {"filter/kernel expected F32 (2, 3, 2, 4), received I32 (2, 3, 2, 4)"}) == "");
  CHECK(missing(text, {"unexpected"}) != "");

  CHECK(missing(file_error([&] { load_weights(model, directory / "none"); }), {"none", "No such file"}) == "");
  CHECK(bits(model.parameters()) == before);
}

TEST_CASE("another network's weights are refused before they are read", "[io]") {
  const io_test::Directory directory;
  const std::string entry = "{\"a\":{\"dtype\":\"F32\",\"shape\":[268435456,1024],\"data_offsets\":[0,1099511627776]}}";
  write_text(directory / "x", io_test::container(entry));
  std::error_code no_such_size;
  std::filesystem::resize_file(directory / "x", (std::uintmax_t{1} << 40) + 8 + entry.size(), no_such_size);  // a hole
  if (no_such_size) return;
  Model<Net> model{Seed{1}};
  const std::string before = bits(model.parameters());
  CHECK(missing(file_error([&] { load_weights(model, directory / "x"); }), {"received 1 tensors", "missing filter/kernel"}) == "");
  CHECK(bits(model.parameters()) == before);
}

TEST_CASE("a damaged file gives an Error or a whole model", "[io][fuzz]") {
  const io_test::Directory directory;
  const auto path = directory / "net.safetensors";
  Model<Net> other{Seed{1}};
  save_weights(other, path);
  const std::string valid = read_text(path);
  const std::size_t header_end = valid.size() - 4 * Net::param_count;
  const std::array<std::string, 14> pieces{
      "null", "-1",     "1e5",  "18446744073709551615", "[[[", "\"\\u0000\"", "{}", "]", "\"F64\"", ",",
      "0",    "\"a\":", "\xff", "\"filter/bias\""};
  Model<Net> model{Seed{2}};
  const std::string before = bits(model.parameters());
  int refused = 0, loaded = 0;
  for (std::uint64_t round = 0; round < 6000; ++round) {
    const Random random = Random(Seed{99}).split(round);
    const auto below = [&](std::uint64_t draw, std::size_t n) {
      return static_cast<std::size_t>(random.below(draw, n));
    };
    std::string bytes = valid;
    for (std::size_t i = 0; i <= below(0, 3); ++i) {
      // The header deserves most of the damage.
      const std::size_t at =
          below(10 * i + 1, below(10 * i + 2, 4) > 0 ? std::min(header_end, bytes.size() + 1) : bytes.size() + 1);
      const std::size_t length = below(10 * i + 3, 20);
      switch (below(10 * i + 4, 7)) {
        case 0:
          bytes.resize(at);
          break;
        case 1:
          bytes.erase(at, length);
          break;
        case 2:
          bytes.insert(at, bytes.substr(at, length));
          break;
        case 3:
          bytes.insert(at, pieces[below(10 * i + 5, pieces.size())]);
          break;
        case 4:
          bytes.replace(at, length, pieces[below(10 * i + 5, pieces.size())]);
          break;
        case 5:
          if (at < bytes.size()) bytes[at] = static_cast<char>('0' + below(10 * i + 5, 10));
          break;
        default:
          if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(10 * i + 5, 8)));
      }
    }
    // Half of them keep a header length that fits, to get past the first check.
    if (below(6, 2) == 0 && bytes.size() >= header_end) {
      const std::uint64_t length = header_end - 8 + bytes.size() - valid.size();
      if (bytes.size() >= 8 + length) std::memcpy(bytes.data(), &length, 8);
    }
    write_text(path, bytes);
    INFO("round " << round);
    try {
      load_weights(model, path);
      ++loaded;
      // Only the data can have changed.
      std::string data;
      for (const TensorEntry& tensor : detail::weight_entries(model)) data += bits(tensor.data);
      CHECK(bytes.ends_with(data));
      std::memcpy(model.parameters().data(), before.data(), before.size());
    } catch (const Error& error) {
      ++refused;
      CHECK(missing(error.what(), {path.string(), "expected ", "received "}) == "");
      if (bits(model.parameters()) != before) FAIL("half loaded after: " << error.what());
    }
  }
  CHECK(refused > 4000);
  CHECK(loaded > 100);
}
