// Deployment: a network compiled to straight-line code over packed weights and one planned workspace.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <boost/mp11/algorithm.hpp>

#include <strata/core/arena.hpp>
#include <strata/core/bound.hpp>
#include <strata/core/error.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/simd.hpp>
#include <strata/runtime/model.hpp>

namespace strata {

/// Inference of `Net`: batch normalisation folded into the weights, weights packed once, activations fused, memory
/// planned at compile time. A call allocates nothing, takes no lock and throws only at spans of the wrong size.
///
///     Engine<Net> engine{model};
///     engine(input, output);                     // batch = input.size() / Net::input_shape.size()
///
/// One engine serves many threads when each brings its own workspace:
///
///     Engine<Net>::Workspace workspace;          // one per thread
///     engine(input, output, workspace);
template <class Net, class V = simd::Vector<float>>
class Engine {
 public:
  using T = typename V::value_type;

  /// The memory of one call: `workspace_bytes`.
  class Workspace {
   public:
    Workspace() : arena_(workspace_size) {}

   private:
    friend Engine;
    Arena<T> arena_;
  };

  /// Packs the model's parameters; later changes to the model do not reach the engine.
  explicit Engine(const Model<Net, T>& model) : packed_(packed_size) {
    each_step([&]<std::size_t S>() { pack_step<S>(model.parameters().data()); });
  }
  Engine(const Engine& other) : packed_(other.packed_) {}
  Engine& operator=(const Engine& other) {
    packed_ = other.packed_;
    return *this;
  }

  /// Runs a batch, sample by sample. input: (batch, input_shape), output: (batch, output_shape).
  /// Throws InvalidArgument when the sizes do not fit.
  void operator()(std::span<const T> input, std::span<T> output, Workspace& workspace) const {
    const std::size_t batch = batch_of(input, output);
    for (std::size_t n = 0; n < batch; ++n)
      run(input.data() + n * Net::input_shape.size(), output.data() + n * Net::output_shape.size(),
          workspace.arena_.data());
  }

  /// The same with the engine's own workspace, for one thread at a time: a second thread that enters meanwhile gets an
  /// InvalidArgument.
  void operator()(std::span<const T> input, std::span<T> output) const {
    if (busy_.test_and_set(std::memory_order_acquire))
      throw InvalidArgument(
          "Engine: two threads called engine(input, output) at once; give each thread an Engine::Workspace of its own "
          "and call engine(input, output, workspace)");
    const Release release{busy_};
    (*this)(input, output, own_);
  }

  /// Bytes of a workspace: activations between steps, and the working memory of the hungriest step.
  static constexpr std::size_t workspace_bytes() { return workspace_size * sizeof(T); }
  /// Bytes of the packed weights.
  static constexpr std::size_t packed_bytes() { return packed_size * sizeof(T); }

 private:
  static constexpr const auto& plan() { return Net::inference_plan(); }
  static constexpr std::size_t steps = Net::inference_plan().step_count;

  template <std::size_t I>
  using LayerAt = boost::mp11::mp_at_c<typename Net::leaves, I>;
  template <std::size_t I>
  using BoundAt = Bound<LayerAt<I>, Net::network().input_shape_of(I)>;

  template <std::size_t S>
  static constexpr std::size_t head = static_cast<std::size_t>(plan().steps[S].head);

  template <std::size_t S, class = std::make_index_sequence<static_cast<std::size_t>(plan().steps[S].epilogue_count)>>
  struct EpilogueAt;
  template <std::size_t S, std::size_t... E>
  struct EpilogueAt<S, std::index_sequence<E...>> {
    using type = Compose<LayerAt<static_cast<std::size_t>(plan().steps[S].epilogue[E])>...>;
  };

  /// Elements that a step owns: packed weights, scale and shift, or a copy of its parameters.
  template <std::size_t S>
  static constexpr std::size_t packed_size_of() {
    using B = BoundAt<head<S>>;
    if constexpr (B::kind == Kind::linear) {
      return B::layer::template packed_size<V>(B::input_shape);
    } else if constexpr (B::kind == Kind::affine) {
      return 2 * static_cast<std::size_t>(B::input_shape.channels());
    } else {
      std::size_t size = 0;
      for (const Parameter& parameter : B::parameters) size += parameter.shape.size();
      return size;
    }
  }

  template <class F>
  static void each_step(F&& f) {
    [&]<std::size_t... S>(std::index_sequence<S...>) { (void)std::initializer_list<int>{(f.template operator()<S>(), 0)...}; }
    (std::make_index_sequence<steps>{});
  }

  static constexpr std::array<std::size_t, steps + 1> packed_offsets = []<std::size_t... S>(std::index_sequence<S...>) {
    const std::array<std::size_t, steps> sizes{packed_size_of<S>()...};
    std::array<std::size_t, steps + 1> offsets{};
    for (std::size_t s = 0; s < steps; ++s) offsets[s + 1] = offsets[s] + aligned_size<T>(sizes[s]);
    return offsets;
  }(std::make_index_sequence<steps>{});
  static constexpr std::size_t packed_size = packed_offsets[steps];

  static constexpr std::size_t scratch_size = []<std::size_t... S>(std::index_sequence<S...>) {
    std::size_t most = 0;
    for (const std::size_t size :
         {std::size_t{0}, rules<LayerAt<head<S>>>::template scratch_size<V>(Net::network().input_shape_of(head<S>))...})
      most = std::max(most, size);
    return most;
  }(std::make_index_sequence<steps>{});
  static constexpr std::size_t workspace_size = plan().arena_size + scratch_size;

  struct Release {
    std::atomic_flag& flag;
    ~Release() { flag.clear(std::memory_order_release); }
  };

  static std::size_t batch_of(std::span<const T> input, std::span<const T> output) {
    const std::size_t in = Net::input_shape.size(), out = Net::output_shape.size();
    if (input.size() % in != 0 || output.size() != input.size() / in * out)
      throw InvalidArgument(std::string(Text() << "Engine: expected an input of batch * " << in
                                               << " and an output of batch * " << out << " elements, received "
                                               << input.size() << " and " << output.size()
                                               << "; pass whole samples and room for each result"));
    return input.size() / in;
  }

  /// The addresses of a node's parameters.
  template <std::size_t I>
  static std::array<const T*, Parameters::capacity> parameters_of(const T* arena) {
    std::array<const T*, Parameters::capacity> pointers{};
    for (std::size_t p = 0; p < Parameters::capacity; ++p) pointers[p] = arena + Net::network().nodes[I].offsets[p];
    return pointers;
  }

  template <std::size_t S>
  void pack_step(const T* arena) {
    constexpr InferenceStep step = plan().steps[S];
    using B = BoundAt<head<S>>;
    T* const packed = packed_.data() + packed_offsets[S];
    const auto parameters = parameters_of<head<S>>(arena);
    if constexpr (B::kind == Kind::linear && step.affine >= 0) {
      constexpr std::size_t node = static_cast<std::size_t>(step.affine);
      constexpr std::size_t channels = static_cast<std::size_t>(B::output_shape.channels());
      const auto affine_parameters = parameters_of<node>(arena);
      Arena<T> folded(2 * channels);
      BoundAt<node>::layer::affine(BoundAt<node>::input_shape, affine_parameters.data(), folded.data(),
                                   folded.data() + channels);
      B::layer::template pack<V, B::input_shape>(parameters.data(), folded.data(), folded.data() + channels, packed);
    } else if constexpr (B::kind == Kind::linear) {
      B::layer::template pack<V, B::input_shape>(parameters.data(), static_cast<const T*>(nullptr),
                                                 static_cast<const T*>(nullptr), packed);
    } else if constexpr (B::kind == Kind::affine) {
      B::layer::affine(B::input_shape, parameters.data(), packed, packed + B::input_shape.channels());
    } else {
      T* target = packed;
      for (std::size_t p = 0; p < B::parameters.count; ++p)
        target = std::copy_n(parameters[p], B::parameters.list[p].shape.size(), target);
    }
  }

  template <std::size_t S>
  void run_step(const T* input, T* output, T* workspace) const {
    constexpr InferenceStep step = plan().steps[S];
    using B = BoundAt<head<S>>;
    using Epilogue = typename EpilogueAt<S>::type;
    const T* const in = step.input == 0 ? input : workspace + plan().offsets[static_cast<std::size_t>(step.input)];
    T* const out =
        step.output == plan().output ? output : workspace + plan().offsets[static_cast<std::size_t>(step.output)];
    const T* const packed = packed_.data() + packed_offsets[S];
    T* const scratch = workspace + plan().arena_size;
    if constexpr (B::kind == Kind::linear) {
      B::layer::template infer<Epilogue>(Infer<B, V>{in, packed, out, scratch});
    } else if constexpr (B::kind == Kind::affine) {
      constexpr int channels = B::input_shape.channels();
      kernels::map_affine<V, channels, Epilogue>(B::input_shape.positions(), in, out, packed, packed + channels);
    } else if constexpr (B::kind == Kind::elementwise) {
      using Function = Compose<typename B::layer, Epilogue>;
      kernels::map<V>(B::input_shape.size(), [](V x) STRATA_INLINE_LAMBDA { return Function::apply(x); }, out, in);
    } else {
      std::array<const T*, Parameters::capacity> parameters{};
      const T* parameter = packed;
      for (std::size_t p = 0; p < B::parameters.count; ++p) {
        parameters[p] = parameter;
        parameter += B::parameters.list[p].shape.size();
      }
      B::layer::forward(Forward<B, V>{.batch = 1, .input = in, .output = out, .parameters = parameters.data(),
                                      .saved = nullptr, .scratch = scratch, .random = Random{Seed{}}});
    }
  }

  void run(const T* input, T* output, T* workspace) const {
    if constexpr (steps == 0) std::copy_n(input, Net::input_shape.size(), output);
    each_step([&]<std::size_t S>() { run_step<S>(input, output, workspace); });
  }

  Arena<T> packed_;
  mutable Workspace own_;
  mutable std::atomic_flag busy_;
};

}  // namespace strata
