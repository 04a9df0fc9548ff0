// What Keras' layers with windows and pixels compute: convolutions, poolings, paddings, croppings, upsampling; and of
// the options beyond Keras `pad`, `ceil_mode` and `count_padding`, as PyTorch has them. Layers of one dimension are
// images of height 1.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <strata/import/keras_arguments.hpp>

namespace strata::importing::detail {

struct KerasWindows : KerasArguments {
  explicit KerasWindows(const KerasArguments& layer) : KerasArguments(layer) {}

  bool knows() const { return dimensions > 0 && name.find("Dropout") == name.npos; }
  /// (height, width, channels)
  static Shape image(const Shape& shape) { return shape.size() == 2 ? Shape{1, shape[0], shape[1]} : shape; }
  Shape from_image(const Shape& shape) const { return dimensions == 1 ? Shape{shape[1], shape[2]} : shape; }

  bool is_convolution() const { return name == "Conv" || name == "DepthwiseConv" || name == "SeparableConv"; }
  bool is_pooling() const { return name == "MaxPooling" || name == "AveragePooling"; }
  Pair window() const { return is_pooling() ? pair("pool_size", 2) : pair("kernel_size", 1); }
  Pair strides() const {
    if (is_pooling() && option("strides").is_null()) return window();
    return pair("strides", 1);
  }
  /// Cells of padding before the first window of an axis, and how many windows there are.
  struct Axis {
    int before, count;
  };
  Axis axis(int extent, int size, int stride, int dilation, int before, int after) const {
    const int reach = (size - 1) * dilation + 1;
    if (is("padding", "causal")) return {reach - 1, (extent + stride - 1) / stride};
    if (is("padding", "same")) {
      const int count = (extent + stride - 1) / stride;
      return {std::max((count - 1) * stride + reach - extent, 0) / 2, count};
    }
    const int room = before + extent + after - reach;
    if (room < 0) return {before, 0};
    // Rounded up, one window more, but for one that would start behind the image.
    const bool over = flag("ceil_mode", false) && room % stride != 0 && (room / stride + 1) * stride < before + extent;
    return {before, room / stride + (over ? 2 : 1)};
  }
  Pair dilation() const { return is_pooling() ? Pair{1, 1} : pair("dilation_rate", 1); }
  Axis rows(int height) const {
    const auto pad = edges("pad", 0);
    return axis(height, window().height, strides().height, dilation().height, pad[0], pad[1]);
  }
  Axis columns(int width) const {
    const auto pad = edges("pad", 0);
    return axis(width, window().width, strides().width, dilation().width, pad[2], pad[3]);
  }

  /// {top, bottom, left, right} of ZeroPadding, Cropping and `pad`.
  std::array<int, 4> edges(const char* key, int otherwise) const {
    const json value = option(key);
    if (value.is_array() && value.size() == 2 && value[0].is_array())
      return {value[0][0].get<int>(), value[0][1].get<int>(), value[1][0].get<int>(), value[1][1].get<int>()};
    if (const std::vector<int> list = numbers(key); list.size() == 4) return {list[0], list[1], list[2], list[3]};
    if (dimensions == 1) {
      const std::vector<int> list = numbers(key);
      return {0, 0, list.empty() ? otherwise : list[0], list.empty() ? otherwise : list.back()};
    }
    const Pair both = pair(key, otherwise);
    return {both.height, both.height, both.width, both.width};
  }

  Shape output_shape(const Shape& shape) const {
    const Shape x = image(shape);
    if (x.size() != 3 || (dimensions == 1) != (shape.size() == 2)) return {};
    if (name.starts_with("Global")) {
      if (!flag("keepdims", false)) return {x[2]};
      return from_image({1, 1, x[2]});
    }
    if (is_convolution() || is_pooling()) {
      const int channels = name == "DepthwiseConv" ? x[2] * number("depth_multiplier", 1)
                           : is_pooling()           ? x[2]
                                                    : number("filters", 0);
      return from_image({rows(x[0]).count, columns(x[1]).count, channels});
    }
    if (name == "ConvTranspose") {
      const Pair k = pair("kernel_size", 1), s = strides(), d = dilation();
      const json extra = option("output_padding");
      const auto extent = [&](int in, int size, int stride, int rate, int more) {
        const int reach = (size - 1) * rate + 1;
        if (!extra.is_null()) return (in - 1) * stride + reach - (is("padding", "same") ? 2 * (reach / 2) : 0) + more;
        return is("padding", "same") ? in * stride : in * stride + std::max(reach - stride, 0);
      };
      const auto cut = edges("pad", 0);
      const Pair more = pair("output_padding", 0);
      const int height = dimensions == 1 ? 1 : extent(x[0], k.height, s.height, d.height, more.height);
      return from_image({height - cut[0] - cut[1],
                         extent(x[1], k.width, s.width, d.width, more.width) - cut[2] - cut[3], number("filters", 0)});
    }
    if (name == "ZeroPadding" || name == "ReflectionPadding" || name == "ReplicationPadding") {
      const auto p = edges("padding", 1);
      return from_image({x[0] + p[0] + p[1], x[1] + p[2] + p[3], x[2]});
    }
    if (name == "Cropping") {
      const auto p = edges("cropping", dimensions == 1 ? 1 : 0);
      return from_image({x[0] - p[0] - p[1], x[1] - p[2] - p[3], x[2]});
    }
    if (name == "UpSampling") {
      const Pair s = pair("size", 2);
      return from_image({x[0] * s.height, x[1] * s.width, x[2]});
    }
    return {};
  }

  /// f(row, column of the output, row, column of the input, row, column of the window) for each cell of the image that
  /// each window sees.
  template <class F>
  void for_each_tap(const Shape& x, const Shape& y, F f) const {
    const Axis vertical = rows(x[0]), horizontal = columns(x[1]);
    const Pair k = window(), s = strides(), d = dilation();
    for (int oy = 0; oy < y[0]; ++oy)
      for (int ox = 0; ox < y[1]; ++ox)
        for (int ky = 0; ky < k.height; ++ky)
          for (int kx = 0; kx < k.width; ++kx) {
            const int iy = oy * s.height + ky * d.height - vertical.before;
            const int ix = ox * s.width + kx * d.width - horizontal.before;
            if (iy >= 0 && iy < x[0] && ix >= 0 && ix < x[1]) f(oy, ox, iy, ix, ky, kx);
          }
  }
  void convolve(const Value& in, const std::vector<float>& kernel, int groups, int multiplier, const Shape& y,
                std::vector<double>& out) const {
    const Shape x = image(in.shape);
    const int inputs = x[2] / groups, outputs = multiplier > 0 ? x[2] * multiplier : y[2];
    for_each_tap(x, {y[0], y[1], outputs}, [&](int oy, int ox, int iy, int ix, int ky, int kx) {
      const int tap = ky * window().width + kx;
      const double* const from = &in.elements[at(x, iy, ix)];
      double* const to = &out[static_cast<std::size_t>((oy * y[1] + ox) * outputs)];
      if (multiplier > 0) {
        const float* const factor = &kernel[static_cast<std::size_t>(tap * outputs)];
        for (int c = 0; c < outputs; ++c) to[c] += from[c / multiplier] * factor[c];
      } else {
        const int share = outputs / groups;
        for (int g = 0; g < groups; ++g)
          for (int i = 0; i < inputs; ++i) {
            const float* const factor = &kernel[static_cast<std::size_t>((tap * inputs + i) * outputs)];
            for (int o = g * share; o < (g + 1) * share; ++o) to[o] += from[g * inputs + i] * factor[o];
          }
      }
    });
  }

  void compute(const Value& in, const std::vector<Tensor>& w, Value& out) const {
    const Shape x = image(in.shape), y = name.starts_with("Global") ? Shape{1, 1, x[2]} : image(out.shape);
    if (name == "Conv") {
      convolve(in, w[0].values, number("groups", 1), 0, y, out.elements);
    } else if (name == "DepthwiseConv") {
      convolve(in, w[0].values, 1, number("depth_multiplier", 1), y, out.elements);
    } else if (name == "SeparableConv") {
      const int multiplier = number("depth_multiplier", 1), middle = x[2] * multiplier;
      std::vector<double> between(size_of({y[0], y[1], middle}));
      convolve(in, w[0].values, 1, multiplier, y, between);
      for (std::size_t p = 0; p < between.size(); ++p)
        for (int o = 0; o < y[2]; ++o) {
          const std::size_t pixel = p / static_cast<std::size_t>(middle),
                            channel = p % static_cast<std::size_t>(middle);
          const auto filters = static_cast<std::size_t>(y[2]), filter = static_cast<std::size_t>(o);
          out.elements[pixel * filters + filter] += between[p] * w[1].values[channel * filters + filter];
        }
    } else if (name == "ConvTranspose") {
      // Each input cell adds its kernel to the output; the padding is what Keras cuts off before.
      const Pair k = pair("kernel_size", 1), s = strides(), d = dilation();
      const auto cut = edges("pad", 0);
      const auto before = [&](int size, int stride, int rate, int pad) {
        const int reach = (size - 1) * rate + 1;
        if (!is("padding", "same")) return pad;
        return option("output_padding").is_null() ? std::max(reach - stride, 0) / 2 : reach / 2;
      };
      const int top = dimensions == 1 ? 0 : before(k.height, s.height, d.height, cut[0]);
      const int left = before(k.width, s.width, d.width, cut[2]);
      for (int iy = 0; iy < x[0]; ++iy)
        for (int ix = 0; ix < x[1]; ++ix)
          for (int ky = 0; ky < k.height; ++ky)
            for (int kx = 0; kx < k.width; ++kx) {
              const int oy = iy * s.height + ky * d.height - top, ox = ix * s.width + kx * d.width - left;
              if (oy < 0 || oy >= y[0] || ox < 0 || ox >= y[1]) continue;
              for (int o = 0; o < y[2]; ++o)
                for (int i = 0; i < x[2]; ++i)
                  out.elements[at(y, oy, ox, o)] +=
                      in.elements[at(x, iy, ix, i)] *
                      w[0].values[static_cast<std::size_t>(((ky * k.width + kx) * y[2] + o) * x[2] + i)];
            }
    } else if (is_pooling()) {
      const bool largest = name == "MaxPooling";
      std::vector<double> counts(out.elements.size());
      if (largest) std::fill(out.elements.begin(), out.elements.end(), -std::numeric_limits<double>::infinity());
      for_each_tap(x, y, [&](int oy, int ox, int iy, int ix, int, int) {
        for (int c = 0; c < y[2]; ++c) {
          double& to = out.elements[at(y, oy, ox, c)];
          const double from = in.elements[at(x, iy, ix, c)];
          to = largest ? std::max(to, from) : to + from;
          ++counts[at(y, oy, ox, c)];
        }
      });
      if (largest) return;
      const auto pad = edges("pad", 0);
      const Pair k = window(), s = strides();
      // Of a window that reaches over the padding's end, what lies before it.
      const auto cells = [](int number, int size, int stride, int before, int extent, int after) {
        return std::min(number * stride + size, before + extent + after) - number * stride;
      };
      for (int oy = 0; oy < y[0]; ++oy)
        for (int ox = 0; ox < y[1]; ++ox)
          for (int c = 0; c < y[2]; ++c)
            out.elements[at(y, oy, ox, c)] /= flag("count_padding", false)
                                                  ? cells(oy, k.height, s.height, pad[0], x[0], pad[1]) *
                                                        cells(ox, k.width, s.width, pad[2], x[1], pad[3])
                                                  : counts[at(y, oy, ox, c)];
    } else if (name.starts_with("Global")) {
      const bool largest = name == "GlobalMaxPooling";
      for (int c = 0; c < x[2]; ++c) {
        double result = largest ? -std::numeric_limits<double>::infinity() : 0;
        for (int p = 0; p < x[0] * x[1]; ++p) {
          const double from = in.elements[at(x, 0, p, c)];
          result = largest ? std::max(result, from) : result + from;
        }
        out.elements[static_cast<std::size_t>(c)] = largest ? result : result / (x[0] * x[1]);
      }
    } else if (name == "UpSampling") {
      const Pair s = pair("size", 2);
      const bool linear = is("interpolation", "bilinear");
      for (int oy = 0; oy < y[0]; ++oy)
        for (int ox = 0; ox < y[1]; ++ox)
          for (int c = 0; c < y[2]; ++c) {
            double& to = out.elements[at(y, oy, ox, c)];
            if (!linear) {
              to = in.elements[at(x, oy / s.height, ox / s.width, c)];
              continue;
            }
            const double row = std::clamp((oy + 0.5) / s.height - 0.5, 0.0, x[0] - 1.0);
            const double column = std::clamp((ox + 0.5) / s.width - 0.5, 0.0, x[1] - 1.0);
            const int iy = static_cast<int>(row), ix = static_cast<int>(column);
            const int below = std::min(iy + 1, x[0] - 1), right = std::min(ix + 1, x[1] - 1);
            const double v = row - iy, h = column - ix;
            to = (1 - v) * ((1 - h) * in.elements[at(x, iy, ix, c)] + h * in.elements[at(x, iy, right, c)]) +
                 v * ((1 - h) * in.elements[at(x, below, ix, c)] + h * in.elements[at(x, below, right, c)]);
          }
    } else {  // Cropping and paddings
      const bool crops = name == "Cropping";
      const auto p = crops ? edges("cropping", dimensions == 1 ? 1 : 0) : edges("padding", 1);
      for (int oy = 0; oy < y[0]; ++oy)
        for (int ox = 0; ox < y[1]; ++ox)
          for (int c = 0; c < y[2]; ++c) {
            const int iy = inside(crops ? oy + p[0] : oy - p[0], x[0]);
            const int ix = inside(crops ? ox + p[2] : ox - p[2], x[1]);
            if (iy >= 0 && iy < x[0] && ix >= 0 && ix < x[1])
              out.elements[at(y, oy, ox, c)] = in.elements[at(x, iy, ix, c)];
          }
    }
  }

  /// The cell that stands for one beyond the ends of an axis; zeros stand where it stays there.
  int inside(int cell, int extent) const {
    if (name == "ReplicationPadding") return std::clamp(cell, 0, extent - 1);
    if (name != "ReflectionPadding") return cell;
    return std::abs(cell) < extent ? std::abs(cell) : 2 * (extent - 1) - cell;
  }
};

}  // namespace strata::importing::detail
