// A view of a tensor that lives in an arena.
#pragma once

#include <cassert>
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

  /// As many indices as the shape has extents, each less than its extent; debug builds look.
  template <class... Index>
  constexpr T& operator()(Index... index) const {
    assert(static_cast<int>(sizeof...(Index)) == shape.rank);
    std::size_t offset = 0;
    int axis = 0;
    const auto step = [&](std::size_t i) {
      const auto extent = static_cast<std::size_t>(shape[axis++]);
      assert(i < extent);
      offset = offset * extent + i;
    };
    (step(static_cast<std::size_t>(index)), ...);
    return elements[offset];
  }
};

/// A view whose number of extents is known: the compiler counts the indices.
template <class T, int Rank>
struct RankedView : TensorView<T> {
  template <class... Index>
  constexpr T& operator()(Index... index) const {
    constexpr bool counted = sizeof...(Index) == Rank;
    static_assert(counted, "a tensor takes as many indices as its shape has extents: a Dense kernel (in, out), a "
                           "convolution's (height, width, in, out)");
    if constexpr (counted) return TensorView<T>::operator()(index...);
    else return this->elements[0];
  }
};

}  // namespace strata
