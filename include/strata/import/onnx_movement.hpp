// ONNX's operators that move elements, or make them, in plain code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_arguments.hpp>

namespace strata::importing::semantics {

inline Tensors with_dims(Arguments& in, OnnxDims dims) {
  in.expect(count_of(dims) == in[0].size(), "dims of as many elements", "others");
  OnnxTensor y = in[0];
  y.dims = std::move(dims);
  return one(std::move(y));
}

inline Tensors reshape(Arguments& in) {
  const OnnxDims& from = in[0].dims;
  OnnxDims dims = in.integers("shape", 1, 5, {});
  const bool zero_is_zero = in.integer("allowzero", 0) != 0;
  in.ignore({"consumed_inputs"});
  std::int64_t known = 1;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    in.expect(dims[i] != 0 || zero_is_zero || i < from.size(), "a 0 for a size that the input has", "another");
    if (dims[i] == 0 && !zero_is_zero) dims[i] = from[i];
    in.expect(dims[i] >= -1, "sizes from -1", std::to_string(dims[i]));
    if (dims[i] != -1) known *= dims[i];
  }
  for (std::int64_t& extent : dims)
    if (extent == -1) extent = known == 0 ? 0 : static_cast<std::int64_t>(in[0].size()) / known;
  return with_dims(in, dims);
}

inline Tensors flatten(Arguments& in) {
  const OnnxDims& dims = in[0].dims;
  const std::int64_t given = in.integer("axis", 1);
  const std::size_t axis = given == static_cast<std::int64_t>(dims.size()) ? dims.size() : in.axis(given, dims.size());
  OnnxDims flat{1, 1};
  for (std::size_t i = 0; i < dims.size(); ++i) flat[i < axis ? 0 : 1] *= dims[i];
  return with_dims(in, flat);
}

inline Tensors squeeze(Arguments& in) {
  const OnnxDims& dims = in[0].dims;
  std::vector<bool> drops(dims.size());
  const OnnxDims axes = in.integers("axes", 1, 13, {});
  for (const std::int64_t axis : axes) drops[in.axis(axis, dims.size())] = true;
  OnnxDims kept;
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (axes.empty() ? dims[i] != 1 : !drops[i]) kept.push_back(dims[i]);
  return with_dims(in, kept);
}

inline Tensors unsqueeze(Arguments& in) {
  const OnnxDims axes = in.integers("axes", 1, 13, {});
  OnnxDims dims(in[0].dims.size() + axes.size(), 0);
  for (const std::int64_t axis : axes) dims[in.axis(axis, dims.size())] = 1;
  std::size_t next = 0;
  for (std::int64_t& extent : dims) {
    if (extent == 1) continue;
    in.expect(next < in[0].dims.size(), "each axis once", "one twice");
    extent = in[0].dims[next++];
  }
  return with_dims(in, dims);
}

inline Tensors transpose(Arguments& in) {
  const OnnxDims &from = in[0].dims, from_steps = steps_of(from);
  OnnxDims order(from.size());
  std::iota(order.rbegin(), order.rend(), 0);
  order = in.integers("perm", order);
  in.expect(order.size() == from.size(), "an order of all axes", std::to_string(order.size()));
  OnnxDims dims, steps;
  for (const std::int64_t axis : order) {
    dims.push_back(from[in.axis(axis, from.size())]);
    steps.push_back(from_steps[in.axis(axis, from.size())]);
  }
  return one(strided(in[0], dims, 0, steps));
}

inline Tensors concat(Arguments& in) {
  const std::size_t axis = in.axis(in.integer("axis", 1), in[0].dims.size());
  OnnxDims dims = in[0].dims;
  for (std::size_t i = 1; i < in.size(); ++i) {
    OnnxDims like = in[i].dims;
    in.expect(like.size() == dims.size() && in[i].type == in[0].type, "inputs of one type and rank", "others");
    dims[axis] += like[axis];
    like[axis] = dims[axis];
    in.expect(like == dims, "inputs that differ in the axis only", "others");
  }
  OnnxTensor y = tensor_of(dims, in[0].type);
  const Rows rows(dims, axis);
  std::size_t first = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::size_t run = Rows(in[i].dims, axis).extent * rows.inner;
    with_elements(
        [&](auto& to, const auto& from) {
          for (std::size_t outer = 0; outer < rows.outer; ++outer)
            std::copy_n(from.data() + outer * run, run, to.data() + outer * rows.extent * rows.inner + first);
        },
        y, in[i]);
    first += run;
  }
  return one(std::move(y));
}

/// What of an axis lies from `begin` on.
inline OnnxTensor cut(const OnnxTensor& x, std::size_t axis, std::int64_t begin, std::int64_t count,
                      std::int64_t step = 1) {
  OnnxDims dims = x.dims, steps = steps_of(x.dims);
  dims[axis] = count;
  const std::int64_t start = begin * steps[axis];
  steps[axis] *= step;
  return strided(x, dims, count_of(dims) == 0 ? 0 : start, steps);
}

inline Tensors split(Arguments& in) {
  const std::size_t axis = in.axis(in.integer("axis", 0), in[0].dims.size());
  const std::int64_t extent = in[0].dims[axis];
  OnnxDims sizes = in.integers("split", 1, 13, {});
  const std::int64_t parts = in.integer("num_outputs", static_cast<std::int64_t>(in.outputs()));
  in.expect(parts > 0, "parts", "none");
  const std::int64_t size = (extent + parts - 1) / parts;
  if (sizes.empty())
    for (std::int64_t part = 0; part < parts; ++part)
      sizes.push_back(std::clamp<std::int64_t>(extent - part * size, 0, size));
  Tensors all;
  std::int64_t first = 0;
  for (const std::int64_t count : sizes) {
    in.expect(count >= 0 && first + count <= extent, "parts of the axis", "more");
    all.push_back(cut(in[0], axis, std::exchange(first, first + count), count));
  }
  return all;
}

inline Tensors slice(Arguments& in) {
  OnnxTensor y = in[0];
  const OnnxDims starts = in.integers("starts", 1, 10, {}), ends = in.integers("ends", 2, 10, {});
  OnnxDims axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  axes = in.integers("axes", 3, 10, axes);
  const OnnxDims steps = in.opset() >= 10 && in.has(4) ? in.ints(4) : OnnxDims(starts.size(), 1);
  in.expect(ends.size() == starts.size() && axes.size() == starts.size() && steps.size() == starts.size(),
            "as many ends, axes and steps as starts", "others");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis = in.axis(axes[i], y.dims.size());
    const std::int64_t extent = y.dims[axis], step = steps[i];
    in.expect(step != 0, "a step", "0");
    const auto place = [&](std::int64_t at) {
      if (at < 0) at = at < -extent ? -1 : at + extent;
      return step > 0 ? std::clamp<std::int64_t>(at, 0, extent) : std::clamp<std::int64_t>(at, -1, extent - 1);
    };
    const std::int64_t first = starts[i] < -extent ? 0 : place(starts[i]);
    const std::int64_t count = (place(ends[i]) - first + step - (step > 0 ? 1 : -1)) / step;
    y = cut(y, axis, first, std::max<std::int64_t>(count, 0), step);
  }
  return one(std::move(y));
}

inline Tensors gather(Arguments& in) {
  const OnnxTensor& x = in[0];
  const std::size_t axis = in.axis(in.integer("axis", 0), x.dims.size());
  const Rows rows(x.dims, axis);
  const std::vector<std::int64_t>& indices = in.ints(1);
  OnnxDims dims(x.dims.begin(), x.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), in[1].dims.begin(), in[1].dims.end());
  dims.insert(dims.end(), x.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.dims.end());
  OnnxTensor y = tensor_of(dims, x.type);
  with_elements(
      [&](auto& to, const auto& from) {
        auto next = to.begin();
        for (std::size_t outer = 0; outer < rows.outer; ++outer)
          for (const std::int64_t index : indices) {
            const std::size_t place = in.axis(index, rows.extent);
            next = std::copy_n(from.begin() + static_cast<std::ptrdiff_t>((outer * rows.extent + place) * rows.inner),
                               rows.inner, next);
          }
      },
      y, x);
  return one(std::move(y));
}

inline Tensors shape(Arguments& in) {
  const OnnxDims& dims = in[0].dims;
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t start = place(in.integer("start", 0)), end = place(in.integer("end", rank));
  return one(integers_of({dims.begin() + start, dims.begin() + std::max(start, end)}));
}

inline Tensors constant(Arguments& in) {
  OnnxTensor y;
  if (const OnnxAttribute* value = in.attribute("value")) return one(value->tensor);
  if (const OnnxAttribute* number = in.attribute("value_float")) return y.floats = {number->real}, one(std::move(y));
  if (const OnnxAttribute* list = in.attribute("value_floats")) {
    y.floats = list->reals, y.dims = {static_cast<std::int64_t>(y.floats.size())};
    return one(std::move(y));
  }
  if (const OnnxAttribute* list = in.attribute("value_ints")) return one(integers_of(list->integers));
  const OnnxAttribute* const number = in.attribute("value_int");
  in.expect(number != nullptr, "a value of numbers", "none");
  y.type = OnnxType::int64, y.ints = {number->integer};
  return one(std::move(y));
}

inline Tensors constant_of_shape(Arguments& in) {
  const OnnxAttribute* const value = in.attribute("value");
  OnnxTensor y = tensor_of(in.ints(0), value == nullptr ? OnnxType::float32 : value->tensor.type);
  if (value != nullptr)
    with_elements([&](auto& to, const auto& from) { std::fill(to.begin(), to.end(), from.at(0)); }, y, value->tensor);
  return one(std::move(y));
}

inline Tensors expand(Arguments& in) {
  bool fits = true;
  const OnnxDims dims = broadcast(in[0].dims, in.ints(1), fits);
  in.expect(fits, "a shape that numpy can broadcast to", "another");
  return one(broadcast_to(in[0], dims));
}

inline Tensors tile(Arguments& in) {
  OnnxTensor y = in[0];
  const std::vector<std::int64_t>& repeats = in.ints(1);
  in.expect(repeats.size() == y.dims.size(), "a number for each axis", std::to_string(repeats.size()));
  for (std::size_t axis = 0; axis < repeats.size(); ++axis) {  // as an axis of its own before it
    OnnxDims dims = y.dims, steps = steps_of(y.dims);
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), repeats[axis]);
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(axis), 0);
    OnnxDims merged = y.dims;
    merged[axis] *= repeats[axis];
    y = strided(y, dims, 0, steps);
    y.dims = merged;
  }
  return one(std::move(y));
}

inline Tensors range(Arguments& in) {
  const double start = in.number(0, 0), limit = in.number(1, 0), delta = in.number(2, 1);
  in.expect(delta != 0, "a step", "0");
  const double count = std::max(std::ceil((limit - start) / delta), 0.0);
  in.expect(count < 1e9, "a range that memory holds", std::to_string(count));
  OnnxTensor y = tensor_of({static_cast<std::int64_t>(count)}, in[0].type);
  with_elements(
      [&](auto& to) {
        for (std::size_t i = 0; i < to.size(); ++i)
          to[i] = static_cast<std::decay_t<decltype(to[0])>>(start + static_cast<double>(i) * delta);
      },
      y);
  return one(std::move(y));
}

/// DepthToSpace: channels become cells; SpaceToDepth: cells channels.
inline Tensors depth_and_space(Arguments& in) {
  const OnnxDims& dims = in[0].dims;
  const std::int64_t b = in.integer("blocksize", 0);
  in.expect(dims.size() == 4 && b > 0, "an image and a block size", "others");
  const bool is_crd = in.text("mode", "DCR") == "CRD";
  const std::int64_t n = dims[0], c = dims[1], h = dims[2], w = dims[3];
  if (in.op() == "SpaceToDepth") {
    in.expect(h % b == 0 && w % b == 0, "sizes that are multiples of the block size", "others");
    OnnxTensor y = is_crd ? strided(in[0], {n, c, b, b, h / b, w / b}, 0, {c * h * w, h * w, w, 1, b * w, b})
                          : strided(in[0], {n, b, b, c, h / b, w / b}, 0, {c * h * w, w, 1, h * w, b * w, b});
    y.dims = {n, c * b * b, h / b, w / b};
    return one(std::move(y));
  }
  in.expect(c % (b * b) == 0, "channels that are a multiple of the block", std::to_string(c));
  const std::int64_t plane = h * w, deep = c / (b * b);
  OnnxTensor y = strided(in[0], {n, deep, h, b, w, b}, 0,
                         {c * plane, is_crd ? b * b * plane : plane, w, is_crd ? b * plane : b * deep * plane, 1,
                          is_crd ? plane : deep * plane});
  y.dims = {n, deep, h * b, w * b};
  return one(std::move(y));
}

inline Tensors dropout(Arguments& in) {
  in.ignore({"ratio", "seed", "is_test", "consumed_inputs"});
  in.expect(in.opset() < 12 || in.number(2, 0) == 0, "inference", "training");
  Tensors all = one(in[0]);
  OnnxTensor mask = tensor_of(in[0].dims, OnnxType::boolean);
  std::fill(mask.ints.begin(), mask.ints.end(), 1);
  all.push_back(std::move(mask));
  return all;
}

inline const Operators& movement_operators() {
  static const Operators all{
      {"Reshape", reshape},
      {"Flatten", flatten},
      {"Squeeze", squeeze},
      {"Unsqueeze", unsqueeze},
      {"Transpose", transpose},
      {"Concat", concat},
      {"Split", split},
      {"Slice", slice},
      {"Gather", gather},
      {"Shape", shape},
      {"Constant", constant},
      {"ConstantOfShape", constant_of_shape},
      {"Expand", expand},
      {"Tile", tile},
      {"Range", range},
      {"DepthToSpace", depth_and_space},
      {"SpaceToDepth", depth_and_space},
      {"Dropout", dropout},
      {"Size",
       [](Arguments& in) {
         OnnxTensor y = integers_of({static_cast<std::int64_t>(in[0].size())});
         return y.dims.clear(), one(std::move(y));
       }},
  };
  return all;
}

}  // namespace strata::importing::semantics
