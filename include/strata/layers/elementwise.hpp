// The base of layers that apply one function to every element: activations, users' own included.
#pragma once

#include <cstddef>
#include <limits>

#include <strata/core/layer.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/vector.hpp>

namespace strata {

/// y[i] = Derived::apply(x[i]). A derived layer gives the function and its derivative on SIMD vectors:
///
///     struct Swish : Elementwise<Swish> {
///       template <class V> static V apply(V x) { return x * simd::sigmoid(x); }
///       template <class V> static V derivative(V x, V y) { return y + simd::sigmoid(x) * (V(1) - y); }
///     };
///
/// It then fuses into the layer before it, trains, and can be an `activation<Swish>`. Where the derivative reads only
/// one of x and y, say so: `static constexpr Needs backward_needs{.input = false};`. The other is then NaN, and
/// training keeps one tensor less. Listed as `activation (Activation)`; another `class_name` may be given.
template <class Derived>
struct Elementwise {
  using itself = Derived;
  static constexpr const char* class_name = "Activation";
  static constexpr Kind kind = Kind::elementwise;
  static constexpr Needs backward_needs{};

  static constexpr Shape output_shape(Shape in) { return in; }

  /// Not in training where the derived layer has a forward or backward of its own.
  static constexpr Views views =
      detail::inherits_passes<Derived, Elementwise>() ? Views::always : Views::inference;
  static constexpr bool shares = detail::inherits_passes<Derived, Elementwise>();

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    using Runs = kernels::ImageRuns<Call::input_shape, Call::input_border, Call::output_border>;
    Runs::each(call.batch, detail::part_of(call), [&](typename Runs::Run r) {
      run<V>(r.pixels * channels<Call>, call.input + r.template offset<Call::input_border>(),
             call.output + r.template offset<Call::output_border>());
    });
  }

  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    using Runs = kernels::ImageRuns<Call::input_shape, Call::input_border, Call::output_border,
                                    Call::input_gradient_border, Call::output_gradient_border>;
    if (call.input_gradient == nullptr) return;
    Runs::each(call.batch, detail::part_of(call), [&](typename Runs::Run r) {
      run_backward<V>(r.pixels * channels<Call>, call.input + r.template offset<Call::input_border>(),
                      call.output + r.template offset<Call::output_border>(),
                      call.output_gradient + r.template offset<Call::output_gradient_border>(),
                      call.input_gradient + r.template offset<Call::input_gradient_border>());
    });
  }

 private:
  template <class Call>
  static constexpr std::size_t channels = static_cast<std::size_t>(Call::input_shape.channels());

  template <class V, class T = typename V::value_type>
  static STRATA_NOINLINE void run(std::size_t n, const T* x, T* y) {
    kernels::map<V>(n, [](V v) STRATA_INLINE_LAMBDA { return Derived::apply(v); }, y, x);
  }

  template <class V, class T = typename V::value_type>
  static STRATA_NOINLINE void run_backward(std::size_t n, const T* x, const T* y, const T* dy, T* dx) {
    constexpr Needs needs = Derived::backward_needs;
    const V unread(std::numeric_limits<T>::quiet_NaN());
    const auto both = [](V g, V in, V out) STRATA_INLINE_LAMBDA { return g * Derived::derivative(in, out); };
    const auto one = [=](V g, V v) STRATA_INLINE_LAMBDA {
      return needs.input ? both(g, v, unread) : both(g, unread, v);
    };
    if constexpr (needs.input && needs.output) kernels::map<V>(n, both, dx, dy, x, y);
    else if constexpr (needs.input) kernels::map<V>(n, one, dx, dy, x);
    else if constexpr (needs.output) kernels::map<V>(n, one, dx, dy, y);
    else kernels::map<V>(n, [=](V g) STRATA_INLINE_LAMBDA { return both(g, unread, unread); }, dx, dy);
  }
};

}  // namespace strata
