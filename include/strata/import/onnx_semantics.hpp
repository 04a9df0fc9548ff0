// What ONNX's operators compute, in the plainest loops and the file's own layout
// (https://onnx.ai/onnx/operators; docs/onnx-operators.md has what of its node tests passes).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <strata/import/onnx_arguments.hpp>
#include <strata/import/onnx_convolutions.hpp>
#include <strata/import/onnx_elementwise.hpp>
#include <strata/import/onnx_movement.hpp>
#include <strata/import/onnx_norms.hpp>
#include <strata/import/onnx_reductions.hpp>
#include <strata/import/onnx_resize.hpp>

namespace strata::importing {

namespace semantics {

/// The nearest number of 16 bits: of `digits` binary ones, which are fewer below 2^least.
inline float rounded(float x, int digits, int least, float most) {
  if (x == 0 || !std::isfinite(x)) return x;
  int exponent = 0;
  std::frexp(x, &exponent);
  exponent = digits - std::max(exponent, least);
  const float nearest = std::ldexp(std::nearbyint(std::ldexp(x, exponent)), -exponent);
  return std::abs(nearest) > most ? std::copysign(std::numeric_limits<float>::infinity(), x) : nearest;
}
/// Computed is in float and double.
inline void round_to_type(OnnxTensor& tensor) {
  for (float& element : tensor.floats) {
    if (tensor.type == OnnxType::float16) element = rounded(element, 11, -13, 65504);
    if (tensor.type == OnnxType::bfloat16) element = rounded(element, 8, -125, std::numeric_limits<float>::max());
  }
}

}  // namespace semantics

/// The outputs of a node. An input that is left out is null. Throws ImportError where the operator, an attribute or the
/// inputs are none that this code has.
inline std::vector<OnnxTensor> run_onnx_node(const OnnxNode& node, std::span<const OnnxTensor* const> inputs,
                                             int opset) {
  semantics::Arguments in(node, inputs, opset);
  in.expect(node.domain.empty(), "an operator of ONNX itself", node.domain);
  for (const auto* operators :
       {&semantics::elementwise_operators(), &semantics::movement_operators(), &semantics::convolution_operators(),
        &semantics::reduction_operators(), &semantics::normalization_operators(), &semantics::resize_operators()})
    if (const auto found = operators->find(node.op_type); found != operators->end()) {
      std::vector<OnnxTensor> outputs = found->second(in);
      in.expect_all_asked();
      std::for_each(outputs.begin(), outputs.end(), semantics::round_to_type);
      return outputs;
    }
  in.expect(false, "an operator that Strata knows", "another");
  return {};
}

}  // namespace strata::importing
