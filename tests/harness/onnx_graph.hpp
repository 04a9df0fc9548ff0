// Runs models of ONNX on the plain code of its operators, and ONNX's own node tests.
#pragma once

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/onnx_file.hpp>
#include <strata/import/onnx_semantics.hpp>

namespace strata::test {

using importing::OnnxModel, importing::OnnxNode, importing::OnnxTensor;

/// The outputs of a model. An operator that makes fewer outputs than the node has is a std::out_of_range.
inline std::vector<OnnxTensor> run_onnx(const OnnxModel& model, const std::vector<OnnxTensor>& inputs) {
  std::map<std::string, OnnxTensor> values;
  for (std::size_t i = 0; i < inputs.size(); ++i) values[model.graph.inputs.at(i).name] = inputs[i];
  for (const OnnxTensor& initializer : model.graph.initializers) values[initializer.name] = initializer;
  for (const OnnxNode& node : model.graph.nodes) {
    std::vector<const OnnxTensor*> given;
    for (const std::string& name : node.inputs) given.push_back(name.empty() ? nullptr : &values.at(name));
    std::vector<OnnxTensor> made = importing::run_onnx_node(node, given, model.opset());
    for (std::size_t i = 0; i < node.outputs.size(); ++i) values[node.outputs[i]] = std::move(made.at(i));
  }
  std::vector<OnnxTensor> outputs;
  for (const auto& output : model.graph.outputs) outputs.push_back(values.at(output.name));
  return outputs;
}

/// A directory has model.onnx, input_<i>.onnx and output_<i>.onnx: models of one initializer.
inline std::vector<OnnxTensor> onnx_tensors(const std::filesystem::path& directory, const std::string& kind) {
  std::vector<OnnxTensor> all;
  for (int i = 0; std::filesystem::exists(directory / (kind + std::to_string(i) + ".onnx")); ++i)
    all.push_back(
        importing::read_onnx_model(directory / (kind + std::to_string(i) + ".onnx")).graph.initializers.at(0));
  return all;
}

/// As ONNX's own runner: rtol 1e-3, atol 1e-7.
inline bool equal(const OnnxTensor& ours, const OnnxTensor& theirs) {
  if (ours.dims != theirs.dims || ours.type != theirs.type || ours.ints != theirs.ints) return false;
  for (std::size_t i = 0; i < ours.floats.size(); ++i) {
    const float a = ours.floats[i], b = theirs.floats[i];
    if (a == b || (a != a && b != b)) continue;
    if (!(std::abs(a - b) <= 1e-7f + 1e-3f * std::abs(b))) return false;
  }
  return true;
}

/// Whether a node test of ONNX passes. Throws strata::Error where its operator, or a type, is none that Strata has.
inline bool passes_node_test(const std::filesystem::path& directory) {
  const std::vector<OnnxTensor> wanted = onnx_tensors(directory, "output_");
  const std::vector<OnnxTensor> made =
      run_onnx(importing::read_onnx_model(directory / "model.onnx"), onnx_tensors(directory, "input_"));
  bool passes = made.size() == wanted.size();
  for (std::size_t i = 0; passes && i < wanted.size(); ++i) passes = equal(made[i], wanted[i]);
  return passes;
}

}  // namespace strata::test
