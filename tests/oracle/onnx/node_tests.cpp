// Runs ONNX's own node tests on the plain code of its operators, a line each: the name of the test, what
// came of it (pass, fail, or the sentence of a refusal). node_tests.py exports them and makes docs/onnx-operators.md.
//
//     node_tests DIR          DIR/<test>/model.onnx, …/input_<i>.onnx and output_<i>.onnx: models of one Constant
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <strata/import/onnx_file.hpp>
#include <strata/import/onnx_semantics.hpp>

namespace {

using namespace strata::importing;

std::vector<OnnxTensor> tensors(const std::filesystem::path& directory, const std::string& kind) {
  std::vector<OnnxTensor> all;
  for (int i = 0; std::filesystem::exists(directory / (kind + std::to_string(i) + ".onnx")); ++i)
    all.push_back(read_onnx_model(directory / (kind + std::to_string(i) + ".onnx")).graph.initializers.at(0));
  return all;
}

/// As ONNX's own runner: rtol 1e-3, atol 1e-7.
bool equal(const OnnxTensor& ours, const OnnxTensor& theirs) {
  if (ours.dims != theirs.dims || ours.type != theirs.type) return false;
  if (!ours.is_float()) return ours.ints == theirs.ints;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const float a = ours.floats[i], b = theirs.floats[i];
    if (a == b || (a != a && b != b)) continue;
    if (!(std::abs(a - b) <= 1e-7f + 1e-3f * std::abs(b))) return false;
  }
  return true;
}

std::string run(const std::filesystem::path& directory) {
  const OnnxModel model = read_onnx_model(directory / "model.onnx");
  const std::vector<OnnxTensor> inputs = tensors(directory, "input_"), outputs = tensors(directory, "output_");
  std::map<std::string, OnnxTensor> values;
  for (std::size_t i = 0; i < inputs.size(); ++i) values[model.graph.inputs.at(i).name] = inputs[i];
  for (const OnnxTensor& initializer : model.graph.initializers) values[initializer.name] = initializer;
  for (const OnnxNode& node : model.graph.nodes) {
    std::vector<const OnnxTensor*> given;
    for (const std::string& name : node.inputs) given.push_back(name.empty() ? nullptr : &values.at(name));
    std::vector<OnnxTensor> made = run_onnx_node(node, given, model.opset());
    if (made.size() < node.outputs.size()) return "fail: fewer outputs";
    for (std::size_t i = 0; i < node.outputs.size(); ++i) values[node.outputs[i]] = std::move(made[i]);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!equal(values.at(model.graph.outputs.at(i).name), outputs[i])) return "fail: output " + std::to_string(i);
  return "pass";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: node_tests DIR\n", 2;
  std::vector<std::filesystem::path> directories;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (std::filesystem::exists(entry.path() / "model.onnx")) directories.push_back(entry.path());
  std::sort(directories.begin(), directories.end());
  for (const std::filesystem::path& directory : directories) {
    std::string result;
    try {
      result = run(directory);
    } catch (const strata::Error& error) {
      result = std::string("refused: ") + error.what();
    }
    std::replace(result.begin(), result.end(), '\n', ' ');
    std::cout << directory.filename().string() << '\t' << result << '\n';
  }
}
