// Normalisations, whole and in pieces, and reductions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_arithmetic.hpp>
#include <strata/import/onnx_call.hpp>
#include <strata/import/onnx_layout.hpp>
#include <strata/import/onnx_windows.hpp>

namespace strata::importing::detail {

inline void translate_batch_normalization(OnnxCall& call) {
  call.expect(call.node.integer("training_mode", 0) == 0, "training_mode 0", "1");
  std::vector<Tensor> weights;
  for (std::size_t i = 1; i < 5; ++i) weights.push_back(vector_of(call.needed_constant(i, "statistic")));
  const Extents dims = call.dims();
  call.expect(dims.size() >= 2, "channels behind the batch", written(dims));
  for (const Tensor& weight : weights)
    call.expect(static_cast<int>(weight.values.size()) == dims[1], join("statistics of ", dims[1], " channels"),
                std::to_string(weight.values.size()));
  const OnnxLive x = call.network.with_axis_last(call.name(), call.live(0), 1);
  json config{{"epsilon", decimal(call.node.real("epsilon", 1e-5f))}};
  // What the exporter of Strata wrote for a weight that is none.
  for (const std::size_t i : {std::size_t{2}, std::size_t{1}})
    if (call.node.inputs[i].ends_with("/constant") &&
        std::all_of(weights[i - 1].values.begin(), weights[i - 1].values.end(),
                    [&](float w) { return w == (i == 1); })) {
      config[i == 1 ? "scale" : "center"] = false;
      weights.erase(weights.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  if (call.node.attribute("momentum") != nullptr) config["momentum"] = decimal(call.node.real("momentum", 0.9f));
  call.give(
      {call.add("BatchNormalization", std::move(config), {x.node}, call.network.shape(x.node), std::move(weights)),
       x.view});
}

/// With or without scale and offset, of `channels` each.
inline std::vector<Tensor> scale_and_offset(const OnnxCall& call, std::size_t channels, json& config) {
  std::vector<Tensor> weights;
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    config[i == 1 ? "scale" : "center"] = call.has(i);
    if (!call.has(i)) continue;
    weights.push_back(vector_of(call.needed_constant(i, i == 1 ? "scale" : "offset")));
    call.expect(weights.back().values.size() == channels, join(channels, " of each"),
                std::to_string(weights.back().values.size()));
  }
  return weights;
}

inline void translate_layer_normalization(OnnxCall& call) {
  const auto rank = call.rank();
  const int axis = call.axis(call.node.integer("axis", -1), rank);
  call.expect(axis + 1 == static_cast<int>(rank), "a normalisation over the last axis",
              join("axis ", axis, " of ", rank));
  const OnnxLive x = call.network.with_axis_last(call.name(), call.live(0), axis);
  json config{{"epsilon", decimal(call.node.real("epsilon", 1e-5f))}};
  const Extents shape = call.network.shape(x.node);
  std::vector<Tensor> weights = scale_and_offset(call, static_cast<std::size_t>(shape.back()), config);
  call.give({call.add("LayerNormalization", std::move(config), {x.node}, shape, std::move(weights)), x.view});
}

/// Over positions and a share of the channels: of an operator that says the groups, or of tensors (1, groups, rest),
/// which old exporters normalise by instance.
inline void give_group_normalization(OnnxCall& call, std::size_t x, int groups, OnnxView view,
                                     std::vector<Tensor> weights) {
  json config{{"groups", groups},
              {"epsilon", decimal(call.node.real("epsilon", 1e-5f))},
              {"scale", !weights.empty()},
              {"center", !weights.empty()}};
  call.give({call.add("GroupNormalization", std::move(config), {x}, call.network.shape(x), std::move(weights)),
             std::move(view)});
}

inline void translate_group_normalization(OnnxCall& call) {
  const Extents dims = call.dims();
  const auto groups = static_cast<int>(call.node.integer("num_groups", 1));
  call.expect(dims.size() >= 3 && groups > 0 && dims[1] % groups == 0, join("channels in ", groups, " groups"),
              written(dims));
  std::vector<Tensor> weights;
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    const OnnxTensor& given = call.needed_constant(i, "scale and bias");
    const auto channels = static_cast<std::size_t>(dims[1]);
    call.expect(given.is_float() && (given.size() == channels || given.size() == static_cast<std::size_t>(groups)),
                join(channels, " of each"), std::to_string(given.size()));
    weights.push_back({{}, {channels}, std::vector<float>(channels)});
    for (std::size_t c = 0; c < channels; ++c) weights.back().values[c] = given.floats[c * given.size() / channels];
  }
  const std::size_t x = call.channels_last(0);
  give_group_normalization(call, x, groups, OnnxCall::image(x, dims).view, std::move(weights));
}

inline void translate_instance_normalization(OnnxCall& call) {
  const OnnxLive& x = call.live(0);
  const Extents dims = x.view.dims();
  std::vector<Tensor> weights{vector_of(call.needed_constant(1, "scale")),
                              vector_of(call.needed_constant(2, "offset"))};
  call.expect(dims.size() >= 3 && static_cast<int>(weights[0].values.size()) == dims[1] &&
                  weights[1].values.size() == weights[0].values.size(),
              "a scale and an offset for each channel", written(dims));
  // Behind Reshape to (1, groups, rest): the groups are the slower part of the node's channels.
  const Extents& shape = call.network.shape(x.node);
  const int groups = dims[1];
  if (const Extents& group = x.view.axes[1];
      group.size() == 1 && shape.size() == 3 && shape.back() != groups && shape.back() % groups == 0) {
    int behind = 1;  // elements of the node behind an element of the group's atom
    for (std::size_t a = static_cast<std::size_t>(group[0]) + 1; a < x.view.atoms.size(); ++a)
      behind *= x.view.atoms[a];
    const auto all = [](const Tensor& tensor, float number) {
      return std::all_of(tensor.values.begin(), tensor.values.end(), [&](float v) { return v == number; });
    };
    if (behind * groups == shape.back() && all(weights[0], 1) && all(weights[1], 0))
      return give_group_normalization(call, x.node, groups, x.view, {});
  }
  const std::size_t image = call.channels_last(0);
  call.give(OnnxCall::image(call.add("InstanceNormalization", {{"epsilon", decimal(call.node.real("epsilon", 1e-5f))}},
                                     {image}, call.network.shape(image), std::move(weights)),
                            dims));
}

inline void translate_softmax(OnnxCall& call) {
  const Extents dims = call.dims();
  const int axis = call.axis(call.node.integer("axis", call.opset < 13 ? 1 : -1), dims.size());
  const bool one_axis =
      call.opset >= 13 || std::all_of(dims.begin() + axis + 1, dims.end(), [](int extent) { return extent == 1; });
  call.expect(one_axis && axis > 0, "a softmax over one axis", join("axis ", axis, " of ", written(dims)));
  const OnnxLive x = call.network.with_axis_last(call.name(), call.live(0), axis);
  const Extents shape = call.network.shape(x.node);
  if (call.node.op_type == "Softmax") return call.give({call.add("Softmax", json::object(), {x.node}, shape), x.view});
  call.give({call.add("Activation", {{"activation", "log_softmax"}}, {x.node}, shape), x.view});
}

/// The axes that a reduction runs over; all where none are given.
inline std::vector<bool> reduced_axes(const OnnxCall& call, std::size_t rank) {
  const auto given = call.integers("axes", 1);
  std::vector<bool> reduced(rank, !given || given->empty());
  for (const std::int64_t axis : given.value_or(std::vector<std::int64_t>{}))
    reduced[static_cast<std::size_t>(call.axis(axis, rank))] = true;
  return reduced;
}

/// Over all positions: a global pooling; else a layer for each axis. Of what is no layer, the function of each element,
/// the reduction, and the function of that.
inline void translate_reduction(OnnxCall& call) {
  struct Pieces {
    const char *before, *over, *after;
  };
  static const std::map<std::string_view, Pieces> in_pieces{{"L1", {"Absolute", "Sum", ""}},
                                                            {"L2", {"Square", "Sum", "Sqrt"}},
                                                            {"LogSum", {"", "Sum", "Log"}},
                                                            {"SumSquare", {"Square", "Sum", ""}}};
  const std::string name = call.node.op_type.substr(std::string_view("Reduce").size());
  const auto found = in_pieces.find(name);
  const Pieces pieces = found == in_pieces.end() ? Pieces{"", name.c_str(), ""} : found->second;
  const std::string kind = pieces.over;
  OnnxLive x = call.live(0);
  const auto apply = [&](const char* layer) {
    if (*layer != 0) x.node = call.add(layer, json::object(), {x.node}, call.network.shape(x.node));
  };
  apply(pieces.before);
  const Extents dims = x.view.dims();
  const std::vector<bool> gone = reduced_axes(call, dims.size());
  Extents reduced, kept;
  for (std::size_t axis = 0; axis < dims.size(); ++axis)
    if (dims[axis] != 1) (gone[axis] ? reduced : kept).push_back(static_cast<int>(axis));
  const bool pools = (kind == "Mean" || kind == "Max") && dims[0] == 1 && kept.size() <= 1 && !reduced.empty() &&
                     reduced.size() + 2 == dims.size() && (!kept.empty() || !gone[1]);
  if (pools) {
    const int channels = kept.empty() ? 1 : kept[0];
    const Extents order = OnnxNetwork::with_last(dims.size(), channels);
    const std::size_t image = call.network.arranged(call.name(), x, order, OnnxNetwork::in_order(dims, order));
    Extents out(dims.size(), 1);
    out[static_cast<std::size_t>(channels)] = dims[static_cast<std::size_t>(channels)];
    x = {add_global_pooling(call, kind == "Max", image), OnnxView::of(out, {channels})};
  } else {
    for (const int axis : reduced) {
      const OnnxPlaced from = placed(call, x, axis);
      Extents out = x.view.dims(), shape = call.network.shape(from.node);
      out[static_cast<std::size_t>(axis)] = 1;
      (from.axis < 0 ? shape.back() : shape[static_cast<std::size_t>(from.axis - 1)]) = 1;
      x = {call.add(kind.c_str(), {{"axis", from.axis}, {"keepdims", true}}, {from.node}, shape),
           OnnxView::of(out, from.order)};
    }
  }
  apply(pieces.after);
  if (call.node.integer("keepdims", 1) == 0)
    for (std::size_t axis = dims.size(); axis-- > 0;)
      if (gone[axis]) x.view.axes.erase(x.view.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  if (x.view.axes.size() == 2) x.node = call.network.as_vector(x.node);
  call.give(std::move(x));
}

inline void translate_unit_normalization(OnnxCall& call) {
  const std::int64_t power = call.node.integer("p", 2);
  call.expect(power == 2, "the norm of p 2", std::to_string(power));
  const int axis = call.axis(call.node.integer("axis", -1), call.rank());
  const OnnxLive x = call.network.with_axis_last(call.name(), call.live(0), axis);
  call.give({call.add("UnitNormalization", json::object(), {x.node}, call.network.shape(x.node)), x.view});
}

inline void translate_local_response_normalization(OnnxCall& call) {
  const OnnxLive x = call.network.with_axis_last(call.name(), call.live(0), 1);
  call.give({call.add("LocalResponseNormalization",
                      {{"size", call.node.integer("size", 1)},
                       {"alpha", decimal(call.node.real("alpha", 1e-4f))},
                       {"beta", decimal(call.node.real("beta", 0.75f))},
                       {"k", decimal(call.node.real("bias", 1))}},
                      {x.node}, call.network.shape(x.node)),
             x.view});
}

/// x / max(|x|, epsilon) over the channels, whose norm is ReduceL2 or LpNormalization.
inline bool give_unit_normalization(OnnxCall& call) {
  const OnnxNode* norm = call.has(1) ? call.network.producer(call.node.inputs[1]) : nullptr;
  while (norm != nullptr && (norm->op_type == "Expand" || norm->op_type == "Clip" || norm->op_type == "Max") &&
         !norm->inputs.empty())
    norm = call.network.producer(norm->inputs[0]);
  if (norm == nullptr || norm->op_type != "ReduceL2" || norm->inputs[0] != call.node.inputs[0]) return false;
  const std::vector<bool> reduced = reduced_axes(OnnxCall(call.network, *norm), call.rank());
  if (std::count(reduced.begin(), reduced.end(), true) != 1) return false;
  const int axis = static_cast<int>(std::find(reduced.begin(), reduced.end(), true) - reduced.begin());
  const OnnxLive x = call.network.with_axis_last(call.name(), call.live(0), axis);
  call.give({call.add("UnitNormalization", json::object(), {x.node}, call.network.shape(x.node)), x.view});
  return true;
}

/// (x - mean) / sqrt(variance + epsilon) over the last axis.
inline bool give_layer_normalization(OnnxCall& call) {
  const auto made_by = [&](const std::string& value, const char* kind) -> const OnnxNode* {
    const OnnxNode* found = call.network.producer(value);
    while (found != nullptr && (found->op_type == "Cast" || found->op_type == "Identity"))
      found = call.network.producer(found->inputs[0]);
    return found != nullptr && found->op_type == kind ? found : nullptr;
  };
  const OnnxNode* const centred = made_by(call.node.inputs[0], "Sub");
  const OnnxNode* const root = made_by(call.node.inputs[1], "Sqrt");
  const OnnxNode* const sum = root != nullptr ? made_by(root->inputs[0], "Add") : nullptr;
  if (centred == nullptr || sum == nullptr) return false;
  const OnnxNode* const mean = made_by(centred->inputs[1], "ReduceMean");
  const std::size_t at = call.network.constant(sum->inputs[1]) != nullptr ? 1 : 0;
  const OnnxTensor* const epsilon = call.network.constant(sum->inputs[at]);
  const OnnxNode* const variance = made_by(sum->inputs[1 - at], "ReduceMean");
  if (mean == nullptr || variance == nullptr || epsilon == nullptr || epsilon->size() != 1 ||
      mean->inputs[0] != centred->inputs[0])
    return false;
  const OnnxNode* square = made_by(variance->inputs[0], "Pow");
  if (square == nullptr) square = made_by(variance->inputs[0], "Mul");
  if (square == nullptr) return false;
  const OnnxNode* const difference = made_by(square->inputs[0], "Sub");
  if (difference == nullptr || difference->inputs != centred->inputs) return false;
  if (square->op_type == "Mul") {
    if (square->inputs[1] != square->inputs[0]) return false;
  } else if (const OnnxTensor* const power = call.network.constant(square->inputs[1]);
             power == nullptr || power->size() != 1 ||
             (power->is_float() ? power->floats[0] : static_cast<float>(power->ints[0])) != 2) {
    return false;
  }
  const OnnxLive* const input = call.network.live(centred->inputs[0]);
  if (input == nullptr || !input->known || !epsilon->is_float()) return false;
  const std::size_t rank = input->view.axes.size();
  const std::vector<bool> reduced = reduced_axes(OnnxCall(call.network, *mean), rank),
                          again = reduced_axes(OnnxCall(call.network, *variance), rank);
  if (reduced != again || std::count(reduced.begin(), reduced.end(), true) != 1) return false;
  const int axis = static_cast<int>(std::find(reduced.begin(), reduced.end(), true) - reduced.begin());
  const OnnxLive x = call.network.with_axis_last(call.name(), *input, axis);
  call.give(
      {call.add("LayerNormalization", {{"epsilon", decimal(epsilon->floats[0])}, {"scale", false}, {"center", false}},
                {x.node}, call.network.shape(x.node)),
       x.view});
  return true;
}

/// (x - mean) / max(sqrt(variance), 1e-7), with a mean and a variance for each channel that are constants.
inline bool give_input_normalization(OnnxCall& call) {
  const auto made_by = [&](const std::string& value, const char* kind, std::size_t inputs) -> const OnnxNode* {
    const OnnxNode* const found = call.network.producer(value);
    return found != nullptr && found->op_type == kind && found->inputs.size() == inputs ? found : nullptr;
  };
  const OnnxNode* const centred = made_by(call.node.inputs[0], "Sub", 2);
  const OnnxNode* const deviation = made_by(call.node.inputs[1], "Max", 2);
  const OnnxNode* const root = deviation != nullptr ? made_by(deviation->inputs[0], "Sqrt", 1) : nullptr;
  if (centred == nullptr || root == nullptr) return false;
  const OnnxLive* const input = call.network.live(centred->inputs[0]);
  const OnnxTensor *const mean = call.network.constant(centred->inputs[1]),
                   *const variance = call.network.constant(root->inputs[0]),
                   *const least = call.network.constant(deviation->inputs[1]);
  if (input == nullptr || !input->known || mean == nullptr || variance == nullptr || least == nullptr ||
      least->size() != 1 || !least->is_float() || least->floats[0] != 1e-7f)
    return false;
  const Extents dims = input->view.dims();
  if (dims.size() < 2 || !mean->is_float() || !variance->is_float() || mean->dims != variance->dims ||
      mean->dims.size() + 1 != dims.size() || mean->dims[0] != dims[1] ||
      mean->size() != static_cast<std::size_t>(dims[1]))
    return false;
  const OnnxLive x = call.network.with_axis_last(call.name(), *input, 1);
  call.give({call.add("Normalization", {{"axis", {-1}}}, {x.node}, call.network.shape(x.node),
                      {vector_of(*mean), vector_of(*variance), {{}, {1}, {0}}}),
             x.view});
  return true;
}

inline void translate_division(OnnxCall& call) {
  if (call.constant(0) == nullptr && call.constant(1) != nullptr && give_input_normalization(call)) return;
  if (call.constant(0) == nullptr && call.constant(1) == nullptr &&
      (give_unit_normalization(call) || give_layer_normalization(call)))
    return;
  translate_elementwise(call);
}

}  // namespace strata::importing::detail
