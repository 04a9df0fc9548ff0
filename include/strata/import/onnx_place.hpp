// How tensors lie in a graph of ONNX, where the channels of images come first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <strata/core/shape.hpp>
#include <strata/import/onnx_model.hpp>

namespace strata::importing {

/// The last axis, then the others: {2, 0, 1} of an image.
inline std::vector<int> channels_first(int rank) {
  std::vector<int> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), -1);
  order[0] = rank - 1;
  return order;
}

/// A tensor of a network in the graph.
struct OnnxPlace {
  std::string value{};
  Shape shape{};             ///< of a sample in Strata
  std::vector<int> order{};  ///< its axes as they lie behind the batch
  Shape image{};             ///< of a vector: the image that it was, and in whose order, channels first, it lies
};

/// The elements with the axes of `shape` in this order.
inline std::vector<float> reordered(std::span<const float> elements, Shape shape, const std::vector<int>& order) {
  std::vector<float> result(elements.size());
  std::vector<std::size_t> steps(order.size()), index(order.size());
  for (std::size_t a = 0; a < order.size(); ++a) {
    steps[a] = 1;
    for (int later = order[a] + 1; later < shape.rank; ++later) steps[a] *= static_cast<std::size_t>(shape[later]);
  }
  std::size_t from = 0;
  for (float& element : result) {
    element = elements[from];
    for (std::size_t a = order.size(); a-- > 0;) {
      from += steps[a];
      if (++index[a] < static_cast<std::size_t>(shape[order[a]])) break;
      from -= steps[a] * index[a];
      index[a] = 0;
    }
  }
  return result;
}

/// The same elements in another shape. Axes fall into blocks whose products are equal in both shapes; what lies block
/// by block, each in the order of its axes, is reshaped as it is, else transposed before, the last block first.
struct OnnxReshape {
  std::vector<int> order;   ///< in which the operand must lie
  OnnxDims dims{0};         ///< of the result, with the batch
  std::vector<int> result;  ///< the order in which it lies

  OnnxReshape(const OnnxPlace& from, Shape to) {
    struct Block {
      std::vector<int> from, to;
    };
    std::vector<Block> blocks;
    for (int i = 0, j = 0; i < from.shape.rank || j < to.rank;) {
      Block block;
      long long in = 1, out = 1;
      do {
        if (i < from.shape.rank && (in <= out || j == to.rank))
          in *= from.shape[i], block.from.push_back(i++);
        else
          out *= to[j], block.to.push_back(j++);
      } while (in != out || block.to.empty() || block.from.empty());
      while (i < from.shape.rank && from.shape[i] == 1 && j == to.rank) block.from.push_back(i++);
      while (j < to.rank && to[j] == 1 && i == from.shape.rank) block.to.push_back(j++);
      blocks.push_back(block);
    }
    const auto place = [&](int axis) { return std::find(from.order.begin(), from.order.end(), axis); };
    const auto is_one = [&](int axis) { return from.shape[axis] == 1; };
    std::vector<Block> as_it_lies = blocks;
    std::stable_sort(as_it_lies.begin(), as_it_lies.end(), [&](const Block& a, const Block& b) {
      const auto first = [&](const Block& block) {
        const auto found = std::find_if_not(block.from.begin(), block.from.end(), is_one);
        return found == block.from.end() ? from.order.end() : place(*found);
      };
      return first(a) < first(b);
    });
    if (lies_so(from, as_it_lies)) {
      order = from.order;
    } else {
      as_it_lies = blocks;
      std::rotate(as_it_lies.begin(), as_it_lies.end() - 1, as_it_lies.end());
      for (const Block& block : as_it_lies) order.insert(order.end(), block.from.begin(), block.from.end());
    }
    for (const Block& block : as_it_lies) result.insert(result.end(), block.to.begin(), block.to.end());
    if (without_ones(result, to) == without_ones(channels_first(to.rank), to)) result = channels_first(to.rank);
    for (const int axis : result) dims.push_back(to[axis]);
  }

 private:
  static std::vector<int> without_ones(std::vector<int> order, Shape shape) {
    std::erase_if(order, [&](int axis) { return shape[axis] == 1; });
    return order;
  }
  template <class Blocks>
  static bool lies_so(const OnnxPlace& from, const Blocks& blocks) {
    std::vector<int> wanted;
    for (const auto& block : blocks) wanted.insert(wanted.end(), block.from.begin(), block.from.end());
    return without_ones(wanted, from.shape) == without_ones(from.order, from.shape);
  }
};

}  // namespace strata::importing
