// How training runs, and what it keeps in memory.
//
// A batch goes through the network sample by sample, so that what flows between layers stays in the cache. Only where a
// layer must know the whole batch (batch normalisation) or wants many samples at once (Dense) does the next layer wait:
// the layers between two such points are a stage. A tensor that lives within one stage is kept for one sample; what
// later stages read, backward ones included, for all: but for what backward makes once more, because that costs less
// than to keep it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/memory_plan.hpp>
#include <strata/graph/training_places.hpp>

namespace strata {

namespace detail {

/// A node's part of a stage. The loss stands between the two directions; `again`: forward once more, for backward.
enum class Pass { forward, gather, loss, again, backward, gather_gradients };

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
struct TrainingPlan : TrainingPlaces<N, Operands> {
  static constexpr std::size_t capacity = 5 * N;

  std::array<detail::Action, capacity> actions{};
  std::array<detail::Stage, capacity> stages{};
  int forward_stages = 0, stage_count = 0;
  std::array<detail::Place, N> values{};
  std::array<bool, N> repeats{};                ///< this node runs forward once more, for backward
  std::array<detail::Place, N> values_again{};  ///< as backward finds them: made once more, or the same
  std::array<detail::Place, N> gradients{};
  std::array<bool, Operands> opens{};  ///< of each operand: this reader writes the gradient; later ones add a part
  std::array<detail::Place, Operands> parts{};
  std::size_t whole_size = 0;   ///< elements of one sample, kept for the batch
  std::size_t single_size = 0;  ///< elements of one sample, kept for each thread
};

namespace detail {

template <std::size_t N, std::size_t Operands>
class TrainingPlanner {
 public:
  constexpr TrainingPlanner(const Lowered<N, Operands>& network, const TrainingPlaces<N, Operands>& shared)
      : network_(network), plan_{shared} {
    find_repeatable();
    make_stages();
    place();
  }
  constexpr const TrainingPlan<N, Operands>& plan() const { return plan_; }

 private:
  // Values, then gradients, then parts, then values that are made once more.
  static constexpr std::size_t blocks = 3 * N + Operands;

  constexpr std::size_t input_of(std::size_t node, int operand = 0) const {
    return static_cast<std::size_t>(network_.input_of(node, operand));
  }
  constexpr std::size_t inputs() const { return network_.input_count; }
  constexpr int operands(std::size_t node) const { return network_.nodes[node].operand_count; }
  constexpr const LayerRules& rules_of(std::size_t node) const { return *network_.nodes[node].rules; }

  /// Places that element-wise layers and normalisations alone make, from something that backward reads anyway, and that
  /// no loss reads.
  constexpr void find_repeatable() {
    for (std::size_t t = inputs(); t < N; ++t) {
      const std::size_t place = plan_.value_place[t];
      const Kind kind = rules_of(t).training_kind;
      if (place == t) again_[t] = plan_.needs[t].input;
      again_[place] &= plan_.alias[t] || kind == Kind::elementwise || kind == Kind::affine;
      if (network_.is_output(t)) again_[place] = again_[plan_.value_place[input_of(t)]] = false;
      last_at_[place] = t;
    }
  }
  /// What is made once more is read in the stage that made it, and in no other one of forward.
  constexpr void note_forward(std::size_t node) {
    const std::size_t made = plan_.value_place[node];
    if (made == node) made_in_[node] = plan_.stage_count;
    note_use(made);
    for (int operand = 0; operand < operands(node); ++operand) note_use(plan_.value_place[input_of(node, operand)]);
  }
  constexpr void note_use(std::size_t place) { again_[place] &= made_in_[place] == plan_.stage_count; }
  /// What a node's backward pass reads and nobody has kept.
  constexpr void repeat_needed(std::size_t node) {
    if (plan_.needs[node].output) repeat(plan_.value_place[node]);
    for (int operand = 0; plan_.needs[node].input && operand < operands(node); ++operand)
      repeat(plan_.value_place[input_of(node, operand)]);
  }
  constexpr void repeat(std::size_t place) {
    if (!again_[place] || plan_.repeats[place]) return;
    repeat(plan_.value_place[input_of(place)]);
    for (std::size_t u = place; u <= last_at_[place]; ++u) {
      if (plan_.value_place[u] != place || plan_.alias[u]) continue;
      plan_.repeats[u] = true;
      add(Pass::again, u);
    }
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
      note_forward(n);
    }
    begin_stage(false);
    plan_.forward_stages = plan_.stage_count - 1;
    for (std::size_t n = inputs(); n < N; ++n)
      if (network_.is_output(n)) add(Pass::loss, n);
    begin_stage(false);
    for (std::size_t n = N; n-- > inputs();) {
      if (plan_.alias[n] || !plan_.has_gradient[n]) continue;
      repeat_needed(n);
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

  constexpr std::size_t value(std::size_t tensor) const { return plan_.value_place[tensor]; }
  constexpr std::size_t value_again(std::size_t tensor) const {
    return (plan_.repeats[value(tensor)] ? 2 * N + Operands : 0) + value(tensor);
  }
  constexpr std::size_t gradient(std::size_t tensor) const { return N + plan_.gradient_place[tensor]; }
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
      plan_.values_again[t] = places_[value_again(t)];
      plan_.gradients[t] = places_[gradient(t)];
    }
    std::copy_n(places_.begin() + 2 * N, Operands, plan_.parts.begin());
  }

  constexpr void touch_all(Action action, int stage, int index) {
    const std::size_t n = static_cast<std::size_t>(action.node);
    const Needs needs = plan_.needs[n];
    const bool loss = action.pass == Pass::loss, again = action.pass == Pass::again;
    const bool first = action.pass == Pass::forward || action.pass == Pass::gather, forward = first || again;
    const auto value_of = [&](std::size_t t) { return first || loss ? value(t) : value_again(t); };
    for (int operand = 0; operand < operands(n); ++operand) {
      const std::size_t input = input_of(n, operand);
      const bool reads = forward || loss || needs.input;
      if (plan_.root[input] >= inputs() && reads) touch(value_of(input), size(input), stage, index);
      if (!plan_.has_gradient[input]) continue;
      if (loss) touch(gradient(input), gradient_size(input), stage, index);  // where it undoes the last node
      if (action.pass == Pass::backward) touch_gradient(n, operand, stage, index);
    }
    const bool makes = action.pass == Pass::forward || again || loss;
    if (makes || (!forward && needs.output)) touch(value_of(n), size(n), stage, index);
    if (!forward && plan_.has_gradient[n]) touch(gradient(n), gradient_size(n), stage, index);
    if (loss) opened_[plan_.root[n]] = true;
  }

  /// The first reader to come writes the gradient, the others add their parts.
  constexpr void touch_gradient(std::size_t reader, int operand, int stage, int index) {
    const std::size_t input = input_of(reader, operand), slot = network_.slot(reader, operand);
    plan_.opens[slot] = !opened_[plan_.root[input]];
    opened_[plan_.root[input]] = true;
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
  TrainingPlan<N, Operands> plan_;
  std::array<bool, N> opened_{}, again_{};  ///< gradients that have been written; places that can be made once more
  std::array<int, N> made_in_{};            ///< the stage of forward
  std::array<std::size_t, N> last_at_{};    ///< the last tensor in a place
  std::array<Use, blocks> uses_{};
  std::array<Place, blocks> places_{};
  int action_count_ = 0;
};

}  // namespace detail

template <std::size_t N, std::size_t Operands>
constexpr TrainingPlan<N, Operands> plan_training(const Lowered<N, Operands>& network,
                                                  const TrainingPlaces<N, Operands>& shared) {
  return detail::TrainingPlanner(network, shared).plan();
}

}  // namespace strata
