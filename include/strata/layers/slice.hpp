// Slice: cells `Begin` to `End` (not itself) of an axis, each `Step`th.
//
//     Slice<-1, 0, 8>            the first eight channels
//     Slice<1, 0, 224, 2>        every other row of 224
//     Slice<2, -3, 100>          the last three columns: negative numbers count from the end, larger ones end there
//
// Axes count from 1, without the batch, -1 being the last. Keras: slicing, x[..., 0:8]. ONNX: Slice, Split.
#pragma once

#include <algorithm>

#include <strata/core/text.hpp>
#include <strata/layers/gathering.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

struct SliceConfig {
  static constexpr Schema schema{.spelling = "Slice<>", .keras = "Slice", .onnx = "Slice", .arguments = 4,
                                 .module = ""};
  int axis = 0, begin = 0, end = 0, step = 1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("axis", c.axis...), f("begin", c.begin...), f("end", c.end...), f("step", c.step...);
  }
  void onnx(auto& out) const {
    out(schema.onnx, {out.x(), out.integers({begin}), out.integers({end}), out.integers({out.axis(axis)}),
                      out.integers({step})});
  }
};

namespace detail {

/// Cells of an axis: `Derived::cells(extent)` says which. What they are is for `Derived::check`.
struct Cells {
  int begin, end, step = 1;
};
template <class Derived, int Axis>
struct Slicing : Gathering<Derived> {
  static constexpr Shape output_shape(Shape in) {
    Shape out = in;
    const Cells of = cells(in);
    out.extents[static_cast<std::size_t>(axis(in))] = (of.end - of.begin - 1) / of.step + 1;
    return out;
  }
  static constexpr int run(Shape in) {
    return is_of_channels(in) && cells(in).step > 1 ? 1 : output_shape(in).channels();
  }
  static constexpr Cell source(Shape in, Cell to) {
    if (in.rank > 3 && axis(in) + 2 < in.rank) {
      auto numbers = numbers_of(output_shape(in), to);
      int& moved = numbers[static_cast<std::size_t>(axis(in))];
      moved = cells(in).begin + moved * cells(in).step;
      return cell_of(in, numbers);
    }
    int& moved = is_of_channels(in) ? to.channel : axis(in) + 2 == in.rank ? to.column : to.row;
    moved = cells(in).begin + moved * cells(in).step;
    return to;
  }

 private:
  static constexpr int axis(Shape in) { return index_of_axis(Axis, in); }
  static constexpr Cells cells(Shape in) { return Derived::cells(in[axis(in)]); }
  static constexpr bool is_of_channels(Shape in) { return axis(in) + 1 == in.rank; }
};

}  // namespace detail

template <int Axis, int Begin, int End, int Step = 1>
struct Slice : detail::Slicing<Slice<Axis, Begin, End, Step>, Axis> {
  static constexpr const char* class_name = SliceConfig::schema.keras;
  static constexpr SliceConfig config{.axis = Axis, .begin = Begin, .end = End, .step = Step};

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::axis_problem(Axis, in)) return problem;
    if (Step < 1)
      return {"the step of a Slice is not positive", "a step of 1 or more", "give a step of 1 or more", Text() << Step};
    const int extent = in[detail::index_of_axis(Axis, in)];
    if (const detail::Cells of = cells(extent); of.begin >= of.end)
      return {"nothing is left of the Slice", Text() << "a beginning before the end, of " << extent << " cells",
              "give the first cell and the one after the last", Text() << Begin << " to " << End};
    return {};
  }
  static constexpr detail::Cells cells(int extent) { return {place(Begin, extent), place(End, extent), Step}; }

 private:
  static constexpr int place(int cell, int extent) { return std::clamp(cell < 0 ? cell + extent : cell, 0, extent); }
};

}  // namespace strata
