// Which tensor of a file is which weight of a network, or one error that says why none is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/io/file_layers.hpp>
#include <strata/io/match_layers.hpp>
#include <strata/io/network_layers.hpp>
#include <strata/io/tensor_file.hpp>
#include <strata/io/weight_map.hpp>
#include <strata/io/weights.hpp>

namespace strata {

/// Loads what fits: layers of the same name or, where those are more, the network's first layers as far as the file has
/// their like.
struct Partial {
  std::string prefix{};                        ///< only layers of the file whose names start so, without that part
  std::map<std::string, std::string> names{};  ///< only these: the network's layer, the file's
};

namespace detail {

/// Brings the layers of a network and of a file together.
class WeightMatcher {
 public:
  WeightMatcher(const TensorFile& file, const FileLayers& layers, const std::vector<NetworkLayer>& network)
      : file_(file), layers_(layers), network_(network) {}

  /// Every weight of the network has one tensor of the file, and no tensor is left. Throws FileError.
  WeightMap all() const {
    const LayerMatch named = match_by_name(network_, layers_);
    const bool counted = layers_.layers.size() == network_.size();
    const bool by_name = counted && matched(named) == network_.size();
    if (by_name && !(layers_.keras && numbered_names())) return map_of(named);
    const StructureMatch structure = match_structure();
    const LayerMatch ordered = in_definition_order(structure.longest());
    const bool by_order = counted && matched(ordered) == network_.size();
    if (by_name && by_order && !structure.ambiguous() && ordered != named) fail_ambiguous(named, ordered);
    if (by_name) return map_of(named);
    if (!by_order) fail(named, ordered);
    if (structure.ambiguous()) fail_ambiguous(ordered, in_definition_order(structure.another()));
    return map_of(ordered);
  }

  /// What fits. Throws FileError where nothing does.
  WeightMap some(const Partial& partial) const {
    if (!partial.names.empty()) return map_of(match_given(partial.names));
    const LayerMatch named = match_by_name(network_, layers_);
    const StructureMatch structure = match_structure();
    const LayerMatch ordered = in_definition_order(structure.longest());
    if (matched(named) == 0 && matched(ordered) == 0) fail(named, ordered);
    if (matched(named) >= matched(ordered)) return map_of(named);
    if (structure.ambiguous()) fail_ambiguous(ordered, in_definition_order(structure.another()));
    return map_of(ordered);
  }

 private:
  /// The network's layers in the order that the file's writer went by.
  std::vector<std::size_t> order() const {
    std::vector<std::size_t> order(network_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (layers_.keras)
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return network_[a].keras_place < network_[b].keras_place;
      });
    return order;
  }
  StructureMatch match_structure() const {
    std::vector<const NetworkLayer*> sequence;
    for (const std::size_t i : order()) sequence.push_back(&network_[i]);
    return StructureMatch(std::move(sequence), layers_);
  }
  LayerMatch in_definition_order(const LayerMatch& match) const {
    LayerMatch result(network_.size());
    std::size_t place = 0;
    for (const std::size_t i : order()) result[i] = place < match.size() ? match[place++] : nullptr;
    return result;
  }

  /// Names such as conv2d_1, which Keras may give out in another order than the network.
  bool numbered_names() const {
    return std::any_of(network_.begin(), network_.end(), [](const NetworkLayer& layer) {
      return numbered(layer.name).stem == std::string_view(snake_case(layer.class_name));
    });
  }

  LayerMatch match_given(const std::map<std::string, std::string>& names) const {
    LayerMatch match(network_.size());
    Misfit misfit;
    for (const auto& entry : names) {
      const auto& name = entry.first;
      const auto& wanted = entry.second;
      const auto layer =
          std::find_if(network_.begin(), network_.end(), [&](const NetworkLayer& known) { return known.name == name; });
      const auto from = std::find_if(layers_.layers.begin(), layers_.layers.end(), [&](const FileLayer& found) {
        return found.place == wanted || found.name == wanted;
      });
      if (layer == network_.end()) misfit.lines.push_back("no layer of the network: " + name);
      else if (from == layers_.layers.end()) misfit.lines.push_back("no layer of the file: " + wanted);
      else if (!fits(*layer, *from, layers_.pytorch)) compare(*layer, &*from, misfit);
      else match[static_cast<std::size_t>(layer - network_.begin())] = &*from;
    }
    if (!misfit.lines.empty()) misfit.fail(file_.path(), weight_count(), file_.tensors().size());
    return match;
  }

  WeightMap map_of(const LayerMatch& match) const {
    WeightMap map;
    for (std::size_t i = 0; i < network_.size(); ++i)
      for (std::size_t w = 0; match[i] != nullptr && w < network_[i].weights.size(); ++w)
        map.push_back(*source_of(network_[i], w, *match[i], layers_.pytorch));
    return map;
  }

  std::size_t weight_count() const {
    std::size_t count = 0;
    for (const NetworkLayer& layer : network_) count += layer.weights.size();
    return count;
  }

  /// What does not fit of a layer.
  void compare(const NetworkLayer& layer, const FileLayer* from, Misfit& misfit) const {
    std::set<const TensorEntry*> used;
    for (std::size_t w = 0; w < layer.weights.size(); ++w) {
      const std::string name = join(layer.name, "/", layer.weights[w].name);
      const std::vector<std::size_t>& shape = layer.weights[w].shape;
      const TensorEntry* const tensor = from == nullptr ? nullptr : tensor_of(layer, w, *from, layers_.pytorch);
      if (tensor == nullptr) misfit.missing(name, shape);
      else if (used.insert(tensor); !source_of(layer, w, *from, layers_.pytorch))
        misfit.misshapen(name, shape, *tensor);
    }
    for (std::size_t i = 0; from != nullptr && i < from->weights.size(); ++i)
      if (!used.contains(from->weights[i].second)) misfit.unexpected(*from->weights[i].second);
  }

  [[noreturn]] void fail(const LayerMatch& named, LayerMatch ordered) const {
    // By name, where that says more; where the order says more and as many layers are left on both sides, they are
    // taken for one another.
    std::map<std::string, const FileLayer*> by_name;
    for (const FileLayer& from : layers_.layers) by_name.emplace(from.name, &from);
    std::size_t known = 0;
    for (const NetworkLayer& layer : network_) known += by_name.contains(layer.name);
    LayerMatch best = named;
    if (2 * known >= network_.size()) {
      for (std::size_t i = 0; i < best.size(); ++i)
        if (const auto found = by_name.find(network_[i].name); found != by_name.end()) best[i] = found->second;
    } else {
      best = std::move(ordered);
    }
    std::set<const FileLayer*> used(best.begin(), best.end());
    std::vector<const FileLayer*> left;
    for (const FileLayer& from : layers_.layers)
      if (!used.contains(&from)) left.push_back(&from);
    if (left.size() == network_.size() - matched(best)) {
      std::sort(left.begin(), left.end(), before);
      for (const FileLayer*& from : best)
        if (from == nullptr) from = *left.begin(), left.erase(left.begin());
    }
    Misfit misfit;
    for (std::size_t i = 0; i < network_.size(); ++i) compare(network_[i], best[i], misfit);
    for (const FileLayer* from : left)
      for (const auto& [name, tensor] : from->weights) misfit.unexpected(*tensor);
    misfit.fail(file_.path(), weight_count(), file_.tensors().size());
  }

  [[noreturn]] void fail_ambiguous(const LayerMatch& one, const LayerMatch& other) const {
    std::string list;
    for (std::size_t i = 0; i < network_.size(); ++i)
      if (one[i] != other[i] && one[i] != nullptr && other[i] != nullptr)
        list += join("\n  ", network_[i].name, ": ", one[i]->place, " or ", other[i]->place);
    raise<FileError>(join(file_.path().string(), ": expected names or an order of layers that say which is which, "
                          "received two ways to read them; give nodes of a Graph the file's names, or say which by "
                          "Partial{.names = {{layer, layer of the file}, …}}:", list));
  }

  const TensorFile& file_;
  const FileLayers& layers_;
  const std::vector<NetworkLayer>& network_;
};

/// The layers whose names start with the prefix, without that part.
inline void keep_prefix(FileLayers& layers, const std::string& prefix) {
  std::erase_if(layers.layers, [&](const FileLayer& layer) { return !layer.place.starts_with(prefix); });
  for (FileLayer& layer : layers.layers)
    if (layer.name.starts_with(prefix)) layer.name.erase(0, prefix.size());
}

}  // namespace detail
}  // namespace strata
