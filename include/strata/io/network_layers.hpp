// The layers of a network that have weights, as values: what files are matched with.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/graph/keras_order.hpp>
#include <strata/graph/lower.hpp>

namespace strata::detail {

/// What the elements of a vector are: channels, or an image that was, or will be, taken apart. PyTorch does that
/// channel by channel, Keras and Strata pixel by pixel.
struct Features {
  Shape image{};       ///< rank 0: channels
  bool mixed = false;  ///< joined of several, so that no single image says their order

  friend constexpr bool operator==(const Features&, const Features&) = default;
};

struct NetworkWeight {
  std::string name;                ///< kernel
  std::vector<std::size_t> shape;
  bool counts = false;             ///< a number that Keras keeps as an integer without axes
  std::size_t place = 0;           ///< among all weights of the network
};

/// A layer, or a node of one that has several.
struct NetworkLayer {
  std::string name, class_name;
  std::size_t keras_place = 0;  ///< in Keras' list of all layers
  std::vector<NetworkWeight> weights{};
  Features input{}, output{};
};

inline std::vector<std::size_t> extents_of(const Shape& shape) {
  std::vector<std::size_t> extents;
  for (int axis = 0; axis < shape.rank; ++axis) extents.push_back(static_cast<std::size_t>(shape[axis]));
  return extents;
}

/// What the elements of each vector are for the layers that read it (first) and for the one that makes it (second).
template <std::size_t N, std::size_t Operands>
std::pair<std::vector<Features>, std::vector<Features>> features_of(const Lowered<N, Operands>& network) {
  std::pair<std::vector<Features>, std::vector<Features>> features{network.node_count, network.node_count};
  auto& [read, made] = features;
  const auto is_image = [](Shape shape) { return shape.rank == 3 && shape.height() * shape.width() > 1; };
  const auto operand = [&](std::size_t n, int o) { return static_cast<std::size_t>(network.input_of(n, o)); };
  // Element by element, so that the order stays.
  const auto passes = [&](const NodeInfo& node) {
    return node.operand_count > 0 && node.rules->kind != Kind::linear && node.rules->kind != Kind::concatenation &&
           node.input.rank == 1 && node.input == network.tensor(node.output).shape;
  };
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    if (network.tensor(node.output).shape.rank != 1 || node.operand_count == 0) continue;
    if (node.rules->kind == Kind::view && is_image(node.input)) read[n].image = node.input;
    else if (passes(node)) read[n] = read[operand(n, 0)];
    if (node.rules->kind == Kind::concatenation)
      for (int o = 0; o < node.operand_count; ++o) read[n].mixed |= read[operand(n, o)] != Features{};
  }
  for (std::size_t n = network.node_count; n-- > 0;) {
    const NodeInfo& node = network.nodes[n];
    if (node.operand_count == 0 || node.input.rank != 1) continue;
    const Shape out = network.tensor(node.output).shape;
    if (node.rules->kind == Kind::view && is_image(out)) made[operand(n, 0)].image = out;
    else if (passes(node)) made[operand(n, 0)] = made[n];
  }
  return features;
}

/// In the order of definition. By node: a layer of two parts, SeparableConv2D, is two.
template <std::size_t N, std::size_t Operands>
std::vector<NetworkLayer> network_layers(const Lowered<N, Operands>& network, bool by_node) {
  std::vector<NetworkLayer> layers;
  const std::vector<LayerPlace> order = keras_order(network);
  std::vector<std::size_t> places(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) places[order[i].layer] = i;
  const auto [read, made] = features_of(network);
  std::size_t count = 0;
  int layer = -1;
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    const Parameters parameters = node.parameters();
    if (parameters.count == 0) continue;
    if (by_node || node.layer != layer) {
      layers.push_back({.name = std::string(std::string_view(Text(node.name))),
                        .class_name = std::string(node.rules->class_name),
                        .keras_place = places[static_cast<std::size_t>(node.layer)],
                        .input = read[static_cast<std::size_t>(network.input_of(n))],
                        .output = made[n]});
    }
    layer = node.layer;
    for (const Parameter& parameter : parameters) {
      layers.back().weights.push_back({std::string(parameter.name), extents_of(parameter.shape),
                                       parameter.bytes != sizeof(float), count++});
    }
  }
  return layers;
}

}  // namespace strata::detail
