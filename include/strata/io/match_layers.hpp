// Which layer of a file is which of a network: by their names or, where those say nothing, by order, kinds and shapes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/io/file_layers.hpp>
#include <strata/io/network_layers.hpp>
#include <strata/io/weight_map.hpp>
#include <strata/io/weights.hpp>

namespace strata::detail {

/// What PyTorch calls a weight.
inline std::string_view pytorch_name(std::string_view weight) {
  if (weight == "bias" || weight == "beta") return "bias";
  if (weight == "moving_mean") return "running_mean";
  if (weight == "moving_variance") return "running_var";
  return "weight";
}

/// The tensor that has the weight's name, or stands where it should; null: none.
inline const TensorEntry* tensor_of(const NetworkLayer& layer, std::size_t weight, const FileLayer& from,
                                    bool pytorch) {
  const std::string& own = layer.weights[weight].name;
  const std::string_view name = pytorch ? pytorch_name(own) : std::string_view(own);
  for (std::size_t i = 0; i < from.weights.size(); ++i) {
    const auto& [called, tensor] = from.weights[i];
    if (called.empty() ? i == weight : called == name || called == join("depthwise_", name)) return tensor;
  }
  return nullptr;
}

/// How a tensor of PyTorch becomes a weight of this shape. A kernel (height, width, in, out) is (out, in, height,
/// width) there, that of a depthwise convolution (in * multiplier, 1, height, width), and what belongs to an image that
/// was taken apart goes channel by channel.
inline std::optional<WeightSource> from_pytorch(const std::vector<std::size_t>& wanted, const NetworkLayer& layer,
                                                const TensorEntry& tensor) {
  WeightSource source;
  if (layer.input.mixed) return std::nullopt;
  const auto add = [&](std::size_t extent, const Features& features) {
    const Shape image = features.image;
    const auto count = static_cast<std::size_t>(image.rank == 0 ? 0 : image.size());
    if (count != extent) return source.view.push_back(extent);
    for (const int part : {image.channels(), image.height(), image.width()})
      source.view.push_back(static_cast<std::size_t>(part));
  };
  if (wanted.size() < 2) {
    if (tensor.shape != wanted) return std::nullopt;
    if (!wanted.empty()) add(wanted[0], layer.input.image.rank != 0 ? layer.input : layer.output);
    if (source.view.size() == 3) source.axes = {1, 2, 0};
    return source;
  }
  const std::size_t spatial = wanted.size() - 2, in = wanted[spatial], out = wanted[spatial + 1];
  std::vector<std::size_t> plain{out, in}, depthwise{in * out, 1};
  for (std::vector<std::size_t>* shape : {&plain, &depthwise})
    shape->insert(shape->end(), wanted.begin(), wanted.end() - 2);
  if (tensor.shape != plain && tensor.shape != depthwise) return std::nullopt;
  if (spatial == 0) {
    add(out, layer.output);
    const std::size_t split = source.view.size();
    add(in, layer.input);
    const auto append = [&](std::size_t first, std::size_t count) {
      if (count == 3) source.axes.insert(source.axes.end(), {first + 1, first + 2, first});
      else source.axes.push_back(first);
    };
    append(split, source.view.size() - split);
    append(0, split);
    return source;
  }
  const bool is_plain = tensor.shape == plain;
  source.view = is_plain ? std::vector{out, in} : std::vector{in, out};
  source.view.insert(source.view.end(), wanted.begin(), wanted.end() - 2);
  for (std::size_t axis = 0; axis < spatial; ++axis) source.axes.push_back(2 + axis);
  for (const std::size_t axis : {is_plain ? 1u : 0u, is_plain ? 0u : 1u}) source.axes.push_back(axis);
  return source;
}

/// Without the ones in front: Keras' slopes of PReLU are (1, 1, channels) or (channels,).
inline std::vector<std::size_t> significant(const std::vector<std::size_t>& shape) {
  const auto first = std::find_if(shape.begin(), shape.end(), [](std::size_t extent) { return extent != 1; });
  return {first, shape.end()};
}

/// The weight's source in a layer of the file; none where it does not fit.
inline std::optional<WeightSource> source_of(const NetworkLayer& layer, std::size_t weight, const FileLayer& from,
                                             bool pytorch) {
  const TensorEntry* const tensor = tensor_of(layer, weight, from, pytorch);
  const auto& [name, shape, counts, place] = layer.weights[weight];
  if (tensor == nullptr || !(is_real(*tensor) || (counts && is_count(*tensor)))) return std::nullopt;
  std::optional<WeightSource> source;
  if (pytorch) source = from_pytorch(shape, layer, *tensor);
  else if (significant(tensor->shape) == significant(shape)) source.emplace();
  if (source) source->weight = join(layer.name, "/", name), source->tensor = tensor->name;
  return source;
}

inline bool fits(const NetworkLayer& layer, const FileLayer& from, bool pytorch) {
  if (layer.weights.size() != from.weights.size()) return false;
  if (!from.class_name.empty() && from.class_name != std::string_view(snake_case(layer.class_name))) return false;
  for (std::size_t i = 0; i < layer.weights.size(); ++i)
    if (!source_of(layer, i, from, pytorch)) return false;
  return true;
}

/// For each layer of the network, in the order of definition, the one of the file; null: none.
using LayerMatch = std::vector<const FileLayer*>;

inline std::size_t matched(const LayerMatch& match) {
  return match.size() - static_cast<std::size_t>(std::count(match.begin(), match.end(), nullptr));
}

inline LayerMatch match_by_name(const std::vector<NetworkLayer>& network, const FileLayers& file) {
  LayerMatch match;
  for (const NetworkLayer& layer : network) {
    const auto found = std::find_if(file.layers.begin(), file.layers.end(), [&](const FileLayer& from) {
      return from.name == layer.name && fits(layer, from, file.pytorch);
    });
    match.push_back(found == file.layers.end() ? nullptr : &*found);
  }
  return match;
}

/// Lays the tree of a file's names over the sequence of a network's layers. The parts of a tree of names follow one
/// another in any order, but for those of one stem (layer1, layer2), which keep theirs; and a part is left only when
/// all of it was passed. So `downsample` may come before or behind `conv1` and `bn1`, not between. Layers of one
/// number, as these two, are mates and follow each other, if the network can be read so.
class StructureMatch {
 public:
  /// `network` in the order in which the file's layers are expected.
  StructureMatch(std::vector<const NetworkLayer*> network, const FileLayers& file)
      : network_(std::move(network)), pytorch_(file.pytorch), mates_(file.pytorch) {
    std::vector<const FileLayer*> layers;
    for (const FileLayer& layer : file.layers) layers.push_back(&layer);
    std::sort(layers.begin(), layers.end(), before);
    for (const FileLayer* layer : layers) add(layer);
    chosen_.resize(network_.size());
    if (layers.empty() || network_.empty()) return;
    walk({{0, {}}}, 0);
    if (!pytorch_ || best_.length == network_.size()) return;
    Reading with_mates = std::exchange(best_, {});
    mates_ = false;
    steps_ = 0;
    walk({{0, {}}}, 0);
    if (with_mates.length >= best_.length) best_ = std::move(with_mates);
  }

  /// The longest run of layers, from the network's first on, that has a place in the file, in the given order.
  const LayerMatch& longest() const { return best_.layers; }
  /// Another one is as long, or may be.
  bool ambiguous() const { return best_.ambiguous; }
  const LayerMatch& another() const { return best_.others; }

 private:
  struct Part {
    std::vector<std::pair<std::string, std::vector<std::size_t>>> stems{};  ///< parts, by their numbers
    const FileLayer* layer = nullptr;
    std::size_t number = 0;
  };
  struct Reading {
    std::size_t length = 0;
    LayerMatch layers{}, others{};
    bool ambiguous = false;
  };
  /// A part on the way, how many parts of each stem were passed, and the number of the last layer among them.
  struct Visit {
    std::size_t part;
    std::vector<std::size_t> passed;
    std::size_t number = 0;
  };

  /// In the order of paths, so that what belongs together is side by side.
  void add(const FileLayer* layer) {
    std::size_t part = 0;
    const std::size_t depth = (std::min)(layer->path.size(), std::size_t{64});
    for (std::size_t i = 0; i < depth; ++i) {
      const PathPart& name = layer->path[i];
      const bool same = last_.size() > i && last_[i].first == name;
      if (!same) {
        last_.resize(i);
        last_.emplace_back(name, parts_.size());
        auto& stems = parts_[part].stems;
        if (stems.empty() || stems.back().first != name.stem) stems.push_back({name.stem, {}});
        stems.back().second.push_back(parts_.size());
        parts_.emplace_back().number = name.number;
      }
      part = last_[i].second;
    }
    if (parts_[part].layer == nullptr) parts_[part].layer = layer;
  }

  void walk(std::vector<Visit> way, std::size_t place) {
    if (steps_ > most_steps) return void(best_.ambiguous = true);
    while (!way.empty() && all_passed(way.back())) way.pop_back();
    note(place);
    if (place == network_.size() || way.empty()) return;
    Visit& here = way.back();
    const Part& part = parts_[here.part];
    here.passed.resize(part.stems.size());
    steps_ += part.stems.size();
    // The part that comes next of a stem; null: none.
    const auto next_of = [&](std::size_t s) {
      const std::vector<std::size_t>& all = part.stems[s].second;
      return here.passed[s] == all.size() ? nullptr : &parts_[all[here.passed[s]]];
    };
    const auto is_mate = [&](const Part* next) {
      return mates_ && here.number > 0 && next != nullptr && next->layer != nullptr && next->number == here.number;
    };
    bool has_mate = false;
    for (std::size_t s = 0; s < part.stems.size(); ++s) has_mate |= is_mate(next_of(s));
    for (std::size_t s = 0; s < part.stems.size(); ++s) {
      const Part* const next = next_of(s);
      if (next == nullptr || (has_mate && !is_mate(next))) continue;
      const FileLayer* const layer = next->layer;
      if (layer != nullptr && !fits(*network_[place], *layer, pytorch_)) continue;
      std::vector<Visit> further = way;
      ++further.back().passed[s];
      if (layer != nullptr) further.back().number = next->number;
      further.push_back({static_cast<std::size_t>(next - parts_.data()), {}});
      if (layer != nullptr) chosen_[place] = layer;
      walk(std::move(further), place + (layer != nullptr));
    }
  }
  bool all_passed(const Visit& visit) const {
    const auto& stems = parts_[visit.part].stems;
    for (std::size_t s = 0; s < stems.size(); ++s)
      if (visit.passed.empty() || visit.passed[s] < stems[s].second.size()) return false;
    return true;
  }
  void note(std::size_t length) {
    if (length < best_.length) return;
    LayerMatch match(chosen_.begin(), chosen_.begin() + static_cast<std::ptrdiff_t>(length));
    match.resize(network_.size());
    if (length == best_.length && match == best_.layers) return;
    best_.ambiguous = length > 0 && length == best_.length;
    best_.length = length;
    (best_.ambiguous ? best_.others : best_.layers) = std::move(match);
  }

  static constexpr std::size_t most_steps = 1'000'000;

  std::vector<const NetworkLayer*> network_;
  bool pytorch_;
  std::vector<Part> parts_{1};
  std::vector<std::pair<PathPart, std::size_t>> last_;  ///< the path of the layer before
  LayerMatch chosen_;
  Reading best_;
  std::size_t steps_ = 0;
  bool mates_;
};

}  // namespace strata::detail
