/// @file
/// A user's own linear layer: a Dense that is trained in float and deployed in int8, with sums in int32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <strata/layers/dense.hpp>

namespace strata::test {

/// Weights are scale[unit] times numbers from -127 to 127, inputs a scale of their sample times such numbers.
template <int Units>
struct Int8Dense : Dense<Units> {
  static constexpr const char* class_name = "Int8Dense";
  static constexpr bool shares = false;

  static constexpr Problem check(Shape in) {
    if (in.rank == 1) return Dense<Units>::check(in);
    return {"Int8Dense needs a vector", "an input of one size", "put a Flatten before it"};
  }

  template <class Target>
  static constexpr std::size_t packed_size(Shape in) {
    return 2 * Units + floats_of(in.size() * Units);
  }
  template <class Target, Shape in, class T>
  static void pack(const T* const* parameters, const T* scale, const T* shift, T* packed) {
    std::vector<T> weights(in.size());
    for (std::size_t o = 0; o < Units; ++o) {
      for (std::size_t i = 0; i < in.size(); ++i) weights[i] = parameters[0][i * Units + o] * (scale ? scale[o] : 1);
      packed[o] = quantize(weights.data(), in.size(), bytes(packed + 2 * Units) + o * in.size());
      packed[Units + o] = parameters[1][o] * (scale ? scale[o] : 1) + (shift ? shift[o] : 0);
    }
  }

  template <class Call>
  static constexpr std::size_t infer_scratch_size(std::size_t) {
    return Units + floats_of(Call::input_shape.size());
  }
  template <class Epilogue, class Call>
  static void infer(const Call& call) {
    using V = typename Call::Vector;
    constexpr std::size_t features = Call::input_shape.size();
    auto* const x = bytes(call.scratch + Units);
    for (std::size_t n = 0; n < call.batch; ++n) {
      const V scale(quantize(call.input + n * call.input_step, features, x));
      for (std::size_t o = 0; o < Units; ++o) {
        const std::int8_t* const w = bytes(call.packed + 2 * Units) + o * features;
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < features; ++i) sum += std::int32_t{x[i]} * std::int32_t{w[i]};
        call.scratch[o] = static_cast<typename Call::Scalar>(sum);
      }
      for (int o = 0; o < Units; o += simd::lanes<V>) {
        const int count = std::min(simd::lanes<V>, Units - o);
        const auto at = [=](const auto* numbers) { return simd::load_partial<V>(numbers + o, count); };
        V y = simd::fma(at(call.scratch), V(scale * at(call.packed)), at(call.packed + Units));
        if constexpr (has_residual<Epilogue>) y = Epilogue::apply(y, at(call.residual + n * call.residual_step));
        else y = Epilogue::apply(y);
        simd::store_partial(call.output + n * call.output_step + o, y, count);
      }
    }
  }

 private:
  static constexpr std::size_t floats_of(std::size_t count) { return (count + 3) / 4; }
  static std::int8_t* bytes(auto* memory) { return reinterpret_cast<std::int8_t*>(memory); }
  static const std::int8_t* bytes(const auto* memory) { return reinterpret_cast<const std::int8_t*>(memory); }

  /// Returns the scale: 0 of zeros, NaN where a number is not finite.
  template <class T>
  static T quantize(const T* x, std::size_t count, std::int8_t* numbers) {
    T largest = 0, sum = 0;
    for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i])), sum += 0 * x[i];
    if (sum != 0 || largest < 127 * std::numeric_limits<T>::min()) return std::fill_n(numbers, count, 0), sum;
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<std::int8_t>(std::lround(x[i] * 127 / largest));
    return largest / 127;
  }
};

}  // namespace strata::test
