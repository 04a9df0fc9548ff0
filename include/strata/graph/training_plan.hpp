// How training runs, and what it keeps in memory.
//
// A batch goes through the network sample by sample, so that what flows between layers stays in the cache. Only where a
// layer must know the whole batch (batch normalisation) or wants many samples at once (Dense) does the next layer wait:
// the layers between two such points are a stage. A tensor that lives within one stage is kept for one sample; what
// later stages read, backward ones included, for all.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/memory_plan.hpp>

namespace strata {

namespace detail {

/// A node's part of a stage. The loss stands between the two directions.
enum class Pass { forward, gather, loss, backward, gather_gradients };

struct Action {
  Pass pass = Pass::forward;
  int node = 0;
};

/// Actions [begin, end), run on each sample, or, `batched`, on all samples of a thread at once. If the last one
/// gathers, its node concludes when all threads have finished.
struct Stage {
  int begin = 0, end = 0;
  bool batched = false;
};

/// Where a tensor is: for one sample of one thread, or, `whole`, for the batch. Offsets are of one sample.
struct Place {
  std::size_t offset = 0;
  bool whole = false;
};

}  // namespace detail

template <std::size_t N, std::size_t Operands>
struct TrainingPlan {
  static constexpr std::size_t capacity = 4 * N;

  std::array<detail::Action, capacity> actions{};
  std::array<detail::Stage, capacity> stages{};
  int forward_stages = 0, stage_count = 0;
  std::array<bool, N> alias{};         ///< views whose input and output share a place: nothing to do
  std::array<bool, N> in_place{};      ///< layers whose output takes the place of their input
  std::array<detail::Place, N> values{};
  std::array<detail::Place, N> gradients{};
  std::array<bool, N> has_gradient{};  ///< something trainable lies upstream
  std::array<Border, N> value_borders{}, gradient_borders{};
  std::array<bool, Operands> opens{};  ///< of each operand: this reader writes the gradient; later ones add a part
  std::array<detail::Place, Operands> parts{};
  std::size_t whole_size = 0;   ///< elements of one sample, kept for the batch
  std::size_t single_size = 0;  ///< elements of one sample, kept for each thread
};

namespace detail {

template <std::size_t N, std::size_t Operands>
class TrainingPlanner {
 public:
  constexpr explicit TrainingPlanner(const Lowered<N, Operands>& network) : network_(network) {
    for (std::size_t k = 0; k < network.output_count; ++k) output_[static_cast<std::size_t>(network.output(k))] = true;
    for (std::size_t t = 0; t < N; ++t) examine(t);
    share_places();
    choose_borders();
    pad_in_place();
    make_stages();
    place();
  }
  constexpr const TrainingPlan<N, Operands>& plan() const { return plan_; }

 private:
  // Values, then gradients, then parts.
  static constexpr std::size_t blocks = 2 * N + Operands;

  constexpr std::size_t input_of(std::size_t node, int operand = 0) const {
    return static_cast<std::size_t>(network_.input_of(node, operand));
  }
  constexpr std::size_t inputs() const { return network_.input_count; }
  constexpr int operands(std::size_t node) const { return network_.nodes[node].operand_count; }
  constexpr const LayerRules& rules_of(std::size_t node) const { return *network_.nodes[node].rules; }
  constexpr Needs needs_of(std::size_t node) const {
    const bool none = !plan_.has_gradient[node] || network_.nodes[node].fixed();
    return none ? Needs{false, false} : rules_of(node).backward_needs;
  }

  constexpr void examine(std::size_t t) {
    root_[t] = t;
    if (t < inputs()) return;  // the caller's memory
    for (int operand = 0; operand < operands(t); ++operand)
      plan_.has_gradient[t] |= plan_.has_gradient[input_of(t, operand)];
    plan_.has_gradient[t] |= network_.nodes[t].trainable_count() > 0;
    const std::size_t root = root_[input_of(t)];
    plan_.alias[t] = rules_of(t).training_kind == Kind::view && root >= inputs() && !(output_[t] && returned_[root]);
    if (plan_.alias[t]) root_[t] = root;
    returned_[root_[t]] |= output_[t];
    readers_[root_[t]] += output_[t];  // the caller
    if (!plan_.alias[t])
      for (int operand = 0; operand < operands(t); ++operand) ++readers_[root_[input_of(t, operand)]];
  }

  /// An element-wise layer that alone reads its input works in place: backward always, forward where nobody needs the
  /// input again. An output's input may be a loss's.
  constexpr void share_places() {
    std::array<std::size_t, N> writer{};
    for (std::size_t t = 0; t < N; ++t) {
      value_place_[t] = gradient_place_[t] = root_[t];
      writer[t] = t;
      if (t < inputs()) continue;
      const std::size_t input = root_[input_of(t)];
      if (plan_.alias[t]) {
        value_place_[t] = value_place_[root_[t]];
        gradient_place_[t] = gradient_place_[root_[t]];
      }
      if (rules_of(t).training_kind != Kind::elementwise || input < inputs() || readers_[input] != 1) continue;
      gradient_place_[t] = gradient_place_[input];
      const std::size_t place = value_place_[input];
      if (output_[t] || needs_of(t).input || needs_of(writer[place]).output) continue;
      value_place_[t] = place;
      plan_.in_place[t] = true;
      writer[place] = t;
    }
  }

  /// Zeros that a convolution likes around what it reads, where all that touch the place can do with them. A gradient
  /// has some only if a normalisation or the like makes it for a convolution alone.
  constexpr void choose_borders() {
    std::array<Border, N> wanted{}, wanted_gradient{};
    std::array<bool, N> refused{}, refused_gradient{};
    std::fill_n(refused.begin(), inputs(), true);
    for (std::size_t t = inputs(); t < N; ++t) {
      const LayerRules& rules = rules_of(t);
      const std::size_t made = value_place_[t], gradient_made = gradient_place_[t];
      const bool image = network_.tensors[t].shape.rank >= 2 && !plan_.alias[t];
      refused[made] |= rules.views != Views::always || !image || output_[t];
      refused_gradient[gradient_made] |= !image || output_[t] || gradient_made != t;
      wanted_gradient[gradient_made] =
          (max)(wanted_gradient[gradient_made], rules.gradient_border(network_.input_shape_of(t)));
      for (int operand = 0; operand < operands(t); ++operand) {
        const std::size_t input = input_of(t, operand);
        refused[value_place_[input]] |= rules.views != Views::always || plan_.alias[input] || output_[t];
        wanted[value_place_[input]] = (max)(wanted[value_place_[input]], rules.border(network_.tensors[input].shape));
        refused_gradient[gradient_place_[input]] |=
            !rules.gathers || rules.views != Views::always || readers_[root_[input]] != 1 || output_[t];
      }
    }
    for (std::size_t t = inputs(); t < N; ++t) {
      if (!refused[value_place_[t]]) plan_.value_borders[t] = wanted[value_place_[t]];
      if (!refused_gradient[gradient_place_[t]]) plan_.gradient_borders[t] = wanted_gradient[gradient_place_[t]];
    }
  }

  /// A padding is the border around what it reads: nothing to do, where all that touch that place can do with a border.
  constexpr void pad_in_place() {
    for (std::size_t t = inputs(); t < N; ++t) {
      if (rules_of(t).kind != Kind::padding || !is_border(t)) continue;
      const std::size_t input = input_of(t), made = value_place_[input], gradient_made = gradient_place_[input];
      const Border border = rules_of(t).border(network_.tensors[input].shape);
      for (std::size_t u = inputs(); u < N; ++u) {
        if (value_place_[u] == made) plan_.value_borders[u] = border;
        if (gradient_place_[u] == gradient_made) plan_.gradient_borders[u] = border;
      }
      plan_.alias[t] = true;
      value_place_[t] = made;
      gradient_place_[t] = gradient_made;
    }
  }
  /// Element-wise layers and normalisations alone make its input, and nothing but the padding reads it; no layer works
  /// in place on its output.
  constexpr bool is_border(std::size_t t) const {
    const std::size_t input = input_of(t), made = value_place_[input], gradient_made = gradient_place_[input];
    if (input < inputs() || output_[t] || root_[input] != input || readers_[input] != 1) return false;
    for (std::size_t u = inputs(); u < N; ++u) {
      if (u != t && (value_place_[u] == t || gradient_place_[u] == t)) return false;
      if (value_place_[u] != made && gradient_place_[u] != gradient_made) continue;
      const Kind kind = rules_of(u).training_kind;
      const bool simple = kind == Kind::elementwise || kind == Kind::affine;
      if (!simple || rules_of(u).views != Views::always || network_.tensors[u].shape.rank != 3 || output_[u])
        return false;
    }
    return true;
  }

  constexpr void begin_stage(bool batched) {
    if (plan_.stage_count > 0 && stage().begin == stage().end) --plan_.stage_count;
    ++plan_.stage_count;
    stage() = {action_count_, action_count_, batched};
  }
  constexpr Stage& stage() { return plan_.stages[static_cast<std::size_t>(plan_.stage_count - 1)]; }

  constexpr void add(Pass pass, std::size_t node) {
    const bool batched = rules_of(node).batched(network_.input_shape_of(node));
    if (stage().batched != batched) begin_stage(batched);
    plan_.actions[static_cast<std::size_t>(action_count_++)] = {pass, static_cast<int>(node)};
    stage().end = action_count_;
  }

  constexpr void make_stages() {
    begin_stage(false);
    for (std::size_t n = inputs(); n < N; ++n) {
      if (plan_.alias[n]) continue;
      if (network_.nodes[n].gathers()) {
        add(Pass::gather, n);
        begin_stage(false);
      }
      add(Pass::forward, n);
    }
    begin_stage(false);
    plan_.forward_stages = plan_.stage_count - 1;
    for (std::size_t n = inputs(); n < N; ++n)
      if (output_[n]) add(Pass::loss, n);
    begin_stage(false);
    for (std::size_t n = N; n-- > inputs();) {
      if (plan_.alias[n] || !plan_.has_gradient[n]) continue;
      if (network_.nodes[n].gathers()) {
        add(Pass::gather_gradients, n);
        begin_stage(false);
      }
      add(Pass::backward, n);
    }
    if (stage().begin == stage().end) --plan_.stage_count;
  }

  /// An access of a block by an action of a stage.
  constexpr void touch(std::size_t block, std::size_t size, int stage, int action) {
    Use& use = uses_[block];
    const bool whole = plan_.stages[static_cast<std::size_t>(stage)].batched || (use.size > 0 && use.stage != stage);
    if (use.size == 0) use = {size, stage, action, action, stage, false};
    use.whole |= whole;
    use.last_stage = stage;
    use.last = action;
  }

  constexpr std::size_t value(std::size_t tensor) const { return value_place_[tensor]; }
  constexpr std::size_t gradient(std::size_t tensor) const { return N + gradient_place_[tensor]; }
  constexpr std::size_t size(std::size_t tensor) const {
    return aligned_size<float>(bordered_size(network_.tensors[tensor].shape, plan_.value_borders[tensor]));
  }
  constexpr std::size_t gradient_size(std::size_t tensor) const {
    return aligned_size<float>(bordered_size(network_.tensors[tensor].shape, plan_.gradient_borders[tensor]));
  }

  constexpr void place() {
    for (int s = 0; s < plan_.stage_count; ++s) {
      const Stage& stage = plan_.stages[static_cast<std::size_t>(s)];
      for (int a = stage.begin; a < stage.end; ++a) touch_all(plan_.actions[static_cast<std::size_t>(a)], s, a);
    }
    plan_.whole_size = place_blocks(true);
    plan_.single_size = place_blocks(false);
    for (std::size_t t = 0; t < N; ++t) {
      plan_.values[t] = places_[value(t)];
      plan_.gradients[t] = places_[gradient(t)];
    }
    std::copy_n(places_.begin() + 2 * N, Operands, plan_.parts.begin());
  }

  constexpr void touch_all(Action action, int stage, int index) {
    const std::size_t n = static_cast<std::size_t>(action.node);
    const Needs needs = needs_of(n);
    const bool forward = action.pass == Pass::forward || action.pass == Pass::gather;
    const bool loss = action.pass == Pass::loss;
    for (int operand = 0; operand < operands(n); ++operand) {
      const std::size_t input = input_of(n, operand);
      if (root_[input] >= inputs() && (forward || loss || needs.input)) touch(value(input), size(input), stage, index);
      if (!plan_.has_gradient[input]) continue;
      if (loss) touch(gradient(input), gradient_size(input), stage, index);  // where it undoes the last node
      if (action.pass == Pass::backward) touch_gradient(n, operand, stage, index);
    }
    if (action.pass == Pass::forward || loss || (!forward && needs.output)) touch(value(n), size(n), stage, index);
    if (!forward && plan_.has_gradient[n]) touch(gradient(n), gradient_size(n), stage, index);
    if (loss) opened_[root_[n]] = true;
  }

  /// The first reader to come writes the gradient, the others add their parts.
  constexpr void touch_gradient(std::size_t reader, int operand, int stage, int index) {
    const std::size_t input = input_of(reader, operand);
    const std::size_t slot = static_cast<std::size_t>(network_.nodes[reader].first_operand + operand);
    plan_.opens[slot] = !opened_[root_[input]];
    opened_[root_[input]] = true;
    touch(gradient(input), gradient_size(input), stage, index);
    if (!plan_.opens[slot]) touch(2 * N + slot, gradient_size(input), stage, index);
  }

  /// Blocks for the batch live from the begin of the first stage that touches them to the end of the last.
  constexpr std::size_t place_blocks(bool whole) {
    std::array<Lifetime, blocks> lifetimes{};
    for (std::size_t b = 0; b < blocks; ++b) {
      const Use& use = uses_[b];
      if (use.size == 0 || use.whole != whole) continue;
      lifetimes[b] = {use.size, use.first, use.last};
      if (whole) {
        lifetimes[b].first = plan_.stages[static_cast<std::size_t>(use.stage)].begin;
        lifetimes[b].last = plan_.stages[static_cast<std::size_t>(use.last_stage)].end - 1;
      }
    }
    const auto memory = plan_memory(lifetimes);
    for (std::size_t b = 0; b < blocks; ++b)
      if (lifetimes[b].size > 0) places_[b] = {memory.offsets[b], whole};
    return memory.total;
  }

  struct Use {
    std::size_t size = 0;
    int stage = 0, first = 0, last = 0, last_stage = 0;
    bool whole = false;
  };

  const Lowered<N, Operands>& network_;
  TrainingPlan<N, Operands> plan_{};
  std::array<std::size_t, N> root_{}, value_place_{}, gradient_place_{};
  std::array<int, N> readers_{};
  std::array<bool, N> output_{}, returned_{}, opened_{};
  std::array<Use, blocks> uses_{};
  std::array<Place, blocks> places_{};
  int action_count_ = 0;
};

}  // namespace detail

template <std::size_t N, std::size_t Operands>
constexpr TrainingPlan<N, Operands> plan_training(const Lowered<N, Operands>& network) {
  return detail::TrainingPlanner(network).plan();
}

}  // namespace strata
