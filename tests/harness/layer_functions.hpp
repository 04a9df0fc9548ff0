/// @file
/// A layer as values and function pointers, so that the checks are not compiled again for every layer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <strata/core/bound.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/random.hpp>
#include <strata/core/text.hpp>
#include <strata/core/type_name.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/math.hpp>

namespace strata::test {

/// The arguments of all of a layer's functions.
template <class T>
struct Arguments {
  std::size_t batch = 0;
  const T *input = nullptr, *output_gradient = nullptr;
  T *output = nullptr, *input_gradient = nullptr, *saved = nullptr, *scratch = nullptr;
  T *const *parameters = nullptr, *const *parameter_gradients = nullptr;
  T *scale = nullptr, *shift = nullptr, *packed = nullptr;
  T *prepared = nullptr, *accumulator = nullptr;
  double* gathered = nullptr;  ///< of two threads
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
  Text (*name)();  ///< of the type
  Problem problem;
  Shape in, out;
  Kind kind;
  Needs needs;
  Parameters parameters;
  std::size_t macs, scratch_size, backward_scratch_size, prepared_size, accumulator_size, gathered_size,
      packed_size = 0;
  std::size_t (*saved_size)(std::size_t batch);
  std::size_t (*infer_scratch_size)(std::size_t batch) = [](std::size_t) { return std::size_t{0}; };
  void (*forward)(const Arguments<T>&);
  void (*forward_training)(const Arguments<T>&);
  void (*backward)(const Arguments<T>&);
  void (*update_state)(const Arguments<T>&);
  // What fusion calls instead of `forward`, where that is another function.
  void (*by_kind)(const Arguments<T>&) = {};        ///< with no epilogue
  void (*with_epilogue)(const Arguments<T>&) = {};  ///< a linear layer's, with HalfPlusOne
};

/// A layer's functions as the runtime calls them: a batch in two parts, as if by two threads.
template <class L, Shape In, class T>
struct LayerCalls {
  using V = simd::Vector<T>;
  using B = Bound<L, In>;
  using A = const Arguments<T>&;
  static constexpr std::size_t in = In.size(), out = B::output_shape.size();

  template <class F>
  static void in_parts(A a, F f) {
    const std::size_t half = (a.batch + 1) / 2;
    f(std::size_t{0}, half, a.gathered);
    if (half < a.batch) f(half, a.batch - half, a.gathered + rules<L>::gathered_size(In));
  }
  static void prepare(A a, bool training) {
    const Prepare<B, V> call{a.parameters, a.prepared, training};
    if constexpr (requires { L::prepare(call); }) L::prepare(call);
  }
  static auto conclusion(A a, const std::array<const double*, 2>& gathered) {
    return Conclude<B, V>{.batch = a.batch,
                          .gathered = std::span(gathered).first(a.batch > 1 ? 2 : 1),
                          .parameters = a.parameters,
                          .parameter_gradients = a.parameter_gradients,
                          .saved = a.saved};
  }
  static std::array<const double*, 2> all_gathered(A a) {
    return {a.gathered, a.gathered + rules<L>::gathered_size(In)};
  }

  template <class F>
  static void each_forward(A a, F f) {
    in_parts(a, [&](std::size_t first, std::size_t count, double* gathered) {
      const T* input = a.input + first * in;
      f(Forward<B, V>{.batch = count,
                      .first = first,
                      .input = input,
                      .inputs = &input,
                      .output = a.output + first * out,
                      .parameters = a.parameters,
                      .prepared = a.prepared,
                      .gathered = gathered,
                      .saved = a.saved,
                      .scratch = a.scratch,
                      .random = a.random});
    });
  }
  static void forward(A a) {
    prepare(a, false);
    each_forward(a, [](const auto& call) { L::forward(call); });
  }
  static void forward_training(A a) {
    prepare(a, true);
    if constexpr (rules<L>::gathers) {
      std::fill_n(a.gathered, 2 * rules<L>::gathered_size(In), 0.0);
      each_forward(a, [](const auto& call) { L::gather(call); });
      const auto gathered = all_gathered(a);
      L::conclude(conclusion(a, gathered));
    }
    each_forward(a, [](const auto& call) {
      if constexpr (requires { L::forward_training(call); }) L::forward_training(call);
      else L::forward(call);
    });
  }

  template <class F>
  static void each_backward(A a, F f) {
    in_parts(a, [&](std::size_t first, std::size_t count, double* gathered) {
      const T* input = a.input + first * in;
      T* input_gradient = a.input_gradient == nullptr ? nullptr : a.input_gradient + first * in;
      f(Backward<B, V>{.batch = count,
                       .first = first,
                       .input = input,
                       .inputs = &input,
                       .output = a.output + first * out,
                       .output_gradient = a.output_gradient + first * out,
                       .input_gradient = input_gradient,
                       .input_gradients = &input_gradient,
                       .parameters = a.parameters,
                       .prepared = a.prepared,
                       .parameter_gradients = a.parameter_gradients,
                       .accumulator = a.accumulator,
                       .gathered = gathered,
                       .saved = a.saved,
                       .scratch = a.scratch,
                       .random = a.random});
    });
  }
  static void backward(A a) {
    std::size_t trainable = 0;
    for (const Parameter& parameter : B::parameters)
      if (parameter.trainable) std::fill_n(a.parameter_gradients[trainable++], parameter.shape.size(), T(0));
    std::fill_n(a.accumulator, rules<L>::template accumulator_size<V>(In), T(0));
    if constexpr (rules<L>::gathers) {
      std::fill_n(a.gathered, 2 * rules<L>::gathered_size(In), 0.0);
      each_backward(a, [](const auto& call) { L::gather_gradients(call); });
      const auto gathered = all_gathered(a);
      L::conclude_gradients(conclusion(a, gathered));
    }
    each_backward(a, [](const auto& call) { L::backward(call); });
    const FinishGradients<B, V> call{a.accumulator, a.parameter_gradients};
    if constexpr (requires { L::finish_gradients(call); }) L::finish_gradients(call);
  }
  static void update_state(A a) {
    const UpdateState<B, V> call{a.parameters, a.saved};
    if constexpr (requires { L::update_state(call); }) L::update_state(call);
  }

  template <Algorithms Choice>
  using InferBy = Infer<BoundBy<B, Choice>, InferenceTarget<V>>;
  template <class Epilogue, Algorithms Choice>
  static void infer(A a) {
    LayerBy<L, Choice>::template pack<InferenceTarget<V>, In>(
        static_cast<const T* const*>(a.parameters), static_cast<const T*>(a.scale), static_cast<const T*>(a.shift),
        a.packed);
    LayerBy<L, Choice>::template infer<Epilogue>(InferBy<Choice>{.batch = a.batch,
                                                                 .input = a.input,
                                                                 .packed = a.packed,
                                                                 .output = a.output,
                                                                 .residual = nullptr,
                                                                 .input_step = in,
                                                                 .output_step = out,
                                                                 .residual_step = 0,
                                                                 .scratch = a.scratch});
  }
};

/// What a check compiles for each configuration: training and inference layer by layer, or also what fusion calls.
enum class Paths { layer, fused };

template <class L, Shape In, class T, Paths paths>
constexpr LayerFunctions<T> make_functions() {
  using Calls = LayerCalls<L, In, T>;
  using V = typename Calls::V;
  using B = typename Calls::B;
  using A = const Arguments<T>&;
  LayerFunctions<T> f{
      .name = [] { return type_name<L>(); },
      .problem = rules<L>::check(B::input_shapes),
      .in = In,
      .out = B::output_shape,
      .kind = B::kind,
      .needs = rules<L>::backward_needs,
      .parameters = B::parameters,
      .macs = rules<L>::macs(In),
      .scratch_size = rules<L>::template scratch_size<V>(In),
      .backward_scratch_size = rules<L>::template backward_scratch_size<V>(In),
      .prepared_size = rules<L>::template prepared_size<V>(In),
      .accumulator_size = rules<L>::template accumulator_size<V>(In),
      .gathered_size = rules<L>::gathered_size(In),
      .saved_size = [](std::size_t batch) { return rules<L>::saved_size(In, batch); },
      .forward = &Calls::forward,
      .forward_training = &Calls::forward_training,
      .backward = &Calls::backward,
      .update_state = &Calls::update_state};
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
  if constexpr (B::kind == Kind::linear && paths == Paths::fused) {
    f.packed_size = std::max(L::template packed_size<InferenceTarget<V>>(In),
                             LayerBy<L, Exact>::template packed_size<InferenceTarget<V>>(In));
    f.infer_scratch_size = [](std::size_t batch) {
      return std::max(rules<L>::template infer_scratch_size<typename Calls::template InferBy<Fast>>(batch),
                      rules<LayerBy<L, Exact>>::template infer_scratch_size<typename Calls::template InferBy<Exact>>(
                          batch));
    };
    f.by_kind = &Calls::template infer<Identity, Exact>;
    f.with_epilogue = &Calls::template infer<HalfPlusOne, Fast>;
  }
  return f;
}

template <class L, Shape In, class T, Paths paths = Paths::layer>
inline constexpr LayerFunctions<T> functions = make_functions<L, In, T, paths>();

}  // namespace strata::test
