// Dropout: in training, y = 0 with probability Rate, else x / (1 - Rate); at inference, y = x (Srivastava et al. 2014).
//
//     Dropout<0.5>
//
// The mask is not stored: element i is drawn from the step's random stream at counter i, in forward and in backward.
// Keras: Dropout. ONNX: Dropout.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/kernels/map.hpp>

namespace strata {

struct DropoutConfig {
  static constexpr Schema schema{.spelling = "Dropout<>", .keras = "Dropout", .onnx = "Dropout", .arguments = 1};
  Number rate = -1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("rate", c.rate...);
  }
  void onnx(auto& out) const { out(schema.onnx, {out.x(), out.number(rate)}); }
};

template <Number Rate>
struct Dropout {  // with its rate: Dropout<0.5>
  static constexpr const char* class_name = DropoutConfig::schema.keras;
  static constexpr DropoutConfig config{.rate = Rate};
  using itself = Dropout;
  static constexpr Kind kind = Kind::view;
  static constexpr Kind training_kind = Kind::other;
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool shares = true;

  static constexpr Problem check(Shape) {
    if (Rate >= 0 && Rate < 1) return {};
    return {"the rate of a Dropout is not in [0, 1)", "a rate from 0 to below 1",
            "give the share of elements to drop, 0.5 for half", detail::decimal(Rate)};
  }
  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Call>
  static void forward(const Call& call) {
    const auto own = detail::part_of(call).share(call.batch * Call::input_shape.size());
    std::copy(call.input + own.begin, call.input + own.end, call.output + own.begin);
  }
  template <class Call>
  static void forward_training(const Call& call) {
    drop<typename Call::Vector>(call, call.input, call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient != nullptr)
      drop<typename Call::Vector>(call, call.output_gradient, call.input_gradient);
  }

 private:
  /// An element's draw depends on its place in the batch only, not on how the batch is cut.
  template <class V, class Call, class T>
  static void drop(const Call& call, const T* x, T* y) {
    constexpr std::size_t size = Call::input_shape.size();
    const auto own = detail::part_of(call).share(call.batch * size);
    drop<V>(call.first * size + own.begin, own.size(), call.random, x + own.begin, y + own.begin);
  }

  template <class V, class T>
  static STRATA_NOINLINE void drop(std::size_t begin, std::size_t n, Random random, const T* x, T* y) {
    constexpr T keep = static_cast<T>(1 / (1 - Rate));
    std::array<T, 256> draws;
    for (std::size_t first = 0; first < n; first += draws.size()) {
      for (std::size_t i = 0; i < draws.size(); ++i) draws[i] = static_cast<T>(random.uniform(begin + first + i));
      const auto mask = [](V v, V draw) STRATA_INLINE_LAMBDA {
        return simd::select(draw < V(static_cast<T>(Rate)), V(T(0)), v * V(keep));
      };
      kernels::map<V>((std::min)(n - first, draws.size()), mask, y + first, x + first, draws.data());
    }
  }
};

}  // namespace strata
