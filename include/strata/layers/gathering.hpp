// The base of layers that compute nothing: each cell of the output is one of the input's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/layer.hpp>

namespace strata::detail {

/// A place in a sample; a sequence has one row, a vector also one column, and of more than three axes all but the last
/// two are rows.
struct Cell {
  int row, column, channel;
};
/// Its numbers along more than three axes, and back.
constexpr std::array<int, Shape::max_rank> numbers_of(Shape shape, Cell cell) {
  std::array<int, Shape::max_rank> numbers{};
  const auto rows = static_cast<std::size_t>(shape.rank - 2);
  numbers[rows] = cell.column, numbers[rows + 1] = cell.channel;
  for (std::size_t axis = rows; axis-- > 0; cell.row /= shape.extents[axis])
    numbers[axis] = cell.row % shape.extents[axis];
  return numbers;
}
constexpr Cell cell_of(Shape shape, const std::array<int, Shape::max_rank>& numbers) {
  const auto rows = static_cast<std::size_t>(shape.rank - 2);
  Cell cell{0, numbers[rows], numbers[rows + 1]};
  for (std::size_t axis = 0; axis < rows; ++axis) cell.row = cell.row * shape.extents[axis] + numbers[axis];
  return cell;
}

/// `Derived::source(in, cell)` is where a cell of the output comes from; the `Derived::run(in)` channels from it on, a
/// part of a pixel that divides it, lie side by side there, too.
template <class Derived>
struct Gathering {
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr Views views = Views::inference;

  template <class Call>
  static void forward(const Call& call) {
    each<Call, Call::input_border, Call::output_border>(call.batch, [&](std::size_t in, std::size_t out) {
      std::copy_n(call.input + in, run<Call>, call.output + out);
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * Call::input_shape.size(), 0);
    each<Call, Border{}, Border{}>(call.batch, [&](std::size_t in, std::size_t out) {
      for (std::size_t c = 0; c < run<Call>; ++c) call.input_gradient[in + c] += call.output_gradient[out + c];
    });
  }

 private:
  template <class Call>
  static constexpr std::size_t run = static_cast<std::size_t>(Derived::run(Call::input_shape));

  /// f(element of the input, element of the output) for each run.
  template <class Call, Border in_border, Border out_border, class F>
  static void each(std::size_t batch, F f) {
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr auto place = [](Shape shape, Border border, Cell cell) {
      return static_cast<std::size_t>(cell.row * row_of(shape, border) + cell.column * pixel_of(shape, border) +
                                      cell.channel);
    };
    for (std::size_t n = 0; n < batch; ++n)
      for (int y = 0; y < out.height(); ++y)
        for (int x = 0; x < out.width(); ++x)
          for (int c = 0; c < out.channels(); c += static_cast<int>(run<Call>))
            f(n * bordered_size(in, in_border) + place(in, in_border, Derived::source(in, {y, x, c})),
              n * bordered_size(out, out_border) + place(out, out_border, {y, x, c}));
  }
};

}  // namespace strata::detail
