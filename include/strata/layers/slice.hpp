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
};

template <int Axis, int Begin, int End, int Step = 1>
struct Slice : detail::Gathering<Slice<Axis, Begin, End, Step>> {
  static constexpr const char* class_name = SliceConfig::schema.keras;
  static constexpr SliceConfig config{.axis = Axis, .begin = Begin, .end = End, .step = Step};

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::axis_problem(Axis, in)) return problem;
    if (Step < 1)
      return {"the step of a Slice is not positive", "a step of 1 or more", "give a step of 1 or more", Text() << Step};
    const int extent = in[axis(in)];
    if (place(Begin, extent) >= place(End, extent))
      return {"nothing is left of the Slice", Text() << "a beginning before the end, of " << extent << " cells",
              "give the first cell and the one after the last", Text() << Begin << " to " << End};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    Shape out = in;
    const int extent = in[axis(in)];
    out.extents[static_cast<std::size_t>(axis(in))] = (place(End, extent) - place(Begin, extent) - 1) / Step + 1;
    return out;
  }

  static constexpr int run(Shape in) { return is_of_channels(in) && Step > 1 ? 1 : output_shape(in).channels(); }
  static constexpr detail::Cell source(Shape in, detail::Cell to) {
    int& moved = is_of_channels(in) ? to.channel : axis(in) + 2 == in.rank ? to.column : to.row;
    moved = place(Begin, in[axis(in)]) + moved * Step;
    return to;
  }

 private:
  static constexpr int axis(Shape in) { return detail::index_of_axis(Axis, in); }
  static constexpr bool is_of_channels(Shape in) { return axis(in) + 1 == in.rank; }
  static constexpr int place(int cell, int extent) { return std::clamp(cell < 0 ? cell + extent : cell, 0, extent); }
};

}  // namespace strata
