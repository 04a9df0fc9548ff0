/// @file
/// Reads a file of ONNX, and the files with its data. Needs protozero, headers only (CMake: strata::protozero).
///
/// Strangers' files: protozero checks each length against the bytes that are there, messages nest seven deep at most
/// because graphs in attributes are not read, and a tensor gets memory only once its bytes are found.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include <strata/core/file.hpp>
#include <strata/import/onnx_data.hpp>
#include <strata/import/onnx_model.hpp>
#include <strata/io/json.hpp>

namespace strata::importing {

namespace detail {

/// Decodes the messages of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), whose numbers of fields
/// these are.
class OnnxDecoder {
 public:
  explicit OnnxDecoder(const std::filesystem::path& path) : bytes_(read_file(path)), files_(path) {
    model_.path = path;
  }

  OnnxModel decode() && {
    try {
      read_model(Message(start(), bytes_.size()));
    } catch (const protozero::exception& error) {
      fail("a message of protobuf", join("'", error.what(), "'"));
    }
    if (model_.graph.nodes.empty()) fail("a model with a graph", "a file without one");
    return std::move(model_);
  }

 private:
  using Message = protozero::pbf_reader;
  using Wire = protozero::pbf_wire_type;
  static constexpr std::size_t max_rank = 32;

  [[noreturn]] void fail(std::string_view expected, std::string_view received,
                         std::string_view remedy = "the file is damaged or no model of ONNX") const {
    throw_file_error(model_.path, place_, expected, received, remedy);
  }
  void expect(bool met, std::string_view expected, std::string_view received) const {
    if (!met) fail(expected, received);
  }
  const char* start() const { return reinterpret_cast<const char*>(bytes_.data()); }

  /// `read(message, number of the field)` for each field; what it does not read is skipped.
  template <class Read>
  void fields(Message message, Read read) {
    const std::uint64_t outer = place_;
    if (message.length() > 0) place_ = static_cast<std::uint64_t>(message.data().data() - start());
    while (message.next()) {
      const std::size_t before = message.length();
      read(message, message.tag());
      if (message.length() == before) message.skip();
    }
    place_ = outer;
  }
  void expect(const Message& message, Wire type) const {
    if (!message.has_wire_type(type))
      fail(join("field ", message.tag(), " of wire type ", static_cast<int>(type)),
           join("wire type ", static_cast<int>(message.wire_type())));
  }

  Message inner(Message& message) const { return expect(message, Wire::length_delimited), message.get_message(); }
  std::int64_t integer(Message& message) const { return expect(message, Wire::varint), message.get_int64(); }

  void read(Message& message, std::string& to) const {
    expect(message, Wire::length_delimited), to = message.get_string();
    try {
      static_cast<void>(json(to).dump());
    } catch (const json::exception&) {
      fail("text in UTF-8", strata::detail::printable(to));
    }
  }
  void read(Message& message, std::int64_t& to) const { to = integer(message); }
  void read(Message& message, float& to) const { expect(message, Wire::fixed32), to = message.get_float(); }
  /// Repeated numbers: one, or many in a block.
  void read(Message& message, std::vector<std::int64_t>& to) const {
    if (!message.has_wire_type(Wire::length_delimited)) return to.push_back(integer(message));
    const auto block = message.get_packed_int64();
    to.insert(to.end(), block.begin(), block.end());
  }
  void read(Message& message, std::vector<float>& to) const {
    if (!message.has_wire_type(Wire::length_delimited)) return read(message, to.emplace_back());
    const auto block = message.get_packed_float();
    to.insert(to.end(), block.begin(), block.end());
  }
  void read_doubles(Message& message, std::vector<float>& to) const {
    expect(message, Wire::length_delimited);
    const auto block = message.get_packed_double();
    std::transform(block.begin(), block.end(), std::back_inserter(to), [](double x) { return static_cast<float>(x); });
  }
  void read(Message& message, OnnxMetadata& to) {
    std::string key, value;
    fields(inner(message), [&](Message& field, auto number) {
      if (number == 1) read(field, key);
      if (number == 2) read(field, value);
    });
    to[key] = value;
  }
  template <class T>
    requires(!std::is_arithmetic_v<T>)
  void read(Message& message, std::vector<T>& to) {
    read(message, to.emplace_back());
  }

  void read_model(Message message) {
    std::string version;
    fields(message, [&](Message& field, auto number) {
      switch (number) {
        case 1:
          return read(field, model_.ir_version);
        case 2:
          return read(field, model_.producer);
        case 3:
          return read(field, version);
        case 7:
          return read(field, model_.graph);
        case 8:
          return read_opset(field);
        case 14:
          return read(field, model_.metadata);
      }
    });
    if (!version.empty()) model_.producer += ' ' + version;
  }
  void read_opset(Message& message) {
    std::string domain;
    std::int64_t version = 0;
    fields(inner(message), [&](Message& field, auto number) {
      if (number == 1) read(field, domain);
      if (number == 2) read(field, version);
    });
    expect(version >= 0 && version < 1000, "a version of operators from 0 to 999", std::to_string(version));
    model_.opsets[domain == "ai.onnx" ? "" : domain] = version;
  }

  void read(Message& message, OnnxGraph& graph) {
    fields(inner(message), [&](Message& field, auto number) {
      switch (number) {
        case 1:
          return read(field, graph.nodes);
        case 2:
          return read(field, graph.name);
        case 5:
          return read(field, graph.initializers);
        case 11:
          return read(field, graph.inputs);
        case 12:
          return read(field, graph.outputs);
        case 13:
          return read(field, graph.values);
        case 15:
          fail("dense tensors", "a sparse one", "export the model without sparse tensors");
      }
    });
  }

  void read(Message& message, OnnxNode& node) {
    fields(inner(message), [&](Message& field, auto number) {
      switch (number) {
        case 1:
          return read(field, node.inputs);
        case 2:
          return read(field, node.outputs);
        case 3:
          return read(field, node.name);
        case 4:
          return read(field, node.op_type);
        case 5:
          return read(field, node.attributes);
        case 6:
          return read(field, node.doc);
        case 7:
          return read(field, node.domain);
        case 9:
          return read(field, node.metadata);
      }
    });
    if (node.domain == "ai.onnx") node.domain.clear();
  }

  void read(Message& message, OnnxAttribute& attribute) {
    OnnxAttributeType seen = OnnxAttributeType::undefined;
    fields(inner(message), [&](Message& field, auto number) {
      using enum OnnxAttributeType;
      const auto take = [&](OnnxAttributeType type, auto& to) { seen = type, read(field, to); };
      switch (number) {
        case 1:
          return read(field, attribute.name);
        case 2:
          return take(real, attribute.real);
        case 3:
          return take(OnnxAttributeType::integer, attribute.integer);
        case 4:
          return take(text, attribute.text);
        case 5:
          return take(tensor, attribute.tensor);
        case 7:
          return take(reals, attribute.reals);
        case 8:
          return take(integers, attribute.integers);
        case 9:
          return take(texts, attribute.texts);
        case 20:
          attribute.type = static_cast<OnnxAttributeType>(OnnxDecoder::integer(field));
      }
    });
    if (attribute.type == OnnxAttributeType::undefined) attribute.type = seen;  // before version 2 of the format
  }

  void read(Message& message, OnnxValue& value) {
    fields(inner(message), [&](Message& field, auto number) {
      if (number == 1) read(field, value.name);
      if (number == 2)
        fields(inner(field), [&](Message& type, auto kind) {
          if (kind == 1) read_tensor_type(type, value);
        });
    });
  }
  void read_tensor_type(Message& message, OnnxValue& value) {
    fields(inner(message), [&](Message& field, auto number) {
      if (number == 1) value.type = static_cast<OnnxType>(integer(field));
      if (number != 2) return;
      value.has_shape = true;
      fields(inner(field), [&](Message& extent, auto part) {
        if (part == 1) read(extent, value.shape);
        expect(value.shape.size() <= max_rank, join(max_rank, " extents at most"), "more");
      });
    });
  }
  void read(Message& message, OnnxExtent& extent) {
    fields(inner(message), [&](Message& field, auto number) {
      if (number == 1) read(field, extent.value);
      if (number == 2) read(field, extent.name);
    });
    if (extent.value <= 0) extent.value = -1;
  }

  void read(Message& message, OnnxTensor& tensor) {
    tensor.type = OnnxType::undefined;
    std::vector<float> floats;  // in fields of their own
    std::vector<std::int64_t> ints;
    std::string_view raw;
    OnnxMetadata external;
    fields(inner(message), [&](Message& field, auto number) {
      switch (number) {
        case 1:
          return read(field, tensor.dims);
        case 2:
          tensor.type = static_cast<OnnxType>(integer(field));
          return;
        case 4:
          return read(field, floats);
        case 5:
        case 7:
        case 11:
          return read(field, ints);
        case 8:
          return read(field, tensor.name);
        case 9:
          raw = view(field);
          return;
        case 10:
          return read_doubles(field, floats);
        case 12:
          return read(field, tensor.doc);
        case 13:
          return read(field, external);
      }
    });
    const std::string what = join("tensor '", tensor.name, "'");
    const std::size_t size = element_bytes(tensor.type);
    if (size == 0)
      fail(join(what, " of numbers of 8 to 64 bits"), join("type ", static_cast<int>(tensor.type)),
           "export the model without tensors of this type");
    if (!external.empty()) raw = files_.bytes(external, what);
    if (raw.data() != nullptr) {
      expect(raw.size() % size == 0, join(what, " of whole elements"), join(raw.size(), " bytes"));
      read_elements(raw, tensor);
    } else if (size == 2 && tensor.is_float()) {
      for (const std::int64_t bits : ints)
        tensor.floats.push_back(float_of_bits(static_cast<std::uint16_t>(bits), tensor.type));
    } else {
      expect((tensor.is_float() ? ints.size() : floats.size()) == 0, join(what, " in the field of its type"),
             "another");
      tensor.floats = std::move(floats), tensor.ints = std::move(ints);
    }
    expect(count_of(tensor.dims) == tensor.size(), join(what, " with as many elements as its dims say"),
           std::to_string(tensor.size()));
  }
  std::string_view view(Message& message) const {
    expect(message, Wire::length_delimited);
    const auto bytes = message.get_view();
    return {bytes.data(), bytes.size()};
  }
  /// Of dims that a file can hold.
  std::size_t count_of(const OnnxDims& dims) const {
    constexpr std::size_t most = std::size_t{1} << 40;
    expect(dims.size() <= max_rank, join(max_rank, " dims at most"), std::to_string(dims.size()));
    std::size_t count = 1;
    for (const std::int64_t extent : dims) {
      expect(extent >= 0 && (extent == 0 || count <= most / static_cast<std::size_t>(extent)),
             "dims from 0 up that a file can hold", std::to_string(extent));
      count *= static_cast<std::size_t>(extent);
    }
    return count;
  }

  std::vector<std::byte> bytes_;
  std::uint64_t place_ = 0;
  OnnxDataFiles files_;
  OnnxModel model_;
};

}  // namespace detail

/// Reads and checks a file of ONNX, and the files with its data. Throws FileError.
inline OnnxModel read_onnx_model(const std::filesystem::path& path) { return detail::OnnxDecoder(path).decode(); }

}  // namespace strata::importing
