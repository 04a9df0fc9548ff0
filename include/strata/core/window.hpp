// Sliding windows: what convolutions and poolings share.
#pragma once

#include <algorithm>

#include <strata/core/options.hpp>
#include <strata/core/shape.hpp>

namespace strata {

/// Where the windows of a kernel lie on an image. Keras' rules (`padding`): valid, out = floor((in - reach) / stride) +
/// 1; same, out = ceil(in / stride), the padding split evenly with an odd cell after; causal, likewise, all before.
/// PyTorch's: valid, around the input with explicit padding; rounded up, but no window starts after the input.
struct Window {
  Extent out{0};
  Extent reach{0};   ///< cells that one window spans, dilation included
  Extent before{0};  ///< padding above and on the left
  Extent after{0};   ///< padding below and on the right
};

constexpr Window window_over(Shape in, Extent kernel, Extent strides, Extent dilation, Padding padding,
                             Pad pad = 0, Rounding rounding = Rounding::down) {
  Window window{.before = {pad.top, pad.left}, .after = {pad.bottom, pad.right}};
  const auto axis = [=](int size, int taps, int stride, int spacing, int& out, int& reach, int& before, int& after) {
    reach = size_or_too_many((taps - 1LL) * spacing + 1);
    if (padding == Padding::valid) {
      const long long room = 0LL + before + size + after - reach + (rounding == CeilMode ? stride - 1 : 0);
      out = room < 0 ? 0 : size_or_too_many(room / stride + 1);
      if (rounding == CeilMode && (out - 1LL) * stride >= 0LL + before + size) --out;
    } else if (padding == Padding::causal) {
      out = (size - 1) / stride + 1;
      before = reach - 1;
      after = 0;
    } else {
      out = (size - 1) / stride + 1;
      const int total = size_or_too_many((std::max)(0LL, (out - 1LL) * stride + reach - size));
      before = total / 2;
      after = total - before;
    }
  };
  axis(in.height(), kernel.height, strides.height, dilation.height, window.out.height, window.reach.height,
       window.before.height, window.after.height);
  axis(in.width(), kernel.width, strides.width, dilation.width, window.out.width, window.reach.width,
       window.before.width, window.after.width);
  return window;
}

/// Which rows of an image a layer reads for row y of its output: `reach` of them, from row y * stride - before on.
struct RowWindow {
  int reach = 0;  ///< 0: it does not work by rows
  int stride = 1, before = 0;

  constexpr int first(int row) const { return row * stride - before; }
  /// Behind the last row that is read for the rows up to `row`.
  constexpr int end(int row) const { return first(row - 1) + reach; }
};

}  // namespace strata
