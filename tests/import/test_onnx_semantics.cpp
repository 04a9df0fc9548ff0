// Node tests of ONNX itself, a small one of each operator; docs/onnx-operators.md has all.
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <strata/core/file.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"
#include "harness/onnx_graph.hpp"

using namespace strata;
using importing::OnnxNode, importing::OnnxTensor;

TEST_CASE("ONNX's node tests pass on the plain code of its operators") {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::tests_directory() / "oracle/onnx/node_tests")) {
    INFO(entry.path().filename().string());
    CHECK(test::passes_node_test(entry.path()));
    ++count;
  }
  CHECK(count >= 80);
}

TEST_CASE("What the plain code of ONNX has not is refused with a sentence") {
  const auto run = [](OnnxNode node, int opset) {
    const OnnxTensor x = importing::semantics::tensor_of({1, 2, 3, 3});
    const std::vector<const OnnxTensor*> inputs{&x};
    return importing::run_onnx_node(node, inputs, opset);
  };
  const auto node = [](const char* op, const char* attribute, std::int64_t value) {
    OnnxNode made;
    made.name = "n", made.op_type = op;
    made.attributes.emplace_back();
    made.attributes[0].name = attribute, made.attributes[0].type = importing::OnnxAttributeType::integer;
    made.attributes[0].integer = value;
    return made;
  };
  CHECK_THROWS_WITH(run(node("Einsum", "x", 1), 17),
                    "n (Einsum): expected an operator that Strata knows, received another");
  CHECK_THROWS_WITH(run(node("Relu", "alpha", 1), 17),
                    "n (Relu): expected attributes of version 17 of this operator, received alpha");
  CHECK_THROWS_WITH(run(node("Softmax", "axis", 4), 17), "n (Softmax): expected an axis of 4, received 4");
  OnnxNode foreign;
  foreign.name = "n", foreign.op_type = "Relu", foreign.domain = "com.microsoft";
  CHECK_THROWS_WITH(run(foreign, 17), "n (Relu): expected an operator of ONNX itself, received com.microsoft");
}
