// LayerNormalization: each position's channels are brought to mean 0 and variance 1, then scaled and shifted (Ba et al.
// 2016, arXiv 1607.06450).
//
//     LayerNormalization                              Keras' defaults
//     LayerNormalizationWith<Epsilon{1e-6}>
//
// Defaults: the last axis, epsilon 1e-3. Keras: LayerNormalization. ONNX: LayerNormalization.
#pragma once

#include <cstddef>

#include <strata/core/options.hpp>
#include <strata/layers/normalization.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <auto... Given>
struct LayerNormalizationWith : detail::Normalization<LayerNormalizationWith<Given...>> {
  static constexpr const char* class_name = "LayerNormalization";
  static constexpr double epsilon = LayerOptions<Given...>::get(Epsilon{1e-3}).value;

  static constexpr Problem check(Shape) {
    if (!(epsilon > 0))
      return {"the epsilon is not positive", "a positive Epsilon", "give a small positive Epsilon",
              detail::decimal(epsilon)};
    return LayerOptions<Given...>::template check<Epsilon>("Epsilon");
  }

  template <class F>
  static void each_set(Shape in, F f) {
    const std::size_t channels = static_cast<std::size_t>(in.channels());
    for (std::size_t p = 0; p < in.positions(); ++p)
      f({.first = p * channels, .rows = 1, .length = channels, .step = channels, .channel = 0});
  }
};

using LayerNormalization = LayerNormalizationWith<>;

}  // namespace strata
