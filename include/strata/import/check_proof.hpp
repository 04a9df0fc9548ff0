/// @file
/// Compares a typed network with recorded outputs of each of its layers: which layer differs first, and why, likely.
///
///     return strata::importing::check_proof<Net>("net.safetensors", "net.proof.safetensors");
///
/// Each layer gets the recorded outputs of those before it, so no error hides another.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/arena.hpp>
#include <strata/core/bound.hpp>
#include <strata/core/text.hpp>
#include <strata/import/network.hpp>
#include <strata/io/safetensors.hpp>
#include <strata/kernels/math.hpp>
#include <strata/runtime/engine.hpp>
#include <strata/runtime/model.hpp>

namespace strata::importing {

/// Of the largest magnitude of an output.
inline constexpr double proof_tolerance = 1e-5;

/// Why `ours` may differ from `theirs`, both (height, width, channels).
inline std::string likely_reason(std::span<const float> ours, std::span<const float> theirs, Shape shape) {
  float largest = 0;
  for (const float element : theirs) largest = std::max(largest, std::abs(element));
  const auto equal = [&](float a, float b) { return std::abs(a - b) <= 1e-4f * largest; };
  const bool image = shape.rank == 3;
  const int height = image ? shape.height() : 1, width = image ? shape.width() : 1, channels = shape.channels();
  const auto at = [&](int y, int x, int c) { return static_cast<std::size_t>((y * width + x) * channels + c); };

  std::vector<float> a(ours.begin(), ours.end()), b(theirs.begin(), theirs.end());
  std::sort(a.begin(), a.end()), std::sort(b.begin(), b.end());
  if (std::equal(a.begin(), a.end(), b.begin(), equal))
    return "the same numbers in another order: the order of channels, or of a Flatten";

  const auto shifted = [&](int dy, int dx) {
    for (int y = std::max(0, -dy); y < std::min(height, height - dy); ++y)
      for (int x = std::max(0, -dx); x < std::min(width, width - dx); ++x)
        for (int c = 0; c < channels; ++c)
          if (!equal(ours[at(y, x, c)], theirs[at(y + dy, x + dx, c)])) return false;
    return true;
  };
  if (image && height > 2 && width > 2) {
    bool inside = true;
    for (int y = 1; y < height - 1; ++y)
      for (int x = 1; x < width - 1; ++x)
        for (int c = 0; c < channels; ++c) inside = inside && equal(ours[at(y, x, c)], theirs[at(y, x, c)]);
    if (inside) return "equal but for the edge: padding";
    for (const auto& [dy, dx] : {std::pair{0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, -1}})
      if (shifted(dy, dx)) return "shifted by a pixel: padding before instead of after, or the reverse";
  }

  const int count = height * width;
  bool scaled = image && count > 2;
  for (int c = 0; c < channels && scaled; ++c) {
    double xx = 0, xy = 0, x1 = 0, y1 = 0;
    for (int p = 0; p < count; ++p) {
      const double x = ours[at(0, p, c)], y = theirs[at(0, p, c)];
      xx += x * x, xy += x * y, x1 += x, y1 += y;
    }
    const double spread = xx - x1 * x1 / count;
    scaled = spread > 0;
    const double factor = (xy - x1 * y1 / count) / spread, offset = (y1 - factor * x1) / count;
    for (int p = 0; p < count; ++p)
      scaled = scaled && equal(static_cast<float>(factor * ours[at(0, p, c)] + offset), theirs[at(0, p, c)]);
  }
  if (scaled) return "each channel is scaled and shifted: an epsilon, or other statistics of a normalisation";
  return "another option of this layer, or other weights";
}

namespace detail {

/// Runs the nodes of a network one by one, each on what it is given.
template <class Net>
class LayerByLayer {
 public:
  using V = simd::Vector<float>;
  static constexpr std::size_t nodes = Net::network().node_count;

  explicit LayerByLayer(const Model<Net>& model) : parameters_(model.parameters().data()) {
    for (std::size_t n = 0; n < nodes; ++n) values_[n].resize(Net::network().tensors[n].shape.size());
  }

  std::vector<float>& value(std::size_t node) { return values_[node]; }

  void run(std::size_t node) {
    constexpr auto all = []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<void (LayerByLayer::*)(), nodes>{&LayerByLayer::run_node<I>...};
    }
    (std::make_index_sequence<nodes>{});
    (this->*all[node])();
  }

 private:
  template <std::size_t I>
  void run_node() {
    constexpr NodeInfo node = Net::network().nodes[I];
    if constexpr (node.operand_count > 0) {
      using L = LayerBy<LayerOf<Net, I>, Fast>;
      using Place = BoundBy<BoundOf<Net, I>, Fast>;
      std::array<const float*, static_cast<std::size_t>(node.operand_count)> inputs{};
      for (std::size_t o = 0; o < inputs.size(); ++o)
        inputs[o] = values_[static_cast<std::size_t>(Net::network().input_of(I, static_cast<int>(o)))].data();
      if constexpr (node.rules->kind == Kind::view) {
        std::copy_n(inputs[0], values_[I].size(), values_[I].data());
      } else {
        constexpr auto offsets = node.offsets();
        std::array<const float*, Parameters::capacity> parameters{};
        for (std::size_t p = 0; p < parameters.size(); ++p) parameters[p] = parameters_ + offsets[p];
        Arena<float> prepared(rules<L>::template prepared_size<V>(node.input)),
            scratch(rules<L>::template scratch_size<V>(node.input));
        const Prepare<Place, V> prepare{parameters.data(), prepared.data(), false};
        if constexpr (requires { L::prepare(prepare); }) L::prepare(prepare);
        L::forward(Forward<Place, V, Border{}, Border{}>{.batch = 1,
                                                         .first = 0,
                                                         .input = inputs[0],
                                                         .inputs = inputs.data(),
                                                         .output = values_[I].data(),
                                                         .parameters = parameters.data(),
                                                         .prepared = prepared.data(),
                                                         .gathered = nullptr,
                                                         .saved = nullptr,
                                                         .scratch = scratch.data(),
                                                         .random = Random{Seed{}}});
      }
    }
  }

  const float* parameters_;
  std::array<std::vector<float>, nodes> values_;
};

inline std::span<const float> floats_in(const TensorFile& file, const std::string& name, std::size_t size) {
  const TensorEntry* const tensor = file.find(name);
  if (tensor == nullptr || tensor->dtype != "F32" || tensor->data.size() != size * sizeof(float))
    throw_file_error(file.path(), 0, strata::detail::join("tensor '", name, "' of ", size, " floats"),
                     tensor == nullptr ? "a file without it" : "another size",
                     "the proof belongs to another header: run strata-import --prove again");
  return {reinterpret_cast<const float*>(tensor->data.data()), size};
}

inline double difference(std::span<const float> ours, std::span<const float> theirs) {
  double largest = 1e-30, most = 0;
  for (std::size_t e = 0; e < ours.size(); ++e) {
    largest = std::max<double>(largest, std::abs(theirs[e]));
    const double error = std::abs(static_cast<double>(ours[e]) - theirs[e]);
    most = error <= most ? most : error;  // NaN counts
  }
  return most / largest;
}

}  // namespace detail

/// Tells on `out`; the status for `main`: 0 where all is equal. Throws FileError.
template <class Net>
int check_proof(const std::filesystem::path& weights, const std::filesystem::path& proof,
                std::ostream& out = std::cout) {
  static Model<Net> model;
  load_weights(model, weights);
  TensorFile file = read_tensors(proof);
  const auto listed = file.metadata().find("layers");
  const json names = json::parse(listed == file.metadata().end() ? "[]" : listed->second);

  using strata::detail::printable;
  const auto& network = Net::network();
  detail::LayerByLayer<Net> ours(model);
  std::array<std::span<const float>, Net::input_count> inputs;
  double worst = 0;
  for (std::size_t n = 0; n < network.node_count; ++n) {
    std::vector<float>& value = ours.value(n);
    if (n < Net::input_count) {
      inputs[n] = detail::floats_in(file, strata::detail::join("input/", n), value.size());
      value.assign(inputs[n].begin(), inputs[n].end());
      continue;
    }
    ours.run(n);
    if (n + 1 < network.node_count && !network.nodes[n + 1].rules->visible) continue;  // more of this layer follows
    const auto layer = static_cast<std::size_t>(network.nodes[n].layer) - Net::input_count;
    const auto theirs = detail::floats_in(file, strata::detail::join("layer/", layer), value.size());
    const double difference = detail::difference(value, theirs);
    worst = std::max(worst, difference);
    if (!(difference <= proof_tolerance)) {
      const std::string in_file = layer < names.size() ? printable(names[layer]) : "another";
      out << "the first layer that differs: " << std::string_view(Text(network.nodes[n].name)) << ", in the file "
          << in_file << ": by " << difference
          << " of its largest output; likely: " << likely_reason(value, theirs, network.tensors[n].shape) << '\n';
      return 1;
    }
    value.assign(theirs.begin(), theirs.end());
  }

  const Engine<Net> engine(model);
  std::array<std::vector<float>, Net::output_count> results;
  std::array<std::span<float>, Net::output_count> spans;
  for (std::size_t k = 0; k < results.size(); ++k) {
    results[k].resize(Net::output_shapes[k].size());
    spans[k] = results[k];
  }
  if constexpr (Net::input_count == 1 && Net::output_count == 1)
    engine(inputs[0], spans[0]);
  else
    engine(inputs, spans);
  for (std::size_t k = 0; k < results.size(); ++k) {
    const std::size_t node = static_cast<std::size_t>(network.output(k));
    const double difference = detail::difference(results[k], ours.value(node));
    if (!(difference <= proof_tolerance)) {
      out << "every layer is equal, but Engine's output " << std::string_view(Text(network.nodes[node].name))
          << " is off by " << difference << " of the largest\n";
      return 1;
    }
  }
  out << network.layer_count << " layers equal, the worst by " << worst << " of its largest output\n";
  return 0;
}

}  // namespace strata::importing
