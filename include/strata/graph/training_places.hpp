// Which tensors of a network share a place in memory when it trains, and the zeros around them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <strata/core/border.hpp>
#include <strata/graph/lower.hpp>

namespace strata {

/// Tables of tensors and the nodes that make them; `passes` of operands.
template <std::size_t N, std::size_t Operands>
struct TrainingPlaces {
  std::array<std::size_t, N> root{};  ///< what it is a view of: itself, mostly
  std::array<std::size_t, N> value_place{}, gradient_place{};  ///< the tensor in whose place it is
  std::array<bool, N> alias{};         ///< views whose input and output share a place: nothing to do
  std::array<bool, N> in_place{};      ///< layers whose output takes the place of their input
  std::array<bool, N> has_gradient{};  ///< something trainable lies upstream
  std::array<Needs, N> needs{};        ///< what its node's backward pass reads
  std::array<Border, N> value_borders{}, gradient_borders{};
  std::array<bool, Operands> passes{};  ///< its gradient is the node's, in one place: none is made
};

namespace detail {

/// Fills the tables: views first, then layers that work in place and sums, then borders.
template <std::size_t N, std::size_t Operands>
class PlaceSharing : public TrainingPlaces<N, Operands> {
 public:
  constexpr explicit PlaceSharing(const Lowered<N, Operands>& network) : network_(network) {
    for (std::size_t t = 0; t < N; ++t) examine(t);
    share_places();
    choose_borders();
    pad_in_place();
  }

 private:
  using Places = TrainingPlaces<N, Operands>;
  using Places::root, Places::value_place, Places::gradient_place, Places::alias, Places::in_place, Places::passes;
  using Places::has_gradient, Places::needs, Places::value_borders, Places::gradient_borders;

  constexpr std::size_t input_of(std::size_t node, int operand = 0) const {
    return static_cast<std::size_t>(network_.input_of(node, operand));
  }
  constexpr std::size_t inputs() const { return network_.input_count; }
  constexpr int operands(std::size_t node) const { return network_.nodes[node].operand_count; }
  constexpr const LayerRules& rules_of(std::size_t node) const { return *network_.nodes[node].rules; }

  constexpr void examine(std::size_t t) {
    root[t] = t;
    if (t < inputs()) return;  // the caller's memory
    for (int operand = 0; operand < operands(t); ++operand)
      has_gradient[t] |= has_gradient[input_of(t, operand)];
    has_gradient[t] |= network_.nodes[t].trainable_count() > 0;
    const bool learns = has_gradient[t] && !network_.nodes[t].fixed();
    needs[t] = learns ? rules_of(t).backward_needs : Needs{false, false};
    const std::size_t viewed = root[input_of(t)];
    const bool returned_twice = network_.is_output(t) && returned_[viewed];
    alias[t] = rules_of(t).training_kind == Kind::view && viewed >= inputs() && !returned_twice;
    if (alias[t]) root[t] = viewed;
    returned_[root[t]] |= network_.is_output(t);
    readers_[root[t]] += network_.is_output(t);  // the caller
    if (alias[t]) return;
    for (int operand = 0; operand < operands(t); ++operand) {
      const std::size_t tensor = root[input_of(t, operand)];
      ++readers_[tensor];
      reader_before_[tensor] = std::exchange(last_reader_[tensor], t);
    }
  }

  /// An element-wise layer that alone reads its input works in place: backward always, forward where nobody needs the
  /// input again. An output's input may be a loss's.
  constexpr void share_places() {
    std::array<std::size_t, N> writer{};
    for (std::size_t t = 0; t < N; ++t) {
      value_place[t] = gradient_place[t] = root[t];
      writer[t] = t;
      if (t < inputs()) continue;
      const std::size_t input = root[input_of(t)];
      if (alias[t]) {
        value_place[t] = value_place[root[t]];
        gradient_place[t] = gradient_place[root[t]];
      }
      if (rules_of(t).training_kind == Kind::sum) pass_gradient(t);
      if (rules_of(t).training_kind != Kind::elementwise || input < inputs() || readers_[input] != 1) continue;
      gradient_place[t] = gradient_place[input];
      const std::size_t place = value_place[input];
      if (network_.is_output(t) || needs[t].input || needs[writer[place]].output) continue;
      value_place[t] = place;
      in_place[t] = true;
      writer[place] = t;
    }
  }

  /// A sum's gradient is that of each operand, so they share a place: where the sum is the last to read the first of
  /// them, and what earlier readers add to its gradient comes when the others' makers have read theirs.
  constexpr void pass_gradient(std::size_t sum) {
    std::size_t first = N;
    for (int operand = 0; operand < operands(sum); ++operand) first = (std::min)(first, input_of(sum, operand));
    if (!can_pass(sum, first) || last_reader_[first] != sum || reader_before_[first] == sum) return;
    gradient_place[sum] = gradient_place[first];
    for (int operand = 0; operand < operands(sum); ++operand) {
      const std::size_t input = input_of(sum, operand);
      const bool alone = can_pass(sum, input) && readers_[input] == 1 && gradient_place[input] == input;
      if (input != first && !(alone && reader_before_[first] <= input)) continue;
      gradient_place[input] = gradient_place[first];
      passes[network_.slot(sum, operand)] = true;
    }
  }
  constexpr bool can_pass(std::size_t sum, std::size_t input) const {
    return input >= inputs() && has_gradient[input] && root[input] == input && !returned_[input] &&
           network_.tensors[input].shape == network_.tensors[sum].shape;
  }

  /// Zeros that a convolution likes around what it reads, where all that touch the place can do with them. A gradient
  /// has some only if a normalisation or the like makes it for a convolution alone.
  constexpr void choose_borders() {
    std::array<Border, N> wanted{}, wanted_gradient{};
    std::array<bool, N> refused{}, refused_gradient{};
    std::fill_n(refused.begin(), inputs(), true);
    for (std::size_t t = inputs(); t < N; ++t) {
      const LayerRules& rules = rules_of(t);
      const std::size_t made = value_place[t], gradient_made = gradient_place[t];
      const bool image = network_.tensors[t].shape.rank >= 2 && !alias[t];
      refused[made] |= rules.views != Views::always || !image || network_.is_output(t);
      refused_gradient[gradient_made] |= !image || network_.is_output(t) || gradient_made != t;
      wanted_gradient[gradient_made] =
          (max)(wanted_gradient[gradient_made], rules.gradient_border(network_.input_shape_of(t)));
      for (int operand = 0; operand < operands(t); ++operand) {
        const std::size_t input = input_of(t, operand);
        refused[value_place[input]] |= rules.views != Views::always || alias[input] || network_.is_output(t);
        wanted[value_place[input]] = (max)(wanted[value_place[input]], rules.border(network_.tensors[input].shape));
        refused_gradient[gradient_place[input]] |=
            !rules.gathers || rules.views != Views::always || readers_[root[input]] != 1 || network_.is_output(t);
      }
    }
    for (std::size_t t = inputs(); t < N; ++t) {
      if (!refused[value_place[t]]) value_borders[t] = wanted[value_place[t]];
      if (!refused_gradient[gradient_place[t]]) gradient_borders[t] = wanted_gradient[gradient_place[t]];
    }
  }

  /// A padding is the border around what it reads: nothing to do, where all that touch that place can do with a border.
  constexpr void pad_in_place() {
    for (std::size_t t = inputs(); t < N; ++t) {
      if (rules_of(t).kind != Kind::padding || !is_border(t)) continue;
      const std::size_t input = input_of(t), made = value_place[input], gradient_made = gradient_place[input];
      const Border border = rules_of(t).border(network_.tensors[input].shape);
      for (std::size_t u = inputs(); u < N; ++u) {
        if (value_place[u] == made) value_borders[u] = border;
        if (gradient_place[u] == gradient_made) gradient_borders[u] = border;
      }
      alias[t] = true;
      value_place[t] = made;
      gradient_place[t] = gradient_made;
    }
  }
  /// Element-wise layers and normalisations alone make its input, and nothing but the padding reads it; no layer works
  /// in place on its output.
  constexpr bool is_border(std::size_t t) const {
    const std::size_t input = input_of(t), made = value_place[input], gradient_made = gradient_place[input];
    if (input < inputs() || network_.is_output(t) || root[input] != input || readers_[input] != 1) return false;
    for (std::size_t u = inputs(); u < N; ++u) {
      if (u != t && (value_place[u] == t || gradient_place[u] == t)) return false;
      if (value_place[u] != made && gradient_place[u] != gradient_made) continue;
      const Kind kind = rules_of(u).training_kind;
      const bool simple = kind == Kind::elementwise || kind == Kind::affine;
      if (!simple || rules_of(u).views != Views::always || network_.tensors[u].shape.rank != 3 || network_.is_output(u))
        return false;
    }
    return true;
  }

  const Lowered<N, Operands>& network_;
  std::array<int, N> readers_{};
  std::array<std::size_t, N> last_reader_{}, reader_before_{};
  std::array<bool, N> returned_{};  ///< to the caller
};

}  // namespace detail

template <std::size_t N, std::size_t Operands>
constexpr TrainingPlaces<N, Operands> share_places(const Lowered<N, Operands>& network) {
  return detail::PlaceSharing(network);
}

}  // namespace strata
