// ZeroPadding2D: zeros around an image.
//
//     ZeroPadding2D<>                        one cell on every side
//     ZeroPadding2D<2>
//     ZeroPadding2D<ZeroPad{1, 2}>           one row above and below, two columns on the left and right
//     ZeroPadding2D<ZeroPad{0, 1, 0, 1}>     top, bottom, left, right
//
// Default: 1. Keras: ZeroPadding2D. ONNX: Pad.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/kernels/image.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

/// Cells of padding on each side (Keras `padding`: an int, a pair, or a pair of pairs in the same order).
struct ZeroPad : Sides {
  static constexpr const char* name = "ZeroPad";
  constexpr ZeroPad(int all) : Sides(all) {}
  constexpr ZeroPad(int rows, int columns) : Sides(rows, columns) {}
  constexpr ZeroPad(int t, int b, int l, int r) : Sides(t, b, l, r) {}
};

struct ZeroPadding2DConfig {
  static constexpr Schema schema{.spelling = "ZeroPadding2D<>", .keras = "ZeroPadding2D", .onnx = "Pad",
                                 .arguments = 1};
  ZeroPad padding = 1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("padding", c.padding...);
  }
  void onnx(auto& out) const { onnx(out, "constant"); }

 protected:
  void onnx(auto& out, const char* mode) const {
    const auto [top, bottom, left, right] = padding;
    out(schema.onnx, {out.x(), out.integers({0, 0, top, left, 0, 0, bottom, right})}).with("mode", mode);
  }
};

namespace detail {

/// `Derived::margins` is a ZeroPad.
template <class Derived>
struct ZeroPadding {
  static constexpr Kind kind = Kind::padding;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Border border(Shape) {
    constexpr ZeroPad pad = Derived::margins;
    return {pad.top, pad.left, pad.bottom, pad.right};
  }
  static constexpr Problem check(Shape in) {
    constexpr ZeroPad pad = Derived::margins;
    if (const Problem problem = dimensions_problem(Derived::config, "padding needs an image",
                                                   "1-D padding needs a sequence", in))
      return problem;
    return sides_problem("the padding is negative", in, pad);
  }
  static constexpr Shape output_shape(Shape in) {
    constexpr ZeroPad pad = Derived::margins;
    return image_like(in, size_or_too_many(0LL + pad.top + in.height() + pad.bottom),
                      size_or_too_many(0LL + pad.left + in.width() + pad.right), in.channels());
  }

  template <class Call>
  static void forward(const Call& call) {
    constexpr kernels::Placement p = placement(Call::input_shape);
    for (std::size_t n = 0; n < call.batch; ++n)
      kernels::place_image<p>(call.input + n * Call::input_shape.size(), call.output + n * p.size());
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    constexpr kernels::Placement p = placement(Call::input_shape);
    constexpr std::size_t row = static_cast<std::size_t>(p.width * p.channels);
    auto* line = call.input_gradient;
    for (std::size_t n = 0; n < call.batch; ++n)
      for (int y = 0; y < p.height; ++y, line += row)
        std::copy_n(call.output_gradient + n * p.size() + ((p.top + y) * p.out_width + p.left) * p.channels, row, line);
  }

 private:
  static constexpr kernels::Placement placement(Shape in) {
    const Shape out = output_shape(in);
    return {.height = in.height(), .width = in.width(), .channels = in.channels(),
            .out_height = out.height(), .out_width = out.width(), .top = Derived::margins.top,
            .left = Derived::margins.left};
  }
};

}  // namespace detail

template <ZeroPad Pad = 1>
struct ZeroPadding2D : detail::ZeroPadding<ZeroPadding2D<Pad>> {  // with the defaults: ZeroPadding2D<>
  static constexpr const char* class_name = ZeroPadding2DConfig::schema.keras;
  static constexpr ZeroPadding2DConfig config{.padding = Pad};
  static constexpr ZeroPad margins = Pad;
};

}  // namespace strata
