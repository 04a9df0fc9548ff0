// The layers whose weights a file holds: its tensors, put together by whoever wrote it. Files of Strata, Keras 2,
// Keras 3, PyTorch and any `layer/weight` are told apart by the names alone.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/io/json.hpp>
#include <strata/io/tensor_file.hpp>
#include <strata/io/weights.hpp>

namespace strata::detail {

/// One name of a path: parts of one stem are in the order of their numbers.
struct PathPart {
  std::string stem;
  std::size_t number = 0;

  friend bool operator==(const PathPart&, const PathPart&) = default;
  friend bool operator<(const PathPart& a, const PathPart& b) {
    return std::tie(a.stem, a.number) < std::tie(b.stem, b.number);
  }
};

/// A layer in a file.
struct FileLayer {
  std::vector<PathPart> path;
  std::string place{};       ///< its path, as the file spells it
  std::string name{};        ///< as its model called it; empty: unknown
  std::string class_name{};  ///< in snake case; empty: unknown
  std::vector<std::pair<std::string, const TensorEntry*>> weights{};  ///< empty names: in Keras' order
};

inline bool before(const FileLayer* a, const FileLayer* b) { return a->path < b->path; }

struct FileLayers {
  bool pytorch = false;  ///< its names of weights and order of axes
  bool keras = false;    ///< layers are in the order of Keras' lists
  std::vector<FileLayer> layers{};
};

/// Parts of text between separators.
inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

/// conv2d_1 is number 1 of conv2d, layer4 number 4 of layer, and Mixed_6b number 2 of Mixed_6.
inline PathPart numbered(const std::string& name) {
  constexpr std::string_view digits = "0123456789";
  std::size_t stem = name.find_last_not_of(digits) + 1, number = 0;
  std::from_chars(name.data() + stem, name.data() + name.size(), number);
  const std::size_t digit = name.find_last_of(digits);
  const bool lettered = stem == name.size() && stem > 2 && digit == stem - 2 && name[stem - 3] == '_';
  if (lettered) number = static_cast<std::size_t>(name[--stem]);
  if (stem > 0 && stem < name.size() && name[stem - 1] == '_') --stem;
  return {name.substr(0, stem), number};
}

/// Puts the weights together that have one place in the file.
class FileLayerReader {
 public:
  explicit FileLayerReader(const TensorFile& file) : file_(file) {}

  FileLayers read() {
    root_ = file_.metadata().contains("model_weights@layer_names") ||
                    file_.metadata().contains("model_weights@layer_names0")
                ? "model_weights"
                : "";
    if (!keras2_list(root_, "layer_names").empty()) read_keras2();
    else if (any_name([](const std::string& name) { return name.find("vars/") != name.npos; })) read_keras3();
    else read_flat(!any_name([](const std::string& name) { return name.find('/') != name.npos; }));
    return std::move(layers_);
  }

 private:
  template <class Predicate>
  bool any_name(Predicate predicate) const {
    const auto& tensors = file_.tensors();
    return std::any_of(tensors.begin(), tensors.end(), [&](const TensorEntry& t) { return predicate(t.name); });
  }

  /// The layer of this place, in the end a new one.
  FileLayer& layer_at(const std::string& place) {
    const auto [found, is_new] = places_.emplace(place, layers_.layers.size());
    if (is_new) layers_.layers.push_back({.path = {}, .place = place});
    return layers_.layers[found->second];
  }

  /// conv2d/kernel of Strata and others, features.0.weight of PyTorch.
  void read_flat(bool pytorch) {
    layers_.pytorch = pytorch;
    const char separator = pytorch ? '.' : '/';
    for (const TensorEntry& tensor : file_.tensors()) {
      if (tensor.name.starts_with(optimizer_prefix) || tensor.name.ends_with("num_batches_tracked")) continue;
      const std::size_t end = tensor.name.rfind(separator);
      const std::string place = end == tensor.name.npos ? "" : tensor.name.substr(0, end);
      FileLayer& layer = layer_at(place);
      layer.weights.emplace_back(tensor.name.substr(end + 1), &tensor);
      if (!layer.path.empty()) continue;
      layer.name = place;
      for (const std::string& part : split(place, separator)) layer.path.push_back(numbered(part));
    }
  }

  /// layers/conv2d_1/vars/0: the second of the Conv2Ds, whatever they are called; of models in models
  /// layers/functional/layers/conv2d/vars/0. Early versions wrote `_layer_checkpoint_dependencies` and `\`.
  void read_keras3() {
    layers_.keras = true;
    const std::map<std::string, KerasConfig> configs = read_configs();
    for (const TensorEntry& tensor : file_.tensors()) {
      std::string name = tensor.name;
      std::replace(name.begin(), name.end(), '\\', '/');
      const std::size_t end = name.rfind("vars/");
      if (end == name.npos || name.starts_with("optimizer") || name.find("seed_generator") != name.npos) continue;
      const std::string place = name.substr(0, end == 0 ? 0 : end - 1);
      FileLayer& layer = layer_at(place);
      layer.weights.emplace_back("", &tensor);
      if (layer.weights.size() > 1) continue;
      std::string inner;
      for (const std::string& part : split(place, '/')) {
        if (part == "layers" || part == "_layer_checkpoint_dependencies") continue;
        inner += inner.empty() ? part : "/" + part;
        const auto config = configs.find(inner);
        layer.path.push_back(config == configs.end() ? numbered(part) : PathPart{"", config->second.place});
        layer.name = config == configs.end() ? "" : config->second.name;
        layer.class_name = numbered(part).stem;
      }
      if (const auto found = file_.metadata().find(tensor.name.substr(0, tensor.name.rfind('/')) + "@name");
          found != file_.metadata().end())
        layer.name = found->second;
    }
    for (FileLayer& layer : layers_.layers)  // 10 comes behind 9
      std::sort(layer.weights.begin(), layer.weights.end(), [](const auto& a, const auto& b) {
        return numbered(a.second->name).number < numbered(b.second->name).number;
      });
  }

  /// What the configuration of a model says of a layer.
  struct KerasConfig {
    std::string name;
    std::size_t place;
  };
  /// By `functional/conv2d_1`.
  std::map<std::string, KerasConfig> read_configs() const {
    std::map<std::string, KerasConfig> configs;
    const auto found = file_.metadata().find("model_config");
    if (found != file_.metadata().end())
      add_configs(nlohmann::json::parse(found->second, nullptr, false), "", configs, 0);
    return configs;
  }
  static void add_configs(const nlohmann::json& model, const std::string& prefix,
                          std::map<std::string, KerasConfig>& configs, int depth) {
    const nlohmann::json none;
    const auto member = [&](const nlohmann::json& object, const char* key) -> const nlohmann::json& {
      return object.is_object() && object.contains(key) ? object[key] : none;
    };
    if (depth > 32) return;
    std::map<std::string, std::size_t> counts;
    std::size_t place = 0;
    for (const nlohmann::json& layer : member(member(model, "config"), "layers")) {
      const nlohmann::json& class_name = member(layer, "class_name");
      const nlohmann::json& name = member(member(layer, "config"), "name");
      if (!class_name.is_string() || !name.is_string()) continue;
      std::string stem;
      struct Out {
        std::string& text;
        Out& operator<<(char c) { return text += c, *this; }
      } out{stem};
      write_snake_case(class_name.get<std::string>(), out);
      const std::size_t count = counts[stem]++;
      const std::string path = prefix + (count == 0 ? stem : join(stem, "_", count));
      configs[path] = {name.get<std::string>(), place++};
      add_configs(layer, path + "/", configs, depth + 1);
    }
  }

  /// A list of text; longer ones are in pieces, layer_names0, layer_names1, …
  std::vector<std::string> keras2_list(const std::string& group, const std::string& name) const {
    std::vector<std::string> list;
    const std::string key = group.empty() ? name : join(group, "@", name);
    const auto append = [&](const std::string& piece) {
      const auto found = file_.metadata().find(piece);
      if (found == file_.metadata().end()) return false;
      for (const nlohmann::json& text : nlohmann::json::parse(found->second, nullptr, false))
        if (text.is_string()) list.push_back(text.get<std::string>());
      return true;
    };
    if (!append(key))
      for (std::size_t piece = 0; append(key + std::to_string(piece)); ++piece) {}
    return list;
  }

  /// model_weights/conv2d_1/conv2d_1_2/kernel:0, in the order of lists. The weights of a model in the model are in the
  /// group of that one.
  void read_keras2() {
    layers_.keras = true;
    std::size_t place = 0;
    for (const std::string& outer : keras2_list(root_, "layer_names")) {
      const std::string group = root_.empty() ? outer : join(root_, "/", outer);
      const std::vector<std::string> names = keras2_list(group, "weight_names");
      const auto parent = [](const std::string& name) {
        return name.substr(0, (std::min)(name.rfind('/'), name.size()));
      };
      const bool single =
          std::all_of(names.begin(), names.end(), [&](const auto& name) { return parent(name) == parent(names[0]); });
      for (const std::string& name : names) {
        const TensorEntry* const tensor = file_.find(join(group, "/", name));
        if (tensor == nullptr) continue;
        const std::string inner = parent(name);
        FileLayer& layer = layer_at(join(group, "/", inner));
        if (layer.path.empty()) {
          layer.path = {{"", place++}};
          layer.name = single ? outer : inner.substr(inner.rfind('/') + 1);
        }
        const std::string weight = name.substr(name.rfind('/') + 1);
        layer.weights.emplace_back(weight.substr(0, weight.find(':')), tensor);
      }
    }
  }

  const TensorFile& file_;
  std::string root_;
  FileLayers layers_;
  std::map<std::string, std::size_t> places_;
};

inline FileLayers file_layers(const TensorFile& file) { return FileLayerReader(file).read(); }

}  // namespace strata::detail
