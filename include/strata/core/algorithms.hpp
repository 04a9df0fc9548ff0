// Which algorithms inference may use: speed against memory and digits. One place for `Engine<Net, Compact>`, `explain`,
// the memory plan and the choice of kernels.
#pragma once

#include <concepts>

namespace strata {

/// What a choice says: the largest tile of Winograd's convolutions, F(4x4) or F(2x2), or 0 for direct sums only; and
/// how many samples may share one reading of weights that fill the cache (1: each sample by itself).
template <class A>
concept Algorithms = requires {
  { A::largest_tile } -> std::convertible_to<int>;
  { A::sweep } -> std::convertible_to<int>;
};

/// Every algorithm that pays: outputs of order one are off by at most 2e-6. Weights of 3x3 convolutions may take four
/// times their size, or 5.8 times where single samples and sweeps want different tiles.
struct Fast {
  static constexpr int largest_tile = 4;
  static constexpr int sweep = 8;
};

/// For small memories: packed weights take at most 16/9 of their size, and no tensor is kept for more than one sample.
struct Compact {
  static constexpr int largest_tile = 2;
  static constexpr int sweep = 1;
};

/// Direct sums only: slower, and about half of the error of `Fast`. Weights keep their size.
struct Exact {
  static constexpr int largest_tile = 0;
  static constexpr int sweep = 8;
};

/// How an Engine runs: by a choice of algorithms, or by threads that have one, as Threads<2, Exact>.
template <class E>
concept Execution = Algorithms<E> || Algorithms<typename E::algorithms>;

namespace detail {

template <Execution Choice>
struct AlgorithmsOf {
  using type = Choice;
};
template <Execution Choice>
  requires requires { typename Choice::algorithms; }
struct AlgorithmsOf<Choice> {
  using type = typename Choice::algorithms;
};

}  // namespace detail
}  // namespace strata
