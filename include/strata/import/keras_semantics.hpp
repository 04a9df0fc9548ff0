// What Keras' layers compute, in the plainest loops, from Keras' documentation: shapes for the typed header's asserts,
// values for the proof of an imported network. Shares nothing with Strata's layers and kernels.
//
//     keras_output_shape({{"class_name", "Conv2D"}, {"config", …}}, {{32, 32, 3}})      {30, 30, 8}; empty: not known
//
// Shapes and values are one sample's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <strata/import/keras_activations.hpp>
#include <strata/import/keras_arguments.hpp>
#include <strata/import/keras_merges.hpp>
#include <strata/import/keras_movement.hpp>
#include <strata/import/keras_windows.hpp>
#include <strata/import/network.hpp>

namespace strata::importing {

namespace detail {

struct KerasSemantics : KerasArguments {
  using KerasArguments::KerasArguments;

  /// Empty: not known.
  Shape output_shape(const Shapes& in) const {
    if (std::any_of(in.begin(), in.end(), [](const Shape& shape) { return shape.empty(); })) return {};
    const Shape& x = in[0];
    if (const KerasWindows windows(*this); windows.knows()) return windows.output_shape(x);
    if (const KerasMovement movement(*this); movement.knows()) return movement.output_shape(x);
    if (const KerasMerges merges(*this); merges.knows()) return merges.output_shape(in);
    if (name == "Dense") return with_last(x, number("units", 0));
    if (name == "Flatten") return {static_cast<int>(size_of(x))};
    if (name == "Reshape") return reshaped(x);
    if (name == "RepeatVector" && x.size() == 1) return {number("n", 1), x[0]};
    const KerasActivations activation(*this);
    if (activation.is_activation("glu")) return with_last(x, x.back() / 2);
    for (const char* keeping :
         {"BatchNormalization", "LayerNormalization", "GroupNormalization", "InstanceNormalization", "RMSNormalization",
          "UnitNormalization", "LocalResponseNormalization", "Normalization", "Rescaling", "Affine", "LayerScale",
          "PReLU", "Softmax"})
      if (name == keeping) return x;
    return is_identity() || activation.is_activation("softmax") || activation.elementwise() ? x : Shape{};
  }

  Value run(const std::vector<const Value*>& in, const std::vector<Tensor>& weights) const {
    Shapes shapes;
    for (const Value* value : in) shapes.push_back(value->shape);
    Value y{output_shape(shapes), {}};
    y.elements.assign(size_of(y.shape), 0);
    compute(in, weights, y);
    KerasActivations(*this).activate(y);
    return y;
  }

 private:
  bool is_identity() const {
    for (const char* part : {"Dropout", "Gaussian", "Random", "ActivityRegularization", "Identity"})
      if (name.find(part) != name.npos) return true;
    return false;
  }
  Shape reshaped(const Shape& x) const {
    Shape shape = numbers("target_shape");
    int known = 1, open = -1;
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      if (shape[axis] == -1)
        open = static_cast<int>(axis);
      else
        known *= shape[axis];
    if (open >= 0 && known > 0) shape[static_cast<std::size_t>(open)] = static_cast<int>(size_of(x)) / known;
    return shape;
  }
  void compute(const std::vector<const Value*>& in, const std::vector<Tensor>& w, Value& out) const {
    const Value& x = *in[0];
    const auto channels = static_cast<std::size_t>(x.shape.back());
    if (const KerasWindows windows(*this); windows.knows()) {
      windows.compute(x, w, out);
    } else if (const KerasMovement movement(*this); movement.knows()) {
      movement.compute(x, out);
    } else if (const KerasMerges merges(*this); merges.knows()) {
      merges.compute(in, out);
    } else if (name == "Dense") {
      const auto units = static_cast<std::size_t>(out.shape.back());
      for (std::size_t e = 0; e < x.elements.size(); ++e)
        for (std::size_t u = 0; u < units; ++u)
          out.elements[e / channels * units + u] += x.elements[e] * w[0].values[e % channels * units + u];
    } else if (name == "Activation" && is("activation", "glu")) {
      const std::size_t half = channels / 2;
      for (std::size_t e = 0; e < out.elements.size(); ++e) {
        const double* const pixel = &x.elements[e / half * channels];
        out.elements[e] = pixel[e % half] / (1 + std::exp(-pixel[half + e % half]));
      }
    } else if (name == "Affine" || name == "LayerScale") {
      const auto *gamma = weight(w, "gamma"), *beta = weight(w, "beta");
      for (std::size_t e = 0; e < x.elements.size(); ++e)
        out.elements[e] = x.elements[e] * (gamma ? (*gamma)[e % gamma->size()] : 1) +
                          (beta ? (*beta)[e % beta->size()] : 0);
    } else if (name == "UnitNormalization") {
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const double* const first = &x.elements[e - e % channels];
        out.elements[e] =
            x.elements[e] / std::sqrt(std::max(std::inner_product(first, first + channels, first, 0.0), 1e-24));
      }
    } else if (name == "LocalResponseNormalization") {
      const int size = number("size", 1), count = static_cast<int>(channels);
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const int c = static_cast<int>(e % channels);
        double squares = 0;
        for (int j = std::max(0, c - (size - 1) / 2); j <= std::min(count - 1, c + size / 2); ++j)
          squares += std::pow(x.elements[e - e % channels + static_cast<std::size_t>(j)], 2);
        out.elements[e] = x.elements[e] / std::pow(real("k", 1) + real("alpha", 1e-4) / size * squares,
                                                   real("beta", 0.75));
      }
    } else if (name == "BatchNormalization" || name == "Normalization") {
      const bool batch = name == "BatchNormalization";
      const auto *gamma = weight(w, "gamma"), *beta = weight(w, "beta");
      const auto *mean = weight(w, batch ? "moving_mean" : "mean"),
                 *variance = weight(w, batch ? "moving_variance" : "variance");
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const std::size_t c = e % channels;
        const double deviation = batch ? std::sqrt((*variance)[c] + real("epsilon", 1e-3))
                                       : std::max<double>(std::sqrt((*variance)[c]), 1e-7);
        out.elements[e] =
            (x.elements[e] - (*mean)[c]) / deviation * (gamma ? (*gamma)[c] : 1) + (beta ? (*beta)[c] : 0);
      }
    } else if (name == "RMSNormalization") {
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const double* const first = &x.elements[e - e % channels];
        const double squares = std::inner_product(first, first + channels, first, 0.0);
        out.elements[e] = x.elements[e] / std::sqrt(squares / static_cast<double>(channels) + real("epsilon", 1e-6)) *
                          w[0].values[e % channels];
      }
    } else if (name == "RepeatVector") {
      for (std::size_t e = 0; e < out.elements.size(); ++e) out.elements[e] = x.elements[e % channels];
    } else if (name == "LayerNormalization" || name == "GroupNormalization" || name == "InstanceNormalization") {
      normalize(x, w, out);
    } else if (name == "Rescaling") {
      for (std::size_t e = 0; e < x.elements.size(); ++e)
        out.elements[e] = x.elements[e] * of_channel("scale", 1, e % channels) + of_channel("offset", 0, e % channels);
    } else if (name == "PReLU") {
      const std::vector<int> shared = numbers("shared_axes");
      Shape shape = x.shape;
      for (const int axis : shared) shape[static_cast<std::size_t>(axis - 1)] = 1;
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const double slope = w[0].values[broadcast(e, x.shape, shape)];
        out.elements[e] = x.elements[e] < 0 ? slope * x.elements[e] : x.elements[e];
      }
    } else {
      out.elements = x.elements;
    }
    if (flag("use_bias", false))
      if (const auto* bias = weight(w, "bias"))
        for (std::size_t e = 0; e < out.elements.size(); ++e) out.elements[e] += (*bias)[e % bias->size()];
  }

  void normalize(const Value& x, const std::vector<Tensor>& w, Value& out) const {
    const auto channels = static_cast<std::size_t>(x.shape.back());
    const bool by_layer = name == "LayerNormalization";
    const int given = name == "InstanceNormalization" ? -1 : number("groups", 32);
    const std::size_t groups = by_layer ? 1 : given == -1 ? channels : static_cast<std::size_t>(given);
    const std::size_t share = channels / groups;
    const std::size_t positions = by_layer ? 1 : x.elements.size() / channels;
    const auto *gamma = weight(w, "gamma"), *beta = weight(w, "beta");
    for (std::size_t first = 0; first < x.elements.size(); first += positions * channels)
      for (std::size_t g = 0; g < groups; ++g) {
        double sum = 0, squares = 0;
        const auto for_each = [&](auto f) {
          for (std::size_t p = 0; p < positions; ++p)
            for (std::size_t c = g * share; c < (g + 1) * share; ++c) f(first + p * channels + c, c);
        };
        const auto count = static_cast<double>(positions * share);
        for_each([&](std::size_t e, std::size_t) { sum += x.elements[e]; });
        for_each([&](std::size_t e, std::size_t) { squares += std::pow(x.elements[e] - sum / count, 2); });
        const double deviation =
            std::sqrt(squares / count + real("epsilon", name == "InstanceNormalization" ? 1e-5 : 1e-3));
        for_each([&](std::size_t e, std::size_t c) {
          out.elements[e] =
              (x.elements[e] - sum / count) / deviation * (gamma ? (*gamma)[c] : 1) + (beta ? (*beta)[c] : 0);
        });
      }
  }

};

}  // namespace detail

/// Without the batch; empty where the layer or an input's shape is not known.
inline std::vector<int> keras_output_shape(const json& layer, const std::vector<std::vector<int>>& inputs) {
  std::vector<int> shape = detail::KerasSemantics(layer).output_shape(inputs);
  if (std::any_of(shape.begin(), shape.end(), [](int extent) { return extent < 1; })) shape.clear();
  return shape;
}

}  // namespace strata::importing
