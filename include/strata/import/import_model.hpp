/// @file
/// From a file with a model to a typed header and its weights: what the program strata-import does.
#pragma once

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/core/hash.hpp>
#include <strata/import/model_file.hpp>
#include <strata/import/network.hpp>
#include <strata/import/onnx_values.hpp>
#include <strata/import/record_proof.hpp>
#include <strata/import/typed_header.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::importing {

struct ImportOptions {
  std::filesystem::path model, header;
  std::string name = "Net";
  ReadOptions read;
  bool embed = false;   ///< also an object with the weights, to link
  bool prove = false;   ///< records what each layer makes, and writes a program that compares
  std::string command;  ///< as it was given, for the head of the header
};

namespace detail {

/// FNV-1a of a file's bytes, as hexadecimal digits: tells whether a header was made from it.
inline std::string hash_of(const std::filesystem::path& path) {
  strata::detail::InputFile file(path);
  std::uint64_t hash = strata::detail::hash_start;
  while (file.left() > 0)
    for (const std::byte byte : file.read(1 << 20))
      hash = strata::detail::add_to_hash(hash, std::to_integer<std::uint64_t>(byte));
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, {std::as_bytes(std::span(text))});
}

/// The weights by the names that they have in the type, in its order.
inline void write_weights(const std::filesystem::path& path, const Network& network, const TypedHeader& header) {
  std::vector<TensorEntry> entries;
  for (const std::size_t n : header.order)
    for (const Tensor& weight : network.nodes[n].weights) {
      const std::vector<std::size_t> scalar{1};
      entries.push_back({header.names.at(n) + '/' + weight.name, "F32", weight.shape.empty() ? scalar : weight.shape,
                         std::as_bytes(std::span(weight.values)), 0});
    }
  write_tensors(path, entries, {{"format", "strata"}});
}

/// An object that holds the file of weights, at a multiple of 64 bytes, made by the assembler. Throws FileError.
inline void write_object(const std::filesystem::path& weights, const std::string& symbol) {
  const std::filesystem::path source = std::filesystem::path(weights).replace_extension(".weights.s");
  const std::filesystem::path object = std::filesystem::path(weights).replace_extension(".weights.o");
  write_text(source, "# The file " + weights.filename().string() +
                         " as data. Written by strata-import --embed.\n"
                         "    .section .rodata\n    .balign 64\n    .globl " +
                         symbol + "_begin\n" + symbol +
                         "_begin:\n"
                         "    .incbin \"" +
                         weights.filename().string() + "\"\n    .globl " + symbol + "_end\n" + symbol +
                         "_end:\n    .byte 0\n    .section .note.GNU-stack,\"\",%progbits\n");
  std::vector<std::string> words{
      "as", "-I", std::filesystem::absolute(weights).parent_path().string(), "-o", object.string(), source.string()};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::pid_t child = 0;
  int status = 1;
  if (::posix_spawnp(&child, "as", nullptr, nullptr, arguments.data(), environ) != 0 ||
      ::waitpid(child, &status, 0) != child || status != 0)
    throw_file_error(object, 0, "the assembler `as` to write it", "a failure of it", "install binutils");
}

}  // namespace detail

/// Writes the header and, beside it, `.safetensors` with the weights; returns a line that says so. Throws ImportError
/// with all that cannot be expressed, before anything is written, and FileError.
inline std::string import_model(const ImportOptions& options) {
  const ModelOfFile model = read_model(options.model, options.read);
  const Network& network = model.network;
  HeaderOptions header_options{options.name, {}};
  header_options.head.push_back(options.header.filename().string() + ": " + network.source + " (fnv1a " +
                                detail::hash_of(options.model) + ") as a type, by " + options.command);
  for (const std::string& note : network.notes) header_options.head.push_back(note);
  header_options.embed = options.embed;
  const TypedHeader header = typed_header(network, header_options);
  if (options.prove && !model.onnx) check_provable(network);
  const auto beside = [&](const char* ending) {
    return std::filesystem::path(options.header).replace_extension(ending);
  };
  const std::filesystem::path weights = beside(".safetensors");
  detail::write_weights(weights, network, header);
  detail::write_text(options.header, header.text);
  if (options.embed) detail::write_object(weights, header.symbol);
  if (options.prove) {
    record_proof(beside(".proof.safetensors"), network, header, [&](std::vector<Value> values) {
      return model.onnx ? onnx_values(*model.onnx, network, model.origins, std::move(values))
                        : keras_values(network, std::move(values));
    });
    detail::write_text(beside(".proof.cpp"), proof_program(options.header.filename().string(), options.name));
  }
  std::size_t count = 0;
  for (const Node& node : network.nodes) count += node.weights.size();
  return strata::detail::join(options.header.string(), ": ", network.nodes.size() - network.inputs.size(), " layers; ",
                              weights.string(), ": ", count, " tensors");
}

}  // namespace strata::importing
