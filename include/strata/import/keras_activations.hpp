// What Keras' activations compute, as layers and as options of others.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <string>

#include <strata/import/keras_arguments.hpp>

namespace strata::importing::detail {

struct KerasActivations : KerasArguments {
  explicit KerasActivations(const KerasArguments& layer) : KerasArguments(layer) {}

  bool is_activation(const char* called) const { return name == "Activation" && is("activation", called); }

  using Function = std::function<double(double)>;

  /// Of a layer that is an activation: ReLU, LeakyReLU, Activation("tanh").
  std::optional<Function> elementwise() const {
    if (name == "ReLU") {
      const double slope = real("negative_slope", 0), threshold = real("threshold", 0);
      const double most = real("max_value", std::numeric_limits<double>::infinity());
      return [=](double x) { return x >= most ? most : x >= threshold ? x : slope * (x - threshold); };
    }
    if (name == "LeakyReLU") return [slope = real("negative_slope", 0.3)](double x) { return x < 0 ? slope * x : x; };
    if (name == "ELU") return [alpha = real("alpha", 1)](double x) { return x < 0 ? alpha * std::expm1(x) : x; };
    if (name == "Clip")
      return [least = real("x_min", 0), most = real("x_max", 0)](double x) { return std::clamp(x, least, most); };
    if (name == "Power") return [exponent = real("exponent", 1)](double x) { return std::pow(x, exponent); };
    if (name == "Threshold")
      return [bound = real("threshold", 0), other = real("default_value", 0)](double x) {
        return x > bound ? x : other;
      };
    if (name == "Absolute") return [](double x) { return std::abs(x); };
    if (name == "Log") return [](double x) { return std::log(x); };
    if (name == "Negative") return [](double x) { return -x; };
    if (name == "Reciprocal") return [](double x) { return 1 / x; };
    if (name == "Sqrt") return [](double x) { return std::sqrt(x); };
    if (name == "Square") return [](double x) { return x * x; };
    if (name == "Activation" && option("activation").is_string())
      return function(option("activation").get<std::string>());
    return std::nullopt;
  }

  static std::optional<Function> function(const std::string& called) {
    static const std::map<std::string, Function> known{
        {"linear", [](double x) { return x; }},
        {"relu", [](double x) { return std::max(x, 0.0); }},
        {"relu6", [](double x) { return std::clamp(x, 0.0, 6.0); }},
        {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
        {"tanh", [](double x) { return std::tanh(x); }},
        {"silu", [](double x) { return x / (1 + std::exp(-x)); }},
        {"gelu", [](double x) { return x / 2 * (1 + std::erf(x / std::numbers::sqrt2)); }},
        {"softplus", [](double x) { return x > 30 ? x : std::log1p(std::exp(x)); }},
        {"softsign", [](double x) { return x / (1 + std::abs(x)); }},
        {"exponential", [](double x) { return std::exp(x); }},
        {"mish", [](double x) { return x * std::tanh(x > 30 ? x : std::log1p(std::exp(x))); }},
        {"elu", [](double x) { return x < 0 ? std::expm1(x) : x; }},
        {"selu", [](double x) { return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * std::expm1(x) : x); }},
        {"leaky_relu", [](double x) { return x < 0 ? 0.2 * x : x; }},
        {"hard_sigmoid", [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
        {"log_sigmoid", [](double x) { return x < -30 ? x : -std::log1p(std::exp(-x)); }},
        {"celu", [](double x) { return x < 0 ? std::expm1(x) : x; }},
        {"hard_tanh", [](double x) { return std::clamp(x, -1.0, 1.0); }},
        {"hard_shrink", [](double x) { return std::abs(x) > 0.5 ? x : 0; }},
        {"soft_shrink", [](double x) { return x > 0.5    ? x - 0.5
                                              : x < -0.5 ? x + 0.5
                                                         : 0; }},
        {"tanh_shrink", [](double x) { return x - std::tanh(x); }},
        {"squareplus", [](double x) { return (x + std::sqrt(x * x + 4)) / 2; }},
        {"sparse_sigmoid", [](double x) { return std::clamp((x + 1) / 2, 0.0, 1.0); }},
        {"sparse_plus", [](double x) { return x >= 1    ? x
                                              : x <= -1 ? 0
                                                        : (x + 1) * (x + 1) / 4; }},
        {"hard_silu", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
    };
    const auto found = known.find(called == "hard_swish" ? "hard_silu" : called);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }

  void activate(Value& y) const {
    std::optional<Function> f = elementwise();
    bool softmax = name == "Softmax" || is_activation("softmax");
    if (const json activation = option("activation"); name != "Activation" && !activation.is_null()) {
      softmax = activation == "softmax";
      f = activation.is_object() ? KerasActivations(KerasArguments(activation)).elementwise() : function(activation);
    }
    if (f)
      for (double& element : y.elements) element = (*f)(element);
    if (!softmax) return;
    const auto channels = static_cast<std::ptrdiff_t>(y.shape.back());
    for (auto first = y.elements.begin(); first != y.elements.end(); first += channels) {
      const double most = *std::max_element(first, first + channels);
      double sum = 0;
      for (auto e = first; e != first + channels; ++e) sum += * e = std::exp(*e - most);
      for (auto e = first; e != first + channels; ++e) *e /= sum;
    }
  }

  json options;
};

}  // namespace strata::importing::detail
