// What Keras 2, and operations on tensors, are as layers of Keras 3.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <strata/import/keras_model.hpp>
#include <strata/import/keras_spelling.hpp>
#include <strata/import/network.hpp>

namespace strata::importing::detail {

/// A Normalization whose statistics are options, no weights, as a Rescaling; null: another.
inline json constant_normalization(const json& options) {
  const json mean = options.value("mean", json{}), variance = options.value("variance", json{});
  if (!mean.is_array() || !variance.is_array() || mean.size() != variance.size() || mean.empty() ||
      options.value("invert", json{}) == true)
    return nullptr;
  json scale = json::array(), offset = json::array();
  for (std::size_t c = 0; c < mean.size(); ++c) {
    if (!mean[c].is_number() || !variance[c].is_number()) return nullptr;
    const double factor = 1 / std::max(std::sqrt(variance[c].get<double>()), 1e-7);
    scale.push_back(factor), offset.push_back(-mean[c].get<double>() * factor);
  }
  return {{"class_name", "Rescaling"}, {"config", {{"scale", scale}, {"offset", offset}}}};
}

/// An operation on tensors (x + y, x * 3) as the layer that does it.
inline json operation(std::string name, const json& options, const KerasCall& call) {
  if (name == "TFOpLambda") {  // Keras 2: {"function": "math.multiply"} or "__operators__.add"
    name = options.value("function", json("")).dump();
    const std::size_t last = name.rfind('.');
    name = name.substr(last == name.npos ? 1 : last + 1);
    name.pop_back();
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    if (name == "Truediv") name = "TrueDivide";
    if (name == "Mul") name = "Multiply";
    if (name == "Sub") name = "Subtract";
  }
  if (!call.constant)
    return {{"class_name", name == "TrueDivide" ? "Divide" : name},
            {"config", options.contains("function") ? json::object() : options}};
  const double c = *call.constant;
  const auto rescaling = [](double scale, double offset) {
    return json{{"class_name", "Rescaling"}, {"config", {{"scale", scale}, {"offset", offset}}}};
  };
  if (name == "Add") return rescaling(1, c);
  if (name == "Multiply") return rescaling(c, 0);
  if (name == "Subtract") return call.constant_first ? rescaling(-1, c) : rescaling(1, -c);
  if ((name == "TrueDivide" || name == "Divide") && !call.constant_first) return rescaling(1 / c, 0);
  if (name == "Power" && !call.constant_first) return {{"class_name", name}, {"config", {{"exponent", c}}}};
  return {{"class_name", name + " with a number"}, {"config", json::object()}};
}

/// By name, where it is no layer: {"class_name": "function", "config": "relu"} is "relu".
inline json activation_name(const json& activation) {
  if (activation == "swish") return "silu";
  if (activation == "hard_swish") return "hard_silu";
  if (activation.is_object() && activation.value("class_name", json{}) == "function")
    return activation.value("config", json{});
  return activation;
}

/// As Keras 3 writes it; null: it does nothing. `shape` is that of the first operand.
inline json modernised(const json& layer, const std::vector<int>& shape, const KerasCall& call) {
  json options = layer["config"];
  std::string class_name = layer["class_name"];
  for (const char* key : {"batch_input_shape", "batch_shape", "input_shape", "input_dtype", "sparse", "ragged"})
    options.erase(key);
  const auto rename = [&](const char* from, const char* to) {
    if (options.contains(from) && !options.contains(to)) options[to] = options[from], options.erase(from);
  };
  if (class_name == "BatchNormalizationV1") class_name = "BatchNormalization";
  if (class_name == "LeakyReLU") rename("alpha", "negative_slope");
  if (options.value("groups", json{}) == 1) options.erase("groups");  // Keras 2 writes it for layers without
  if (options.contains("activation")) options["activation"] = activation_name(options["activation"]);
  if (const json axis = strata::detail::plain_axis(options.value("axis", json{}));
      axis.is_number_integer() && !shape.empty()) {
    const int given = axis.get<int>(), rank = static_cast<int>(shape.size());
    options["axis"] = given == rank ? -1 : given < -1 ? given + rank + 1 : given;
  }
  if (class_name == "Normalization")
    if (const json scaling = constant_normalization(options); !scaling.is_null()) return scaling;
  if (class_name == "Activation" && options.value("activation", json{}) == "linear") return nullptr;
  // An `.h5` of Keras 3 has no module: there a number beside the tensors tells.
  if (class_name == "TFOpLambda" || call.constant ||
      layer.value("module", json("")).dump().find("keras.src.ops") != std::string::npos)
    return operation(class_name, options, call);
  return {{"class_name", class_name}, {"config", options}};
}

}  // namespace strata::importing::detail
