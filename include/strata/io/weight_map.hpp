// Which tensor of a file becomes which weight of a network, and in what order of axes: a value, to print and to use
// again.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>

namespace strata {

/// A weight and where it comes from.
struct WeightSource {
  std::string weight;               ///< in the network: conv2d/kernel
  std::string tensor;               ///< in the file: features.0.weight
  std::vector<std::size_t> view{};  ///< the tensor, taken as of this shape, …
  std::vector<std::size_t> axes{};  ///< … with its axes in this order; empty: as it is
};

/// All that was loaded, in the network's order.
using WeightMap = std::vector<WeightSource>;

namespace detail {

/// (3, 3, 64, 32)
inline std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text;
  for (const std::size_t extent : shape) text += join(text.empty() ? "(" : ", ", extent);
  return text.empty() ? "()" : text + (shape.size() == 1 ? ",)" : ")");
}

/// Copies floats, the axes of `from` in another order.
inline void permute(std::span<const std::byte> from, std::span<float> to, const std::vector<std::size_t>& view,
                    const std::vector<std::size_t>& axes) {
  std::vector<std::size_t> strides(view.size(), 1), index(axes.size());
  for (std::size_t axis = view.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * view[axis];
  std::size_t source = 0;
  for (float& element : to) {
    std::memcpy(&element, from.data() + source * sizeof element, sizeof element);
    for (std::size_t place = axes.size(); place-- > 0;) {
      const std::size_t axis = axes[place];
      source += strides[axis];
      if (++index[place] < view[axis]) break;
      source -= strides[axis] * view[axis];
      index[place] = 0;
    }
  }
}

}  // namespace detail

/// A line for each weight: `dense/kernel <- classifier.0.weight as (512, 64, 7, 7), axes (2, 3, 1, 0)`.
inline std::string to_string(const WeightMap& map) {
  std::string text;
  for (const WeightSource& source : map) {
    text += detail::join(source.weight, " <- ", source.tensor);
    if (!source.axes.empty())
      text += detail::join(" as ", detail::shape_text(source.view), ", axes ", detail::shape_text(source.axes));
    text += '\n';
  }
  return text;
}

}  // namespace strata
