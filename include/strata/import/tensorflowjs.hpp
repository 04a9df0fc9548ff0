/// @file
/// Models of TensorFlow.js: `model.json` with the configuration, and files of weights beside it, quantised ones too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/core/text.hpp>
#include <strata/import/network.hpp>
#include <strata/io/floats.hpp>
#include <strata/io/json.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::importing {

namespace detail {

using strata::detail::InputFile;
using strata::detail::join;
using strata::detail::printable;

class TensorflowjsReader {
 public:
  explicit TensorflowjsReader(const std::filesystem::path& path) : path_(path) {
    InputFile file(path);
    const std::vector<std::byte> bytes = file.read(file.left());
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    text.erase(text.find_last_not_of(" \r\n\t") + 1);
    if (text.empty() || text[0] != '{') fail("a JSON object", "another file");
    model_ = strata::detail::parse_json(text, 100, path, 0);
  }

  TensorFile read() {
    const json topology = part(model_, "modelTopology");
    json config = topology.value("model_config", topology);
    if (!config.is_object() || !config.contains("class_name"))
      fail("a layers model (tf.LayersModel)", "a model of another kind, such as a graph model");
    const json groups = model_.value("weightsManifest", json{});
    if (!groups.is_array()) fail("a list weightsManifest", printable(groups));
    for (const json& group : groups) read_group(group);
    Metadata metadata{{"model_config", config.dump()}, {"keras_version", "2, by TensorFlow.js"}};
    const std::string start = strata::detail::tensor_file_start(entries_, metadata);
    std::vector<std::byte> all(start.size());
    std::memcpy(all.data(), start.data(), start.size());
    for (const TensorEntry& entry : entries_) all.insert(all.end(), entry.data.begin(), entry.data.end());
    return TensorFile(path_, std::move(all));
  }

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view received) const {
    throw_file_error(path_, 0, expected, received, "the file is damaged or of another format");
  }
  json part(const json& object, const char* key) const {
    if (!object.is_object() || !object.value(key, json{}).is_object()) fail(join("an object ", key), "none");
    return object[key];
  }

  void read_group(const json& group) {
    if (!group.is_object() || !group.value("paths", json{}).is_array() || !group.value("weights", json{}).is_array())
      fail("groups of weights with paths and weights", printable(group));
    std::vector<std::byte> bytes;
    for (const json& name : group["paths"]) {
      if (!name.is_string()) fail("paths that are text", printable(name));
      const std::filesystem::path shard(name.get<std::string>());
      if (shard != shard.filename()) fail("the names of files beside it", printable(name));
      InputFile file(path_.parent_path() / shard);
      const std::vector<std::byte> more = file.read(file.left());
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    std::size_t next = 0;
    for (const json& weight : group["weights"]) next = read_weight(weight, bytes, next);
    if (next != bytes.size())
      fail(join(next, " bytes of weights, as the manifest says"), join(bytes.size(), " bytes in the files"));
  }

  /// Returns where the next one starts.
  std::size_t read_weight(const json& weight, std::span<const std::byte> bytes, std::size_t begin) {
    if (!weight.is_object() || !weight.value("name", json{}).is_string() || !weight.value("shape", json{}).is_array())
      fail("weights with name and shape", printable(weight));
    const std::string name = weight["name"];
    const auto refuse = [&](const std::string& expected, const json& received) {
      fail(printable(name) + " with " + expected, printable(received));
    };
    std::vector<std::size_t> shape;
    std::size_t count = 1;
    for (const json& extent : weight["shape"]) {
      if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > bytes.size())
        refuse("a shape that the files can hold", weight["shape"]);
      shape.push_back(extent.get<std::size_t>());
      count *= shape.back();
      if (count > bytes.size()) refuse("a shape that the files can hold", weight["shape"]);
    }
    json stored = weight.value("dtype", json{});
    double scale = 1, least = 0;
    if (const json quantization = weight.value("quantization", json{}); quantization.is_object()) {
      stored = quantization.value("dtype", json{});
      const json number_scale = quantization.value("scale", json(1.0));
      const json number_least = quantization.value("min", json(0.0));
      if (!number_scale.is_number() || !number_least.is_number()) refuse("numbers scale and min", quantization);
      scale = number_scale.get<double>(), least = number_least.get<double>();
    }
    std::vector<float>& values = values_.emplace_back(count);
    const auto convert = [&]<class T>(T, auto as_float) {
      if (count > (bytes.size() - begin) / sizeof(T)) refuse("bytes in the files for all of it", bytes.size() - begin);
      for (float& value : values) {
        T element;
        std::memcpy(&element, bytes.data() + begin, sizeof(T));
        value = as_float(element);
        begin += sizeof(T);
      }
    };
    const auto quantised = [&](auto element) { return static_cast<float>(element * scale + least); };
    if (stored == "float32")
      convert(float{}, [](float element) { return element; });
    else if (stored == "float16")
      convert(std::uint16_t{}, strata::detail::float_of_half);
    else if (stored == "uint8" || stored == "bool")
      convert(std::uint8_t{}, quantised);
    else if (stored == "uint16")
      convert(std::uint16_t{}, quantised);
    else if (stored == "int32")
      convert(std::int32_t{}, quantised);
    else
      refuse("dtype float32, float16, int32, uint16, uint8 or bool", stored);
    entries_.push_back({name, "F32", std::move(shape), std::as_bytes(std::span(values)), 0});
    return begin;
  }

  std::filesystem::path path_;
  json model_;
  std::list<std::vector<float>> values_;
  std::vector<TensorEntry> entries_;
};

}  // namespace detail

/// The weights by their names, as floats, and as metadata `model_config` (JSON). Throws FileError.
inline TensorFile read_tensorflowjs(const std::filesystem::path& path) {
  return detail::TensorflowjsReader(path).read();
}

}  // namespace strata::importing
