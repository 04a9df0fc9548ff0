// A model of ONNX as a network of plain values: channels last, constants evaluated, exporters' idioms as layers.
//
//     Network network = read_onnx_network(read_onnx_model("net.onnx"), {.inputs = {{3, 224, 224}}}).network;
//
// What each operator becomes stands in onnx_windows, onnx_products, onnx_arithmetic, onnx_layout, onnx_images and
// onnx_normalization; how a tensor of the file lies in a node of Strata is its view (onnx_view.hpp), which Transpose
// and Reshape change without a layer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_arithmetic.hpp>
#include <strata/import/onnx_call.hpp>
#include <strata/import/onnx_images.hpp>
#include <strata/import/onnx_layout.hpp>
#include <strata/import/onnx_network.hpp>
#include <strata/import/onnx_normalization.hpp>
#include <strata/import/onnx_products.hpp>
#include <strata/import/onnx_windows.hpp>

namespace strata::importing {

/// A network, and which values of the file its nodes are.
struct OnnxImport {
  Network network;
  std::vector<OnnxOrigin> origins;
};

namespace detail {

using OnnxTranslation = void (*)(OnnxCall&);

inline const std::map<std::string_view, OnnxTranslation>& onnx_translations() {
  static const std::map<std::string_view, OnnxTranslation> all = [] {
    std::map<std::string_view, OnnxTranslation> table{{"AveragePool", translate_pooling},
                                                      {"BatchNormalization", translate_batch_normalization},
                                                      {"Cast", translate_cast},
                                                      {"CastLike", translate_identity},
                                                      {"Concat", translate_concat},
                                                      {"Conv", translate_convolution},
                                                      {"ConvTranspose", translate_transposed_convolution},
                                                      {"DepthToSpace", translate_depth},
                                                      {"Div", translate_division},
                                                      {"Dropout", translate_dropout},
                                                      {"Expand", translate_expand},
                                                      {"Flatten", translate_flatten},
                                                      {"Gather", translate_gather},
                                                      {"Gemm", translate_gemm},
                                                      {"GlobalAveragePool", translate_global_pooling},
                                                      {"GlobalMaxPool", translate_global_pooling},
                                                      {"GroupNormalization", translate_group_normalization},
                                                      {"Identity", translate_identity},
                                                      {"InstanceNormalization", translate_instance_normalization},
                                                      {"LayerNormalization", translate_layer_normalization},
                                                      {"LRN", translate_local_response_normalization},
                                                      {"LogSoftmax", translate_softmax},
                                                      {"LpNormalization", translate_unit_normalization},
                                                      {"MatMul", translate_matmul},
                                                      {"MaxPool", translate_pooling},
                                                      {"PRelu", translate_prelu},
                                                      {"Pad", translate_pad},
                                                      {"ReduceL1", translate_reduction},
                                                      {"ReduceL2", translate_reduction},
                                                      {"ReduceLogSum", translate_reduction},
                                                      {"ReduceMax", translate_reduction},
                                                      {"ReduceMean", translate_reduction},
                                                      {"ReduceMin", translate_reduction},
                                                      {"ReduceSum", translate_reduction},
                                                      {"ReduceSumSquare", translate_reduction},
                                                      {"Reshape", translate_reshape},
                                                      {"Resize", translate_resize},
                                                      {"Slice", translate_slice},
                                                      {"Softmax", translate_softmax},
                                                      {"SpaceToDepth", translate_depth},
                                                      {"Split", translate_split},
                                                      {"Squeeze", translate_squeeze},
                                                      {"Transpose", translate_transpose},
                                                      {"Unsqueeze", translate_unsqueeze},
                                                      {"Upsample", translate_resize}};
    for (const char* elementwise : {"Abs",
                                    "Add",
                                    "Celu",
                                    "Clip",
                                    "Elu",
                                    "Erf",
                                    "Exp",
                                    "Gelu",
                                    "HardSigmoid",
                                    "HardSwish",
                                    "LeakyRelu",
                                    "Log",
                                    "Max",
                                    "Mean",
                                    "Min",
                                    "Mish",
                                    "Mul",
                                    "Neg",
                                    "Pow",
                                    "Reciprocal",
                                    "Relu",
                                    "Selu",
                                    "Shrink",
                                    "Sigmoid",
                                    "Softplus",
                                    "Softsign",
                                    "Sqrt",
                                    "Sub",
                                    "Sum",
                                    "Tanh",
                                    "ThresholdedRelu"})
      table[elementwise] = translate_elementwise;
    return table;
  }();
  return all;
}

class OnnxReader {
 public:
  OnnxReader(const OnnxModel& model, const ReadOptions& options)
      : model_(model), options_(options), network_(model, options) {}

  OnnxImport read() && {
    add_inputs();
    for (const OnnxNode& node : model_.graph.nodes) {
      if (network_.count() > max_nodes) {
        network_.problem(join("expected at most ", max_nodes, " layers"));
        break;
      }
      translate(node);
    }
    if (network_.is_sound()) end();
    if (!network_.is_sound()) network_.finished();
    std::vector<OnnxOrigin> origins = network_.origins();
    return {network_.finished(), std::move(origins)};
  }

 private:
  static constexpr std::size_t max_nodes = 20'000;

  /// Whether the first layers that care take a tensor with its channels behind the batch.
  bool has_channels_first(const std::string& input) const {
    std::set<std::string> reached{input};
    for (const OnnxNode& node : model_.graph.nodes) {
      if (std::none_of(node.inputs.begin(), node.inputs.end(),
                       [&](const auto& name) { return reached.contains(name); }))
        continue;
      for (const char* kind :
           {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "BatchNormalization", "GlobalAveragePool",
            "GlobalMaxPool", "GroupNormalization", "InstanceNormalization", "LRN", "DepthToSpace", "SpaceToDepth",
            "Upsample", "Resize"})
        if (node.op_type == kind) return true;
      const bool turned = node.op_type == "Transpose" && node.integers("perm", {0, 1, 2, 3}).size() <= 4;
      if (turned || node.op_type == "MatMul" || node.op_type == "Gemm") return false;
      reached.insert(node.outputs.begin(), node.outputs.end());
    }
    return false;
  }

  void add_inputs() {
    std::size_t given = 0;
    for (const OnnxValue& value : model_.graph.inputs) {
      if (network_.constant(value.name) != nullptr) continue;
      Extents dims{1};
      for (std::size_t axis = 1; axis < value.shape.size(); ++axis)
        dims.push_back(value.shape[axis].value < (1 << 24) ? static_cast<int>(value.shape[axis].value) : -1);
      if (given < options_.inputs.size()) {
        Extents sizes = options_.inputs[given++];
        if (value.shape.size() == sizes.size() + 2) sizes.insert(sizes.begin(), 1);  // a 1 that was taken for the batch
        dims.resize(1);
        dims.insert(dims.end(), sizes.begin(), sizes.end());
        if (value.has_shape && value.shape.size() != dims.size())
          network_.problem(
              join(value.name, ": expected ", value.shape.size(), " sizes with the batch, received ", written(dims)));
      }
      if (dims.size() < 2 || std::any_of(dims.begin(), dims.end(), [](int extent) { return extent < 1; })) {
        network_.problem(join(value.name, ": expected an input of known sizes, received ", written(dims),
                              "; give them: --input 1x3x224x224"));
        continue;
      }
      if (dims.size() > 4) {
        network_.problem(
            join(value.name, ": expected an image, a sequence or a vector with its batch, received ", written(dims)));
        continue;
      }
      Extents order =
          OnnxNetwork::with_last(dims.size(), has_channels_first(value.name) ? 1 : static_cast<int>(dims.size()) - 1);
      const std::size_t node = network_.add_input(plain_name(value.name), OnnxNetwork::in_order(dims, order));
      network_.set_live(value.name, {node, OnnxView::of(dims, order)});
    }
  }

  void translate(const OnnxNode& node) {
    std::vector<std::size_t> operands;
    std::vector<const OnnxTensor*> constants;
    for (const std::string& input : node.inputs) {
      constants.push_back(network_.constant(input));
      if (const OnnxLive* const live = network_.live(input))
        operands.push_back(live->node);
      else if (constants.back() == nullptr && !input.empty())
        return add_unknown(node, operands,
                           join("expected inputs that come before it, received '", input, "'; the file is damaged"));
    }
    try {
      if (node.op_type == "Shape" && !operands.empty()) return give_shape(node);
      if (operands.empty()) {
        std::vector<OnnxTensor> results = run_onnx_node(node, constants, model_.opset());
        for (std::size_t i = 0; i < std::min(results.size(), node.outputs.size()); ++i)
          network_.set_constant(node.outputs[i], std::move(results[i]));
        return;
      }
      const auto known = onnx_translations().find(node.op_type);
      if (!node.domain.empty() || known == onnx_translations().end())
        return add_unknown(
            node, operands,
            join("expected an operator that Strata has, received ", node.domain, node.domain.empty() ? "" : ".",
                 node.op_type, "; end the network before it with --outputs"));
      OnnxCall call(network_, node);
      known->second(call);
    } catch (const OnnxRefusal& refusal) {
      add_unknown(node, operands, refusal.sentence);
    } catch (const ImportError& error) {
      add_unknown(node, operands, error.what());
    }
  }
  void add_unknown(const OnnxNode& node, const std::vector<std::size_t>& operands, const std::string& sentence) {
    const std::size_t unknown = network_.add_unknown(node, operands, sentence);
    for (const std::string& output : node.outputs) network_.set_live(output, {unknown, {}, false});
  }

  void give_shape(const OnnxNode& node) {
    OnnxCall call(network_, node);
    const Extents dims = call.dims();
    const auto rank = static_cast<std::int64_t>(dims.size());
    const auto place = [&](std::int64_t at) { return std::clamp(at < 0 ? at + rank : at, std::int64_t{0}, rank); };
    const std::int64_t begin = place(node.integer("start", 0)), end = std::max(begin, place(node.integer("end", rank)));
    OnnxTensor shape;
    shape.type = OnnxType::int64;
    shape.ints.assign(dims.begin() + begin, dims.begin() + end);
    shape.dims = {end - begin};
    network_.set_constant(node.outputs[0], std::move(shape));
  }

  /// Names of values or of nodes.
  const std::string* value_called(const std::string& name) const {
    for (const OnnxNode& node : model_.graph.nodes) {
      for (const std::string& output : node.outputs)
        if (output == name) return &output;
      if (node.name == name && !node.outputs.empty()) return &node.outputs[0];
    }
    return nullptr;
  }

  void end() {
    std::vector<std::string> names = options_.outputs;
    if (names.empty())
      for (const OnnxValue& output : model_.graph.outputs) names.push_back(output.name);
    for (const std::string& name : names) {
      const std::string* const value = options_.outputs.empty() ? &name : value_called(name);
      const OnnxLive* const live = value == nullptr ? nullptr : network_.live(*value);
      if (live == nullptr) {
        network_.problem(join(options_.outputs.empty() ? "the outputs" : "--outputs",
                              ": expected names of values that are computed, received ", name));
        continue;
      }
      if (!live->known) {
        network_.end_at(live->node);
        continue;
      }
      // In the node's order where that is one of the axes, else as in the file.
      std::size_t node = live->node;
      try {
        if (!OnnxNetwork::order_of(live->view)) {
          const Extents dims = live->view.dims();
          node = network_.arranged(plain_name(name), *live, live->view.natural_order(),
                                   Extents(dims.begin() + 1, dims.end()));
        }
      } catch (const OnnxRefusal& refusal) {
        network_.problem(name + ": " + refusal.sentence);
      }
      network_.end_at(node);
    }
    if (!network_.is_sound()) return;
    network_.cut();
    network_.restore_names();
    note_what_was_folded();
  }

  void note_what_was_folded() {
    bool legacy = false, rewritten = false, kept = false;
    for (const OnnxNode& node : model_.graph.nodes) {
      kept |= node.op_type == "BatchNormalization";
      if (node.op_type == "Conv" && node.inputs.size() > 2) legacy |= node.inputs[1].starts_with("onnx::Conv_");
      if (const auto rule = node.metadata.find("pkg.onnxscript.rewriter.rule_name"); rule != node.metadata.end())
        rewritten |= rule->second.find("FuseBatchNorm") != std::string::npos;
    }
    if (kept || !model_.producer.starts_with("pytorch")) return;
    if (!rewritten && !legacy) return;
    network_.note("The exporter has folded batch norm into the convolutions;");
    network_.note(rewritten ? "torch.onnx.export(..., optimize=False) keeps it."
                            : "torch.onnx.export(..., training=torch.onnx.TrainingMode.PRESERVE) keeps it.");
  }

  const OnnxModel& model_;
  const ReadOptions& options_;
  OnnxNetwork network_;
};

}  // namespace detail

/// Throws ImportError with everything that cannot be expressed.
inline OnnxImport read_onnx_network(const OnnxModel& model, const ReadOptions& options = {}) {
  return detail::OnnxReader(model, options).read();
}

}  // namespace strata::importing
