// Activations in pieces: whatever an exporter makes of GELU or HardSwish, it is a function of one number, and known by
// its values.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <strata/import/keras_semantics.hpp>
#include <strata/import/network.hpp>
#include <strata/import/onnx_numbers.hpp>
#include <strata/layers/registry.hpp>

namespace strata::importing::detail {

using Samples = std::vector<float>;

/// Where functions are looked at: dense where activations bend, and far out.
inline const Samples& sample_points() {
  static const Samples points = [] {
    Samples all;
    for (int i = -200; i <= 200; ++i) all.push_back(static_cast<float>(i) / 16);
    for (const float far : {20.0f, 50.0f, 200.0f, 1e3f, 1e4f, 1e6f}) all.push_back(-far), all.push_back(far);
    return all;
  }();
  return points;
}

inline bool equal_at(float x, float a, double b) {
  const float c = static_cast<float>(b);
  if (std::isinf(a) || std::isinf(c)) return a == c;
  return std::abs(static_cast<double>(a) - b) <= 3e-6 * std::max({1.0, std::abs(b), std::abs(static_cast<double>(x))});
}
template <class F>
bool is_function(const Samples& values, F f) {
  const Samples& points = sample_points();
  for (std::size_t i = 0; i < points.size(); ++i)
    if (!equal_at(points[i], values[i], f(static_cast<double>(points[i])))) return false;
  return true;
}

struct KnownActivation {
  std::string name;
  Value values;
};
/// Those of the registry whose semantics are known.
inline const std::vector<KnownActivation>& known_activations() {
  static const std::vector<KnownActivation> known = [] {
    std::set<std::string> names;
    strata::detail::for_each_description([&]<class C>(std::type_identity<C>) { names.insert(C::schema.activation); });
    std::vector<KnownActivation> all;
    const Samples& points = sample_points();
    const Value in{{static_cast<int>(points.size())}, {points.begin(), points.end()}};
    for (const std::string& name : names) {
      const KerasSemantics activation(json{{"class_name", "Activation"}, {"config", {{"activation", name}}}});
      if (name.empty() || name == "linear" || activation.output_shape({in.shape}).empty()) continue;
      all.push_back({name, activation.run({&in}, {})});
    }
    return all;
  }();
  return known;
}

/// The layer that computes a function with these values at the sample points; nothing: none is known, null: x itself.
inline std::optional<json> layer_of_function(const Samples& values) {
  const Samples& points = sample_points();
  const auto at = [&](float x) {
    return decimal(values[static_cast<std::size_t>(std::find(points.begin(), points.end(), x) - points.begin())]);
  };
  if (is_function(values, [](double x) { return x; })) return json();
  for (const KnownActivation& known : known_activations()) {
    bool equal = true;
    for (std::size_t i = 0; equal && i < values.size(); ++i)
      equal = equal_at(points[i], values[i], known.values.elements[i]);
    if (!equal) continue;
    if (known.name.starts_with("relu"))
      return json{{"class_name", "ReLU"}, {"config", {{"max_value", known.name == "relu" ? json() : json(6.0)}}}};
    return json{{"class_name", "Activation"}, {"config", {{"activation", known.name}}}};
  }
  const double slope = -at(-1), most = at(1e6);
  if (is_function(values, [&](double x) { return x < 0 ? slope * x : x; }))
    return json{{"class_name", "LeakyReLU"}, {"config", {{"negative_slope", slope}}}};
  if (most > 0 && is_function(values, [&](double x) { return std::clamp(x, 0.0, most); }))
    return json{{"class_name", "ReLU"}, {"config", {{"max_value", most}}}};
  return std::nullopt;
}

}  // namespace strata::importing::detail
