// What the file itself makes of inputs: its nodes run in the file's layout, its values turned to the nodes' order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/keras_semantics.hpp>
#include <strata/import/network.hpp>
#include <strata/import/onnx_model.hpp>
#include <strata/import/onnx_reader.hpp>
#include <strata/import/onnx_semantics.hpp>

namespace strata::importing {

namespace detail {

inline OnnxTensor tensor_of(const Value& value, const OnnxView& view) {
  OnnxTensor tensor;
  for (const int extent : view.dims()) tensor.dims.push_back(extent);
  for (const std::size_t place : view.places()) tensor.floats.push_back(static_cast<float>(value.elements[place]));
  return tensor;
}
/// Throws ImportError where the file's tensor has another number of elements.
inline Value value_of(const OnnxTensor& tensor, const OnnxView& view, const Node& node) {
  const std::vector<std::size_t> places = view.places();
  Value value{node.shape, std::vector<double>(size_of(node.shape))};
  if (tensor.floats.size() != places.size() || places.size() != value.elements.size())
    strata::detail::raise<ImportError>(strata::detail::join("--prove: ", node.name, ": expected ", places.size(),
                                                            " numbers from the file's own operators, received ",
                                                            tensor.floats.size()));
  for (std::size_t e = 0; e < places.size(); ++e) value.elements[places[e]] = static_cast<double>(tensor.floats[e]);
  return value;
}

}  // namespace detail

/// Of each node of the network, given those of its inputs. Throws ImportError.
inline std::vector<Value> onnx_values(const OnnxModel& model, const Network& network,
                                      const std::vector<OnnxOrigin>& origins, std::vector<Value> values) {
  std::map<std::string, OnnxTensor> made;
  std::map<std::string, const OnnxTensor*> known;
  for (const OnnxTensor& tensor : model.graph.initializers) known[tensor.name] = &tensor;
  const auto make = [&](const std::string& name, OnnxTensor tensor) {
    known[name] = &(made[name] = std::move(tensor));
  };
  std::set<std::string> needed;
  for (const OnnxOrigin& origin : origins) needed.insert(origin.value);
  for (const std::size_t input : network.inputs)
    make(origins[input].value, detail::tensor_of(values[input], origins[input].view));
  const auto& nodes = model.graph.nodes;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    if (std::any_of(node->outputs.begin(), node->outputs.end(),
                    [&](const auto& name) { return needed.contains(name); }))
      needed.insert(node->inputs.begin(), node->inputs.end());
  for (const OnnxNode& node : nodes) {
    if (std::none_of(node.outputs.begin(), node.outputs.end(), [&](const auto& name) { return needed.contains(name); }))
      continue;
    std::vector<const OnnxTensor*> inputs;
    for (const std::string& input : node.inputs) inputs.push_back(input.empty() ? nullptr : known[input]);
    std::vector<OnnxTensor> outputs = run_onnx_node(node, inputs, model.opset());
    for (std::size_t i = 0; i < std::min(outputs.size(), node.outputs.size()); ++i)
      make(node.outputs[i], std::move(outputs[i]));
  }
  for (std::size_t n = 0; n < network.nodes.size(); ++n) {
    const Node& node = network.nodes[n];
    if (node.inputs.empty()) continue;
    if (const OnnxOrigin& origin = origins[n]; !origin.value.empty()) {
      values[n] = detail::value_of(*known[origin.value], origin.view, node);
      continue;
    }
    std::vector<const Value*> inputs;  // of a layer that only prepares, such as a Permute
    for (const std::size_t input : node.inputs) inputs.push_back(&values[input]);
    values[n] = detail::KerasSemantics(node.layer).run(inputs, node.weights);
  }
  return values;
}

}  // namespace strata::importing
