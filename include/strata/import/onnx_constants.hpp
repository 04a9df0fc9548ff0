// Constants of a layer on its way to ONNX: numbers and weights, under the layer's name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/import/onnx_model.hpp>
#include <strata/import/onnx_numbers.hpp>

namespace strata::importing {

class OnnxConstants {
 public:
  std::string number(double value) { return numbers({value}, {}); }
  std::string numbers(const std::vector<double>& values, OnnxDims dims) {
    return initializer("constant", {values.begin(), values.end()}, std::move(dims), doc_of_numbers(values));
  }
  std::string integers(OnnxDims values) {
    OnnxTensor tensor;
    tensor.dims = {static_cast<std::int64_t>(values.size())}, tensor.type = OnnxType::int64;
    tensor.ints = std::move(values);
    return initializer("constant", std::move(tensor));
  }

 protected:
  OnnxConstants(OnnxGraph& graph, std::string name) : graph_(graph), name_(std::move(name)) {}

  std::string initializer(std::string_view called, std::vector<float> floats, OnnxDims dims, std::string doc = {}) {
    OnnxTensor tensor;
    tensor.doc = std::move(doc), tensor.dims = std::move(dims), tensor.floats = std::move(floats);
    return initializer(called, std::move(tensor));
  }
  std::string initializer(std::string_view called, OnnxTensor tensor) {
    tensor.name = unique(called);
    graph_.initializers.push_back(std::move(tensor));
    return graph_.initializers.back().name;
  }
  /// `conv2d/Conv`; of several, `conv2d/Mul_1`.
  std::string unique(std::string_view called) {
    const std::string stem = strata::detail::join(name_, "/", called);
    const auto is_taken = [&](const std::string& name) {
      const auto same = [&](const auto& other) { return other.name == name; };
      return std::any_of(graph_.nodes.rbegin(), graph_.nodes.rend(), same) ||
             std::any_of(graph_.initializers.rbegin(), graph_.initializers.rend(), same);
    };
    std::string name = stem;
    for (int number = 1; is_taken(name); ++number) name = strata::detail::join(stem, "_", number);
    return name;
  }

  OnnxGraph& graph_;
  std::string name_;
};

}  // namespace strata::importing
