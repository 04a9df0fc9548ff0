// A view of a tensor that lives in an arena.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <strata/core/shape.hpp>

namespace strata {

/// Elements and their shape, row-major, last extent fastest. `kernel(ky, kx, in, out)` is one element.
template <class T>
struct TensorView {
  std::span<T> elements;
  Shape shape;

  constexpr T* data() const { return elements.data(); }
  constexpr std::size_t size() const { return elements.size(); }
  constexpr auto begin() const { return elements.begin(); }
  constexpr auto end() const { return elements.end(); }

  /// As many indices as the shape has extents.
  template <class... Index>
  constexpr T& operator()(Index... index) const {
    std::size_t offset = 0;
    int axis = 0;
    ((offset = offset * static_cast<std::size_t>(shape[axis++]) + static_cast<std::size_t>(index)), ...);
    return elements[offset];
  }
};

}  // namespace strata
