/// @file
/// A layer as values and function pointers, so that the checks are not compiled again for every layer.
#pragma once

#include <cstddef>
#include <string>

#include <strata/core/bound.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/random.hpp>
#include <strata/core/type_name.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/simd.hpp>

namespace strata::test {

/// The arguments of all of a layer's functions.
template <class T>
struct Arguments {
  std::size_t batch = 0;
  const T *input = nullptr, *output_gradient = nullptr;
  T *output = nullptr, *input_gradient = nullptr, *saved = nullptr, *scratch = nullptr;
  T *const *parameters = nullptr, *const *parameter_gradients = nullptr;
  T *scale = nullptr, *shift = nullptr, *packed = nullptr;
  Random random{Seed{7}};
};

/// An epilogue for tests: x / 2 + 1.
struct HalfPlusOne {
  template <class V>
  static V apply(V x) {
    return simd::fma(x, V(0.5), V(1.0));
  }
};

/// A layer on an input shape.
template <class T>
struct LayerFunctions {
  std::string title;
  Problem problem;
  Shape in, out;
  Kind kind;
  Needs needs;
  Parameters parameters;
  std::size_t macs, scratch_size, backward_scratch_size, packed_size = 0;
  std::size_t (*saved_size)(std::size_t batch);
  void (*forward)(const Arguments<T>&);
  void (*forward_training)(const Arguments<T>&);
  void (*backward)(const Arguments<T>&);
  void (*update_state)(const Arguments<T>&);
  void (*by_kind)(const Arguments<T>&);             ///< what fusion calls instead of `forward`, with no epilogue
  void (*with_epilogue)(const Arguments<T>&) = {};  ///< a linear layer's, with HalfPlusOne
};

template <class L, Shape In, class T>
const LayerFunctions<T>& functions() {
  using V = simd::Vector<T>;
  using B = Bound<L, In>;
  using A = const Arguments<T>&;
  static constexpr auto to_forward = [](A a) {
    return Forward<B, V>{a.batch, a.input, a.output, a.parameters, a.saved, a.scratch, a.random};
  };
  static const LayerFunctions<T> all = [] {
    LayerFunctions<T> f{
        .title = std::string(type_name<L>()) + " on " + std::string(std::string_view(Text() << In)),
        .problem = rules<L>::check(In),
        .in = In,
        .out = B::output_shape,
        .kind = B::kind,
        .needs = rules<L>::backward_needs,
        .parameters = B::parameters,
        .macs = rules<L>::macs(In),
        .scratch_size = rules<L>::template scratch_size<V>(In),
        .backward_scratch_size = rules<L>::template backward_scratch_size<V>(In),
        .saved_size = [](std::size_t batch) { return rules<L>::saved_size(In, batch); },
        .forward = [](A a) { L::forward(to_forward(a)); },
        .forward_training =
            [](A a) {
              if constexpr (requires { L::forward_training(to_forward(a)); }) L::forward_training(to_forward(a));
              else L::forward(to_forward(a));
            },
        .backward =
            [](A a) {
              L::backward(Backward<B, V>{a.batch, a.input, a.output, a.output_gradient, a.input_gradient, a.parameters,
                                         a.parameter_gradients, a.saved, a.scratch, a.random});
            },
        .update_state =
            [](A a) {
              const StateUpdate<B, V> call{a.batch, a.parameters, a.saved};
              if constexpr (requires { L::update_state(call); }) L::update_state(call);
            },
        .by_kind = [](A a) { L::forward(to_forward(a)); }};
    if constexpr (B::kind == Kind::elementwise)
      f.by_kind = [](A a) {
        for (std::size_t i = 0; i < a.batch * In.size(); ++i)
          simd::store_partial(a.output + i, L::apply(V(a.input[i])), 1);
      };
    if constexpr (B::kind == Kind::affine)
      f.by_kind = [](A a) {
        L::affine(In, static_cast<const T* const*>(a.parameters), a.scale, a.shift);
        const std::size_t channels = static_cast<std::size_t>(In.channels());
        for (std::size_t i = 0; i < a.batch * In.size(); ++i)
          a.output[i] = a.scale[i % channels] * a.input[i] + a.shift[i % channels];
      };
    if constexpr (B::kind == Kind::linear) {
      f.packed_size = L::template packed_size<V>(In);
      static constexpr auto run = [](A a, auto epilogue) {
        L::template pack<V, In>(static_cast<const T* const*>(a.parameters), static_cast<const T*>(a.scale),
                                static_cast<const T*>(a.shift), a.packed);
        for (std::size_t n = 0; n < a.batch; ++n)
          L::template infer<decltype(epilogue)>(Infer<B, V>{a.input + n * In.size(), a.packed,
                                                            a.output + n * B::output_shape.size(), a.scratch});
      };
      f.by_kind = [](A a) { run(a, Identity{}); };
      f.with_epilogue = [](A a) { run(a, HalfPlusOne{}); };
    }
    return f;
  }();
  return all;
}

}  // namespace strata::test
