// What an Engine knows when it is compiled: how each step's weights are packed, how many samples share them, and where
// everything lies.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/core/bound.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/math.hpp>
#include <strata/runtime/bands.hpp>

namespace strata {

/// The plan of `Engine<Net, Choice, V>`, constants and types only. `S` is a step.
template <class Net, Algorithms Choice, class V>
struct EnginePlan {
  using T = typename V::value_type;

  /// The steps and the memory of a call.
  static constexpr const auto& plan = Net::template inference_plan<Choice, T>();
  static constexpr std::size_t steps = plan.step_count;
  static constexpr std::size_t head(std::size_t step) { return static_cast<std::size_t>(plan.steps[step].head); }

  /// In Winograd's domain weights are four times as many.
  template <int samples>
  using TargetFor =
      InferenceTarget<V, samples, detail::machine.home_of(4 * Net::network().parameter_count() * sizeof(T))>;
  template <std::size_t S>
  using HeadOf = BoundBy<BoundOf<Net, head(S)>, Choice>;

  /// Elements that a step owns: packed weights, scale and shift, or a copy of its parameters.
  template <std::size_t S, int samples>
  static constexpr std::size_t packed_size_of() {
    using B = HeadOf<S>;
    if constexpr (B::kind == Kind::linear) {
      return aligned_size<T>(B::layer::template packed_size<TargetFor<samples>>(B::input_shape));
    } else if constexpr (B::kind == Kind::affine) {
      return aligned_size<T>(2 * static_cast<std::size_t>(B::input_shape.channels()));
    } else {
      std::size_t size = 0;
      for (const Parameter& parameter : B::parameters) size += parameter.shape.size();
      return aligned_size<T>(size);
    }
  }

  /// Samples that run together at most.
  static constexpr std::size_t sweep =
      static_cast<std::size_t>(*std::max_element(plan.sweeps.begin(), plan.sweeps.end()));

  /// A sweep may want its weights packed in another way than a single sample.
  template <std::size_t S>
  static constexpr bool packs_twice = [] {
    using R = rules<typename HeadOf<S>::layer>;
    constexpr Shape shape = HeadOf<S>::input_shape;
    return R::template packing<TargetFor<1>>(shape) != R::template packing<TargetFor<plan.sweeps[S]>>(shape);
  }();

  template <class F>
  static void each_step(F&& f) {
    [&]<std::size_t... S>(std::index_sequence<S...>) {
      (void)std::initializer_list<int>{(f.template operator()<S>(), 0)...};
    }(std::make_index_sequence<steps>{});
  }

  static constexpr std::array<std::size_t, steps + 1> packed_offsets = []<std::size_t... S>(std::index_sequence<S...>) {
    const std::array<std::size_t, steps> sizes{
        (packed_size_of<S, 1>() + (packs_twice<S> ? packed_size_of<S, plan.sweeps[S]>() : 0))...};
    std::array<std::size_t, steps + 1> offsets{};
    for (std::size_t s = 0; s < steps; ++s) offsets[s + 1] = offsets[s] + sizes[s];
    return offsets;
  }(std::make_index_sequence<steps>{});
  static constexpr std::size_t packed_size = packed_offsets[steps];

  /// What runs in each step, for `explain`.
  static auto kernel_names() {
    const auto name = []<std::size_t S>() {
      using R = rules<typename HeadOf<S>::layer>;
      return std::string(std::string_view(R::template kernel_name<TargetFor<plan.sweeps[S]>>(HeadOf<S>::input_shape)));
    };
    return [&]<std::size_t... S>(std::index_sequence<S...>) {
      return std::array<std::string, std::max<std::size_t>(steps, 1)>{name.template operator()<S>()...};
    }(std::make_index_sequence<steps>{});
  }

  static constexpr Border border_of(int tensor) { return plan.borders[static_cast<std::size_t>(tensor)]; }
  static constexpr Shape shape_of(int tensor) { return Net::network().tensor(tensor).shape; }
  static constexpr int input_of(std::size_t step, int operand) {
    return plan.source_of(Net::network().input_of(head(step), operand));
  }

  /// Steps of the run that begins at a step; 0 inside of one.
  static constexpr std::size_t run_steps(std::size_t step) {
    const int end = plan.run_end[step];
    if (step > 0 && plan.run_end[step - 1] == end) return 0;
    return static_cast<std::size_t>(end) - step;
  }
  static constexpr bool in_run(std::size_t step) { return run_steps(step) != 1; }

  template <std::size_t S, int samples>
  using InferOf =
      Infer<HeadOf<S>, TargetFor<samples>, border_of(input_of(S, 0)), border_of(plan.steps[S].output), in_run(S)>;

  template <std::size_t S>
  static constexpr std::size_t scratch_size_of() {
    using L = typename HeadOf<S>::layer;
    if constexpr (HeadOf<S>::kind == Kind::linear)
      return (std::max)(rules<L>::template infer_scratch_size<InferOf<S, 1>>(1),
                        rules<L>::template infer_scratch_size<InferOf<S, plan.sweeps[S]>>(
                          static_cast<std::size_t>(plan.sweeps[S])));
    else return rules<L>::template scratch_size<V>(HeadOf<S>::input_shape);
  }
  static constexpr std::size_t scratch_size = []<std::size_t... S>(std::index_sequence<S...>) {
    std::size_t most = 0;
    for (const std::size_t size : {std::size_t{0}, scratch_size_of<S>()...}) most = (std::max)(most, size);
    return most;
  }(std::make_index_sequence<steps>{});
  static constexpr std::size_t workspace_bytes = plan.arena_bytes + scratch_size * sizeof(T);

  /// Whether several threads share a step: where its kernel can, and there is enough to do to wait for each other.
  static constexpr std::array<bool, steps + 1> shares = []<std::size_t... S>(std::index_sequence<S...>) {
    const auto shared = []<std::size_t I>() {
      using B = HeadOf<I>;
      constexpr bool can = B::kind == Kind::affine || B::kind == Kind::elementwise || detail::places(B::kind) ||
                           rules<typename B::layer>::shares;
      return can && B::worth_sharing;
    };
    return std::array<bool, steps + 1>{shared.template operator()<S>()...};
  }(std::make_index_sequence<steps>{});

  /// Where threads must have finished the steps before, back to the last such place: one of them makes what this step
  /// reads, or uses the memory where it writes.
  static constexpr std::array<bool, steps + 1> waits = [] {
    struct Place {
      int space;  ///< -1: the workspace, else an output
      std::size_t begin, end;

      constexpr bool meets(const Place& other) const {
        return space == other.space && begin < other.end && other.begin < end;
      }
    };
    const auto place_of = [](int tensor) -> Place {
      const int root = plan.root_of(tensor);
      const std::size_t index = static_cast<std::size_t>(root);
      if (root < static_cast<int>(Net::input_count)) return {-1, 0, 0};
      if (plan.result[index] >= 0) return {plan.result[index], 0, 1};
      return {-1, plan.offsets[index], plan.offsets[index] + plan.blocks[index].size};
    };
    const auto reads = [&](std::size_t step, const Place& place) {
      bool found = false;
      detail::each_read(Net::network(), plan, plan.steps[step],
                        [&](int tensor, Shape) { found |= place_of(tensor).meets(place); });
      return found;
    };
    std::array<bool, steps + 1> waits{};
    for (std::size_t s = 1, first = 0; s < steps; ++s) {
      if (in_run(s)) {  // as one
        if (run_steps(s) > 0) waits[s] = true, first = s;
        continue;
      }
      for (std::size_t before = first; before < s && !waits[s]; ++before) {
        const Place made = place_of(plan.steps[before].output), written = place_of(plan.steps[s].output);
        if ((shares[before] || shares[s]) && (made.meets(written) || reads(s, made) || reads(before, written))) {
          waits[s] = true;
          first = s;
        }
      }
    }
    return waits;
  }();

  /// What threads do without waiting for each other: the steps from stage_begins[n] to stage_begins[n + 1].
  static constexpr std::size_t stages = 1 + static_cast<std::size_t>(std::count(waits.begin(), waits.end(), true));
  static constexpr std::array<std::size_t, stages + 1> stage_begins = [] {
    std::array<std::size_t, stages + 1> begins{};
    for (std::size_t s = 0, stage = 1; s < steps; ++s)
      if (waits[s]) begins[stage++] = s;
    begins[stages] = steps;
    return begins;
  }();

  /// How the run of `Count` steps goes that begins at a step.
  template <std::size_t Count>
  static constexpr detail::Bands<Count> bands(std::size_t begin) {
    detail::Bands<Count> bands;
    bands.band = plan.band[begin];
    for (std::size_t i = 0; i < Count; ++i) {
      const std::size_t image = static_cast<std::size_t>(plan.steps[begin + i].output);
      const std::size_t root = static_cast<std::size_t>(plan.root[image]);
      bands.steps[i] = {.height = shape_of(static_cast<int>(image)).height(),
                        .window = detail::rows_read(Net::network(), plan, begin + i),
                        .shape = shape_of(static_cast<int>(image)),
                        .border = plan.borders[image],
                        .rows = plan.rolling[root],
                        .offset = plan.offsets[root],
                        .element = bytes_of(Net::network().tensors[image].element, sizeof(T))};
    }
    return bands;
  }

  template <std::size_t S, class = std::make_index_sequence<static_cast<std::size_t>(plan.steps[S].residual_place)>,
            class = std::make_index_sequence<
                static_cast<std::size_t>(plan.steps[S].epilogue_count - plan.steps[S].residual_place)>>
  struct EpilogueOf;
  template <std::size_t S, std::size_t... Before, std::size_t... After>
  struct EpilogueOf<S, std::index_sequence<Before...>, std::index_sequence<After...>> {
    static constexpr InferenceStep step = plan.steps[S];
    template <std::size_t E>
    using Function = LayerOf<Net, static_cast<std::size_t>(step.epilogue[E])>;
    static constexpr int row = step.residual < 0 ? 0 : row_of(shape_of(step.residual), border_of(step.residual));
    static constexpr int pixel = step.residual < 0 ? 0 : pixel_of(shape_of(step.residual), border_of(step.residual));
    using then = Compose<Function<sizeof...(Before) + After>...>;
    using type =
        std::conditional_t<(step.residual < 0), then, AddResidual<Compose<Function<Before>...>, row, pixel, then>>;
  };

  /// Where the segment ends that begins at a step: all its steps run sample by sample, or one on a sweep.
  static constexpr std::array<std::size_t, steps + 1> segments = [] {
    std::array<std::size_t, steps + 1> ends{};
    for (std::size_t s = 0; s < steps; ++s) {
      ends[s] = s + 1;
      while (plan.sweeps[s] == 1 && ends[s] < steps && plan.sweeps[ends[s]] == 1) ++ends[s];
    }
    return ends;
  }();
};

}  // namespace strata
