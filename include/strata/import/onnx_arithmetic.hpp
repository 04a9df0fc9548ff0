// Element by element: activations, whole or in pieces, scale and shift, and what merges tensors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_call.hpp>
#include <strata/import/onnx_names.hpp>
#include <strata/import/onnx_numbers.hpp>
#include <strata/import/onnx_windows.hpp>

namespace strata::importing::detail {

/// Tensors of the same extents, or where one has 1, repeated.
inline void give_merge(OnnxCall& call, const char* class_name, std::vector<OnnxLive> in) {
  OnnxNetwork& network = call.network;
  std::size_t rank = 0;
  for (const OnnxLive& x : in) rank = std::max(rank, x.view.axes.size());
  for (OnnxLive& x : in) x.view.axes.insert(x.view.axes.begin(), rank - x.view.axes.size(), Extents{});
  Extents out(rank, 1);
  for (const OnnxLive& x : in)
    for (std::size_t axis = 0; axis < rank; ++axis) out[axis] = std::max(out[axis], x.view.extent(axis));
  const OnnxLive* whole = nullptr;
  for (const OnnxLive& x : in) {
    const Extents dims = x.view.dims();
    for (std::size_t axis = 0; axis < rank; ++axis)
      call.expect(dims[axis] == 1 || dims[axis] == out[axis], join("extents of 1 or ", written(out)), written(dims));
    if (dims == out && whole == nullptr) whole = &x;
  }
  call.expect(whole != nullptr, join("an operand of all extents ", written(out)), "only some that are repeated");
  OnnxView view = whole->view;
  Extents shape = network.shape(whole->node);
  const auto alike = [&](const OnnxLive& x) { return x.view == view && network.shape(x.node) == shape; };
  std::vector<std::size_t> nodes;
  if (std::all_of(in.begin(), in.end(), alike)) {
    for (const OnnxLive& x : in) nodes.push_back(x.node);
  } else {
    const std::optional<Extents> stands = OnnxNetwork::order_of(view);
    const Extents order = stands.value_or(OnnxNetwork::with_last(rank, 1));
    const auto own = [&](const OnnxLive& x) { return OnnxNetwork::in_order(x.view.dims(), order); };
    const auto is_pixel = [&](const OnnxLive& x) {  // the same everywhere
      const Extents dims = own(x);
      return std::all_of(dims.begin(), dims.end() - 1, [](int extent) { return extent == 1; });
    };
    // Axes that the node holds as one are apart where an operand is repeated along some of them.
    const bool apart = std::any_of(in.begin(), in.end(),
                                   [&](const OnnxLive& x) { return x.view.dims() != out && !is_pixel(x); });
    if (!stands || apart) view = OnnxView::of(out, order), shape = OnnxNetwork::in_order(out, order);
    for (const OnnxLive& x : in) {
      Extents wanted = x.view.dims() == out ? shape : own(x);
      if (x.view.dims() != out && is_pixel(x))
        wanted = network.is_one_position(x.node) ? network.shape(x.node) : Extents{wanted.back()};
      nodes.push_back(network.arranged(call.name(), x, order, wanted));
    }
  }
  call.give({call.add(class_name, json::object(), std::move(nodes), shape), view});
}

/// x * scale + offset of a node, one of each or one a channel; with those before it in the same module one layer.
inline std::size_t add_affine(OnnxCall& call, OnnxNetwork::Affine affine) {
  OnnxNetwork& network = call.network;
  affine.module = scope_of(call.node).module;
  if (const OnnxNetwork::Affine* const before = network.affine(affine.input);
      before != nullptr && before->module == affine.module) {
    const std::size_t size = std::max({before->scale.size(), affine.scale.size()});
    OnnxNetwork::Affine both{before->input, std::vector<double>(size), std::vector<double>(size), affine.module};
    const auto at = [](const std::vector<double>& list, std::size_t c) { return list[list.size() == 1 ? 0 : c]; };
    for (std::size_t c = 0; c < size; ++c) {
      both.scale[c] = at(before->scale, c) * at(affine.scale, c);
      both.offset[c] = at(before->offset, c) * at(affine.scale, c) + at(affine.offset, c);
    }
    affine = std::move(both);
  }
  const auto all = [](const std::vector<double>& list, double number) {
    return std::all_of(list.begin(), list.end(), [&](double x) { return x == number; });
  };
  const Node input = network.node(affine.input);
  const auto floats = [](const std::vector<double>& list) {
    return Tensor{{}, {list.size()}, {list.begin(), list.end()}};
  };
  const json config = input.layer.value("config", json::object());
  const bool takes_bias = config.value("use_bias", json()) == false && all(affine.scale, 1);
  const bool takes_scale = config.value("scale", json()) == false && config.value("center", json()) == false;
  const bool scales = !all(affine.scale, 1), shifts = !all(affine.offset, 0);
  const bool by_channel = affine.scale.size() > 1;
  if (!scales && !shifts) return affine.input;
  std::size_t y = 0;
  if (by_channel && (takes_bias || takes_scale)) {  // a part of that layer
    json layer = input.layer;
    std::vector<Tensor> weights = input.weights;
    layer["config"].update(takes_bias ? json{{"use_bias", true}} : json{{"scale", true}, {"center", true}});
    if (takes_scale) weights.push_back(floats(affine.scale));
    weights.push_back(floats(affine.offset));
    y = network.add(takes_bias ? input.name : call.name(), std::move(layer), input.inputs, input.shape,
                    std::move(weights));
  } else if (!by_channel) {
    y = call.add("Rescaling", {{"scale", affine.scale[0]}, {"offset", affine.offset[0]}}, {affine.input}, input.shape);
  } else if (input.inputs.empty() && affine.scale.size() <= 16) {
    y = call.add("Rescaling", {{"scale", affine.scale}, {"offset", affine.offset}}, {affine.input}, input.shape);
  } else {
    std::vector<Tensor> weights;
    if (scales) weights.push_back(floats(affine.scale));
    if (shifts) weights.push_back(floats(affine.offset));
    y = call.add("Affine", {{"scale", scales}, {"center", shifts}}, {affine.input}, input.shape, std::move(weights));
  }
  network.set_affine(y, std::move(affine));
  return y;
}

/// A constant for each element, or repeated along some axes: an image to add or to multiply by.
inline void give_affine_by_element(OnnxCall& call, const OnnxLive& x, const OnnxTensor& constant) {
  const std::string& kind = call.node.op_type;
  const Extents dims = x.view.dims();
  const std::vector<std::size_t> places = x.view.places();
  Tensor weight{{}, {}, std::vector<float>(places.size())};
  for (const int extent : call.network.shape(x.node)) weight.shape.push_back(static_cast<std::size_t>(extent));
  for (std::size_t e = 0; e < places.size(); ++e) {
    std::size_t rest = e, from = 0, stride = 1;
    for (std::size_t axis = dims.size(), own = constant.dims.size(); own-- > 0;) {
      const auto extent = static_cast<std::size_t>(dims[--axis]), cells = static_cast<std::size_t>(constant.dims[own]);
      from += (cells == 1 ? 0 : rest % extent) * stride;
      rest /= extent;
      stride *= cells;
    }
    const float number = constant.floats[from];
    weight.values[places[e]] = kind == "Sub" ? -number : kind == "Div" ? 1 / number : number;
  }
  const bool scales = kind == "Mul" || kind == "Div";
  call.give({call.add("Affine", {{"scale", scales}, {"center", !scales}, {"per_element", true}}, {x.node},
                      call.network.shape(x.node), {std::move(weight)}),
             x.view});
}

/// Add, Sub, Mul or Div of a tensor and a constant: one number, or one a channel.
inline void give_affine(OnnxCall& call, std::size_t live, const OnnxTensor& constant) {
  const std::string& kind = call.node.op_type;
  OnnxLive x = call.live(live);
  const bool first = live != 0;
  if (constant.size() != 1) {
    const Extents dims = x.view.dims();
    call.expect(constant.dims.size() <= dims.size(), "a constant of no more axes than the tensor",
                written(constant.dims));
    Extents axes;  // along which it is not the same
    for (std::size_t i = 0; i < constant.dims.size(); ++i) {
      const std::size_t at = dims.size() - constant.dims.size() + i;
      call.expect(constant.dims[i] == 1 || constant.dims[i] == dims[at], join("extents of 1 or ", written(dims)),
                  join("a constant of ", written(constant.dims)));
      if (constant.dims[i] != 1) axes.push_back(static_cast<int>(at));
    }
    const std::optional<Extents> order = OnnxNetwork::order_of(x.view);
    const bool by_channel = axes.size() == 1 && (axes[0] == 1 || !order || order->back() == axes[0]);
    if (!by_channel && constant.is_float() && !(first && (kind == "Sub" || kind == "Div")))
      return give_affine_by_element(call, x, constant);
    call.expect(by_channel, "a number, or one for each channel", join("a constant of dims ", written(constant.dims)));
    x = call.network.with_axis_last(call.name(), x, axes[0]);
  }
  if (kind == "Div" && first)
    x.node = call.add("Reciprocal", json::object(), {x.node}, call.network.shape(x.node), {}, "_reciprocal");
  OnnxNetwork::Affine affine{x.node, {}, {}, {}};
  for (const double number : numbers_of(constant)) {
    call.expect(kind != "Div" || first || number != 0, "divisors other than 0", "0");
    affine.scale.push_back(kind == "Mul" || (kind == "Div" && first) ? number
                           : kind == "Div"                           ? 1 / number
                           : kind == "Sub" && first                  ? -1
                                                                     : 1);
    affine.offset.push_back(kind == "Add" || (kind == "Sub" && first) ? number : kind == "Sub" ? -number : 0);
  }
  call.give({add_affine(call, std::move(affine)), x.view});
}

/// In Keras a layer of its own, given what the operator says.
inline std::optional<json> layer_with_options(const OnnxCall& call) {
  const std::string& kind = call.node.op_type;
  const auto layer = [](const char* class_name, json config) {
    return json{{"class_name", class_name}, {"config", std::move(config)}};
  };
  if (kind == "LeakyRelu") return layer("LeakyReLU", {{"negative_slope", decimal(call.node.real("alpha", 0.01f))}});
  if (kind == "Elu") return layer("ELU", {{"alpha", decimal(call.node.real("alpha", 1))}});
  if (kind == "ThresholdedRelu") return layer("ReLU", {{"threshold", decimal(call.node.real("alpha", 1))}});
  if (kind == "Neg") return layer("Rescaling", {{"scale", -1.0}, {"offset", 0.0}});
  if (kind == "Abs") return layer("Absolute", json::object());
  if (kind == "Log" || kind == "Sqrt" || kind == "Reciprocal") return layer(kind.c_str(), json::object());
  if (kind == "Clip") {
    constexpr float most = std::numeric_limits<float>::max();
    return layer("Clip", {{"x_min", decimal(call.real("min", 1).value_or(-most))},
                          {"x_max", decimal(call.real("max", 2).value_or(most))}});
  }
  if (kind == "Pow" && call.constant(1) != nullptr) {
    const float exponent = call.real("exponent", 1).value_or(1);
    return exponent == 2 ? layer("Square", json::object()) : layer("Power", {{"exponent", decimal(exponent)}});
  }
  return std::nullopt;
}

inline const char* merge_of(const std::string& kind) {
  if (kind == "Add" || kind == "Sum") return "Add";
  if (kind == "Sub") return "Subtract";
  if (kind == "Mul") return "Multiply";
  if (kind == "Div") return "Divide";
  if (kind == "Max") return "Maximum";
  if (kind == "Min") return "Minimum";
  if (kind == "Mean") return "Average";
  return nullptr;
}

/// The values of what this node computes, as a function of each node that all its inputs are functions of.
inline OnnxNetwork::Functions functions_of(const OnnxCall& call) {
  OnnxNetwork::Functions all;
  std::vector<OnnxNetwork::Functions> of_inputs;
  std::vector<const OnnxTensor*> inputs;
  const OnnxLive* first = nullptr;
  for (std::size_t i = 0; i < call.node.inputs.size(); ++i) {
    const OnnxTensor* const constant = call.constant(i);
    of_inputs.emplace_back();
    inputs.push_back(constant);
    if (!call.has(i)) continue;
    if (constant != nullptr) {
      if (constant->size() != 1 || constant->dims.size() > 4) return {};
      continue;
    }
    const OnnxLive& x = call.live(i);
    if (first == nullptr) first = &x;
    if (!(x.view == first->view) || call.network.shape(x.node) != call.network.shape(first->node)) return {};
    of_inputs[i] = call.network.functions(x.node);
  }
  std::set<std::size_t> roots;
  for (const auto& functions : of_inputs)
    for (const auto& [root, samples] : functions) roots.insert(root);
  for (const std::size_t root : roots) {
    std::vector<OnnxTensor> values(inputs.size());
    std::vector<const OnnxTensor*> arguments = inputs;
    bool common = true;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!call.has(i) || inputs[i] != nullptr) continue;
      const auto found = of_inputs[i].find(root);
      if (found == of_inputs[i].end()) {
        common = false;
        break;
      }
      values[i].dims = {static_cast<std::int64_t>(found->second.size())};
      values[i].floats = found->second;
      arguments[i] = &values[i];
    }
    if (!common) continue;
    std::vector<OnnxTensor> result = run_onnx_node(call.node, arguments, call.opset);
    if (result.size() == 1 && result[0].is_float() && result[0].size() == sample_points().size())
      all[root] = std::move(result[0].floats);
  }
  return all;
}

inline void translate_elementwise(OnnxCall& call) {
  OnnxNetwork& network = call.network;
  std::vector<std::size_t> lives;
  for (std::size_t i = 0; i < call.node.inputs.size(); ++i)
    if (call.has(i) && call.constant(i) == nullptr) lives.push_back(i);
  const OnnxLive& x = call.live(lives[0]);
  OnnxNetwork::Functions functions = functions_of(call);
  for (const auto& [root, values] : functions) {
    const std::optional<json> layer = layer_of_function(values);
    if (!layer) continue;
    const std::size_t y = layer->is_null() ? root : network.add(call.name(), *layer, {root}, network.shape(x.node));
    const OnnxView view = x.view;
    network.set_functions(y, std::move(functions));
    return call.give({y, view});
  }
  const std::string& kind = call.node.op_type;
  if (lives.size() == 1 && call.node.inputs.size() == 2 &&
      (kind == "Add" || kind == "Sub" || kind == "Mul" || kind == "Div")) {
    give_affine(call, lives[0], *call.constant(1 - lives[0]));
  } else if (const char* const merge = merge_of(kind); merge != nullptr && lives.size() == call.node.inputs.size()) {
    std::vector<OnnxLive> in;
    for (const std::size_t i : lives) in.push_back(call.live(i));
    give_merge(call, merge, std::move(in));
  } else if (const std::optional<json> layer = layer_with_options(call)) {
    call.give({network.add(call.name(), *layer, {x.node}, network.shape(x.node)), x.view});
  } else {
    // Perhaps a piece of an activation: its values go on.
    std::vector<std::size_t> nodes;
    for (const std::size_t i : lives) nodes.push_back(call.live(i).node);
    call.give({network.add_unknown(call.node, std::move(nodes),
                                   join("expected an activation that Strata has, received ", kind,
                                        "; end the network before it with --outputs"),
                                   network.shape(x.node)),
               x.view});
  }
  network.set_functions(network.live(call.node.outputs[0])->node, std::move(functions));
}

/// max(0, x) + slope * min(0, x), a slope for each channel or element.
inline void translate_prelu(OnnxCall& call) {
  const OnnxTensor& slope = call.needed_constant(1, "slope");
  OnnxLive x = call.live(0);
  if (slope.size() == 1 && slope.is_float())
    return call.give(
        {call.add("LeakyReLU", {{"negative_slope", decimal(slope.floats[0])}}, {x.node}, call.network.shape(x.node)),
         x.view});
  const Extents dims = x.view.dims();
  call.expect(dims.size() >= 2 && slope.is_float() && static_cast<int>(slope.size()) == dims[1] &&
                  slope.dims.size() + 1 >= dims.size() && slope.dims[slope.dims.size() + 1 - dims.size()] == dims[1],
              "one slope for each channel", join("slopes of dims ", written(slope.dims)));
  x = call.network.with_axis_last(call.name(), x, 1);
  const Extents shape = call.network.shape(x.node);
  json shared = json::array();
  for (std::size_t axis = 1; axis < shape.size(); ++axis) shared.push_back(axis);
  Tensor alpha{{}, std::vector<std::size_t>(shape.size(), 1), slope.floats};
  alpha.shape.back() = slope.size();
  call.give({call.add("PReLU", {{"shared_axes", shared.empty() ? json() : shared}}, {x.node}, shape, {alpha}), x.view});
}

/// Repetition along axes is left to what reads it: to work element by element with a tensor of those extents.
inline void translate_expand(OnnxCall& call) {
  const Extents dims = call.dims();
  const auto wanted = call.integers("shape", 1).value_or(std::vector<std::int64_t>{});
  call.expect(wanted.size() <= dims.size(), "no more axes than the tensor has", written(wanted));
  Extents out = dims;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    int& extent = out[dims.size() - wanted.size() + i];
    call.expect(wanted[i] == 1 || wanted[i] == extent || (extent == 1 && wanted[i] > 0 && wanted[i] < (1 << 24)),
                join("extents that repeat ", written(dims)), written(wanted));
    if (extent == 1) extent = static_cast<int>(wanted[i]);
  }
  const std::string& made = call.node.outputs[0];
  int readers = 0, repeating = 0;
  for (const OnnxNode& node : call.network.model.graph.nodes) {
    if (std::find(node.inputs.begin(), node.inputs.end(), made) == node.inputs.end()) continue;
    ++readers;
    repeating += merge_of(node.op_type) != nullptr &&
                 std::any_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
                   const OnnxLive* const other = name == made ? nullptr : call.network.live(name);
                   return other != nullptr && other->known && other->view.dims() == out;
                 });
  }
  call.expect(out == dims || (readers > 0 && repeating == readers),
              "readers that compute with a tensor of the extents " + written(out), "others");
  call.give(call.live(0));
}

}  // namespace strata::importing::detail
