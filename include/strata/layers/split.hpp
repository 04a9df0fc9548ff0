// Split: an axis in equal parts, each an output of its own.
//
//     Node<"s", Split<2>, "x">                 "s:0" and "s:1", halves of the channels
//     Node<"s", Split<3, 1>, "x">              thirds of the rows: axes count from 1, without the batch
//
// Keras: keras.ops.split. ONNX: Split; each part that is read is exported as a Slice.
#pragma once

#include <algorithm>
#include <cstddef>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/text.hpp>
#include <strata/layers/problems.hpp>
#include <strata/layers/slice.hpp>

namespace strata {

template <int Parts, int Axis = -1>
struct Split;

namespace detail {

template <int Part, int Parts, int Axis>
struct SplitPart : Slicing<SplitPart<Part, Parts, Axis>, Axis> {
  using wraps = Split<Parts, Axis>;
  static constexpr const char* class_name = "Split";

  static constexpr Problem check(Shape in) {
    if (const Problem problem = axis_problem(Axis, in)) return problem;
    if (Parts < 1) return {"a Split has no parts", "one part or more", "give the number of parts", Text() << Parts};
    if (const int extent = in[index_of_axis(Axis, in)]; extent % count != 0)
      return {"the parts of a Split are not equal", Text() << "an axis of a multiple of " << Parts << " cells",
              "split into equal parts, or take them by Slice", Text() << extent << " cells"};
    return {};
  }
  static constexpr Cells cells(int extent) { return {extent / count * Part, extent / count * (Part + 1)}; }

  static void onnx(auto& out) {
    const Cells of = cells(out.in()[index_of_axis(Axis, out.in())]);
    out("Slice", {out.x(), out.integers({of.begin}), out.integers({of.end}), out.integers({out.axis(Axis)})});
  }

 private:
  static constexpr int count = (std::max)(Parts, 1);
};

}  // namespace detail

/// A layer with several outputs has branches and no merge.
template <int Parts, int Axis>
struct Split {
  template <class Part>
  using part = boost::mp11::mp_list<detail::SplitPart<static_cast<int>(Part::value), Parts, Axis>>;
  static constexpr std::size_t count = static_cast<std::size_t>((std::max)(Parts, 1));
  using branches = boost::mp11::mp_transform<part, boost::mp11::mp_iota_c<count>>;
};

}  // namespace strata
