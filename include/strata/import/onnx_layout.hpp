// What moves elements: views where the node's order can stay, else slices and concatenation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/onnx_call.hpp>

namespace strata::importing::detail {

inline void translate_identity(OnnxCall& call) { call.give(call.live(0)); }

inline void translate_cast(OnnxCall& call) {
  const auto to = static_cast<OnnxType>(call.node.integer("to", 1));
  call.expect(call.node.op_type != "Cast" || is_float(to), "a Cast to floats", join("type ", static_cast<int>(to)));
  call.give(call.live(0));
}

inline void translate_transpose(OnnxCall& call) {
  const OnnxLive& x = call.live(0);
  std::vector<std::int64_t> reversed(x.view.axes.size());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  Extents permutation;
  for (const std::int64_t axis : call.node.integers("perm", reversed))
    permutation.push_back(call.axis(axis, reversed.size()));
  Extents sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  call.expect(sorted == x.view.natural_order(), "a permutation of the axes", written(permutation));
  call.give({x.node, x.view.transposed(permutation)});
}

/// The same elements, in the order of the file, with other extents. What makes a vector, or one pixel of a vector, is a
/// layer here, not where it is read: by a Reshape, one where the node has that order, too.
inline void give_reshaped(OnnxCall& call, const OnnxLive& x, const Extents& dims) {
  const auto count = [](const Extents& list) {
    return std::accumulate(list.begin(), list.end(), std::int64_t{1},
                           [](std::int64_t n, int extent) { return n * extent; });
  };
  call.expect(count(dims) == count(x.view.dims()), join("extents for ", count(x.view.dims()), " elements"),
              written(dims));
  if (const auto view = x.view.reshaped(dims)) {
    Extents shape = call.network.shape(x.node);
    if (dims.size() == 2 && dims[0] == 1) shape = {dims[1]};
    if (dims.size() == 4 && shape == Extents{dims[1]}) shape = {1, 1, dims[1]};
    const bool in_order = call.node.op_type == "Reshape" && x.view.stands(x.view.natural_order());
    return call.give({call.network.reshaped(call.name(), x.node, shape, in_order ? "Reshape" : "Flatten"), *view});
  }
  const Extents flat{static_cast<int>(count(dims))};
  const std::size_t y = call.network.arranged(call.name(), x, x.view.natural_order(), flat);
  call.give({y, *OnnxView::of(flat, {0}).reshaped(dims)});
}

inline void translate_reshape(OnnxCall& call) {
  const Extents from = call.dims();
  const std::vector<std::int64_t> wanted = call.integers("shape", 1).value_or(std::vector<std::int64_t>{});
  std::int64_t all = std::accumulate(from.begin(), from.end(), std::int64_t{1}, std::multiplies<>());
  Extents dims;
  int open = -1;
  for (std::size_t axis = 0; axis < wanted.size(); ++axis) {
    std::int64_t extent = wanted[axis];
    if (extent == 0 && axis < from.size() && call.node.integer("allowzero", 0) == 0) extent = from[axis];
    call.expect(extent == -1 ? open < 0 : extent > 0 && all % extent == 0, "extents that divide the elements",
                written(wanted));
    if (extent == -1)
      open = static_cast<int>(axis);
    else
      all /= extent;
    dims.push_back(extent == -1 ? 1 : static_cast<int>(extent));
  }
  if (open >= 0) dims[static_cast<std::size_t>(open)] = static_cast<int>(all);
  give_reshaped(call, call.live(0), dims);
}

inline void translate_flatten(OnnxCall& call) {
  const Extents from = call.dims();
  const std::int64_t given = call.node.integer("axis", 1);
  const auto rank = static_cast<std::int64_t>(from.size());
  call.expect(given >= -rank && given <= rank, join("an axis of ", rank), std::to_string(given));
  const std::ptrdiff_t axis = given < 0 ? given + rank : given;
  const auto product = [](auto begin, auto end) { return std::accumulate(begin, end, 1, std::multiplies<>()); };
  give_reshaped(call, call.live(0),
                {product(from.begin(), from.begin() + axis), product(from.begin() + axis, from.end())});
}

inline void translate_squeeze(OnnxCall& call) {
  OnnxLive x = call.live(0);
  const Extents dims = x.view.dims();
  const auto given = call.integers("axes", 1);
  std::vector<bool> gone(dims.size());
  for (std::size_t axis = 0; axis < dims.size(); ++axis) gone[axis] = !given && dims[axis] == 1;
  for (const std::int64_t axis : given.value_or(std::vector<std::int64_t>{}))
    gone[static_cast<std::size_t>(call.axis(axis, dims.size()))] = true;
  for (std::size_t axis = dims.size(); axis-- > 0;) {
    if (!gone[axis]) continue;
    call.expect(dims[axis] == 1, "axes of extent 1", written(dims));
    x.view.axes.erase(x.view.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  if (x.view.axes.size() == 2) x.node = call.network.as_vector(x.node);
  call.give(std::move(x));
}

inline void translate_unsqueeze(OnnxCall& call) {
  OnnxLive x = call.live(0);
  const auto axes = call.integers("axes", 1).value_or(std::vector<std::int64_t>{});
  const std::size_t rank = x.view.axes.size() + axes.size();
  Extents added;
  for (const std::int64_t axis : axes) added.push_back(call.axis(axis, rank));
  std::sort(added.begin(), added.end());
  call.expect(std::adjacent_find(added.begin(), added.end()) == added.end(), "each axis once", written(added));
  for (const int axis : added) x.view.axes.insert(x.view.axes.begin() + axis, Extents{});
  call.give(std::move(x));
}

/// Kept for training where the file says its rate, as those of opset 12 and newer can.
inline void translate_dropout(OnnxCall& call) {
  const OnnxLive& x = call.live(0);
  const float rate = call.opset < 12 ? 0 : call.real("ratio", 1).value_or(0);
  if (rate == 0) return call.give(x);
  call.give({call.add("Dropout", {{"rate", decimal(rate)}}, {x.node}, call.network.shape(x.node)), x.view});
}

/// The tensor as a node that holds its axes whole: the node, the order of its axes, and where in it one stands as Keras
/// counts, -1 the last.
struct OnnxPlaced {
  std::size_t node;
  Extents order;
  int axis;
};
inline OnnxPlaced placed(OnnxCall& call, const OnnxLive& x, int axis, std::optional<Extents> order = std::nullopt) {
  const Extents dims = x.view.dims();
  call.expect(axis > 0 && dims[0] == 1, "an axis behind a batch of 1", join("axis ", axis, " of ", written(dims)));
  if (!order) order = OnnxNetwork::order_of(x.view).value_or(OnnxNetwork::with_last(dims.size(), 1));
  const auto at = std::find(order->begin(), order->end(), axis) - order->begin();
  Extents shape = OnnxNetwork::in_order(dims, *order);
  const bool last = at + 1 == static_cast<std::ptrdiff_t>(shape.size());
  if (last && call.network.shape(x.node).size() == 1) shape = {shape.back()};
  return {call.network.arranged(call.name(), x, *order, shape), *order, last ? -1 : static_cast<int>(at) + 1};
}

inline void translate_concat(OnnxCall& call) {
  const int axis = call.axis(call.node.integer("axis", 1), call.rank(0));
  Extents out = call.dims(0);
  std::vector<std::size_t> nodes;
  std::optional<OnnxPlaced> first;
  out[static_cast<std::size_t>(axis)] = 0;
  for (std::size_t i = 0; i < call.node.inputs.size(); ++i) {
    Extents dims = call.dims(i);
    call.expect(dims.size() == out.size(), join("tensors of ", out.size(), " axes"), written(dims));
    out[static_cast<std::size_t>(axis)] +=
        std::exchange(dims[static_cast<std::size_t>(axis)], out[static_cast<std::size_t>(axis)]);
    call.expect(dims.size() == out.size(), "tensors of equal extents but along the axis", written(dims));
    const OnnxPlaced one = placed(call, call.live(i), axis, first ? std::optional(first->order) : std::nullopt);
    if (!first) first = one;
    nodes.push_back(one.node);
  }
  if (nodes.size() == 1) return call.give(call.live(0));
  Extents shape = call.network.shape(nodes[0]);
  const auto place = first->axis < 0 ? shape.size() - 1 : static_cast<std::size_t>(first->axis - 1);
  shape[place] = out[static_cast<std::size_t>(axis)];
  for (std::size_t& node : nodes) {
    Extents own = call.network.shape(node), alike = call.network.shape(nodes[0]);
    alike.back() = own.back();
    if (own.size() != alike.size() && call.network.is_one_position(node))
      node = call.network.reshaped(call.name(), node, own = alike);
    call.expect(own.size() == shape.size(), join("nodes of ", shape.size(), " axes"), written(own));
    own[place] = shape[place];
    call.expect(own == shape, "tensors of equal extents but along the axis", written(own));
  }
  call.give({call.network.add_concatenation(call.name(), first->axis, nodes, shape), OnnxView::of(out, first->order)});
}

/// Elements begin, begin + step, … below end of an axis.
inline OnnxLive sliced(OnnxCall& call, const OnnxLive& x, int axis, int begin, int end, int step,
                       const char* ending = "") {
  Extents out = x.view.dims();
  int& extent = out[static_cast<std::size_t>(axis)];
  if (begin == 0 && end == extent && step == 1) return x;
  call.expect(begin < end, "a slice that is not empty", join(begin, " to ", end));
  const OnnxPlaced from = placed(call, x, axis);
  extent = (end - begin + step - 1) / step;
  Extents shape = call.network.shape(from.node);
  (from.axis < 0 ? shape.back() : shape[static_cast<std::size_t>(from.axis - 1)]) = extent;
  return {call.add("Slice", {{"axis", from.axis}, {"begin", begin}, {"end", end}, {"step", step}}, {from.node}, shape,
                   {}, ending),
          OnnxView::of(out, from.order)};
}

inline void translate_slice(OnnxCall& call) {
  const auto begins = call.integers("starts", 1), ends = call.integers("ends", 2);
  call.expect(begins && ends && begins->size() == ends->size(), "as many starts as ends", "others");
  std::vector<std::int64_t> all(begins->size());
  std::iota(all.begin(), all.end(), 0);
  const auto axes = call.integers("axes", 3).value_or(all);
  const auto steps = call.integers("steps", 4).value_or(std::vector<std::int64_t>(all.size(), 1));
  call.expect(axes.size() == all.size() && steps.size() == all.size(), "as many axes and steps as starts",
              written(axes));
  OnnxLive x = call.live(0);
  const auto place = [](std::int64_t at, std::int64_t extent) {
    return static_cast<int>(std::clamp(at < 0 ? at + extent : at, std::int64_t{0}, extent));
  };
  // Rows and columns at once: an image is cropped.
  if (axes == std::vector<std::int64_t>{2, 3} && steps == std::vector<std::int64_t>{1, 1} && x.view.axes.size() == 4 &&
      OnnxNetwork::order_of(x.view) == OnnxNetwork::with_last(4, 1)) {
    Extents out = x.view.dims(), crop;
    for (const std::size_t axis : {std::size_t{2}, std::size_t{3}}) {
      const int begin = place((*begins)[axis - 2], out[axis]), end = place((*ends)[axis - 2], out[axis]);
      crop.insert(crop.end(), {begin, out[axis] - end});
      out[axis] = end - begin;
    }
    const std::size_t y = call.add("Cropping2D", {{"cropping", {{crop[0], crop[1]}, {crop[2], crop[3]}}}}, {x.node},
                                   {out[2], out[3], out[1]});
    return call.give(OnnxCall::image(y, out));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const int axis = call.axis(axes[i], x.view.axes.size());
    const std::int64_t extent = x.view.extent(static_cast<std::size_t>(axis));
    call.expect(steps[i] > 0 && steps[i] <= extent, "a step from 1 to the extent", std::to_string(steps[i]));
    x = sliced(call, x, axis, place((*begins)[i], extent), place((*ends)[i], extent), static_cast<int>(steps[i]));
  }
  call.give(std::move(x));
}

inline void translate_split(OnnxCall& call) {
  const OnnxLive x = call.live(0);
  const int axis = call.axis(call.node.integer("axis", 0), x.view.axes.size());
  const std::int64_t extent = x.view.extent(static_cast<std::size_t>(axis));
  const auto parts = static_cast<std::int64_t>(call.node.outputs.size()), share = (extent + parts - 1) / parts;
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(parts), share);
  sizes.back() = extent - share * (parts - 1);
  sizes = call.integers("split", 1).value_or(sizes);
  call.expect(sizes.size() == static_cast<std::size_t>(parts) &&
                  std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) == extent &&
                  std::all_of(sizes.begin(), sizes.end(), [](auto size) { return size > 0; }),
              join("sizes whose sum is ", extent), written(sizes));
  int begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const int end = begin + static_cast<int>(sizes[i]);
    call.give(sliced(call, x, axis, begin, end, 1, ("_" + std::to_string(i)).c_str()), i);
    begin = end;
  }
}

/// One index, which takes the axis away, or a range, in whatever extents.
inline void translate_gather(OnnxCall& call) {
  const OnnxTensor& indices = call.needed_constant(1, "indices");
  OnnxLive x = call.live(0);
  const int axis = call.axis(call.node.integer("axis", 0), x.view.axes.size());
  const std::int64_t extent = x.view.extent(static_cast<std::size_t>(axis));
  call.expect(!indices.ints.empty(), "indices", "none");
  const std::int64_t first = indices.ints[0] < 0 ? indices.ints[0] + extent : indices.ints[0];
  for (std::size_t i = 0; i < indices.ints.size(); ++i)
    call.expect((indices.ints[i] + extent) % extent == first + static_cast<std::int64_t>(i), "a range of indices",
                written(indices.ints));
  call.expect(first >= 0 && first + static_cast<std::int64_t>(indices.ints.size()) <= extent,
              join("indices below ", extent), written(indices.ints));
  x = sliced(call, x, axis, static_cast<int>(first), static_cast<int>(first) + static_cast<int>(indices.ints.size()),
             1);
  if (indices.dims.size() == 1) return call.give(std::move(x));
  Extents out = x.view.dims();
  out.erase(out.begin() + axis);
  out.insert(out.begin() + axis, indices.dims.begin(), indices.dims.end());
  give_reshaped(call, x, out);
}

}  // namespace strata::importing::detail
