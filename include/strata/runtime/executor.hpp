// Runs a network layer by layer, forward and backward, over a batch: what training does, and the reference for Engine.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <boost/mp11/algorithm.hpp>

#include <strata/core/arena.hpp>
#include <strata/core/bound.hpp>
#include <strata/core/random.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/graph/training_plan.hpp>

namespace strata {

/// Owns the activations, the gradients of activations and the working memory of one batch. Parameters are the caller's,
/// in the layout of `Model<Net>`. `V` is the SIMD vector type; the element type is its.
template <class Net, class V>
class Executor {
 public:
  using T = typename V::value_type;

  /// Makes room for a batch. Memory grows to the largest batch seen and stays.
  void reserve(std::size_t batch) {
    if (batch <= capacity_) return;
    std::size_t saved = 0;
    for (std::size_t n = 1; n < nodes; ++n) {
      saved_offsets_[n] = saved;
      saved += aligned_size<T>(saved_sizes[n](batch));
    }
    saved_ = Arena<T>(saved);
    activations_ = Arena<T>(plan.total * batch);
    scratch_ = Arena<T>(scratch_size);
    capacity_ = batch;
  }

  /// The output of inference: moving averages, no dropout. `parameters` are only read.
  const T* forward(const T* parameters, const T* input, std::size_t batch) {
    start(input, batch, Random{Seed{}});
    run_forward<false>(parameters, nodes);
    return value(nodes - 1);
  }

  /// The output in training mode of the first `count` nodes; keeps what backward needs.
  const T* forward_training(const T* parameters, const T* input, std::size_t batch, Random random,
                            std::size_t count = nodes) {
    start(input, batch, random);
    run_forward<true>(parameters, count);
    return value(count - 1);
  }

  /// Where the loss writes its gradient by the output of node `count` - 1.
  T* output_gradient(std::size_t count = nodes) { return gradient(count - 1); }

  /// Overwrites `gradients` (the layout of the trainable parameters), given the output's gradient.
  void backward(const T* parameters, T* gradients, std::size_t count = nodes) {
    const auto run = [&]<std::size_t... I>(std::index_sequence<I...>) {
      using Step = void (Executor::*)(const T*, T*);
      constexpr std::array<Step, nodes> steps{nullptr, &Executor::backward_node<I + 1>...};
      for (std::size_t n = count; n-- > 1;) (this->*steps[n])(parameters, gradients);
    };
    run(std::make_index_sequence<nodes - 1>{});
  }

  /// Moves the layers' state (moving averages) towards the last training batch.
  void update_state(T* parameters) {
    const auto run = [&]<std::size_t... I>(std::index_sequence<I...>) {
      using Step = void (Executor::*)(T*);
      for (const Step step : std::array<Step, nodes - 1>{&Executor::update_node<I + 1>...}) (this->*step)(parameters);
    };
    run(std::make_index_sequence<nodes - 1>{});
  }

  /// The values of tensor `index` (that node's output) after a forward pass, (batch, shape).
  const T* value(std::size_t index) const {
    return index == 0 ? input_ : activations_.data() + plan.values[index] * batch_;
  }

  static constexpr std::size_t nodes = Net::network().node_count;

 private:
  static constexpr TrainingPlan plan = plan_training(Net::network());

  template <std::size_t I>
  using LayerAt = boost::mp11::mp_at_c<typename Net::leaves, I>;
  template <std::size_t I>
  using BoundAt = Bound<LayerAt<I>, Net::network().input_shape_of(I)>;

  static constexpr std::array<std::size_t (*)(std::size_t), nodes> saved_sizes = []<std::size_t... I>(
      std::index_sequence<I...>) {
    return std::array<std::size_t (*)(std::size_t), nodes>{
        +[](std::size_t batch) { return rules<LayerAt<I>>::saved_size(Net::network().input_shape_of(I), batch); }...};
  }(std::make_index_sequence<nodes>{});

  static constexpr std::size_t scratch_size = []<std::size_t... I>(std::index_sequence<I...>) {
    std::size_t most = 0;
    for (const std::size_t size : {rules<LayerAt<I>>::template scratch_size<V>(Net::network().input_shape_of(I))...,
                                   rules<LayerAt<I>>::template backward_scratch_size<V>(
                                       Net::network().input_shape_of(I))...})
      most = std::max(most, size);
    return most;
  }(std::make_index_sequence<nodes>{});

  void start(const T* input, std::size_t batch, Random random) {
    reserve(batch);
    batch_ = batch;
    input_ = input;
    random_ = random;
  }

  T* gradient(std::size_t tensor) {
    return plan.has_gradient[tensor] ? activations_.data() + plan.gradients[tensor] * batch_ : nullptr;
  }

  /// The addresses of a node's parameters in an arena.
  template <std::size_t I, class U>
  static std::array<U*, Parameters::capacity> parameters_of(U* arena) {
    std::array<U*, Parameters::capacity> pointers{};
    for (std::size_t p = 0; p < Parameters::capacity; ++p) pointers[p] = arena + Net::network().nodes[I].offsets[p];
    return pointers;
  }

  /// A view whose input and output share memory has nothing to do.
  template <std::size_t I>
  static constexpr bool is_alias =
      rules<LayerAt<I>>::training_kind == Kind::view && I > 0 &&
      plan.values[I] == plan.values[static_cast<std::size_t>(Net::network().input_of(I))] &&
      Net::network().input_of(I) != 0;

  template <bool training>
  void run_forward(const T* parameters, std::size_t count) {
    const auto run = [&]<std::size_t... I>(std::index_sequence<I...>) {
      using Step = void (Executor::*)(const T*);
      constexpr std::array<Step, nodes> steps{nullptr, &Executor::forward_node<training, I + 1>...};
      for (std::size_t n = 1; n < count; ++n) (this->*steps[n])(parameters);
    };
    run(std::make_index_sequence<nodes - 1>{});
  }

  template <bool training, std::size_t I>
  void forward_node(const T* parameters) {
    if constexpr (!is_alias<I>) {
      using L = LayerAt<I>;
      using Call = Forward<BoundAt<I>, V>;
      const auto pointers = parameters_of<I>(parameters);
      const Call call{.batch = batch_,
                      .input = value(static_cast<std::size_t>(Net::network().input_of(I))),
                      .output = activations_.data() + plan.values[I] * batch_,
                      .parameters = pointers.data(),
                      .saved = training ? saved_.data() + saved_offsets_[I] : nullptr,
                      .scratch = scratch_.data(),
                      .random = random_.split(I)};
      if constexpr (training && requires { L::forward_training(call); }) L::forward_training(call);
      else L::forward(call);
    }
  }

  template <std::size_t I>
  void backward_node(const T* parameters, T* gradients) {
    if constexpr (!is_alias<I> && plan.has_gradient[I]) {
      using Call = Backward<BoundAt<I>, V>;
      const auto pointers = parameters_of<I>(parameters);
      const auto gradient_pointers = parameters_of<I>(gradients);
      constexpr std::size_t input = static_cast<std::size_t>(Net::network().input_of(I));
      LayerAt<I>::backward(Call{.batch = batch_,
                                .input = value(input),
                                .output = value(I),
                                .output_gradient = gradient(I),
                                .input_gradient = gradient(input),
                                .parameters = pointers.data(),
                                .parameter_gradients = gradient_pointers.data(),
                                .saved = saved_.data() + saved_offsets_[I],
                                .scratch = scratch_.data(),
                                .random = random_.split(I)});
    }
  }

  template <std::size_t I>
  void update_node(T* parameters) {
    const auto pointers = parameters_of<I>(parameters);
    const StateUpdate<BoundAt<I>, V> call{batch_, pointers.data(), saved_.data() + saved_offsets_[I]};
    if constexpr (requires { LayerAt<I>::update_state(call); }) LayerAt<I>::update_state(call);
  }

  Arena<T> activations_, saved_, scratch_;
  std::array<std::size_t, nodes> saved_offsets_{};
  std::size_t capacity_ = 0;
  std::size_t batch_ = 0;
  const T* input_ = nullptr;
  Random random_{Seed{}};
};

}  // namespace strata
