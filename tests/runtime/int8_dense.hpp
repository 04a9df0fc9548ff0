/// @file
/// A user's own layers in int8: one that makes numbers of a byte, and a Dense that reads such, with sums in int32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <strata/core/number.hpp>
#include <strata/core/text.hpp>
#include <strata/layers/dense.hpp>

namespace strata::test {

/// x / Scale as whole numbers from -127 to 127, which is what lies beyond, too; NaN is -127.
template <Number Scale>
struct Quantize {
  static constexpr const char* class_name = "Quantize";
  static constexpr Element output_element = Element::int8;

  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Call>
  static void forward(const Call& call) {
    for (std::size_t i = 0; i < call.batch * Call::input_shape.size(); ++i) {
      const double q = static_cast<double>(call.input[i]) / Scale;
      call.output[i] = static_cast<std::int8_t>(std::lround(q > -127 ? std::min(q, 127.0) : -127.0));
    }
  }
};

/// Inputs are Scale times such numbers, the weights of a unit a scale of its own times such.
template <int Units, Number Scale>
struct Int8Dense : Dense<Units> {
  static constexpr const char* class_name = "Int8Dense";
  static constexpr Element input_element = Element::int8;
  static constexpr bool shares = false;

  static constexpr Problem check(Shape in) {
    if (in.rank == 1) return Dense<Units>::check(in);
    return {"Int8Dense needs a vector", "an input of one size", "put a Flatten before it"};
  }

  /// The scale of each unit's sums, its bias, the weights.
  template <class Target>
  static constexpr std::size_t packed_size(Shape in) {
    return 2 * Units + (in.size() * Units + 3) / 4;
  }
  template <class Target, Shape in, class T>
  static void pack(const T* const* parameters, const T* scale, const T* shift, T* packed) {
    auto* quantized = reinterpret_cast<std::int8_t*>(packed + 2 * Units);
    for (std::size_t o = 0; o < Units; ++o) {
      const T factor = scale ? scale[o] : 1;
      const auto weight = [&](std::size_t i) { return parameters[0][i * Units + o] * factor; };
      T step = std::numeric_limits<T>::min();
      for (std::size_t i = 0; i < in.size(); ++i) step = std::max(step, std::abs(weight(i)) / 127);
      for (std::size_t i = 0; i < in.size(); ++i)
        *quantized++ = static_cast<std::int8_t>(std::lround(weight(i) / step));
      packed[o] = step * static_cast<T>(Scale);
      packed[Units + o] = parameters[1][o] * factor + (shift ? shift[o] : 0);
    }
  }

  template <class Call>
  static constexpr std::size_t infer_scratch_size(std::size_t) {
    return Units;
  }
  template <class Epilogue, class Call>
  static void infer(const Call& call) {
    using V = typename Call::Vector;
    constexpr std::size_t features = Call::input_shape.size();
    for (std::size_t n = 0; n < call.batch; ++n) {
      const std::int8_t* const x = call.input + n * call.input_step;
      const auto* w = reinterpret_cast<const std::int8_t*>(call.packed + 2 * Units);
      for (std::size_t o = 0; o < Units; ++o, w += features) {
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < features; ++i) sum += std::int32_t{x[i]} * std::int32_t{w[i]};
        call.scratch[o] = static_cast<typename Call::Scalar>(sum);
      }
      for (int o = 0; o < Units; o += simd::lanes<V>) {
        const int count = std::min(simd::lanes<V>, Units - o);
        const auto at = [=](const auto* numbers) { return simd::load_partial<V>(numbers + o, count); };
        V y = simd::fma(at(call.scratch), at(call.packed), at(call.packed + Units));
        if constexpr (has_residual<Epilogue>) y = Epilogue::apply(y, at(call.residual + n * call.residual_step));
        else y = Epilogue::apply(y);
        simd::store_partial(call.output + n * call.output_step + o, y, count);
      }
    }
  }
};

}  // namespace strata::test
