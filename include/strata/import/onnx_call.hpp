// One node of a graph of ONNX on its way to layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_network.hpp>

namespace strata::importing::detail {

class OnnxCall {
 public:
  OnnxCall(OnnxNetwork& to, const OnnxNode& from)
      : network(to), node(from), opset(to.model.opset()), name_(name_of_layer(from, weight())) {}

  OnnxNetwork& network;
  const OnnxNode& node;
  const int opset;

  [[noreturn]] void refuse(const std::string& expected, const std::string& received,
                           const std::string& remedy = "end the network before it with --outputs") const {
    throw OnnxRefusal{join("expected ", expected, ", received ", received, "; ", remedy)};
  }
  void expect(bool met, const std::string& expected, const std::string& received) const {
    if (!met) refuse(expected, received);
  }

  bool has(std::size_t input) const { return input < node.inputs.size() && !node.inputs[input].empty(); }
  /// Null: it is not given, or computed.
  const OnnxTensor* constant(std::size_t input) const {
    return has(input) ? network.constant(node.inputs[input]) : nullptr;
  }
  const OnnxTensor& needed_constant(std::size_t input, const char* what) const {
    const OnnxTensor* const found = constant(input);
    if (found == nullptr) refuse(join("a constant ", what), has(input) ? "one that is computed" : "none");
    return *found;
  }
  const OnnxLive& live(std::size_t input) const {
    const OnnxLive* const found = has(input) ? network.live(node.inputs[input]) : nullptr;
    if (found == nullptr) refuse(join("a computed input ", input), has(input) ? "a constant" : "none");
    if (!found->known) throw OnnxRefusal{};
    return *found;
  }
  Extents dims(std::size_t input = 0) const { return live(input).view.dims(); }
  std::size_t rank(std::size_t input = 0) const { return live(input).view.axes.size(); }

  /// Numbers that older operators have as an attribute, newer ones as a constant input; nothing: not given.
  std::optional<std::vector<std::int64_t>> integers(const char* attribute, std::size_t input) const {
    if (node.attribute(attribute) != nullptr) return node.integers(attribute, {});
    if (!has(input)) return std::nullopt;
    return needed_constant(input, attribute).ints;
  }
  std::optional<float> real(const char* attribute, std::size_t input) const {
    if (node.attribute(attribute) != nullptr) return node.real(attribute, 0);
    if (!has(input)) return std::nullopt;
    const OnnxTensor& tensor = needed_constant(input, attribute);
    expect(tensor.size() == 1, join("one number as ", attribute), std::to_string(tensor.size()));
    return tensor.is_float() ? tensor.floats[0] : static_cast<float>(tensor.ints[0]);
  }
  /// Of an input of this rank, counted from its end where negative.
  int axis(std::int64_t number, std::size_t rank) const {
    const auto size = static_cast<std::int64_t>(rank);
    expect(number >= -size && number < size, join("an axis of ", size), std::to_string(number));
    return static_cast<int>(number < 0 ? number + size : number);
  }

  const std::string& name() const { return name_; }
  std::size_t add(const char* class_name, json config, std::vector<std::size_t> inputs, Extents shape,
                  std::vector<Tensor> weights = {}, const char* ending = "") {
    return network.add(name_ + ending, {{"class_name", class_name}, {"config", std::move(config)}}, std::move(inputs),
                       std::move(shape), std::move(weights));
  }
  void give(OnnxLive live, std::size_t output = 0) { network.set_live(node.outputs[output], std::move(live)); }

  /// As images (height, width, channels), sequences (length, channels) or vectors.
  std::size_t channels_last(std::size_t input) {
    const OnnxLive& x = live(input);
    const Extents dims = x.view.dims(), order = OnnxNetwork::with_last(dims.size(), 1);
    expect(dims.size() >= 2 && dims.size() <= 4, "an image, a sequence or a vector with its batch", written(dims));
    expect(dims[0] == 1, "a batch of 1", written(dims));
    return network.arranged(name_, x, order, OnnxNetwork::in_order(dims, order));
  }
  /// The output of a layer that works on such: of this node, with these extents behind the channels.
  static OnnxLive image(std::size_t node, const Extents& dims) {
    return {node, OnnxView::of(dims, OnnxNetwork::with_last(dims.size(), 1))};
  }

 private:
  /// The first constant input that is as large as weights are.
  std::string weight() const {
    for (std::size_t i = 1; i < node.inputs.size(); ++i)
      if (const OnnxTensor* const tensor = constant(i); tensor != nullptr && tensor->is_float() && tensor->size() > 1)
        return tensor->name.empty() ? node.inputs[i] : tensor->name;
    return {};
  }

  std::string name_;
};

}  // namespace strata::importing::detail
