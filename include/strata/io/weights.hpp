// The weights of a network as tensors of a file, whatever its format: by name, in Keras' order and layouts.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/graph/lower.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::detail {

/// What a checkpoint holds beside the weights is called so; load_weights passes over it.
inline constexpr std::string_view optimizer_prefix = "optimizer.";

/// The weights as a file holds them.
template <class Model>
std::vector<TensorEntry> weight_entries(const Model& model) {
  static_assert(std::same_as<typename Model::value_type, float>, "weight files hold float: use Model<Net>");
  std::vector<TensorEntry> entries;
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<const float> elements) {
    const std::string name = join(Text(node.name), "/", parameter.name);
    std::vector<std::size_t> shape;
    for (int axis = 0; axis < parameter.shape.rank; ++axis)
      shape.push_back(static_cast<std::size_t>(parameter.shape[axis]));
    entries.push_back({name, "F32", std::move(shape), std::as_bytes(elements), 0});
  });
  return entries;
}

/// (3, 3, 64, 32)
inline std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text;
  for (const std::size_t extent : shape) text += join(text.empty() ? "(" : ", ", extent);
  return text.empty() ? "()" : text + (shape.size() == 1 ? ",)" : ")");
}

/// The tensor of the file that has name, dtype and shape of `expected`.
inline const TensorEntry& matching_tensor(const TensorFile& file, const TensorEntry& expected) {
  const TensorEntry* found = file.find(expected.name);
  const std::string wanted = join("tensor '", expected.name, "' ");
  if (found == nullptr)
    throw_file_error(file.path(), 8, join(wanted, shape_text(expected.shape)),
                     join("a file of ", file.tensors().size(), " tensors without it"),
                     "the file belongs to another network: load it into the one that saved it");
  if (found->dtype != expected.dtype)
    throw_file_error(file.path(), found->byte, wanted + "of dtype " + expected.dtype, found->dtype,
                     "convert it to " + expected.dtype);
  if (found->shape != expected.shape)
    throw_file_error(file.path(), found->byte, join(wanted, "of shape ", shape_text(expected.shape)),
                     shape_text(found->shape), "the file belongs to another network, or stores another layout");
  return *found;
}

/// Every tensor of `expected` matches one of the file and, but for an optimiser's, the file has no other.
inline std::vector<const TensorEntry*> matching_tensors(const TensorFile& file,
                                                        const std::vector<TensorEntry>& expected) {
  std::vector<const TensorEntry*> matches;
  for (const TensorEntry& tensor : expected) matches.push_back(&matching_tensor(file, tensor));
  const std::set<const TensorEntry*> known(matches.begin(), matches.end());
  for (const TensorEntry& tensor : file.tensors())
    if (!tensor.name.starts_with(optimizer_prefix) && !known.contains(&tensor))
      throw_file_error(file.path(), tensor.byte, join("only the network's ", expected.size(), " tensors"),
                       join(printable(tensor.name), " ", shape_text(tensor.shape)),
                       "the file belongs to another network: load it into the one that saved it");
  return matches;
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
