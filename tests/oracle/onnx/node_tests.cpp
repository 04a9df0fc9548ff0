// Runs ONNX's own node tests on the plain code of its operators, a line each: the name of the test, what came of it
// (pass, fail, or the sentence of a refusal). node_tests.py exports them and makes docs/onnx-operators.md.
//
//     node_tests DIR          DIR/<test>/: see harness/onnx_graph.hpp
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "harness/onnx_graph.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: node_tests DIR\n", 2;
  std::vector<std::filesystem::path> directories;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) directories.push_back(entry.path());
  std::sort(directories.begin(), directories.end());
  for (const std::filesystem::path& directory : directories) {
    std::string result;
    try {
      result = strata::test::passes_node_test(directory) ? "pass" : "fail";
    } catch (const strata::Error& error) {
      result = std::string("refused: ") + error.what();
    }
    std::replace(result.begin(), result.end(), '\n', ' ');
    std::cout << directory.filename().string() << '\t' << result << '\n';
  }
}
