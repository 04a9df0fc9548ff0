// Deployment: a network compiled to straight-line code over packed weights and one planned workspace.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/error.hpp>
#include <strata/core/flush_denormals.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/core/overlap.hpp>
#include <strata/core/part.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/kernels/math.hpp>
#include <strata/runtime/engine_plan.hpp>
#include <strata/runtime/engine_steps.hpp>
#include <strata/runtime/model.hpp>

namespace strata {

/// Inference of `Net`: batch normalisation folded into the weights, weights packed once, activations and shortcuts
/// fused, memory planned at compile time. A call allocates nothing, takes no lock and throws only at spans of the wrong
/// size and at outputs that overlap an input or each other. Meanwhile denormal numbers are zeros, where the processor
/// can do that; the calling thread's floating-point mode is restored.
///
///     Engine<Net> engine{model};                 // or Engine<Net, Compact>, Engine<Net, Exact>: core/algorithms.hpp
///     Engine<Net, Threads<2>> engine{model};     // one image by two threads, the same bits: parallel/threads.hpp
///     engine(input, output);                     // batch = input.size() / Net::input_shape.size()
///     engine({image, state}, {policy, value});   // of a Graph with several inputs and outputs
///
/// One engine serves many threads when each brings its own workspace:
///
///     Engine<Net>::Workspace workspace;          // one per thread
///     engine(input, output, workspace);
template <class Net, Execution Choice = Fast, class V = simd::Vector<float>>
class Engine {
 public:
  using T = typename V::value_type;
  /// A span, or an array of spans where the network has several.
  using Inputs = OneOrMore<std::span<const T>, Net::input_count>;
  using Outputs = OneOrMore<std::span<T>, Net::output_count>;

  /// The memory of one call: `workspace_bytes`.
  class Workspace {
   public:
    Workspace() : arena_(threads() * thread_bytes) {}

   private:
    friend Engine;
    Arena<std::byte> arena_;  ///< of each thread `thread_bytes`
  };

  /// Packs the model's parameters; later changes to the model do not reach the engine.
  explicit Engine(const Model<Net, T>& model) : packed_(Plan::packed_size) {
    if constexpr (threaded) Choice::start();
    Plan::each_step([&]<std::size_t S>() {
      Steps::template pack<S>(model.parameters().data(), packed_.data());
    });
  }
  Engine(const Engine& other) : packed_(other.packed_) {}
  Engine& operator=(const Engine& other) {
    packed_ = other.packed_;
    return *this;
  }

  /// Runs a batch. Inputs: (batch, input_shape), outputs: (batch, output_shape).
  /// Throws InvalidArgument when the sizes do not fit or an output overlaps another span.
  void operator()(const Inputs& inputs, const Outputs& outputs, Workspace& workspace) const {
    const std::size_t batch = batch_of(inputs, outputs);
    if constexpr (threaded)
      if (Choice::run_together(stages_of(batch), [&](int stage, int part) {
            run_part(inputs, outputs, workspace, batch, stage, detail::Part::nth(part, Choice::count()));
          }))
        return;
    run_samples(inputs, outputs, workspace, 0, batch);
  }

  /// Runs `count` samples of a batch from `first` on: the bits that a call with the whole batch gives them. The spans
  /// are not looked at: see batch_of.
  void run_samples(const Inputs& inputs, const Outputs& outputs, Workspace& workspace, std::size_t first,
                   std::size_t count) const {
    const detail::FlushDenormals flush;
    run_sweeps(inputs, outputs, workspace.arena_.data(), first, count);
  }

  /// The same with the engine's own workspace, for one thread at a time: a second thread that enters meanwhile gets an
  /// InvalidArgument.
  void operator()(const Inputs& inputs, const Outputs& outputs) const {
    if (busy_.test_and_set(std::memory_order_acquire))
      detail::raise<InvalidArgument>(
          "Engine: two threads called engine(input, output) at once; give each thread an Engine::Workspace of its own "
          "and call engine(input, output, workspace)");
    const Release release{busy_};
    (*this)(inputs, outputs, own_);
  }

  /// Runs one sample, calling `visit(const InferenceStep&, run)` for each step, `run()` doing its work: for profiles.
  /// Of steps that are done band by band the first does the work of all.
  template <class Visit>
  void for_each_step(const Inputs& inputs, const Outputs& outputs, Workspace& workspace, Visit&& visit) const {
    if (batch_of(inputs, outputs) != 1) detail::raise<InvalidArgument>("Engine::for_each_step: expected one sample");
    const Memory memory = memory_of(inputs, outputs, workspace.arena_.data(), 0);
    Plan::each_step([&]<std::size_t S>() {
      visit(plan.steps[S], [&] {
        const detail::FlushDenormals flush;
        Steps::template run<S>(memory, 0, 1, alone);
      });
    });
  }

  /// Samples in a batch of these spans. Throws InvalidArgument when they do not fit or overlap.
  static std::size_t batch_of(const Inputs& inputs, const Outputs& outputs) {
    const std::size_t batch = detail::element<0>(inputs).size() / Net::input_shape.size();
    bool fit = true, apart = true;
    each_span(inputs, outputs,
              [&](const char*, std::size_t sample, std::size_t size) { fit &= size == batch * sample; });
    detail::each<Net::output_count>([&]<std::size_t K>() {
      const std::span<const T> output = detail::element<K>(outputs);
      const auto keep_apart = [&](std::span<const T> other) { apart &= !detail::overlap(output, other); };
      detail::each<Net::input_count>([&]<std::size_t I>() { keep_apart(detail::element<I>(inputs)); });
      detail::each<K>([&]<std::size_t Other>() { keep_apart(detail::element<Other>(outputs)); });
    });
    if (!fit) refuse_sizes(inputs, outputs);
    if (!apart)
      detail::raise<InvalidArgument>(
          "Engine: expected each output in memory of its own, received one that overlaps an input or another output; "
          "pass a buffer that nothing else uses");
    return batch;
  }

 private:
  using Plan = EnginePlan<Net, typename detail::AlgorithmsOf<Choice>::type, V>;
  using Steps = detail::EngineSteps<Net, Plan, V>;
  using Memory = typename Steps::Memory;
  static constexpr bool threaded = requires { typename Choice::algorithms; };
  /// Of a thread's workspace.
  static constexpr std::size_t thread_bytes = aligned_size<std::byte>(Plan::workspace_bytes);
  static std::size_t threads() {
    if constexpr (threaded) return static_cast<std::size_t>(Choice::count());
    else return 1;
  }
  static constexpr auto alone = [] {
    if constexpr (threaded) return detail::Part::nth(0, 1);
    else return detail::Whole{};
  }();
  template <std::size_t Count>
  using Bytes = std::integral_constant<std::size_t, Count>;

 public:
  /// Bytes of a workspace: activations between steps (`Net::inference_arena_bytes`), and the working memory of the
  /// hungriest step; as many for each thread. A constant, `static_assert(Engine<Net>::workspace_bytes <= 64 * 1024)`,
  /// that may also be called.
  static constexpr Bytes<Plan::workspace_bytes> workspace_bytes{};
  /// Bytes of the packed weights, likewise.
  static constexpr Bytes<Plan::packed_size * sizeof(T)> packed_bytes{};

 private:
  static constexpr const auto& plan = Plan::plan;
  static constexpr std::size_t steps = Plan::steps;

  /// f("an input" or "an output", elements of a sample, elements) of each.
  template <class F>
  static void each_span(const Inputs& inputs, const Outputs& outputs, F&& f) {
    detail::each<Net::input_count>([&]<std::size_t I>() {
      f("an input", Net::input_shapes[I].size(), detail::element<I>(inputs).size());
    });
    detail::each<Net::output_count>([&]<std::size_t K>() {
      f("an output", Net::output_shapes[K].size(), detail::element<K>(outputs).size());
    });
  }
  [[noreturn]] static void refuse_sizes(const Inputs& inputs, const Outputs& outputs) {
    Text expected, received;
    each_span(inputs, outputs, [&](const char* what, std::size_t sample, std::size_t size) {
      expected << (expected.empty() ? "" : " and ") << what << " of batch * " << sample;
      received << (received.empty() ? "" : " and ") << size;
    });
    detail::raise<InvalidArgument>(Text() << "Engine: expected " << expected << " elements, received " << received
                                          << "; pass whole samples and room for each result");
  }

  struct Release {
    std::atomic_flag& flag;
    ~Release() { flag.clear(std::memory_order_release); }
  };

  Memory memory_of(const Inputs& inputs, const Outputs& outputs, std::byte* workspace, std::size_t first) const {
    Memory memory{detail::element<0>(inputs).size() == Net::input_shape.size(), {}, {}, workspace,
                  scratch_in(workspace), packed_.data(), workspace};
    detail::each<Net::input_count>([&]<std::size_t I>() {
      memory.inputs[I] = detail::element<I>(inputs).data() + first * Net::input_shapes[I].size();
    });
    detail::each<Net::output_count>([&]<std::size_t K>() {
      memory.outputs[K] = detail::element<K>(outputs).data() + first * Net::output_shapes[K].size();
    });
    return memory;
  }

  static T* scratch_in(std::byte* workspace) { return reinterpret_cast<T*>(workspace + plan.arena_bytes); }

  template <std::size_t Begin>
  void run_from(const Memory& memory, std::size_t count) const {
    if constexpr (Begin < steps) {
      if constexpr (plan.sweeps[Begin] > 1) {
        Steps::template run<Begin>(memory, 0, count, alone);
      } else {
        for (std::size_t n = 0; n < count; ++n)
          [&]<std::size_t... S>(std::index_sequence<S...>) {
            (void)std::initializer_list<int>{(Steps::template run<Begin + S>(memory, n, 1, alone), 0)...};
          }(std::make_index_sequence<Plan::segments[Begin] - Begin>{});
      }
      run_from<Plan::segments[Begin]>(memory, count);
    }
  }

  void run(const Memory& memory, std::size_t count) const {
    if constexpr (steps == 0) std::copy_n(memory.inputs[0], count * Net::input_shape.size(), memory.outputs[0]);
    run_from<0>(memory, count);
  }

  void run_sweeps(const Inputs& inputs, const Outputs& outputs, std::byte* workspace, std::size_t first,
                  std::size_t count) const {
    for (const std::size_t end = first + count; first < end; first += Plan::sweep)
      run(memory_of(inputs, outputs, workspace, first), (std::min)(Plan::sweep, end - first));
  }

  /// What threads do at the same time: whole samples, each part as many as all others; then of each sample left the
  /// plan's stages.
  static int stages_of(std::size_t batch) {
    return (batch >= threads() ? 1 : 0) + static_cast<int>(batch % threads() * Plan::stages);
  }
  void run_part(const Inputs& inputs, const Outputs& outputs, Workspace& workspace, std::size_t batch, int stage,
                detail::Part part) const {
    const detail::FlushDenormals flush;
    const std::size_t number = static_cast<std::size_t>(part.begin), samples = batch / threads();
    std::byte* const own = workspace.arena_.data() + number * thread_bytes;
    if (samples > 0 && stage-- == 0) return run_sweeps(inputs, outputs, own, number * samples, samples);
    const std::size_t after = static_cast<std::size_t>(stage), n = threads() * samples + after / Plan::stages;
    Memory memory = memory_of(inputs, outputs, workspace.arena_.data(), n);
    memory.scratch = scratch_in(own);
    memory.own = own;
    run_nth_stage(memory, part, after % Plan::stages, std::make_index_sequence<Plan::stages>{});
  }

  template <std::size_t... Stage>
  void run_nth_stage(const Memory& memory, detail::Part part, std::size_t n, std::index_sequence<Stage...>) const {
    using Run = void (Engine::*)(const Memory&, detail::Part) const;
    static constexpr std::array<Run, sizeof...(Stage)> run{&Engine::template run_stage<Stage>...};
    (this->*run[n])(memory, part);
  }
  template <std::size_t Stage>
  void run_stage(const Memory& memory, detail::Part part) const {
    constexpr std::size_t begin = Plan::stage_begins[Stage], end = Plan::stage_begins[Stage + 1];
    if (steps == 0 && part.begin == 0) run(memory, 1);
    [&]<std::size_t... S>(std::index_sequence<S...>) {
      (void)std::initializer_list<int>{(run_part_of_step<begin + S>(memory, part), 0)...};
    }(std::make_index_sequence<end - begin>{});
  }
  template <std::size_t S>
  void run_part_of_step(const Memory& memory, detail::Part part) const {
    if constexpr (Plan::shares[S]) Steps::template run<S>(memory, 0, 1, part);
    else if (part.begin == 0) Steps::template run<S>(memory, 0, 1, alone);
  }

  Arena<T> packed_;
  mutable Workspace own_;
  mutable std::atomic_flag busy_;
};

template <class Net, Execution Choice, class V>
  requires(!detail::Defined<Net>)
class Engine<Net, Choice, V>
    : public Engine<typename detail::network_of<Net, detail::examined<Net>()>::type, Choice, V> {
 public:
  template <class... Arguments>
  explicit Engine(Arguments&&...)
      : Engine<detail::Undefined, Choice, V>(Model<detail::Undefined, typename V::value_type>{}) {}
};

}  // namespace strata
