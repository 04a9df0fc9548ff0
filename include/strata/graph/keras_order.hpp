// The order in which Keras lists a network's layers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include <strata/graph/lower.hpp>

namespace strata::detail {

/// A visible layer in Keras' list.
struct LayerPlace {
  std::size_t layer = 0;            ///< as NodeInfo counts
  std::vector<std::size_t> reads{}; ///< layers
  int depth = 0;                    ///< layers from here to an output, on the longest way
  int met = -1;                     ///< place on the way from the outputs to the inputs
};

/// The order of Keras' functional models (`map_graph`): layers far from the outputs first; those equally far as they
/// are met on the way from the outputs to the inputs, a layer before what it reads. Of a chain: its own.
template <std::size_t N, std::size_t Operands>
std::vector<LayerPlace> keras_order(const Lowered<N, Operands>& network) {
  const auto layer_of = [&](int tensor) {
    return static_cast<std::size_t>(network.nodes[static_cast<std::size_t>(network.tensor(tensor).producer)].layer);
  };
  std::vector<LayerPlace> places;
  for (std::size_t n = 0; n < network.node_count; ++n) {
    if (network.nodes[n].layer != static_cast<int>(places.size())) continue;  // part of the layer before
    places.push_back({.layer = places.size()});
    for (int operand = 0; operand < network.nodes[n].operand_count; ++operand)
      places.back().reads.push_back(layer_of(network.input_of(n, operand)));
  }
  for (std::size_t i = places.size(); i-- > 0;)
    for (const std::size_t read : places[i].reads)
      places[read].depth = (std::max)(places[read].depth, places[i].depth + 1);
  std::vector<std::size_t> ahead;
  for (std::size_t k = network.output_count; k-- > 0;) ahead.push_back(layer_of(network.output(k)));
  for (int met = 0; !ahead.empty();) {
    LayerPlace& place = places[ahead.back()];
    ahead.pop_back();
    if (place.met >= 0) continue;
    place.met = met++;
    ahead.insert(ahead.end(), place.reads.rbegin(), place.reads.rend());
  }
  std::sort(places.begin(), places.end(), [](const LayerPlace& a, const LayerPlace& b) {
    return std::tuple(-a.depth, a.met) < std::tuple(-b.depth, b.met);
  });
  return places;
}

}  // namespace strata::detail
