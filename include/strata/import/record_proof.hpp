// What a proof is made of: an input of noise, and the output of each layer as the file's own semantics give it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/import/keras_semantics.hpp>
#include <strata/import/network.hpp>
#include <strata/import/typed_header.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::importing {

/// Throws ImportError with the layers whose semantics are not known.
inline void check_provable(const Network& network) {
  std::string unknown;
  for (const Node& node : network.nodes)
    if (node.shape.empty()) unknown += "\n  " + node.name + " (" + node.class_name() + ')';
  if (!unknown.empty())
    strata::detail::raise<ImportError>(
        "--prove: expected layers with semantics in strata/import/keras_semantics.hpp, "
        "received" +
        unknown);
}

/// The output of each node of a Keras network, given those of its inputs.
inline std::vector<Value> keras_values(const Network& network, std::vector<Value> values) {
  for (std::size_t n = 0; n < network.nodes.size(); ++n) {
    const Node& node = network.nodes[n];
    if (node.inputs.empty()) continue;
    std::vector<const Value*> inputs;
    for (const std::size_t input : node.inputs) inputs.push_back(&values[input]);
    values[n] = detail::KerasSemantics(node.layer).run(inputs, node.weights);
  }
  return values;
}

/// Tensors `input/0`, … and `layer/0`, … in the order of the type's layers: `run` gives the output of each node as the
/// file has it, given values with those of the inputs. Throws FileError.
inline void record_proof(const std::filesystem::path& path, const Network& network, const TypedHeader& header,
                         const std::function<std::vector<Value>(std::vector<Value>)>& run) {
  std::mt19937 random;
  std::vector<Value> values(network.nodes.size());
  std::vector<std::vector<float>> kept;
  std::vector<TensorEntry> entries;
  json names = json::array();
  const auto keep = [&](const std::string& name, const Value& value) {
    kept.emplace_back(value.elements.begin(), value.elements.end());
    entries.push_back(
        {name, "F32", {value.shape.begin(), value.shape.end()}, std::as_bytes(std::span(kept.back())), 0});
  };
  for (std::size_t i = 0; i < network.inputs.size(); ++i) {
    Value& input = values[network.inputs[i]];
    input.shape = network.nodes[network.inputs[i]].shape;
    input.elements.resize(detail::size_of(input.shape));
    for (double& element : input.elements)  // what a float holds exactly
      element = static_cast<double>(random() >> 8) * 0x1p-23 - 1;
    keep(strata::detail::join("input/", i), input);
  }
  values = run(std::move(values));
  for (const std::size_t n : header.order) {
    const Node& node = network.nodes[n];
    if (node.inputs.empty()) continue;
    keep(strata::detail::join("layer/", names.size()), values[n]);
    names.push_back(node.name + " (" + node.class_name() + ')');
  }
  write_tensors(path, entries, {{"layers", names.dump()}});
}

/// The program that compiles the header and compares.
inline std::string proof_program(const std::string& header, const std::string& name) {
  const std::string stem = std::filesystem::path(header).stem().string();
  return "// Compares " + name +
         " with the file that it was made from, layer by layer. Written by strata-import --prove.\n"
         "#include \"" +
         header +
         "\"\n\n"
         "#include <filesystem>\n\n"
         "#include <strata/import/check_proof.hpp>\n\n"
         "int main() {\n"
         "  const auto here = std::filesystem::path(__FILE__).parent_path();\n"
         "  return strata::importing::check_proof<" +
         name + ">(here / \"" + stem + ".safetensors\", here / \"" + stem +
         ".proof.safetensors\");\n"
         "}\n";
}

}  // namespace strata::importing
