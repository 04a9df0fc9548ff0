// What oneDNN's inference and training share: the model, descriptions of tensors, reorders, lists of primitives.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include <strata/import/onnx_file.hpp>

namespace strata::benchmarks::onednn {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Dims = memory::dims;

inline memory::desc any(const Dims& dims) { return {dims, memory::data_type::f32, memory::format_tag::any}; }

/// A model that Strata wrote as ONNX.
class Graph {
 public:
  using Node = importing::OnnxNode;
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  explicit Graph(const std::filesystem::path& path) : graph_(importing::read_onnx_model(path).graph) {
    for (const importing::OnnxTensor& tensor : graph_.initializers) tensors_[tensor.name] = &tensor;
  }

  const std::vector<Node>& nodes() const { return graph_.nodes; }
  const std::string& input() const { return graph_.inputs.front().name; }
  const std::string& output() const { return graph_.outputs.front().name; }
  Dims input_dims() const {
    Dims dims;
    for (const importing::OnnxExtent& extent : graph_.inputs.front().shape) dims.push_back(extent.value);
    return dims;
  }
  /// An operand that the file holds.
  const importing::OnnxTensor& tensor(const Node& node, std::size_t operand) const {
    if (operand >= node.inputs.size()) throw std::runtime_error("oneDNN: " + node.op_type + " without a bias");
    return *tensors_.at(node.inputs[operand]);
  }
  /// The only node that reads the output of node `n`; none where there are several, or none.
  std::size_t follower(std::size_t n) const {
    std::size_t found = none;
    for (std::size_t reader = n + 1; reader < nodes().size(); ++reader)
      for (const std::string& input : nodes()[reader].inputs)
        if (input == nodes()[n].outputs.front()) {
          if (found != none) return none;
          found = reader;
        }
    return found;
  }

 private:
  importing::OnnxGraph graph_;
  std::map<std::string, const importing::OnnxTensor*> tensors_;
};

/// A window over an image, and what comes of it.
struct Window {
  Dims kernel, strides, before{0, 0}, after{0, 0}, to;

  Window(const Graph::Node& node, const Dims& from, memory::dim channels)
      : kernel(node.integers("kernel_shape", {})), strides(node.integers("strides", {1, 1})), to{from[0], channels} {
    const auto pads = node.integers("pads", {0, 0, 0, 0});
    for (std::size_t d = 0; d < 2; ++d) {
      const memory::dim size = from[d + 2];
      before[d] = pads[d], after[d] = pads[d + 2];
      if (node.text("auto_pad", "NOTSET") == "SAME_UPPER") {
        const memory::dim positions = (size + strides[d] - 1) / strides[d];
        const memory::dim padding = std::max<memory::dim>((positions - 1) * strides[d] + kernel[d] - size, 0);
        before[d] = padding / 2, after[d] = padding - before[d];
      }
      to.push_back((size + before[d] + after[d] - kernel[d]) / strides[d] + 1);
    }
  }
  /// All of it.
  explicit Window(const Dims& from)
      : kernel{from[2], from[3]}, strides(kernel), to{from[0], from[1], 1, 1} {}
};

/// Strata's order in memory: channels last.
inline memory::desc channels_last(const Dims& dims) {
  return {dims, memory::data_type::f32, memory::format_tag::nhwc};
}
/// The order in memory that oneDNN's older kernels want: blocks of 16 channels.
inline memory::desc blocked(const Dims& dims) { return {dims, memory::data_type::f32, memory::format_tag::nChw16c}; }

/// Weights in ONNX's order: ([groups,] out, in, height, width), of a dense layer the image that is its input.
inline memory::desc weights_of(const Graph::Node& node, const importing::OnnxTensor& weights, const Dims& from) {
  const memory::dim out = weights.dims[0], groups = node.integer("group", 1);
  if (weights.dims.size() == 2)
    return {{out, from[1], from[2], from[3]}, memory::data_type::f32, memory::format_tag::abcd};
  if (groups == 1) return {weights.dims, memory::data_type::f32, memory::format_tag::abcd};
  return {{groups, out / groups, weights.dims[1], weights.dims[2], weights.dims[3]},
          memory::data_type::f32,
          memory::format_tag::abcde};
}

inline bool is_activation(const Graph::Node& node) {
  return node.op_type == "Sigmoid" || node.op_type == "Tanh" || node.op_type == "Relu";
}
inline algorithm activation(const Graph::Node& node) {
  if (node.op_type == "Sigmoid") return algorithm::eltwise_logistic;
  return node.op_type == "Tanh" ? algorithm::eltwise_tanh : algorithm::eltwise_relu;
}
/// Its derivative is a function of the output.
inline algorithm training_activation(const Graph::Node& node) {
  if (node.op_type == "Sigmoid") return algorithm::eltwise_logistic_use_dst_for_bwd;
  return node.op_type == "Tanh" ? algorithm::eltwise_tanh_use_dst_for_bwd : algorithm::eltwise_relu_use_dst_for_bwd;
}

/// The processor.
inline const dnnl::engine& processor() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/// Primitives with their arguments in the order of execution.
class Program {
 public:
  using Arguments = std::unordered_map<int, memory>;

  memory make(const memory::desc& desc) const { return {desc, processor()}; }

  void add(const dnnl::primitive& primitive, Arguments arguments) {
    calls_.push_back({primitive, std::move(arguments)});
  }
  /// `from` in the format `desc`: itself, or a copy that each run renews.
  memory as(const memory::desc& desc, const memory& from) {
    if (from.get_desc() == desc) return from;
    const memory to = make(desc);
    add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    return to;
  }
  void run() {
    for (const auto& [primitive, arguments] : calls_) primitive.execute(stream_, arguments);
    stream_.wait();
  }

  /// The values in `layout`, brought into the format `desc` once.
  memory load(const std::vector<float>& values, const memory::desc& layout, const memory::desc& desc) {
    memory from = make(layout), to = make(desc);
    std::memcpy(from.get_data_handle(), values.data(), values.size() * sizeof(float));
    dnnl::reorder(from, to).execute(stream_, from, to);
    stream_.wait();
    return to;
  }
  memory load(const std::vector<float>& values) {
    const memory::desc desc({static_cast<memory::dim>(values.size())}, memory::data_type::f32, memory::format_tag::x);
    return load(values, desc, desc);
  }
  std::vector<float> read(const memory& from) {
    memory source = from, to = make(channels_last(from.get_desc().dims()));
    dnnl::reorder(source, to).execute(stream_, source, to);
    stream_.wait();
    const auto* data = static_cast<const float*>(to.get_data_handle());
    return {data, data + to.get_desc().get_size() / sizeof(float)};
  }

 private:
  struct Call {
    dnnl::primitive primitive;
    Arguments arguments;
  };
  dnnl::stream stream_{processor()};
  std::vector<Call> calls_;
};

}  // namespace strata::benchmarks::onednn
