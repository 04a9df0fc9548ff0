// What ONNX's operators compute, in the plainest loops and the file's own layout
// (https://onnx.ai/onnx/operators; docs/onnx-operators.md has what of its node tests passes).
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include <strata/import/onnx_arguments.hpp>
#include <strata/import/onnx_elementwise.hpp>
#include <strata/import/onnx_movement.hpp>

namespace strata::importing {

/// The outputs of a node. An input that is left out is null. Throws ImportError where the operator, an attribute or the
/// inputs are none that this code has.
inline std::vector<OnnxTensor> run_onnx_node(const OnnxNode& node, std::span<const OnnxTensor* const> inputs, int opset) {
  semantics::Arguments in(node, inputs, opset);
  in.expect(node.domain.empty(), "an operator of ONNX itself", node.domain);
  for (const auto* operators : {&semantics::elementwise_operators(), &semantics::movement_operators()})
    if (const auto found = operators->find(node.op_type); found != operators->end()) {
      std::vector<OnnxTensor> outputs = found->second(in);
      in.expect_all_asked();
      return outputs;
    }
  in.expect(false, "an operator that Strata knows", "another");
  return {};
}

}  // namespace strata::importing
