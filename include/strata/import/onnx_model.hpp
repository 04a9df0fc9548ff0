// A model of ONNX as plain values, as https://onnx.ai/onnx/intro/concepts.html has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/import/network.hpp>

namespace strata::importing {

/// TensorProto.DataType
enum class OnnxType {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  text = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  bfloat16 = 16
};
constexpr bool is_float(OnnxType type) {
  return type == OnnxType::float32 || type == OnnxType::float16 || type == OnnxType::float64 ||
         type == OnnxType::bfloat16;
}

using OnnxDims = std::vector<std::int64_t>;

/// The elements are in `floats` where the type is one of floats, else in `ints`; as many as the dims say.
struct OnnxTensor {
  std::string name, doc;
  OnnxDims dims;
  OnnxType type = OnnxType::float32;
  std::vector<float> floats;
  std::vector<std::int64_t> ints;

  bool is_float() const { return importing::is_float(type); }
  std::size_t size() const { return is_float() ? floats.size() : ints.size(); }
};

/// AttributeProto.AttributeType
enum class OnnxAttributeType {
  undefined = 0,
  real = 1,
  integer = 2,
  text = 3,
  tensor = 4,
  graph = 5,
  reals = 6,
  integers = 7,
  texts = 8,
  tensors = 9,
  graphs = 10
};

/// What it holds is where its type says; a graph is not read.
struct OnnxAttribute {
  std::string name;
  OnnxAttributeType type = OnnxAttributeType::undefined;
  float real = 0;
  std::int64_t integer = 0;
  std::string text;
  OnnxTensor tensor;
  std::vector<float> reals;
  std::vector<std::int64_t> integers;
  std::vector<std::string> texts;
};

using OnnxMetadata = std::map<std::string, std::string>;

struct OnnxNode {
  std::string op_type, domain, name, doc;
  std::vector<std::string> inputs, outputs;  ///< names of values; an empty one is left out
  std::vector<OnnxAttribute> attributes;
  OnnxMetadata metadata;  ///< PyTorch: `pkg.torch.onnx.name_scopes`, …

  /// Null where there is none of this name.
  const OnnxAttribute* attribute(std::string_view called) const {
    for (const OnnxAttribute& attribute : attributes)
      if (attribute.name == called) return &attribute;
    return nullptr;
  }
  /// An attribute's value, or the default where it is not given. Throw ImportError where it is of another type.
  std::int64_t integer(std::string_view called, std::int64_t otherwise) const {
    const OnnxAttribute* const found = typed(called, OnnxAttributeType::integer);
    return found == nullptr ? otherwise : found->integer;
  }
  float real(std::string_view called, float otherwise) const {
    const OnnxAttribute* const found = typed(called, OnnxAttributeType::real);
    return found == nullptr ? otherwise : found->real;
  }
  std::string text(std::string_view called, std::string otherwise) const {
    const OnnxAttribute* const found = typed(called, OnnxAttributeType::text);
    return found == nullptr ? otherwise : found->text;
  }
  std::vector<std::int64_t> integers(std::string_view called, std::vector<std::int64_t> otherwise) const {
    const OnnxAttribute* const found = typed(called, OnnxAttributeType::integers);
    return found == nullptr ? otherwise : found->integers;
  }

 private:
  const OnnxAttribute* typed(std::string_view called, OnnxAttributeType type) const {
    const OnnxAttribute* const found = attribute(called);
    if (found != nullptr && found->type != type)
      strata::detail::raise<ImportError>(
          strata::detail::join(name, " (", op_type, "): expected attribute ", called, " of type ",
                               static_cast<int>(type), ", received type ", static_cast<int>(found->type),
                               "; the file is damaged, see AttributeProto.AttributeType of ONNX"));
    return found;
  }
};

/// An extent of an input: a number, or open (-1) and then perhaps with a name.
struct OnnxExtent {
  std::int64_t value = -1;
  std::string name{};
};

struct OnnxValue {
  std::string name;
  OnnxType type = OnnxType::undefined;
  bool has_shape = false;
  std::vector<OnnxExtent> shape;  ///< with the batch
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;  ///< each behind those that it reads
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxValue> inputs, outputs, values;  ///< of old files, initializers are among the inputs, too
};

struct OnnxModel {
  std::filesystem::path path;
  std::int64_t ir_version = 0;
  std::string producer;                        ///< `pytorch 2.9.0`
  std::map<std::string, std::int64_t> opsets;  ///< by domain; the domain of ONNX is ""
  OnnxGraph graph;
  OnnxMetadata metadata;

  int opset() const {
    const auto found = opsets.find("");
    return found == opsets.end() ? 1 : static_cast<int>(found->second);
  }
};

}  // namespace strata::importing
