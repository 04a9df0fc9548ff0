// ONNX's Resize, Upsample and Pad, axis by axis, in plain code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_arguments.hpp>

namespace strata::importing::semantics {

struct ResizeOptions {
  std::string mode, coordinates, rounding;
  double cubic, outside;
  bool excludes_outside, is_smoothed;
};
/// One axis: its extents, the scale, and the part of the input for tf_crop_and_resize.
struct ResizedAxis {
  std::int64_t from, to;
  double scale, start = 0, end = 1;
};

/// Where on the input a cell of the output lies.
inline double source_of(const ResizeOptions& options, const ResizedAxis& axis, std::int64_t cell) {
  const auto x = static_cast<double>(cell), from = static_cast<double>(axis.from), to = static_cast<double>(axis.to);
  const double half_pixel = (x + 0.5) / axis.scale - 0.5;
  if (options.coordinates == "asymmetric") return x / axis.scale;
  if (options.coordinates == "align_corners") return axis.to == 1 ? 0 : x * (from - 1) / (from * axis.scale - 1);
  if (options.coordinates == "pytorch_half_pixel") return axis.to == 1 ? 0 : half_pixel;
  if (options.coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / axis.scale;
  if (options.coordinates == "half_pixel_symmetric") return from / 2 * (1 - to / (axis.scale * from)) + half_pixel;
  if (options.coordinates == "tf_crop_and_resize")
    return axis.to == 1 ? (axis.start + axis.end) * (from - 1) / 2
                        : axis.start * (from - 1) + x * (axis.end - axis.start) * (from - 1) / (to - 1);
  return half_pixel;
}

inline double rounded(const std::string& rounding, double x) {
  if (rounding == "floor") return std::floor(x);
  if (rounding == "ceil") return std::ceil(x);
  return rounding == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// The weight of a cell at this distance: linear, or cubic (Keys 1981).
inline double kernel_at(const ResizeOptions& options, double distance) {
  const double x = std::abs(distance), a = options.cubic;
  if (options.mode == "linear") return std::max(1 - x, 0.0);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
}

struct WeightedCell {
  std::int64_t cell;
  double weight;
};
/// What a cell of the output is made of; nothing: it lies outside.
inline std::vector<WeightedCell> cells_of(const ResizeOptions& options, const ResizedAxis& axis, std::int64_t cell) {
  const double x = source_of(options, axis, cell);
  if (options.coordinates == "tf_crop_and_resize" && (x < 0 || x > static_cast<double>(axis.from - 1))) return {};
  const auto inside = [&](std::int64_t at) { return std::clamp<std::int64_t>(at, 0, axis.from - 1); };
  if (options.mode == "nearest") return {{inside(static_cast<std::int64_t>(rounded(options.rounding, x))), 1}};
  const double scale = options.is_smoothed ? std::min(axis.scale, 1.0) : 1;
  const double reach = (options.mode == "linear" ? 1 : 2) / scale;
  std::vector<WeightedCell> cells;
  double sum = 0;
  for (auto at = static_cast<std::int64_t>(std::floor(x - reach));
       at <= static_cast<std::int64_t>(std::ceil(x + reach)); ++at) {
    const double weight = kernel_at(options, (static_cast<double>(at) - x) * scale);
    if (weight == 0 || (options.excludes_outside && at != inside(at))) continue;
    cells.push_back({inside(at), weight}), sum += weight;
  }
  for (WeightedCell& one_cell : cells) one_cell.weight /= sum;
  return cells;
}

inline OnnxTensor resized(const OnnxTensor& x, std::size_t axis, const ResizeOptions& options,
                          const ResizedAxis& sizes) {
  OnnxDims dims = x.dims;
  dims[axis] = sizes.to;
  OnnxTensor y = tensor_of(dims, x.type);
  const Rows from(x.dims, axis), to(dims, axis);
  with_elements(
      [&](auto& made, const auto& given) {
        using Element = std::decay_t<decltype(made[0])>;
        for (std::size_t i = 0; i < to.extent; ++i) {
          const std::vector<WeightedCell> cells = cells_of(options, sizes, static_cast<std::int64_t>(i));
          for (std::size_t outer = 0; outer < to.outer; ++outer)
            for (std::size_t inner = 0; inner < to.inner; ++inner) {
              double sum = cells.empty() ? options.outside : 0;
              for (const WeightedCell& cell : cells)
                sum += cell.weight *
                       static_cast<double>(
                           given[(outer * from.extent + static_cast<std::size_t>(cell.cell)) * from.inner + inner]);
              made[(outer * to.extent + i) * to.inner + inner] = static_cast<Element>(sum);
            }
        }
      },
      y, x);
  return y;
}

/// Resize, and Upsample, which it was before version 10.
inline Tensors resize(Arguments& in) {
  const OnnxTensor& x = in[0];
  const std::size_t rank = x.dims.size();
  const bool is_upsample = in.op() == "Upsample", is_old = is_upsample || in.opset() < 11;
  ResizeOptions options{.mode = in.text("mode", "nearest"),
                        .coordinates = is_old ? "asymmetric" : in.text("coordinate_transformation_mode", "half_pixel"),
                        .rounding = is_old ? "floor" : in.text("nearest_mode", "round_prefer_floor"),
                        .cubic = static_cast<double>(in.real("cubic_coeff_a", -0.75f)),
                        .outside = static_cast<double>(in.real("extrapolation_value", 0)),
                        .excludes_outside = in.integer("exclude_outside", 0) != 0,
                        .is_smoothed = in.integer("antialias", 0) != 0};
  if (options.mode == "bilinear") options.mode = "linear";  // version 1
  in.expect(options.mode == "nearest" || options.mode == "linear" || options.mode == "cubic", "a mode of ONNX",
            options.mode);
  OnnxDims axes(rank);
  for (std::size_t i = 0; i < rank; ++i) axes[i] = static_cast<std::int64_t>(i);
  axes = in.integers("axes", axes);
  const std::string policy = in.text("keep_aspect_ratio_policy", "stretch");
  const std::size_t scales_at = is_old ? 1 : 2;
  std::vector<float> scales;
  if (is_upsample && in.opset() < 9) {
    const OnnxAttribute* const given = in.attribute("scales");
    if (given != nullptr) scales = given->reals;
  } else if (in.has(scales_at)) {
    scales = in.floats(scales_at).floats;
  }
  const OnnxDims sizes = scales.empty() && !is_old ? in.ints(3) : OnnxDims{};
  in.expect((scales.empty() ? sizes.size() : scales.size()) == axes.size(), "a scale or a size for each axis",
            "others");
  const bool has_part = options.coordinates == "tf_crop_and_resize";
  if (has_part) in.expect(in.floats(1).size() == 2 * axes.size(), "a roi of two numbers for each axis", "another");

  std::vector<ResizedAxis> all;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t from = x.dims[in.axis(axes[i], rank)];
    in.expect(from > 0, "an image", "none");
    ResizedAxis axis{from, 0, 0};
    if (scales.empty())
      axis.to = sizes[i], axis.scale = static_cast<double>(sizes[i]) / static_cast<double>(from);
    else
      axis.scale = static_cast<double>(scales[i]);
    in.expect(axis.scale > 0 && axis.scale < 1e6, "a scale above 0", std::to_string(axis.scale));
    if (has_part)
      axis.start = static_cast<double>(in[1].floats[i]), axis.end = static_cast<double>(in[1].floats[axes.size() + i]);
    if (!scales.empty())
      axis.to = static_cast<std::int64_t>(
          std::floor(static_cast<double>(from) * axis.scale * (has_part ? axis.end - axis.start : 1)));
    all.push_back(axis);
  }
  if (scales.empty() && policy != "stretch") {
    const auto less = [](const ResizedAxis& a, const ResizedAxis& b) { return a.scale < b.scale; };
    const double scale = policy == "not_larger" ? std::min_element(all.begin(), all.end(), less)->scale
                                                : std::max_element(all.begin(), all.end(), less)->scale;
    for (ResizedAxis& axis : all)
      axis.scale = scale, axis.to = static_cast<std::int64_t>(std::floor(scale * static_cast<double>(axis.from) + 0.5));
  }
  OnnxTensor y = x;
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (all[i].to != all[i].from || all[i].scale != 1 || has_part)
      y = resized(y, in.axis(axes[i], rank), options, all[i]);
  return one(std::move(y));
}

inline Tensors pad(Arguments& in) {
  const OnnxTensor& x = in[0];
  const std::size_t rank = x.dims.size();
  const std::string mode = in.text("mode", "constant");
  OnnxDims pads = in.opset() < 2 ? in.integers("paddings", {}) : in.integers("pads", 1, 11, {});
  const double value = in.opset() < 11 ? in.real("value", 0) : in.number(2, 0);
  if (in.opset() >= 18 && in.has(3)) {
    OnnxDims all(2 * rank, 0);
    const std::vector<std::int64_t>& axes = in.ints(3);
    in.expect(pads.size() == 2 * axes.size(), "two pads for each axis", std::to_string(pads.size()));
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::size_t axis = in.axis(axes[i], rank);
      all[axis] = pads[i], all[rank + axis] = pads[axes.size() + i];
    }
    pads = all;
  }
  in.expect(pads.size() == 2 * rank, "two pads for each axis", std::to_string(pads.size()));
  in.expect(mode == "constant" || mode == "reflect" || mode == "edge" || mode == "wrap",
            "a mode constant, reflect, edge or wrap", mode);
  OnnxTensor y = x;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (pads[axis] == 0 && pads[rank + axis] == 0) continue;
    const OnnxTensor before = y;
    const auto extent = before.dims[axis];
    y.dims[axis] += pads[axis] + pads[rank + axis];
    in.expect(y.dims[axis] >= 0 && (extent > 0 || mode == "constant"), "something to pad", "nothing");
    y = tensor_of(y.dims, x.type);
    const Rows from(before.dims, axis), to(y.dims, axis);
    const auto source = [&](std::int64_t at) -> std::int64_t {
      if (at >= 0 && at < extent) return at;
      if (mode == "constant") return -1;
      if (mode == "edge") return std::clamp<std::int64_t>(at, 0, extent - 1);
      if (mode == "wrap") return (at % extent + extent) % extent;
      if (extent == 1) return 0;
      const std::int64_t period = 2 * (extent - 1), place = (at % period + period) % period;
      return std::min(place, period - place);
    };
    with_elements(
        [&](auto& made, const auto& given) {
          using Element = std::decay_t<decltype(made[0])>;
          for (std::size_t outer = 0; outer < to.outer; ++outer)
            for (std::size_t i = 0; i < to.extent; ++i) {
              const std::int64_t place = source(static_cast<std::int64_t>(i) - pads[axis]);
              auto* const run = made.data() + (outer * to.extent + i) * to.inner;
              if (place < 0)
                std::fill_n(run, to.inner, static_cast<Element>(value));
              else
                std::copy_n(given.data() + (outer * from.extent + static_cast<std::size_t>(place)) * from.inner,
                            to.inner, run);
            }
        },
        y, before);
  }
  return one(std::move(y));
}

inline const Operators& resize_operators() {
  static const Operators all{{"Resize", resize}, {"Upsample", resize}, {"Pad", pad}};
  return all;
}

}  // namespace strata::importing::semantics
