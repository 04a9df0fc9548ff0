// How the elements of a node, in Strata's order, are those of a tensor of ONNX: a Transpose, Reshape or Flatten of the
// file changes the view and makes no layer.
//
//     a node of shape (H, W, C) as the tensor (1, C, H, W):   atoms {H, W, C}, axes {{}, {2}, {0}, {1}}
//     the same behind Flatten, (1, C*H*W):                    atoms {H, W, C}, axes {{}, {2, 0, 1}}
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace strata::importing::detail {

using Extents = std::vector<int>;

struct OnnxView {
  Extents atoms;              ///< extents above 1, in the order of the node's elements
  std::vector<Extents> axes;  ///< of the tensor: the atoms that an axis runs through, the slowest first

  /// Of a tensor whose axes stand in the node in this order; axes that are not named have extent 1.
  static OnnxView of(const Extents& dims, const Extents& order) {
    OnnxView view;
    view.axes.resize(dims.size());
    for (const int axis : order)
      if (const int extent = dims[static_cast<std::size_t>(axis)]; extent != 1) {
        view.axes[static_cast<std::size_t>(axis)] = {static_cast<int>(view.atoms.size())};
        view.atoms.push_back(extent);
      }
    return view;
  }

  int extent(std::size_t axis) const {
    return std::accumulate(axes[axis].begin(), axes[axis].end(), 1,
                           [&](int product, int atom) { return product * atoms[static_cast<std::size_t>(atom)]; });
  }
  Extents dims() const {
    Extents all;
    for (std::size_t axis = 0; axis < axes.size(); ++axis) all.push_back(extent(axis));
    return all;
  }

  /// The atoms of these axes, one after the other.
  Extents sequence(const Extents& order) const {
    Extents all;
    for (const int axis : order)
      all.insert(all.end(), axes[static_cast<std::size_t>(axis)].begin(), axes[static_cast<std::size_t>(axis)].end());
    return all;
  }
  Extents natural_order() const {
    Extents order(axes.size());
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
  /// Whether the tensor with its axes in this order has the node's order of elements.
  bool stands(const Extents& order) const {
    const Extents all = sequence(order);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i] != static_cast<int>(i)) return false;
    return true;
  }

  /// Where in the node each element of the tensor is, in the tensor's order.
  std::vector<std::size_t> places() const {
    std::vector<std::size_t> strides(atoms.size(), 1), all{0};
    for (std::size_t atom = atoms.size(); atom-- > 1;)
      strides[atom - 1] = strides[atom] * static_cast<std::size_t>(atoms[atom]);
    for (const int atom : sequence(natural_order())) {
      const auto extent = static_cast<std::size_t>(atoms[static_cast<std::size_t>(atom)]);
      std::vector<std::size_t> more;
      more.reserve(all.size() * extent);
      for (const std::size_t place : all)
        for (std::size_t i = 0; i < extent; ++i) more.push_back(place + i * strides[static_cast<std::size_t>(atom)]);
      all = std::move(more);
    }
    return all;
  }

  OnnxView transposed(const Extents& permutation) const {
    OnnxView view{atoms, {}};
    for (const int axis : permutation) view.axes.push_back(axes[static_cast<std::size_t>(axis)]);
    return view;
  }

  /// Runs of atoms that follow each other in the node, too: the fewest atoms of this sequence.
  struct Runs {
    Extents extents;  ///< in the order of the sequence
    Extents places;   ///< of each in the node
  };
  Runs runs(const Extents& sequence) const {
    Runs runs;
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      const int extent = atoms[static_cast<std::size_t>(sequence[i])];
      if (i > 0 && sequence[i] == sequence[i - 1] + 1) {
        runs.extents.back() *= extent;
      } else {
        runs.extents.push_back(extent);
        runs.places.push_back(sequence[i]);
      }
    }
    Extents sorted = runs.places;
    std::sort(sorted.begin(), sorted.end());
    for (int& place : runs.places)
      place = static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), place) - sorted.begin());
    return runs;
  }

  /// Of as many elements; nothing where an axis would start within an atom of another factor.
  std::optional<OnnxView> reshaped(const Extents& dims) const {
    const Runs from = runs(sequence(natural_order()));
    std::vector<Extents> pieces(from.extents.size());                                  // of each run, where it is split
    std::vector<std::vector<std::pair<std::size_t, std::size_t>>> parts(dims.size());  // (run, piece) of each axis
    std::size_t run = 0;
    int left = from.extents.empty() ? 1 : from.extents[0];
    for (std::size_t axis = 0; axis < dims.size(); ++axis)
      for (int need = dims[axis]; need > 1;) {
        while (left == 1) {
          if (++run >= from.extents.size()) return std::nullopt;
          left = from.extents[run];
        }
        if (need % left != 0 && left % need != 0) return std::nullopt;
        const int piece = std::min(need, left);
        parts[axis].emplace_back(run, pieces[run].size());
        pieces[run].push_back(piece);
        need /= piece;
        left /= piece;
      }
    OnnxView view;
    view.axes.resize(dims.size());
    std::vector<std::size_t> in_node(from.places.size()), first(from.places.size());
    for (std::size_t r = 0; r < from.places.size(); ++r) in_node[static_cast<std::size_t>(from.places[r])] = r;
    for (const std::size_t r : in_node) {
      first[r] = view.atoms.size();
      view.atoms.insert(view.atoms.end(), pieces[r].begin(), pieces[r].end());
    }
    for (std::size_t axis = 0; axis < dims.size(); ++axis)
      for (const auto& [r, piece] : parts[axis]) view.axes[axis].push_back(static_cast<int>(first[r] + piece));
    return view;
  }

  /// The same elements at the same places, however the atoms are split.
  friend bool operator==(const OnnxView& a, const OnnxView& b) {
    if (a.dims() != b.dims()) return false;
    const Runs x = a.runs(a.sequence(a.natural_order())), y = b.runs(b.sequence(b.natural_order()));
    return x.extents == y.extents && x.places == y.places;
  }
};

/// The orders of axes in which a node may hold a tensor of this rank: channels last first, then as the file has it.
inline std::vector<Extents> orders_of_axes(std::size_t rank, bool batch_counts) {
  const int first = batch_counts ? 0 : 1;
  Extents order;
  for (int axis = first; axis < static_cast<int>(rank); ++axis) order.push_back(axis);
  std::vector<Extents> all;
  if (!batch_counts && order.size() > 1) {
    all.push_back(order);
    std::rotate(all[0].begin(), all[0].begin() + 1, all[0].end());
  }
  const std::size_t most = order.size() <= 4 ? 24 : 1;
  do {
    all.push_back(order);
  } while (std::next_permutation(order.begin(), order.end()) && all.size() <= most);
  return all;
}

}  // namespace strata::importing::detail
