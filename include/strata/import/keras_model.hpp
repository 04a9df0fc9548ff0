// A model's configuration as Keras 2 and 3 write it: its layers' names, its input's shape, what each call reads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/network.hpp>

namespace strata::importing::detail {

inline bool is_model(const json& layer) {
  const json name = layer.value("class_name", json{});
  const json config = layer.value("config", json{});
  return (name == "Sequential" || name == "Functional" || name == "Model") && config.is_object() &&
         config.contains("layers");
}

/// With the batch, of a Sequential: its InputLayer says it, its first layer or what it was built with.
inline json input_shape(const json& layers, const json& config) {
  const json& first = layers[0];
  for (const char* key : {"batch_shape", "batch_input_shape"})
    if (const json shape = first["config"].value(key, json{}); shape.is_array()) return shape;
  if (is_model(first) && first["config"]["layers"].is_array() && !first["config"]["layers"].empty() &&
      first["config"]["layers"][0].is_object() && first["config"]["layers"][0].value("config", json{}).is_object())
    return input_shape(first["config"]["layers"], first["config"]);
  return config.value("build_input_shape", json{});
}

inline std::string name_of(const json& layer) {
  const json name = layer["config"].value("name", layer.value("name", json{}));
  return name.is_string() ? name.get<std::string>() : layer["class_name"].get<std::string>();
}

/// (layer, call of it, output of that)
struct KerasRead {
  std::string layer;
  std::size_t call = 0, output = 0;
};
struct KerasCall {
  std::vector<KerasRead> reads{};
  std::optional<double> constant{};  ///< of an operation such as x + 3
  bool constant_first = false;       ///< 3 - x
  std::vector<std::pair<std::string, json>> unknown{};  ///< arguments that no layer takes
};

/// ["a", 0, 0], with a fourth element in Keras 2, or a list or an object of such.
inline void collect_reads(const json& from, std::vector<KerasRead>& reads) {
  const auto number = [&](std::size_t i) {
    return i < from.size() && from[i].is_number_unsigned() ? from[i].get<std::size_t>() : 0;
  };
  if (from.is_array() && !from.empty() && from[0].is_string())
    reads.push_back({from[0].get<std::string>(), number(1), number(2)});
  else if (from.is_array() || from.is_object())
    for (const json& part : from) collect_reads(part, reads);
}

/// The tensors among the arguments of a call in Keras 3, and a number beside them.
inline void collect_arguments(const json& from, KerasCall& call) {
  if (from.is_object() && from.value("class_name", json{}) == "__keras_tensor__") {
    const json config = from.value("config", json{});
    if (config.is_object()) collect_reads(config.value("keras_history", json{}), call.reads);
  } else if (from.is_array()) {
    for (const json& part : from) collect_arguments(part, call);
  } else if (from.is_number()) {
    call.constant = from.get<double>();
    call.constant_first = call.reads.empty();
  }
}

inline KerasCall read_keras_call(const json& from) {
  KerasCall call;
  json extra = json::object();  // what is given beside tensors
  if (from.is_object()) {
    collect_arguments(from.value("args", json::array()), call);
    extra = from.value("kwargs", json::object());
  } else {
    collect_reads(from, call.reads);
    const json& first = from.is_array() && !from.empty() && from[0].is_array() ? from[0] : from;
    if (first.is_array() && first.size() > 3 && first[3].is_object()) extra = first[3];
  }
  if (extra.is_object())
    for (const auto& [key, value] : extra.items()) {
      if (value.is_null() || key == "training" || key == "mask" || key == "name") continue;
      if (key == "y" && (value.is_number() || value.is_array())) {
        if (value.is_number())
          call.constant = value.get<double>();
        else
          collect_reads(value, call.reads);
      } else if (KerasCall inner; collect_arguments(value, inner), !inner.reads.empty()) {
        call.reads.insert(call.reads.end(), inner.reads.begin(), inner.reads.end());
      } else {
        call.unknown.emplace_back(key, value);
      }
    }
  return call;
}

}  // namespace strata::importing::detail
