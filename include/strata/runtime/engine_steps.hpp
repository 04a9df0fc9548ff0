// What the steps of an Engine do: pack their weights once, then run.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/core/bound.hpp>
#include <strata/core/inline.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/core/part.hpp>
#include <strata/core/random.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/sharing.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/map.hpp>
#include <strata/runtime/engine_memory.hpp>
#include <strata/runtime/model.hpp>

namespace strata::detail {

/// `Plan`: an EnginePlan; `V`: its vectors; `S`: a step. A step is done by one thread (`Whole`), or each does its part.
template <class Net, class Plan, class V>
class EngineSteps {
  using T = typename Plan::T;
  static constexpr const auto& plan = Plan::plan;
  template <std::size_t S>
  using HeadOf = typename Plan::template HeadOf<S>;
  template <std::size_t S, int samples>
  using InferOf = typename Plan::template InferOf<S, samples>;
  template <int samples>
  using TargetFor = typename Plan::template TargetFor<samples>;

 public:
  using Memory = EngineMemory<Net, Plan>;

  /// Packs a step's weights, from an arena of parameters.
  template <std::size_t S>
  static void pack(const T* arena, T* all_packed) {
    constexpr InferenceStep step = plan.steps[S];
    using B = HeadOf<S>;
    T* const packed = all_packed + Plan::packed_offsets[S];
    const auto parameters = node_parameters<Net, Plan::head(S)>(arena);
    if constexpr (B::kind == Kind::linear) {
      Arena<T> folded;
      if constexpr (step.affine >= 0) {
        constexpr std::size_t node = static_cast<std::size_t>(step.affine);
        folded = Arena<T>(2 * static_cast<std::size_t>(B::output_shape.channels()));
        LayerOf<Net, node>::affine(BoundOf<Net, node>::input_shape, node_parameters<Net, node>(arena).data(),
                                   folded.data(), folded.data() + B::output_shape.channels());
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
  static void run(const Memory& memory, std::size_t sample, std::size_t count, Part part) {
    if constexpr (constexpr std::size_t run = Plan::run_steps(S); run > 0) {
      if constexpr (constexpr int image = plan.clears[S + run - 1]; image >= 0)
        for (std::size_t n = 0; n < (part.leads() ? count : 0); ++n)
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

 private:
  /// `count` samples of a linear step, one of any other, or a part of their work. In a run what it reads and makes lies
  /// some elements before its place.
  template <std::size_t S, class Part>
  static void compute(const Memory& memory, std::size_t sample, std::size_t count, Part part, int read = 0,
                      int made = 0) {
    constexpr InferenceStep step = plan.steps[S];
    constexpr int input = Plan::input_of(S, 0);
    using B = HeadOf<S>;
    using Epilogue = typename Plan::template EpilogueOf<S>::type;
    const auto* const in = memory.template read<input>(sample) - read;
    auto* const out = memory.template at<step.output>(sample) - made;
    const T* const packed = memory.packed + Plan::packed_offsets[S];
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
            with_part(part, InferOf<S, samples>{.batch = count,
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
    } else if constexpr (places(B::kind)) {
      each<B::input_count>([&]<std::size_t I>() {
        constexpr int operand = static_cast<int>(I), tensor = Plan::input_of(S, operand);
        constexpr Border slice = slice_of(Net::network(), plan, step.head, operand);
        constexpr Shape shape = B::input_shapes[I];
        auto* const target = memory.template place<plan.root_of(step.output)>(sample) + border_offset(shape, slice);
        if constexpr (B::kind == Kind::padding)
          if (part.leads()) kernels::clear_border<shape, slice>(target);
        if constexpr (!made_in_slice(Net::network(), plan, step.head, operand))
          kernels::copy_images<V, shape, slice, Plan::border_of(tensor)>(1, memory.template read<tensor>(sample),
                                                                         target, part);
      });
    } else {
      forward<S>(memory, sample, part, in, out, packed, std::make_index_sequence<B::input_count - 1>{});
    }
  }

  /// A step that its layer's own function does; `Other`: its operands behind the first.
  template <std::size_t S, class Part, std::size_t... Other>
  static void forward(const Memory& memory, [[maybe_unused]] std::size_t sample, Part part, const auto* in, auto* out,
                      const T* packed, std::index_sequence<Other...>) {
    using B = HeadOf<S>;
    using Call = Forward<B, V, Plan::border_of(Plan::input_of(S, 0)), Plan::border_of(plan.steps[S].output),
                         Plan::border_of(Plan::input_of(S, Other + 1))...>;
    std::array<const T*, Parameters::capacity> parameters{};
    for (std::size_t p = 0; p < B::parameters.count; packed += B::parameters.list[p++].shape.size())
      parameters[p] = packed;
    const std::array inputs{in, memory.template read<Plan::input_of(S, Other + 1)>(sample)...};
    B::layer::forward(with_part(part, Call{.batch = 1,
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

  static constexpr Part rows_of(Whole) { return Part::nth(0, 1); }
  static constexpr Part rows_of(Part part) { return part; }
};

}  // namespace strata::detail
