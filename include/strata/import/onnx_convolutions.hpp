// ONNX's convolutions and poolings, in plain code.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_arguments.hpp>

namespace strata::importing::semantics {

/// One axis of windows: cell i of the small side and tap k meet cell i stride + k dilation - before of the large side.
struct Axis {
  std::int64_t large = 1, small = 1, kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

  std::int64_t reach() const { return (kernel - 1) * dilation + 1; }
  /// Cells of the small side whose tap k lies on the large side: from the first up to the second.
  std::pair<std::int64_t, std::int64_t> cells(std::int64_t k) const {
    const std::int64_t shift = k * dilation - before;
    const std::int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    const std::int64_t last = large - shift <= 0 ? 0 : (large - shift + stride - 1) / stride;
    return {std::min(first, small), std::clamp(last, std::min(first, small), small)};
  }
};
/// Up to three axes; those that are missing come first, with one cell.
using Axes = std::array<Axis, 3>;

inline Axes window_axes(Arguments& in, const OnnxDims& dims, const OnnxDims& kernel) {
  const std::size_t rank = kernel.size();
  in.expect(rank >= 1 && rank <= 3 && dims.size() == rank + 2, "one to three axes of positions", std::to_string(rank));
  const OnnxDims ones(rank, 1), strides = in.integers("strides", ones), dilations = in.integers("dilations", ones),
                                pads = in.integers("pads", OnnxDims(2 * rank, 0));
  const OnnxDims shape = in.integers("kernel_shape", kernel);
  in.expect(shape == kernel && strides.size() == rank && dilations.size() == rank && pads.size() == 2 * rank,
            "strides, dilations and pads for each axis of the kernel", "others");
  Axes axes;
  for (std::size_t i = 0; i < rank; ++i) {
    in.expect(kernel[i] > 0 && strides[i] > 0 && dilations[i] > 0, "kernel, strides and dilations from 1", "less");
    axes[3 - rank + i] = {dims[2 + i], 1, kernel[i], strides[i], dilations[i], pads[i], pads[rank + i]};
  }
  return axes;
}
/// The small side of windows over the large one, as auto_pad and ceil_mode say.
inline void fit_small(Arguments& in, Axes& axes, bool is_ceiled) {
  const std::string padding = in.text("auto_pad", "NOTSET");
  const bool is_same = padding == "SAME_UPPER" || padding == "SAME_LOWER";
  in.expect(is_same || padding == "NOTSET" || padding == "VALID" || padding.empty(), "an auto_pad of ONNX", padding);
  for (Axis& axis : axes) {
    if (padding == "VALID") axis.before = axis.after = 0;
    if (is_same) {
      axis.small = (axis.large + axis.stride - 1) / axis.stride;
      const std::int64_t all = std::max<std::int64_t>((axis.small - 1) * axis.stride + axis.reach() - axis.large, 0);
      axis.before = padding == "SAME_UPPER" ? all / 2 : all - all / 2;
      axis.after = all - axis.before;
      continue;
    }
    const std::int64_t free = axis.large + axis.before + axis.after - axis.reach();
    in.expect(free >= 0, "an input that the kernel fits into", "a smaller one");
    axis.small = free / axis.stride + 1;
    if (!is_ceiled || free % axis.stride == 0) continue;
    if (axis.small * axis.stride < axis.large + axis.before) ++axis.small;  // no window lies in the padding alone
  }
}
inline OnnxDims dims_of(std::int64_t batch, std::int64_t channels, const Axes& axes, std::size_t rank,
                        std::int64_t Axis::*side) {
  OnnxDims dims{batch, channels};
  for (std::size_t i = 3 - rank; i < 3; ++i) dims.push_back(axes[i].*side);
  return dims;
}
inline std::int64_t cells_of(const Axes& axes, std::int64_t Axis::*side) {
  return axes[0].*side * (axes[1].*side) * (axes[2].*side);
}

/// f(place of the first cell on the small side, on the large side, cells of the row, tap): each tap of the kernel meets
/// rows of cells, one after the other on the small side, a stride apart on the large one.
template <class F>
void each_row(const Axes& axes, F f) {
  const auto& [d, h, w] = axes;
  std::int64_t tap = 0;
  for (std::int64_t kd = 0; kd < d.kernel; ++kd)
    for (std::int64_t kh = 0; kh < h.kernel; ++kh)
      for (std::int64_t kw = 0; kw < w.kernel; ++kw, ++tap) {
        const auto [d0, d1] = d.cells(kd);
        const auto [h0, h1] = h.cells(kh);
        const auto [w0, w1] = w.cells(kw);
        for (std::int64_t z = d0; z < d1; ++z)
          for (std::int64_t y = h0; y < h1; ++y) {
            const std::int64_t large_z = z * d.stride + kd * d.dilation - d.before;
            const std::int64_t large_y = y * h.stride + kh * h.dilation - h.before;
            const std::int64_t large_x = w0 * w.stride + kw * w.dilation - w.before;
            f((z * h.small + y) * w.small + w0, (large_z * h.large + large_y) * w.large + large_x, w1 - w0, tap);
          }
      }
}

inline double bias_of(Arguments& in, std::int64_t channel) {
  return in.has(2) ? in.floats(2).floats.at(static_cast<std::size_t>(channel)) : 0;
}

inline Tensors convolution(Arguments& in) {
  const OnnxTensor &x = in.floats(0), &weights = in.floats(1);
  in.expect(weights.dims.size() >= 3, "a kernel of three axes at least", "fewer");
  const OnnxDims kernel(weights.dims.begin() + 2, weights.dims.end());
  Axes axes = window_axes(in, x.dims, kernel);
  fit_small(in, axes, false);
  const std::int64_t groups = in.integer("group", 1), filters = weights.dims[0], channels = weights.dims[1];
  in.expect(groups > 0 && filters % groups == 0 && channels * groups == x.dims[1], "groups that divide the channels",
            "others");
  OnnxTensor y = tensor_of(dims_of(x.dims[0], filters, axes, kernel.size(), &Axis::small), x.type);
  const std::int64_t small = cells_of(axes, &Axis::small), large = cells_of(axes, &Axis::large);
  const std::int64_t taps = cells_of(axes, &Axis::kernel), stride = axes[2].stride;
  std::vector<double> sums(static_cast<std::size_t>(small));
  for (std::int64_t n = 0; n < x.dims[0]; ++n)
    for (std::int64_t m = 0; m < filters; ++m) {
      std::fill(sums.begin(), sums.end(), bias_of(in, m));
      for (std::int64_t c = 0; c < channels; ++c) {
        const float* const image = x.floats.data() + (n * x.dims[1] + m / (filters / groups) * channels + c) * large;
        const float* const taps_of = weights.floats.data() + (m * channels + c) * taps;
        each_row(axes, [&](std::int64_t to, std::int64_t from, std::int64_t count, std::int64_t tap) {
          const double weight = static_cast<double>(taps_of[tap]);
          double* const sum = sums.data() + to;
          for (std::int64_t i = 0; i < count; ++i) sum[i] += weight * static_cast<double>(image[from + i * stride]);
        });
      }
      std::transform(sums.begin(), sums.end(), y.floats.begin() + (n * filters + m) * small,
                     [](double sum) { return static_cast<float>(sum); });
    }
  return one(std::move(y));
}

/// The adjoint: the input is the small side.
inline Tensors transposed_convolution(Arguments& in) {
  const OnnxTensor &x = in.floats(0), &weights = in.floats(1);
  in.expect(weights.dims.size() >= 3, "a kernel of three axes at least", "fewer");
  const OnnxDims kernel(weights.dims.begin() + 2, weights.dims.end());
  const std::size_t rank = kernel.size();
  Axes axes = window_axes(in, x.dims, kernel);
  const std::string padding = in.text("auto_pad", "NOTSET");
  const OnnxDims added = in.integers("output_padding", OnnxDims(rank, 0)), shape = in.integers("output_shape", {});
  in.expect(added.size() == rank && (shape.empty() || shape.size() >= rank), "a number for each axis", "others");
  for (std::size_t i = 0; i < rank; ++i) {
    Axis& axis = axes[3 - rank + i];
    axis.small = axis.large;
    const std::int64_t full = (axis.small - 1) * axis.stride + axis.reach() + added[i];
    if (padding == "VALID") axis.before = axis.after = 0;
    if (shape.empty() && !padding.starts_with("SAME")) {
      axis.large = full - axis.before - axis.after;
      continue;
    }
    axis.large = shape.empty() ? axis.small * axis.stride : shape[shape.size() - rank + i];
    const std::int64_t all = std::max<std::int64_t>(full - axis.large, 0);
    axis.before = padding == "SAME_UPPER" ? all / 2 : all - all / 2;
  }
  const std::int64_t groups = in.integer("group", 1), filters = weights.dims[1], channels = x.dims[1];
  in.expect(groups > 0 && channels % groups == 0 && channels == weights.dims[0], "groups that divide the channels",
            "others");
  OnnxTensor y = tensor_of(dims_of(x.dims[0], filters * groups, axes, rank, &Axis::large), x.type);
  const std::int64_t small = cells_of(axes, &Axis::small), large = cells_of(axes, &Axis::large);
  const std::int64_t taps = cells_of(axes, &Axis::kernel), stride = axes[2].stride, inputs = channels / groups;
  std::vector<double> sums(static_cast<std::size_t>(large));
  for (std::int64_t n = 0; n < x.dims[0]; ++n)
    for (std::int64_t m = 0; m < filters * groups; ++m) {
      std::fill(sums.begin(), sums.end(), bias_of(in, m));
      for (std::int64_t c = m / filters * inputs; c < (m / filters + 1) * inputs; ++c) {
        const float* const image = x.floats.data() + (n * channels + c) * small;
        const float* const taps_of = weights.floats.data() + (c * filters + m % filters) * taps;
        each_row(axes, [&](std::int64_t from, std::int64_t to, std::int64_t count, std::int64_t tap) {
          const double weight = static_cast<double>(taps_of[tap]);
          for (std::int64_t i = 0; i < count; ++i)
            sums[static_cast<std::size_t>(to + i * stride)] += weight * static_cast<double>(image[from + i]);
        });
      }
      std::transform(sums.begin(), sums.end(), y.floats.begin() + (n * filters * groups + m) * large,
                     [](double sum) { return static_cast<float>(sum); });
    }
  return one(std::move(y));
}

inline Axes pooling_axes(Arguments& in) {
  Axes axes = window_axes(in, in[0].dims, in.integers("kernel_shape", {}));
  fit_small(in, axes, in.integer("ceil_mode", 0) != 0);
  return axes;
}

/// The second output is the place of each maximum in the whole tensor, where it is asked for.
inline Tensors max_pooling(Arguments& in) {
  const OnnxTensor& x = in[0];
  const Axes axes = pooling_axes(in);
  const bool by_columns = in.integer("storage_order", 0) != 0;
  const std::int64_t small = cells_of(axes, &Axis::small), large = cells_of(axes, &Axis::large),
                     stride = axes[2].stride;
  OnnxTensor y = tensor_of(dims_of(x.dims[0], x.dims[1], axes, x.dims.size() - 2, &Axis::small), x.type);
  OnnxTensor places = tensor_of(y.dims, OnnxType::int64);
  std::fill(places.ints.begin(), places.ints.end(), -1);
  with_elements(
      [&](auto& most, const auto& given) {
        for (std::int64_t plane = 0; plane < x.dims[0] * x.dims[1]; ++plane)
          each_row(axes, [&](std::int64_t to, std::int64_t from, std::int64_t count, std::int64_t) {
            for (std::int64_t i = 0; i < count; ++i) {
              const std::int64_t cell = from + i * stride;
              const auto value = given[static_cast<std::size_t>(plane * large + cell)];
              const auto target = static_cast<std::size_t>(plane * small + to + i);
              if (places.ints[target] >= 0 && !(value > most[target] || value != value)) continue;
              most[target] = value;
              const std::int64_t height = axes[1].large, width = axes[2].large;
              places.ints[target] = plane * large + (by_columns ? cell % width * height + cell / width : cell);
            }
          });
      },
      y, x);
  Tensors all = one(std::move(y));
  all.push_back(std::move(places));
  return all;
}

/// Divided by the cells of each window on the image or, where padding counts, on the padded image.
inline Tensors average_pooling(Arguments& in) {
  const OnnxTensor& x = in.floats();
  const Axes axes = pooling_axes(in);
  const bool padding_counts = in.integer("count_include_pad", 0) != 0;
  Axes counted = axes;
  if (padding_counts)
    for (Axis& axis : counted) axis.large += axis.before + axis.after, axis.before = 0;
  const std::int64_t small = cells_of(axes, &Axis::small), large = cells_of(axes, &Axis::large),
                     stride = axes[2].stride;
  std::vector<double> cells(static_cast<std::size_t>(small)), sums(cells.size());
  each_row(counted, [&](std::int64_t to, std::int64_t, std::int64_t count, std::int64_t) {
    for (std::int64_t i = 0; i < count; ++i) ++cells[static_cast<std::size_t>(to + i)];
  });
  OnnxTensor y = tensor_of(dims_of(x.dims[0], x.dims[1], axes, x.dims.size() - 2, &Axis::small), x.type);
  for (std::int64_t plane = 0; plane < x.dims[0] * x.dims[1]; ++plane) {
    std::fill(sums.begin(), sums.end(), 0.0);
    each_row(axes, [&](std::int64_t to, std::int64_t from, std::int64_t count, std::int64_t) {
      for (std::int64_t i = 0; i < count; ++i)
        sums[static_cast<std::size_t>(to + i)] +=
            static_cast<double>(x.floats[static_cast<std::size_t>(plane * large + from + i * stride)]);
    });
    std::transform(sums.begin(), sums.end(), cells.begin(), y.floats.begin() + plane * small,
                   [](double sum, double count) { return static_cast<float>(sum / count); });
  }
  return one(std::move(y));
}

inline const Operators& convolution_operators() {
  static const Operators all{{"Conv", convolution},
                             {"ConvTranspose", transposed_convolution},
                             {"MaxPool", max_pooling},
                             {"AveragePool", average_pooling}};
  return all;
}

}  // namespace strata::importing::semantics
