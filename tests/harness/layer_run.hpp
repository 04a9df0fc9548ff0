/// @file
/// Calls a layer's functions as the runtime would, in buffers that tell what was read and written.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <strata/core/bound.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/random.hpp>
#include <strata/core/type_name.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/simd.hpp>

#include "harness/catch.hpp"

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

/// A layer on an input shape as values and functions, so that the checks are not compiled for every layer again.
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
  void (*by_kind)(const Arguments<T>&);              ///< what fusion calls instead of `forward`, with no epilogue
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
        for (std::size_t i = 0; i < a.batch * In.size(); ++i) simd::store_partial(a.output + i, L::apply(V(a.input[i])), 1);
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

/// Elements between two bands that nobody may touch; NaN until written, so that reading too early or not writing shows.
template <class T>
class Guarded {
 public:
  explicit Guarded(std::size_t size) : memory_(size + 2 * band, guard), size_(size) { forget(); }

  T* data() { return memory_.data() + band; }
  std::span<T> span() { return {data(), size_}; }
  std::size_t size() const { return size_; }
  void forget() { std::ranges::fill(span(), std::numeric_limits<T>::quiet_NaN()); }
  template <class U>
  void copy(const std::vector<U>& values) {
    REQUIRE(values.size() == size_);
    std::ranges::transform(values, data(), [](U x) { return static_cast<T>(x); });
  }
  bool intact() const {
    const auto is_guard = [](T x) { return x == guard; };
    return std::all_of(memory_.begin(), memory_.begin() + band, is_guard) &&
           std::all_of(memory_.end() - band, memory_.end(), is_guard);
  }

 private:
  static constexpr T guard = static_cast<T>(-12345.0);
  static constexpr std::ptrdiff_t band = 67;

  std::vector<T> memory_;
  std::size_t size_;
};

/// The largest |a - b| / (1 + |b|); infinite where one is NaN.
template <class A, class B>
double difference(const A& a, const B& b) {
  REQUIRE(std::size(a) == std::size(b));
  double largest = 0;
  auto other = std::begin(b);
  for (const auto x : a) {
    const double y = static_cast<double>(*other++), d = std::abs(static_cast<double>(x) - y) / (1 + std::abs(y));
    largest = d <= largest ? largest : std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
  }
  return largest;
}

/// A layer and its memory for one batch.
template <class T>
class AnyLayerRun {
 public:
  AnyLayerRun(const LayerFunctions<T>& functions, std::size_t batch_size)
      : layer(functions),
        batch(batch_size),
        input(batch * layer.in.size()),
        input_gradient(batch * layer.in.size()),
        output(batch * layer.out.size()),
        output_gradient(batch * layer.out.size()),
        saved(layer.saved_size(batch)) {
    for (const Parameter& parameter : layer.parameters) {
      parameters.emplace_back(parameter.shape.size());
      if (parameter.trainable) gradients.emplace_back(parameter.shape.size());
    }
  }

  /// Random values, the same ones in float and double.
  void randomize() {
    const auto fill = [](Guarded<T>& tensor, Random values, bool positive) {
      for (std::size_t i = 0; i < tensor.size(); ++i)
        tensor.data()[i] = static_cast<T>(static_cast<float>(positive ? 0.5 + values.uniform(i) : values.normal(i)));
    };
    fill(input, random.split(0), false);
    fill(output_gradient, random.split(1), false);
    for (std::size_t p = 0; p < parameters.size(); ++p)
      fill(parameters[p], random.split(2 + p), layer.parameters.list[p].initializer.kind == Initializer::ones);
  }

  void forward() { call(layer.forward, layer.scratch_size, {}); }
  void forward_training() {
    saved.forget();
    call(layer.forward_training, layer.scratch_size, {.saved = saved.data()});
  }
  /// What the layer says that it does not need is not there.
  void backward(bool with_input_gradient = true) {
    input_gradient.forget();
    for (Guarded<T>& gradient : gradients) gradient.forget();
    call(layer.backward, layer.backward_scratch_size,
         {.output_gradient = output_gradient.data(),
          .input_gradient = with_input_gradient ? input_gradient.data() : nullptr,
          .saved = saved.data()},
         layer.needs);
  }
  void update_state() { call(layer.update_state, 0, {.saved = saved.data()}, {false, false}); }
  /// `function` is one of the layer's that write the output; `scale` and `shift` may be empty.
  void run_kind(void (*function)(const Arguments<T>&), std::span<T> scale, std::span<T> shift) {
    Guarded<T> packed(layer.packed_size);
    call(function, layer.scratch_size, {.scale = scale.data(), .shift = shift.data(), .packed = packed.data()});
    CHECK(packed.intact());
  }

  bool intact() const {
    const auto is_intact = [](const Guarded<T>& tensor) { return tensor.intact(); };
    return input.intact() && input_gradient.intact() && output.intact() && output_gradient.intact() && saved.intact() &&
           std::ranges::all_of(parameters, is_intact) && std::ranges::all_of(gradients, is_intact);
  }

  const LayerFunctions<T>& layer;
  std::size_t batch;
  Guarded<T> input, input_gradient, output, output_gradient, saved;
  std::vector<Guarded<T>> parameters, gradients;
  Random random{Seed{7}};

 private:
  void call(void (*function)(const Arguments<T>&), std::size_t scratch_size, Arguments<T> arguments,
            Needs given = {.input = true, .output = true}) {
    Guarded<T> scratch(scratch_size), nothing(std::max(input.size(), output.size()));
    const auto parameter_pointers = pointers(parameters), gradient_pointers = pointers(gradients);
    const bool writes_output = arguments.output_gradient == nullptr && given.output;
    if (writes_output) output.forget();
    arguments.batch = batch;
    arguments.input = given.input ? input.data() : nothing.data();
    arguments.output = given.output ? output.data() : nothing.data();
    arguments.parameters = parameter_pointers.data();
    arguments.parameter_gradients = gradient_pointers.data();
    arguments.scratch = scratch.data();
    arguments.random = random;
    function(arguments);
    CHECK(scratch.intact());
    CHECK(nothing.intact());
  }

  static std::vector<T*> pointers(std::vector<Guarded<T>>& tensors) {
    std::vector<T*> all;
    for (Guarded<T>& tensor : tensors) all.push_back(tensor.data());
    return all;
  }
};

template <class L, Shape In, class T>
struct LayerRun : AnyLayerRun<T> {
  explicit LayerRun(std::size_t batch) : AnyLayerRun<T>(functions<L, In, T>(), batch) {}
};

}  // namespace strata::test
