/// @file
/// Writes a file of ONNX. Needs protozero, headers only (CMake: strata::protozero).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <protozero/pbf_writer.hpp>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>
#include <strata/import/onnx_model.hpp>

namespace strata::importing {

namespace detail {

/// Encodes the messages of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), whose numbers of fields
/// these are.
class OnnxEncoder {
 public:
  static std::string encode(const OnnxModel& model) {
    std::string bytes;
    Message message(bytes);
    message.add_int64(1, model.ir_version);
    message.add_string(2, model.producer);
    write(Message(message, 7), model.graph);
    for (const auto& [domain, version] : model.opsets) {
      Message opset(message, 8);
      opset.add_string(1, domain);
      opset.add_int64(2, version);
    }
    write(message, 14, model.metadata);
    return bytes;
  }

 private:
  using Message = protozero::pbf_writer;

  static void write(Message message, const OnnxGraph& graph) {
    for (const OnnxNode& node : graph.nodes) write(Message(message, 1), node);
    message.add_string(2, graph.name);
    for (const OnnxTensor& tensor : graph.initializers) write(Message(message, 5), tensor);
    for (const OnnxValue& value : graph.inputs) write(Message(message, 11), value);
    for (const OnnxValue& value : graph.outputs) write(Message(message, 12), value);
    for (const OnnxValue& value : graph.values) write(Message(message, 13), value);
  }

  static void write(Message message, const OnnxNode& node) {
    for (const std::string& input : node.inputs) message.add_string(1, input);
    for (const std::string& output : node.outputs) message.add_string(2, output);
    write_text(message, 3, node.name);
    message.add_string(4, node.op_type);
    for (const OnnxAttribute& attribute : node.attributes) write(Message(message, 5), attribute);
    write_text(message, 6, node.doc);
    write_text(message, 7, node.domain);
    write(message, 9, node.metadata);
  }

  static void write(Message message, const OnnxAttribute& attribute) {
    using enum OnnxAttributeType;
    message.add_string(1, attribute.name);
    switch (attribute.type) {
      case real:
        message.add_float(2, attribute.real);
        break;
      case integer:
        message.add_int64(3, attribute.integer);
        break;
      case text:
        message.add_string(4, attribute.text);
        break;
      case tensor:
        write(Message(message, 5), attribute.tensor);
        break;
      case reals:
        for (const float number : attribute.reals) message.add_float(7, number);
        break;
      case integers:
        for (const std::int64_t number : attribute.integers) message.add_int64(8, number);
        break;
      case texts:
        for (const std::string& line : attribute.texts) message.add_string(9, line);
        break;
      default:
        strata::detail::raise<InvalidArgument>(
            strata::detail::join("attribute ", attribute.name, ": expected numbers, texts or a tensor, received type ",
                                 static_cast<int>(attribute.type), "; graphs in attributes are not written"));
    }
    message.add_int32(20, static_cast<std::int32_t>(attribute.type));
  }

  /// float and int64 as their bytes, the others in the field of their type.
  static void write(Message message, const OnnxTensor& tensor) {
    static_assert(std::endian::native == std::endian::little);
    message.add_packed_int64(1, tensor.dims.begin(), tensor.dims.end());
    message.add_int32(2, static_cast<std::int32_t>(tensor.type));
    if (tensor.type == OnnxType::float32)
      write_bytes(message, std::as_bytes(std::span(tensor.floats)));
    else if (tensor.type == OnnxType::int64)
      write_bytes(message, std::as_bytes(std::span(tensor.ints)));
    else if (!tensor.is_float())
      message.add_packed_int64(5, tensor.ints.begin(), tensor.ints.end());
    else
      strata::detail::raise<InvalidArgument>(
          strata::detail::join("tensor ", tensor.name, ": expected numbers of float32 or whole ones, received type ",
                               static_cast<int>(tensor.type), "; convert them before"));
    message.add_string(8, tensor.name);
    write_text(message, 12, tensor.doc);
  }
  static void write_bytes(Message& message, std::span<const std::byte> bytes) {
    message.add_bytes(9, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  static void write(Message message, const OnnxValue& value) {
    message.add_string(1, value.name);
    Message type(message, 2), tensor(type, 1);
    tensor.add_int32(1, static_cast<std::int32_t>(value.type));
    if (!value.has_shape) return;
    Message shape(tensor, 2);
    for (const OnnxExtent& extent : value.shape) {
      Message dimension(shape, 1);
      if (extent.value > 0)
        dimension.add_int64(1, extent.value);
      else if (!extent.name.empty())
        dimension.add_string(2, extent.name);
    }
  }

  static void write(Message& message, protozero::pbf_tag_type field, const OnnxMetadata& metadata) {
    for (const auto& [key, text] : metadata) {
      Message entry(message, field);
      entry.add_string(1, key);
      entry.add_string(2, text);
    }
  }
  static void write_text(Message& message, protozero::pbf_tag_type field, const std::string& text) {
    if (!text.empty()) message.add_string(field, text);
  }
};

}  // namespace detail

/// Replaces the file at once: after a failure the old one is unchanged. Throws FileError, and InvalidArgument where the
/// model has more than the 2 GiB of a message.
inline void write_onnx_model(const OnnxModel& model, const std::filesystem::path& path) {
  std::size_t size = 0;
  for (const OnnxTensor& tensor : model.graph.initializers) size += 4 * tensor.floats.size() + 8 * tensor.ints.size();
  constexpr std::size_t most = (std::size_t{1} << 31) - (std::size_t{1} << 24);
  if (size > most)
    strata::detail::raise<InvalidArgument>(strata::detail::join(path.string(), ": expected weights of ", most,
                                                                " bytes at most in one file, received ", size,
                                                                "; export parts of the network"));
  const std::string bytes = detail::OnnxEncoder::encode(model);
  write_file_atomically(path, {std::as_bytes(std::span(bytes))});
}

}  // namespace strata::importing
