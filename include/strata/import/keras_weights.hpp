// Where Keras files keep a layer's weights.
//
// Keras 3: `layers/conv2d_1/vars/0`, numbered by class in the order of the model's configuration, models in models as
// `layers/functional/layers/…`. Older `.h5`: a group for each layer of the outermost model, whose attribute
// `weight_names` lists `conv2d_1/kernel:0`, …; of a model in it, all of its weights. TensorFlow.js: `conv2d_1/kernel`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/import/network.hpp>
#include <strata/io/floats.hpp>
#include <strata/io/json.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::importing {

/// Where a layer stands: its group in a file of Keras 3, and its name behind those of the models around it.
struct LayerPlace {
  std::string group;
  std::vector<std::string> models;
};

/// Finds the weights of layers, and remembers which were found.
class KerasWeights {
 public:
  explicit KerasWeights(const TensorFile& file) : file_(file) {
    for (const TensorEntry& tensor : file.tensors()) {
      if (tensor.name.starts_with(old_layers)) layers_ = old_layers;
      numbered_ |= tensor.name.starts_with(layers_);
    }
  }

  /// Of the layers of a model.
  std::vector<LayerPlace> places(const LayerPlace& model, const json& layers) const {
    std::map<std::string, std::size_t> numbers;
    std::vector<LayerPlace> places;
    for (const json& layer : layers) {
      const std::string stem(std::string_view(snake_case(layer["class_name"].get<std::string>())));
      const std::size_t number = numbers[stem]++;
      LayerPlace place{model.group + layers_ + stem + (number > 0 ? '_' + std::to_string(number) : "") + '/',
                       model.models};
      const json name = layer["config"].value("name", layer.value("name", json{}));
      place.models.push_back(name.is_string() ? name.get<std::string>() : stem);
      places.push_back(std::move(place));
    }
    return places;
  }

  /// In Keras' order. Throws FileError.
  std::vector<Tensor> of(const LayerPlace& place) {
    std::vector<Tensor> found;
    for (const TensorEntry* tensor : entries(place)) {
      used_.insert(tensor);
      auto values = strata::detail::floats_of(*tensor);
      if (!values)
        throw_file_error(file_.path(), tensor->byte, strata::detail::join("weights ", tensor->name, " of numbers"),
                         tensor->dtype, "save the model with float32 weights");
      found.push_back({tensor->name, tensor->shape, std::move(*values)});
    }
    return found;
  }

  /// Whether the layer, or the model, has any.
  bool has_any(const LayerPlace& place) const {
    if (!numbered_) return !entries(place).empty();
    return std::any_of(file_.tensors().begin(), file_.tensors().end(),
                       [&](const TensorEntry& tensor) { return tensor.name.starts_with(place.group); });
  }

  /// Weights that no layer has asked for. An optimiser's and those of random numbers are none.
  std::vector<std::string> unused() const {
    std::vector<std::string> names;
    for (const TensorEntry& tensor : file_.tensors())
      if (!used_.contains(&tensor) && tensor.name.find("optimizer") == tensor.name.npos &&
          tensor.name.find("seed_generator") == tensor.name.npos && !tensor.name.ends_with(".json") &&
          (!numbered_ || tensor.name.starts_with(layers_)))
        names.push_back(tensor.name);
    return names;
  }

 private:
  static constexpr const char* old_layers = "_layer_checkpoint_dependencies/";

  std::vector<const TensorEntry*> entries(const LayerPlace& place) const {
    std::vector<const TensorEntry*> found;
    if (numbered_) {
      for (std::size_t i = 0;; ++i) {
        const TensorEntry* const tensor = file_.find(place.group + "vars/" + std::to_string(i));
        if (tensor == nullptr) return found;
        found.push_back(tensor);
      }
    }
    if (const auto listed = names_in_group(place.models.front())) {
      for (const std::string& name : *listed)
        if (const TensorEntry* const tensor = file_.find(name); tensor != nullptr)
          if (place.models.size() == 1 || belongs(name, place.models.back())) found.push_back(tensor);
    } else {
      for (const TensorEntry& tensor : file_.tensors())
        if (belongs(tensor.name, place.models.back())) found.push_back(&tensor);
    }
    return found;
  }

  /// The paths of all weights of a layer of the outermost model, from its group's attributes, if it has them.
  std::optional<std::vector<std::string>> names_in_group(const std::string& layer) const {
    for (const char* root : {"model_weights/", ""}) {
      std::vector<std::string> names;
      const std::string group = root + layer;
      const auto add = [&](const std::string& attribute) {
        const auto found = file_.metadata().find(group + '@' + attribute);
        if (found == file_.metadata().end()) return false;
        const json list = json::parse(found->second, nullptr, false);
        if (list.is_array())
          for (const json& name : list)
            if (name.is_string()) names.push_back(group + '/' + name.get<std::string>());
        return true;
      };
      bool found = add("weight_names");  // or weight_names0, …: a list too long for one attribute
      for (int part = 0; add("weight_names" + std::to_string(part)); ++part) found = true;
      if (found) return names;
    }
    return std::nullopt;
  }

  /// `…/layer/kernel:0`
  static bool belongs(std::string_view tensor, std::string_view layer) {
    const std::string_view path = tensor.substr(0, std::min(tensor.rfind('/'), tensor.size()));
    return path == layer ||
           (path.size() > layer.size() && path.ends_with(layer) && path[path.size() - layer.size() - 1] == '/');
  }

  const TensorFile& file_;
  std::string layers_ = "layers/";
  bool numbered_ = false;
  std::set<const TensorEntry*> used_;
};

}  // namespace strata::importing
