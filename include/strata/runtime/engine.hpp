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
#include <strata/core/border.hpp>
#include <strata/core/error.hpp>
#include <strata/core/flush_denormals.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/core/overlap.hpp>
#include <strata/core/part.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/math.hpp>
#include <strata/runtime/engine_plan.hpp>
#include <strata/runtime/model.hpp>

namespace strata {

/// Inference of `Net`: batch normalisation folded into the weights, weights packed once, activations and shortcuts
/// fused, memory planned at compile time. A call allocates nothing, takes no lock and throws only at spans of the wrong
/// size and at outputs that overlap an input or each other. Meanwhile denormal numbers are zeros, where the processor can
/// do that; the calling thread's floating-point mode is restored.
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
    Workspace() : arena_(threads() * thread_size) {}

   private:
    friend Engine;
    Arena<T> arena_;  ///< of each thread `thread_size` elements
  };

  /// Packs the model's parameters; later changes to the model do not reach the engine.
  explicit Engine(const Model<Net, T>& model) : packed_(Plan::packed_size) {
    if constexpr (threaded) Choice::start();
    Plan::each_step([&]<std::size_t S>() { pack_step<S>(model.parameters().data()); });
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
        run_step<S>(memory, 0, 1, alone);
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
  static constexpr bool threaded = requires { typename Choice::algorithms; };
  /// Elements of a thread's workspace.
  static constexpr std::size_t thread_size = aligned_size<T>(Plan::workspace_size);
  static std::size_t threads() {
    if constexpr (threaded) return static_cast<std::size_t>(Choice::count());
    else return 1;
  }
  static constexpr auto alone = [] {
    if constexpr (threaded) return detail::Part::nth(0, 1);
    else return detail::Whole{};
  }();
  template <std::size_t Size>
  using Bytes = std::integral_constant<std::size_t, Size * sizeof(T)>;

 public:
  /// Bytes of a workspace: activations between steps (`Net::inference_arena_bytes`), and the working memory of the
  /// hungriest step; as many for each thread. A constant, `static_assert(Engine<Net>::workspace_bytes <= 64 * 1024)`,
  /// that may also be called.
  static constexpr Bytes<Plan::workspace_size> workspace_bytes{};
  /// Bytes of the packed weights, likewise.
  static constexpr Bytes<Plan::packed_size> packed_bytes{};

 private:
  static constexpr const auto& plan = Plan::plan;
  static constexpr std::size_t steps = Plan::steps;
  template <std::size_t S>
  using HeadOf = typename Plan::template HeadOf<S>;
  template <std::size_t S, int samples>
  using InferOf = typename Plan::template InferOf<S, samples>;
  template <int samples>
  using TargetFor = typename Plan::template TargetFor<samples>;

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

  /// Where a group of samples is.
  struct Memory {
    bool alone;  ///< in a batch of one sample
    std::array<const T*, Net::input_count> inputs;
    std::array<T*, Net::output_count> outputs;
    T* workspace;
    T* scratch;
    T* own;  ///< a thread's workspace, for what lies in it by rows

    /// The first cell of a tensor's sample.
    template <int tensor>
    T* at(std::size_t sample) const {
      return place<plan.root_of(tensor)>(sample) + border_offset(Plan::shape_of(tensor), Plan::border_of(tensor));
    }
    /// The memory of a root.
    template <int root>
    T* place(std::size_t sample) const {
      constexpr std::size_t index = static_cast<std::size_t>(root);
      if constexpr (constexpr int result = plan.result[index]; result >= 0)
        return outputs[static_cast<std::size_t>(result)] + sample * step<root>();
      else if constexpr (plan.rolling[index] > 0) return own + plan.offsets[index];
      else return workspace + plan.offsets[index] + (plan.samples[index] > 1 ? sample * step<root>() : 0);
    }
    template <int tensor>
    const T* read(std::size_t sample) const {
      constexpr std::size_t index = static_cast<std::size_t>(tensor);
      if constexpr (index < Net::input_count) return inputs[index] + sample * Plan::shape_of(tensor).size();
      else return at<tensor>(sample);
    }
    template <int tensor>
    static constexpr std::size_t step() {
      return bordered_size(Plan::shape_of(tensor), Plan::border_of(tensor));
    }
  };

  static Memory memory_of(const Inputs& inputs, const Outputs& outputs, T* workspace, std::size_t first) {
    Memory memory{detail::element<0>(inputs).size() == Net::input_shape.size(), {}, {}, workspace,
                  workspace + plan.arena_size, workspace};
    detail::each<Net::input_count>([&]<std::size_t I>() {
      memory.inputs[I] = detail::element<I>(inputs).data() + first * Net::input_shapes[I].size();
    });
    detail::each<Net::output_count>([&]<std::size_t K>() {
      memory.outputs[K] = detail::element<K>(outputs).data() + first * Net::output_shapes[K].size();
    });
    return memory;
  }

  /// The addresses of a node's parameters.
  template <std::size_t I>
  static std::array<const T*, Parameters::capacity> parameters_of(const T* arena) {
    constexpr auto offsets = Net::network().nodes[I].offsets();
    std::array<const T*, Parameters::capacity> pointers{};
    for (std::size_t p = 0; p < Parameters::capacity; ++p) pointers[p] = arena + offsets[p];
    return pointers;
  }

  template <std::size_t S>
  void pack_step(const T* arena) {
    constexpr InferenceStep step = plan.steps[S];
    using B = HeadOf<S>;
    T* const packed = packed_.data() + Plan::packed_offsets[S];
    const auto parameters = parameters_of<Plan::head(S)>(arena);
    if constexpr (B::kind == Kind::linear) {
      Arena<T> folded;
      if constexpr (step.affine >= 0) {
        constexpr std::size_t node = static_cast<std::size_t>(step.affine);
        folded = Arena<T>(2 * static_cast<std::size_t>(B::output_shape.channels()));
        LayerOf<Net, node>::affine(BoundOf<Net, node>::input_shape, parameters_of<node>(arena).data(), folded.data(),
                                   folded.data() + B::output_shape.channels());
      }
      const T* const scale = folded.data();
      const T* const shift = scale == nullptr ? nullptr : scale + B::output_shape.channels();
      B::layer::template pack<TargetFor<1>, B::input_shape>(parameters.data(), scale, shift, packed);
      if constexpr (Plan::template packs_twice<S>)
        B::layer::template pack<TargetFor<plan.sweeps[S]>, B::input_shape>(
            parameters.data(), scale, shift, packed + Plan::template packed_size_of<S, 1>());
    } else if constexpr (B::kind == Kind::affine) {
      B::layer::affine(B::input_shape, parameters.data(), packed, packed + B::input_shape.channels());
    } else {
      T* target = packed;
      for (std::size_t p = 0; p < B::parameters.count; ++p)
        target = std::copy_n(parameters[p], B::parameters.list[p].shape.size(), target);
    }
  }

  /// A step, or the whole run of steps that begins there; nothing inside of a run.
  template <std::size_t S, class Part>
  void run_step(const Memory& memory, std::size_t sample, std::size_t count, Part part) const {
    if constexpr (constexpr std::size_t run = Plan::run_steps(S); run > 0) {
      if constexpr (constexpr int image = plan.clears[S + run - 1]; image >= 0)
        for (std::size_t n = 0; n < (begins(part) ? count : 0); ++n)
          kernels::clear_border<Plan::shape_of(image), Plan::border_of(image)>(memory.template at<image>(sample) +
                                                                               n * Memory::template step<image>());
      if constexpr (run == 1) compute<S>(memory, sample, count, part);
      else
        Plan::template bands<run>(S).run(rows_of(part), memory.own,
                                         [&]<std::size_t I>(detail::Part rows, int read, int made) {
                                           compute<S + I>(memory, sample, 1, rows, read, made);
                                         });
    }
  }

  /// `count` samples of a linear step, one of any other, or a part of their work. In a run what it reads and makes lies
  /// some elements before its place.
  template <std::size_t S, class Part>
  void compute(const Memory& memory, std::size_t sample, std::size_t count, Part part, int read = 0, int made = 0) const {
    constexpr InferenceStep step = plan.steps[S];
    constexpr int input = Plan::input_of(S, 0);
    using B = HeadOf<S>;
    using Epilogue = typename Plan::template EpilogueOf<S>::type;
    const T* const in = memory.template read<input>(sample) - read;
    T* const out = memory.template at<step.output>(sample) - made;
    const T* const packed = packed_.data() + Plan::packed_offsets[S];
    if constexpr (B::kind == Kind::linear) {
      const T* residual = nullptr;
      std::size_t residual_step = 0;
      if constexpr (step.residual >= 0) {
        residual = memory.template read<step.residual>(sample);
        residual_step = Memory::template step<step.residual>();
      }
      const auto infer = [&]<int samples>() {
        constexpr bool second = samples > 1 && Plan::template packs_twice<S>;
        B::layer::template infer<Epilogue>(
            with(part, InferOf<S, samples>{.batch = count,
                                           .input = in,
                                           .packed = packed + (second ? Plan::template packed_size_of<S, 1>() : 0),
                                           .output = out,
                                           .residual = residual,
                                           .input_step = Memory::template step<input>(),
                                           .output_step = Memory::template step<step.output>(),
                                           .residual_step = residual_step,
                                           .scratch = memory.scratch}));
      };
      if (plan.sweeps[S] == 1 || memory.alone) infer.template operator()<1>();
      else infer.template operator()<plan.sweeps[S]>();
    } else if constexpr (B::kind == Kind::affine) {
      kernels::map_affine<V, B::input_shape, Epilogue, Plan::border_of(step.output), Plan::border_of(input)>(
          1, in, out, packed, packed + B::input_shape.channels(), part);
    } else if constexpr (B::kind == Kind::elementwise) {
      using Function = Compose<typename B::layer, Epilogue>;
      kernels::map_images<V, B::input_shape, Plan::border_of(step.output), Plan::border_of(input)>(
          1, [](V x) STRATA_INLINE_LAMBDA { return Function::apply(x); }, out, std::array{in},
          std::array<const T*, 0>{}, part);
    } else if constexpr (detail::places(B::kind)) {
      detail::each<B::input_count>([&]<std::size_t I>() {
        constexpr int operand = static_cast<int>(I), tensor = Plan::input_of(S, operand);
        constexpr Border slice = detail::slice_of(Net::network(), plan, step.head, operand);
        constexpr Shape shape = B::input_shapes[I];
        T* const target = memory.template place<plan.root_of(step.output)>(sample) + border_offset(shape, slice);
        if constexpr (B::kind == Kind::padding)
          if (begins(part)) kernels::clear_border<shape, slice>(target);
        if constexpr (!detail::made_in_slice(Net::network(), plan, step.head, operand))
          kernels::copy_images<V, shape, slice, Plan::border_of(tensor)>(1, memory.template read<tensor>(sample), target,
                                                                         part);
      });
    } else {
      forward<S>(memory, sample, part, in, out, packed, std::make_index_sequence<B::input_count - 1>{});
    }
  }

  /// A step that its layer's own function does; `Other`: its operands behind the first.
  template <std::size_t S, class Part, std::size_t... Other>
  void forward(const Memory& memory, [[maybe_unused]] std::size_t sample, Part part, const T* in, T* out,
               const T* packed, std::index_sequence<Other...>) const {
    using B = HeadOf<S>;
    using Call = Forward<B, V, Plan::border_of(Plan::input_of(S, 0)), Plan::border_of(plan.steps[S].output),
                         Plan::border_of(Plan::input_of(S, Other + 1))...>;
    std::array<const T*, Parameters::capacity> parameters{};
    for (std::size_t p = 0; p < B::parameters.count; packed += B::parameters.list[p++].shape.size())
      parameters[p] = packed;
    const std::array<const T*, sizeof...(Other) + 1> inputs{
        in, memory.template read<Plan::input_of(S, Other + 1)>(sample)...};
    B::layer::forward(with(part, Call{.batch = 1,
                                      .first = 0,
                                      .input = in,
                                      .inputs = inputs.data(),
                                      .output = out,
                                      .parameters = parameters.data(),
                                      .prepared = nullptr,
                                      .gathered = nullptr,
                                      .saved = nullptr,
                                      .scratch = memory.scratch,
                                      .random = Random{Seed{}}}));
  }

  template <std::size_t Begin>
  void run_from(const Memory& memory, std::size_t count) const {
    if constexpr (Begin < steps) {
      if constexpr (plan.sweeps[Begin] > 1) {
        run_step<Begin>(memory, 0, count, alone);
      } else {
        for (std::size_t n = 0; n < count; ++n)
          [&]<std::size_t... S>(std::index_sequence<S...>) {
            (void)std::initializer_list<int>{(run_step<Begin + S>(memory, n, 1, alone), 0)...};
          }(std::make_index_sequence<Plan::segments[Begin] - Begin>{});
      }
      run_from<Plan::segments[Begin]>(memory, count);
    }
  }

  void run(const Memory& memory, std::size_t count) const {
    if constexpr (steps == 0) std::copy_n(memory.inputs[0], count * Net::input_shape.size(), memory.outputs[0]);
    run_from<0>(memory, count);
  }

  void run_sweeps(const Inputs& inputs, const Outputs& outputs, T* workspace, std::size_t first,
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
    T* const own = workspace.arena_.data() + number * thread_size;
    if (samples > 0 && stage-- == 0) return run_sweeps(inputs, outputs, own, number * samples, samples);
    const std::size_t after = static_cast<std::size_t>(stage), n = threads() * samples + after / Plan::stages;
    Memory memory = memory_of(inputs, outputs, workspace.arena_.data(), n);
    memory.scratch = own + plan.arena_size;
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
    if (steps == 0 && begins(part)) run(memory, 1);
    [&]<std::size_t... S>(std::index_sequence<S...>) {
      (void)std::initializer_list<int>{(run_part_of_step<begin + S>(memory, part), 0)...};
    }(std::make_index_sequence<end - begin>{});
  }
  template <std::size_t S>
  void run_part_of_step(const Memory& memory, detail::Part part) const {
    if constexpr (Plan::shares[S]) run_step<S>(memory, 0, 1, part);
    else if (begins(part)) run_step<S>(memory, 0, 1, alone);
  }

  static constexpr bool begins(detail::Whole) { return true; }
  static constexpr bool begins(detail::Part part) { return part.begin == 0; }
  static constexpr detail::Part rows_of(detail::Whole) { return detail::Part::nth(0, 1); }
  static constexpr detail::Part rows_of(detail::Part part) { return part; }
  template <class Call>
  static Call with(detail::Whole, const Call& call) {
    return call;
  }
  template <class Call>
  static detail::SharedCall<Call> with(detail::Part part, const Call& call) {
    return {call, part};
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
