// The weights of a network as tensors of a file, whatever its format: by name, in Keras' order and layouts.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/lower.hpp>
#include <strata/io/floats.hpp>
#include <strata/io/network_layers.hpp>
#include <strata/io/tensor_file.hpp>
#include <strata/io/weight_map.hpp>

namespace strata::detail {

/// What a checkpoint holds beside the weights is called so; load_weights passes over it.
inline constexpr std::string_view optimizer_prefix = "optimizer.";

/// The weights as a file holds them.
template <class Model>
std::vector<TensorEntry> weight_entries(const Model& model) {
  static_assert(std::same_as<typename Model::value_type, float>, "weight files hold float: use Model<Net>");
  std::vector<TensorEntry> entries;
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<const float> elements) {
    entries.push_back({join(Text(node.name), "/", parameter.name), "F32", extents_of(parameter.shape),
                       std::as_bytes(elements), 0});
  });
  return entries;
}

/// Why a file is not of a network: all of it.
struct Misfit {
  std::vector<std::string> lines{};

  void missing(const std::string& weight, const std::vector<std::size_t>& shape) {
    lines.push_back(join("missing ", weight, " ", shape_text(shape)));
  }
  void unexpected(const TensorEntry& tensor) {
    lines.push_back(join("unexpected ", printable(tensor.name), " ", shape_text(tensor.shape)));
  }
  void misshapen(const std::string& weight, const std::vector<std::size_t>& shape, const TensorEntry& tensor) {
    lines.push_back(join(weight, " expected F32 ", shape_text(shape), ", received ", tensor.dtype, " ",
                         shape_text(tensor.shape), " as ", printable(tensor.name)));
  }
  [[noreturn]] void fail(const std::filesystem::path& path, std::size_t expected, std::size_t received) const {
    std::string list;
    for (const std::string& line : lines) list += "\n  " + line;
    raise<FileError>(join(path.string(), ": expected the network's ", expected, " weights, received ", received,
                          " tensors, which do not fit; load the file into the network that it was saved from:", list));
  }
};

/// As Keras counts what Normalization has seen.
inline bool is_count(const TensorEntry& tensor) {
  return (tensor.dtype == "I32" || tensor.dtype == "I64") &&
         std::all_of(tensor.shape.begin(), tensor.shape.end(), [](std::size_t extent) { return extent == 1; });
}
/// Whether it can be a weight: floats, of any width.
inline bool is_real(const TensorEntry& tensor) {
  return tensor.dtype == "F32" || tensor.dtype == "F64" || tensor.dtype == "F16" || tensor.dtype == "BF16";
}

/// Every tensor of `expected` is one of the file, by name, and but for an optimiser's the file has no other. Throws
/// FileError.
inline std::vector<const TensorEntry*> matching_tensors(const TensorFile& file,
                                                        const std::vector<TensorEntry>& expected) {
  std::vector<const TensorEntry*> matches;
  Misfit misfit;
  for (const TensorEntry& tensor : expected) {
    const TensorEntry* const found = matches.emplace_back(file.find(tensor.name));
    if (found == nullptr) misfit.missing(tensor.name, tensor.shape);
    else if (found->dtype != tensor.dtype || found->shape != tensor.shape)
      misfit.misshapen(tensor.name, tensor.shape, *found);
  }
  const std::set<const TensorEntry*> known(matches.begin(), matches.end());
  for (const TensorEntry& tensor : file.tensors())
    if (!tensor.name.starts_with(optimizer_prefix) && !known.contains(&tensor)) misfit.unexpected(tensor);
  if (!misfit.lines.empty()) misfit.fail(file.path(), expected.size(), file.tensors().size());
  return matches;
}

/// The map in the network's order, as far as file and network have what it names. Throws FileError where they do not.
inline WeightMap checked_map(const WeightMap& map, const TensorFile& file, const std::vector<TensorEntry>& weights) {
  const auto count = [](const std::vector<std::size_t>& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
  };
  WeightMap ordered;
  Misfit misfit;
  std::set<std::string> known;
  for (const TensorEntry& weight : weights) {
    known.insert(weight.name);
    const auto source =
        std::find_if(map.begin(), map.end(), [&](const WeightSource& from) { return from.weight == weight.name; });
    if (source == map.end()) continue;
    ordered.push_back(*source);
    const TensorEntry* const tensor = file.find(source->tensor);
    std::vector<std::size_t> axes = source->axes, all(source->view.size());
    std::sort(axes.begin(), axes.end());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (tensor == nullptr) misfit.missing(source->tensor, weight.shape);
    else if ((!is_real(*tensor) && !is_count(*tensor)) || count(tensor->shape) != count(weight.shape) ||
             (!axes.empty() && (axes != all || count(source->view) != count(weight.shape))))
      misfit.misshapen(weight.name, weight.shape, *tensor);
  }
  for (const WeightSource& source : map)
    if (!known.contains(source.weight)) misfit.lines.push_back("no weight of the network: " + source.weight);
  if (!misfit.lines.empty()) misfit.fail(file.path(), weights.size(), file.tensors().size());
  return ordered;
}

/// What was checked before, as floats.
inline void assign_weight(const TensorEntry& tensor, const WeightSource& source, std::span<float> elements) {
  std::optional<std::vector<float>> converted;
  if (tensor.dtype != "F32") converted = floats_of(tensor);
  const std::span<const std::byte> data = converted ? std::as_bytes(std::span(*converted)) : tensor.data;
  if (source.axes.empty()) std::copy(data.begin(), data.end(), std::as_writable_bytes(elements).begin());
  else permute(data, elements, source.view, source.axes);
}

/// Copies what was checked before; cannot fail.
template <class Model>
void assign_weights(Model& model, const std::vector<const TensorEntry*>& tensors) {
  std::size_t next = 0;
  model.for_each_parameter([&](const NodeInfo&, const Parameter&, std::span<float> elements) {
    const auto& data = tensors[next++]->data;
    std::copy(data.begin(), data.end(), std::as_writable_bytes(elements).begin());
  });
}

}  // namespace strata::detail
