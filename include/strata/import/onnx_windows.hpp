// Convolutions and pooling of ONNX, which have channels first, as Strata's layers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/onnx_call.hpp>
#include <strata/import/onnx_names.hpp>
#include <strata/import/onnx_numbers.hpp>

namespace strata::importing::detail {

/// Along one axis, in cells.
struct OnnxWindow {
  int extent = 1, size = 1, stride = 1, dilation = 1, before = 0, after = 0;
  bool named_same = false;  ///< by auto_pad

  int reach() const { return (size - 1) * dilation + 1; }
  int outputs() const { return (extent + before + after - reach()) / stride + 1; }
  /// Keras' `same`: as much as it takes, the odd cell at the end.
  bool is_same() const {
    const int count = (extent + stride - 1) / stride;
    const int total = std::max((count - 1) * stride + reach() - extent, 0);
    return before == total / 2 && after == total - total / 2;
  }
};

/// Those of the spatial axes; `sizes` as the weights say.
inline std::vector<OnnxWindow> windows_of(const OnnxCall& call, const Extents& dims, std::vector<std::int64_t> sizes) {
  const std::size_t count = dims.size() - 2;
  sizes = call.node.integers("kernel_shape", sizes);
  const auto strides = call.node.integers("strides", std::vector<std::int64_t>(count, 1));
  const auto dilations = call.node.integers("dilations", std::vector<std::int64_t>(count, 1));
  const auto pads = call.node.integers("pads", std::vector<std::int64_t>(2 * count, 0));
  const std::string automatic = call.node.text("auto_pad", "NOTSET");
  for (const auto& list : {sizes, strides, dilations})
    call.expect(list.size() == count && std::all_of(list.begin(), list.end(), [](auto n) { return n > 0 && n < 4096; }),
                join(count, " extents, strides and dilations from 1 to 4095"), written(list));
  call.expect(
      pads.size() == 2 * count && std::all_of(pads.begin(), pads.end(), [](auto n) { return n >= 0 && n < 4096; }),
      join(2 * count, " pads from 0 to 4095"), written(pads));
  const auto is_one = [](std::int64_t n) { return n == 1; };
  call.expect(std::all_of(strides.begin(), strides.end(), is_one) ||
                  std::all_of(dilations.begin(), dilations.end(), is_one),
              "strides or dilations of 1", join("strides ", written(strides), ", dilations ", written(dilations)));
  std::vector<OnnxWindow> windows;
  for (std::size_t a = 0; a < count; ++a) {
    OnnxWindow window{dims[a + 2],
                      static_cast<int>(sizes[a]),
                      static_cast<int>(strides[a]),
                      static_cast<int>(dilations[a]),
                      static_cast<int>(pads[a]),
                      static_cast<int>(pads[a + count])};
    if (automatic.starts_with("SAME")) {
      const int outputs = (window.extent + window.stride - 1) / window.stride;
      const int total = std::max((outputs - 1) * window.stride + window.reach() - window.extent, 0);
      window.before = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.after = total - window.before;
      window.named_same = true;
    }
    windows.push_back(window);
  }
  return windows;
}

inline bool all_of(const std::vector<OnnxWindow>& windows, bool (*f)(const OnnxWindow&)) {
  return std::all_of(windows.begin(), windows.end(), f);
}
inline bool is_padded(const OnnxWindow& window) { return window.before + window.after > 0; }

/// Of a Pad, for each axis.
struct OnnxPads {
  Extents before, after;
  float value = 0;

  bool is_spatial() const { return before[0] == 0 && after[0] == 0 && before[1] == 0 && after[1] == 0; }
};
inline OnnxPads pads_of(const OnnxCall& call, std::size_t rank) {
  const auto given = call.integers("pads", 1).value_or(std::vector<std::int64_t>{});
  std::vector<std::int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (call.has(3)) axes = call.needed_constant(3, "axes").ints;
  call.expect(given.size() == 2 * axes.size(), join(2 * axes.size(), " pads"), written(given));
  OnnxPads pads{Extents(rank, 0), Extents(rank, 0)};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(call.axis(axes[i], rank));
    for (const std::int64_t pad : {given[i], given[i + axes.size()]})
      call.expect(pad > -4096 && pad < 4096, "pads of less than 4096", written(given));
    pads.before[axis] = static_cast<int>(given[i]), pads.after[axis] = static_cast<int>(given[i + axes.size()]);
  }
  if (call.node.attribute("value") != nullptr || call.has(2)) pads.value = call.real("value", 2).value_or(0);
  return pads;
}

/// One number, or those of height and width.
template <class Get>
json of_axes(const std::vector<OnnxWindow>& windows, Get get) {
  json list = json::array();
  for (const OnnxWindow& window : windows) list.push_back(get(window));
  return list;
}

/// Puts in the options `padding` and, for what it cannot say, `pad`: top, bottom, left, right, or before and after.
inline void set_padding(const std::vector<OnnxWindow>& windows, bool same_is_equal, json& config) {
  const bool padded = std::any_of(windows.begin(), windows.end(), is_padded);
  const bool said = padded || std::any_of(windows.begin(), windows.end(), [](const auto& at) { return at.named_same; });
  const bool same = said && same_is_equal && all_of(windows, [](const OnnxWindow& at) { return at.is_same(); });
  config["padding"] = same ? "same" : "valid";
  if (!padded || same) return;
  json pad = json::array();
  for (const OnnxWindow& window : windows) pad.push_back(window.before), pad.push_back(window.after);
  config["pad"] = pad;
}

inline std::vector<std::size_t> sizes_of(const OnnxTensor& tensor) { return {tensor.dims.begin(), tensor.dims.end()}; }

/// (outputs, inputs / groups, positions) of ONNX as (positions, inputs / groups, outputs).
inline Tensor kernel_of(const OnnxTensor& w) {
  const std::vector<std::size_t> dims = sizes_of(w);
  const std::size_t outputs = dims[0], inputs = dims[1],
                    positions = outputs * inputs == 0 ? 0 : w.size() / (outputs * inputs);
  Tensor kernel{{}, {dims.begin() + 2, dims.end()}, std::vector<float>(w.size())};
  kernel.shape.insert(kernel.shape.end(), {inputs, outputs});
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < inputs; ++i)
      for (std::size_t p = 0; p < positions; ++p)
        kernel.values[(p * inputs + i) * outputs + o] = w.floats[(o * inputs + i) * positions + p];
  return kernel;
}
/// Puts in the weight decay that a kernel of Strata's says.
inline void set_regularizer(const OnnxTensor& kernel, json& config) {
  if (const double factor = l2_of(kernel); factor > 0)
    config["kernel_regularizer"] = {{"class_name", "L2"}, {"config", {{"l2", factor}}}};
}
inline Tensor vector_of(const OnnxTensor& tensor) { return {{}, {tensor.size()}, tensor.floats}; }

/// The depthwise convolution that only this one reads, a 1x1 of the same module: both are a separable convolution.
inline const Node* depthwise_part(const OnnxCall& call) {
  const std::string& value = call.node.inputs[0];
  const OnnxNode* const producer = call.network.producer(value);
  const auto reads = [&](const OnnxNode& node) { return std::count(node.inputs.begin(), node.inputs.end(), value); };
  const OnnxGraph& graph = call.network.model.graph;
  if (producer == nullptr || producer->op_type != "Conv" || scope_of(call.node).module.empty() ||
      scope_of(call.node).module != scope_of(*producer).module ||
      std::any_of(graph.nodes.begin(), graph.nodes.end(),
                  [&](const OnnxNode& node) { return &node != &call.node && reads(node) > 0; }) ||
      std::any_of(graph.outputs.begin(), graph.outputs.end(), [&](const auto& output) { return output.name == value; }))
    return nullptr;
  const Node& before = call.network.node(call.live(0).node);
  return before.class_name().starts_with("DepthwiseConv") && before.layer["config"]["use_bias"] == false ? &before
                                                                                                         : nullptr;
}

inline void translate_convolution(OnnxCall& call) {
  const Extents dims = call.dims();
  call.expect(dims.size() == 3 || dims.size() == 4, "an image or a sequence with batch and channels", written(dims));
  const OnnxTensor& w = call.needed_constant(1, "weight");
  const std::vector<std::int64_t> w_dims = w.dims;
  const std::int64_t groups = call.node.integer("group", 1);
  call.expect(w.is_float() && w_dims.size() == dims.size() && groups > 0 && w_dims[1] * groups == dims[1] &&
                  w_dims[0] % groups == 0 && w.size() > 0,
              join("weights for ", dims[1], " channels in ", groups, " groups"), written(w_dims));
  const std::vector<OnnxWindow> windows = windows_of(call, dims, {w_dims.begin() + 2, w_dims.end()});
  std::vector<Tensor> weights{kernel_of(w)};
  if (call.has(2)) weights.push_back(vector_of(call.needed_constant(2, "bias")));
  for (std::size_t a = 0; a < windows.size(); ++a)
    call.expect(windows[a].size == w_dims[a + 2], "a kernel_shape as the weights have it", written(w_dims));
  Extents out{1, static_cast<int>(w_dims[0])};
  for (const OnnxWindow& window : windows) out.push_back(window.outputs());

  Extents shape(out.begin() + 2, out.end());
  shape.push_back(out[1]);
  const auto is_point = [](const OnnxWindow& at) { return at.size == 1 && at.stride == 1 && !is_padded(at); };
  if (const Node* const depthwise = groups == 1 && all_of(windows, is_point) ? depthwise_part(call) : nullptr) {
    json config = depthwise->layer["config"];
    config["filters"] = w_dims[0], config["use_bias"] = weights.size() > 1;
    weights.insert(weights.begin(), depthwise->weights[0]);
    const std::string kind = join("SeparableConv", windows.size(), "D");
    return call.give(
        OnnxCall::image(call.add(kind.c_str(), std::move(config), depthwise->inputs, shape, std::move(weights)), out));
  }
  const std::size_t x = call.channels_last(0);
  json config{{"kernel_size", of_axes(windows, [](const OnnxWindow& at) { return at.size; })},
              {"strides", of_axes(windows, [](const OnnxWindow& at) { return at.stride; })},
              {"dilation_rate", of_axes(windows, [](const OnnxWindow& at) { return at.dilation; })},
              {"use_bias", weights.size() > 1}};
  set_padding(windows, true, config);
  set_regularizer(w, config);
  const bool depthwise = groups > 1 && groups == dims[1];
  if (depthwise) {
    config["depth_multiplier"] = w_dims[0] / groups;
    weights[0].shape[weights[0].shape.size() - 2] = static_cast<std::size_t>(groups);
    weights[0].shape.back() = static_cast<std::size_t>(w_dims[0] / groups);
  } else {
    config["filters"] = w_dims[0];
    if (groups > 1) config["groups"] = groups;
  }
  const std::string kind = join(depthwise ? "DepthwiseConv" : "Conv", windows.size(), "D");
  call.give(OnnxCall::image(call.add(kind.c_str(), std::move(config), {x}, shape, std::move(weights)), out));
}

/// (inputs, outputs, positions) of ONNX as (positions, outputs, inputs).
inline void translate_transposed_convolution(OnnxCall& call) {
  const Extents dims = call.dims();
  call.expect(dims.size() == 3 || dims.size() == 4, "an image or a sequence with batch and channels", written(dims));
  const OnnxTensor& w = call.needed_constant(1, "weight");
  call.expect(w.is_float() && w.dims.size() == dims.size() && w.dims[0] == dims[1] && w.size() > 0,
              join("weights for ", dims[1], " channels"), written(w.dims));
  const std::int64_t groups = call.node.integer("group", 1);
  call.expect(groups == 1, "a transposed convolution of one group", std::to_string(groups));
  call.expect(call.node.text("auto_pad", "NOTSET") == "NOTSET" && call.node.attribute("output_shape") == nullptr,
              "pads as numbers", "auto_pad or output_shape");
  const std::vector<OnnxWindow> windows = windows_of(call, dims, {w.dims.begin() + 2, w.dims.end()});
  const auto added = call.node.integers("output_padding", std::vector<std::int64_t>(windows.size(), 0));
  call.expect(added.size() == windows.size(), join(windows.size(), " numbers output_padding"), written(added));
  const auto inputs = static_cast<std::size_t>(w.dims[0]), outputs = static_cast<std::size_t>(w.dims[1]);
  const std::size_t positions = w.size() / (inputs * outputs);
  std::vector<Tensor> weights{{{}, {w.dims.begin() + 2, w.dims.end()}, std::vector<float>(w.size())}};
  weights[0].shape.insert(weights[0].shape.end(), {outputs, inputs});
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::size_t o = 0; o < outputs; ++o)
      for (std::size_t p = 0; p < positions; ++p)
        weights[0].values[(p * outputs + o) * inputs + i] = w.floats[(i * outputs + o) * positions + p];
  if (call.has(2)) weights.push_back(vector_of(call.needed_constant(2, "bias")));

  Extents out{1, static_cast<int>(outputs)};
  bool same = true, standard = true;  // as Keras cuts off, and as much behind as Keras' strides leave
  for (std::size_t a = 0; a < windows.size(); ++a) {
    const OnnxWindow& at = windows[a];
    call.expect(added[a] >= 0 && added[a] < at.stride, "an output_padding below the strides", written(added));
    const int more = at.reach() - at.stride;
    out.push_back((at.extent - 1) * at.stride + at.reach() + static_cast<int>(added[a]) - at.before - at.after);
    same &= more >= 0 && at.before == more / 2 && out.back() == at.extent * at.stride;
    standard &= added[a] == std::max(-more, 0);
  }
  json config{{"filters", outputs},
              {"kernel_size", of_axes(windows, [](const OnnxWindow& at) { return at.size; })},
              {"strides", of_axes(windows, [](const OnnxWindow& at) { return at.stride; })},
              {"dilation_rate", of_axes(windows, [](const OnnxWindow& at) { return at.dilation; })},
              {"padding", "same"},
              {"use_bias", weights.size() > 1}};
  const bool valid = standard && !std::any_of(windows.begin(), windows.end(), is_padded);
  if (valid || !same) set_padding(windows, false, config);
  if (!standard && !same) config["output_padding"] = added;
  set_regularizer(w, config);
  Extents shape(out.begin() + 2, out.end());
  shape.push_back(out[1]);
  const std::string kind = join("Conv", windows.size(), "DTranspose");
  call.give(OnnxCall::image(
      call.add(kind.c_str(), std::move(config), {call.channels_last(0)}, shape, std::move(weights)), out));
}

/// Over all positions of an image or a sequence: one position of all channels.
inline std::size_t add_global_pooling(OnnxCall& call, bool largest, std::size_t x) {
  Extents shape = call.network.shape(x);
  const std::string kind = join("Global", largest ? "Max" : "Average", "Pooling", shape.size() - 1, "D");
  std::fill(shape.begin(), shape.end() - 1, 1);
  return call.add(kind.c_str(), {{"keepdims", true}}, {x}, shape);
}

inline void translate_global_pooling(OnnxCall& call) {
  Extents out = call.dims();
  call.expect(out.size() == 3 || out.size() == 4, "an image or a sequence with batch and channels", written(out));
  std::fill(out.begin() + 2, out.end(), 1);
  const std::size_t y = add_global_pooling(call, call.node.op_type == "GlobalMaxPool", call.channels_last(0));
  call.give(OnnxCall::image(y, out));
}

/// Of a max pooling, the Pad with minus infinity before it, which is no layer but the pooling's own padding.
inline const OnnxNode* pad_of_maximum(const OnnxCall& call) {
  const OnnxNode* const pad = call.network.producer(call.node.inputs[0]);
  if (pad == nullptr || pad->op_type != "Pad" || pad->text("mode", "constant") != "constant") return nullptr;
  const OnnxCall padding(call.network, *pad);
  if (padding.constant(0) != nullptr) return nullptr;
  const OnnxPads pads = pads_of(padding, padding.rank());
  const bool grows = std::min(*std::min_element(pads.before.begin(), pads.before.end()),
                              *std::min_element(pads.after.begin(), pads.after.end())) >= 0;
  return grows && pads.before.size() > 2 && pads.is_spatial() && pads.value <= std::numeric_limits<float>::lowest()
             ? pad
             : nullptr;
}

inline void translate_pooling(OnnxCall& from) {
  const bool largest = from.node.op_type == "MaxPool";
  OnnxNode node = from.node;
  const OnnxNode* const pad = largest ? pad_of_maximum(from) : nullptr;
  if (pad != nullptr) node.inputs[0] = pad->inputs[0];
  OnnxCall call(from.network, node);
  const Extents dims = call.dims();
  call.expect(dims.size() == 3 || dims.size() == 4, "an image or a sequence with batch and channels", written(dims));
  std::vector<OnnxWindow> windows = windows_of(call, dims, {});
  if (pad != nullptr) {
    const OnnxPads pads = pads_of(OnnxCall(from.network, *pad), dims.size());
    for (std::size_t a = 0; a < windows.size(); ++a)
      windows[a].before += pads.before[a + 2], windows[a].after += pads.after[a + 2];
  }
  const bool ceil = call.node.integer("ceil_mode", 0) != 0;
  const bool counts_padding = call.node.integer("count_include_pad", 0) != 0;
  bool reaches_over = false;
  Extents out{1, dims[1]};
  for (const OnnxWindow& at : windows) {
    call.expect(at.dilation == 1, "pooling without dilation", std::to_string(at.dilation));
    const int rest = (at.extent + at.before + at.after - at.reach()) % at.stride;
    // One more window, if it starts before the padding at the end.
    const bool over = ceil && rest != 0 && at.outputs() * at.stride < at.extent + at.before;
    reaches_over |= over;
    out.push_back(at.outputs() + (over ? 1 : 0));
  }
  if (all_of(windows, [](const OnnxWindow& at) { return at.size == 1 && at.stride == 1 && !is_padded(at); }))
    return call.give(call.live(0));
  json config{{"pool_size", of_axes(windows, [](const OnnxWindow& at) { return at.size; })},
              {"strides", of_axes(windows, [](const OnnxWindow& at) { return at.stride; })}};
  const bool counts = !largest && counts_padding && std::any_of(windows.begin(), windows.end(), is_padded);
  set_padding(windows, !counts && !reaches_over, config);
  if (reaches_over) config["ceil_mode"] = true;
  if (counts) config["count_padding"] = true;
  Extents shape(out.begin() + 2, out.end());
  shape.push_back(out[1]);
  const std::string kind = join(largest ? "Max" : "Average", "Pooling", windows.size(), "D");
  call.give(OnnxCall::image(call.add(kind.c_str(), std::move(config), {call.channels_last(0)}, shape), out));
}

}  // namespace strata::importing::detail
