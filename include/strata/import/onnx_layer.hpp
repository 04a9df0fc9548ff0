// A layer of a network on its way to ONNX: what the members `onnx(out)` of layers and their configurations write to.
//
//     void onnx(auto& out) const {                        // of a configuration; static where a layer has none
//       out("LeakyRelu").with("alpha", negative_slope.value);
//     }
//
// The last operator is the layer's output. In ONNX the channels of an image come first: a tensor of the shape
// (height, width, channels) lies there as (batch, channels, height, width).
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/shape.hpp>
#include <strata/graph/lower.hpp>
#include <strata/import/onnx_constants.hpp>
#include <strata/import/onnx_model.hpp>
#include <strata/import/onnx_numbers.hpp>
#include <strata/import/onnx_place.hpp>
#include <strata/import/onnx_step.hpp>

namespace strata::importing {

/// What is folded into a layer's weights: y scale + shift by its output channels. Empty: nothing.
struct OnnxFold {
  std::vector<float> scale, shift;
};

/// One node of a network: `graph` gets its operators.
class OnnxLayer : public OnnxConstants {
 public:
  OnnxLayer(OnnxGraph& graph, std::string name, std::vector<OnnxPlace> operands, Shape out, const NodeInfo& node,
            std::span<const float> parameters, OnnxFold fold, bool open)
      : OnnxConstants(graph, std::move(name)),
        operands_(std::move(operands)),
        out_(out),
        node_(node),
        parameters_(parameters),
        fold_(std::move(fold)),
        open_(open),
        first_(graph.nodes.size()) {}

  Shape in() const { return operands_[0].shape; }
  Shape out() const { return out_; }
  std::size_t size() const { return operands_.size(); }
  /// An operand as it lies.
  const OnnxPlace& place(std::size_t operand = 0) const { return operands_[operand]; }

  /// An operand, its channels first; of what is element-wise or does nothing, as it lies.
  std::string x(std::size_t operand = 0) {
    OnnxPlace& place = operands_[operand];
    if (!is_elementwise()) arrange(place, channels_first(place.shape.rank));
    return place.value;
  }
  /// All operands.
  std::vector<std::string> all() {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < size(); ++i) values.push_back(x(i));
    return values;
  }
  /// All operands, of the rank of the output: axes count from the last.
  std::vector<std::string> broadcast() {
    std::vector<std::string> values = all();
    for (std::size_t i = 0; i < size(); ++i) {
      const Shape shape = place(i).shape;
      if (shape.rank == out_.rank) continue;
      OnnxDims axes;
      for (int axis = 0; axis < out_.rank - shape.rank; ++axis) axes.push_back(2 + axis);
      values[i] = (*this)("Unsqueeze", {values[i], integers(std::move(axes))});
    }
    return values;
  }

  OnnxStep operator()(const char* op, std::vector<std::string> inputs) {
    while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
    const std::string name = unique(op);
    OnnxNode& node = graph_.nodes.emplace_back();
    node.op_type = op, node.name = name, node.inputs = std::move(inputs), node.outputs = {name};
    result_ = {name, out_, channels_first(out_.rank)};
    return {node, in()};
  }
  /// Of the operands.
  OnnxStep operator()(const char* op) { return (*this)(op, all()); }

  /// A parameter by its number, its axes in this order; with `dims` in another shape. Behind a linear layer that takes
  /// something into its weights, `channels` is the axis of the output's channels.
  std::string weight(std::size_t index, const std::vector<int>& order, OnnxDims dims = {}, int channels = -1) {
    return weight(index, node_.parameters().list[index].shape, order, std::move(dims), channels);
  }
  /// Its channels first.
  std::string weight(std::size_t index) {
    return weight(index, channels_first(node_.parameters().list[index].shape.rank));
  }
  /// A parameter for each channel, to be broadcast over positions; numbers in its place where there is none.
  std::string per_channel(std::string_view called, float otherwise) {
    return channels(called, otherwise, per_channel(in().channels()));
  }
  /// `of(channel)`.
  std::string per_channel(std::invocable<std::size_t> auto of) {
    std::vector<double> values;
    for (int c = 0; c < in().channels(); ++c) values.push_back(of(static_cast<std::size_t>(c)));
    return numbers(values, per_channel(in().channels()));
  }
  /// Likewise without the axes of positions.
  std::string channels(std::string_view called, float otherwise) {
    return channels(called, otherwise, {in().channels()});
  }
  bool has(std::string_view called) const { return find(called) < node_.parameters().count; }
  std::span<const float> values(std::string_view called) const { return values(find(called)); }

  /// The inputs of a linear layer: the operand, the kernel, whose axes are in this order (and in another shape), and
  /// the bias. `channels` is the axis of the output's.
  std::vector<std::string> linear(const std::vector<int>& order, OnnxDims dims = {}, int channels = 0) {
    const std::string x = this->x();
    return {x, weight(0, order, std::move(dims), channels), bias()};
  }
  /// Of a kernel (height, width, in, out), or (height, width, out, in) of a transposed one: the last axis first.
  std::vector<std::string> convolution(int channels = 0) {
    return linear(in().rank == 2 ? std::vector{2, 1, 0} : std::vector{3, 2, 0, 1}, {}, channels);
  }
  /// Of a kernel (height, width, channels, multiplier).
  std::vector<std::string> depthwise() {
    const Shape kernel = node_.parameters().list[0].shape;
    OnnxDims dims{out_.channels(), 1};
    for (int axis = 0; axis < kernel.rank - 2; ++axis) dims.push_back(kernel[axis]);
    return linear(in().rank == 2 ? std::vector{1, 2, 0} : std::vector{2, 3, 0, 1}, std::move(dims));
  }
  /// Of a kernel (in, out): over positions a convolution; over what was an image, in the order channels first.
  std::vector<std::string> dense() {
    Shape image = place().image;
    if (in().rank > 4) {  // runtimes convolve along three axes at most
      const std::string rows = (*this)("Reshape", {x(), integers({0, in().channels(), -1})});
      return {rows, weight(0, {1, 0}, {out_.channels(), in().channels(), 1}, 0), bias()};
    }
    if (in().rank > 1) return linear({1, 0}, per_channel(in().channels(), out_.channels()));
    if (image.rank == 0) return linear({1, 0});
    std::vector<int> order = channels_first(image.rank);
    order.insert(order.begin(), image.rank);
    image.extents[static_cast<std::size_t>(image.rank++)] = out_.channels();
    return {place().value, weight(0, image, order, {out_.channels(), in().channels()}, 0), bias()};
  }

  /// In the shape of the output.
  std::string as_output(const std::string& value) {
    OnnxDims dims{0};
    for (const int axis : channels_first(out_.rank)) dims.push_back(out_[axis]);
    return (*this)("Reshape", {value, integers(dims)});
  }
  /// An axis of the operand as Keras counts, from 1 or from the end; in ONNX the channels are 1, the height 2.
  int axis(int number) const {
    if (number < 0) number += in().rank + 1;
    return number == in().rank ? 1 : number + 1;
  }
  /// ReduceSum and the like over one axis.
  void reduce(const char* op, int number, bool keeps) {
    const bool sums = op == std::string_view("ReduceSum");  // the only one whose axes are an input in opset 17
    OnnxStep step = sums ? (*this)(op, {x(), integers({axis(number)})}) : (*this)(op);
    if (!sums) step.with("axes", {axis(number)});
    step.with("keepdims", keeps);
    if (!keeps && axis(number) == 1) std::sort(result_.order.begin(), result_.order.end());
  }
  /// What of the axes (2 is the height) lies from `starts` on, as many cells as the output has.
  void slice(const OnnxDims& axes, const OnnxDims& starts) {
    OnnxDims ends = starts;
    for (std::size_t i = 0; i < axes.size(); ++i) ends[i] += out_[static_cast<int>(axes[i]) - 2];
    (*this)("Slice", {x(), integers(starts), integers(ends), integers(axes)});
  }
  /// By factors where float has them exactly, else to sizes, of which the batch's is computed.
  void resize(const char* mode, const char* coordinates, const char* nearest) {
    std::vector<double> scales{1, 1};
    OnnxDims sizes;
    bool exact = true;
    for (int axis = 0; axis < out_.rank - 1; ++axis) {
      const double cells = in()[axis];
      scales.push_back(out_[axis] / cells);
      sizes.push_back(out_[axis]);
      exact = exact && static_cast<float>(scales.back()) * cells == out_[axis];
    }
    const std::string x = this->x();
    const auto rank = static_cast<std::int64_t>(scales.size());
    const auto size = [&] {
      const std::string all = (*this)("Shape", {x});
      const std::string first = (*this)("Slice", {all, integers({0}), integers({2})});
      return std::string((*this)("Concat", {first, integers(std::move(sizes))}).with("axis", 0));
    };
    OnnxStep step =
        exact ? (*this)("Resize", {x, {}, numbers(scales, {rank})}) : (*this)("Resize", {x, {}, {}, size()});
    step.with("mode", mode).with("coordinate_transformation_mode", coordinates);
    if (mode == std::string_view("nearest")) step.with("nearest_mode", nearest);
  }

  /// The same elements in the shape of the output, a vector by this operator. One made of an image stays in the order
  /// channels first where all that reads it can do with that.
  void reshape(const char* to_vector) {
    if (in() == out_) return skip();
    OnnxPlace place = operands_[0];
    const bool fits = in().rank > 1 && in().rank < Shape::max_rank;
    if (open_ && out_.rank == 1 && fits && place.order == channels_first(in().rank)) {
      const bool is_image = in().positions() > 1;
      this->to_vector(to_vector, place.value);
      if (is_image) result_.image = in();
      return;
    }
    const OnnxReshape plan(place, out_);
    arrange(place, plan.order);
    if (out_.rank == 1)
      this->to_vector(to_vector, place.value);
    else
      (*this)("Reshape", {place.value, integers(plan.dims)});
    result_.order = plan.result;
  }
  /// The axes of the sample in another order: nothing is moved, they only have other names.
  void permute(Shape axes) {
    result_ = {operands_[0].value, out_, operands_[0].order};
    for (int& axis : result_.order)
      axis = static_cast<int>(std::find(axes.extents.begin(), axes.extents.end(), axis + 1) - axes.extents.begin());
  }

  /// What computes nothing.
  void skip() { result_ = operands_[0]; }

  /// What the layer made, for those that read it, and as an output of the network: with its channels first, or last.
  /// The last operator's output is called as the layer where this is the last node of the layer.
  struct Made {
    OnnxPlace place, output;
  };
  Made finish(bool last, bool is_output, bool channels_last) {
    if (is_elementwise()) result_.order = place().order, result_.image = place().image;
    Made made{result_, result_};
    if (is_output) {
      std::vector<int> order = channels_first(out_.rank);
      if (channels_last) std::sort(order.begin(), order.end());
      arrange(made.output, order);
    }
    if (last && graph_.nodes.size() > first_ && graph_.nodes.back().outputs[0] == made.output.value) {
      if (made.place.value == made.output.value) made.place.value = name_;
      graph_.nodes.back().outputs[0] = made.output.value = name_;
    }
    return made;
  }

 private:
  void to_vector(const char* op, const std::string& value) {
    if (op == std::string_view("Flatten"))
      (*this)(op, {value});
    else
      (*this)(op, {value, integers({0, out_.channels()})});
  }
  bool is_elementwise() const {
    return node_.rules->kind == Kind::elementwise || (node_.rules->kind == Kind::view && in() == out_);
  }
  /// A Transpose, unless the axes lie in this order.
  void arrange(OnnxPlace& place, const std::vector<int>& order) {
    if (place.order == order) return;
    OnnxDims perm{0};
    for (const int axis : order)
      perm.push_back(1 + std::find(place.order.begin(), place.order.end(), axis) - place.order.begin());
    place.value = (*this)("Transpose", {place.value}).with("perm", std::move(perm));
    place.order = result_.order = order;
  }

  /// (channels, 1, 1), or behind a batch.
  OnnxDims per_channel(int channels, int batch = -1) const {
    OnnxDims dims;
    if (batch >= 0) dims.push_back(batch);
    dims.push_back(channels);
    for (int axis = 1; axis < out_.rank; ++axis) dims.push_back(1);
    return dims;
  }

  std::size_t find(std::string_view called) const {
    const Parameters parameters = node_.parameters();
    return static_cast<std::size_t>(
        std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& p) { return p.name == called; }) -
        parameters.begin());
  }
  std::span<const float> values(std::size_t index) const {
    return parameters_.subspan(node_.offsets()[index], node_.parameters().list[index].shape.size());
  }
  std::string channels(std::string_view called, float otherwise, OnnxDims dims) {
    const std::span<const float> given = has(called) ? values(called) : std::span<const float>{};
    std::vector<float> floats(given.begin(), given.end());
    floats.resize(static_cast<std::size_t>(in().channels()), otherwise);
    return initializer(has(called) ? called : "constant", std::move(floats), std::move(dims));
  }
  std::string bias() {
    if (node_.parameters().count < 2 && fold_.shift.empty()) return {};
    std::vector<float> floats = fold_.shift;
    if (node_.parameters().count > 1) {
      const std::span<const float> bias = values(std::size_t{1});
      floats.resize(bias.size());
      for (std::size_t c = 0; c < bias.size(); ++c) floats[c] += bias[c] * (fold_.scale.empty() ? 1 : fold_.scale[c]);
    }
    const auto count = static_cast<std::int64_t>(floats.size());
    return initializer("bias", std::move(floats), {count});
  }
  std::string weight(std::size_t index, Shape shape, const std::vector<int>& order, OnnxDims dims, int channels) {
    std::vector<float> floats = reordered(values(index), shape, order);
    if (dims.empty())
      for (const int axis : order) dims.push_back(shape[axis]);
    if (channels >= 0 && !fold_.scale.empty()) {
      std::size_t step = 1;
      for (std::size_t axis = dims.size(); --axis > static_cast<std::size_t>(channels);)
        step *= static_cast<std::size_t>(dims[axis]);
      for (std::size_t i = 0; i < floats.size(); ++i) floats[i] *= fold_.scale[i / step % fold_.scale.size()];
    }
    const Parameter parameter = node_.parameters().list[index];
    return initializer(parameter.name, std::move(floats), std::move(dims), doc_of_l2(parameter.l2));
  }

  std::vector<OnnxPlace> operands_;
  Shape out_;
  const NodeInfo& node_;
  std::span<const float> parameters_;
  OnnxFold fold_;
  bool open_;
  std::size_t first_;
  OnnxPlace result_{};
};

}  // namespace strata::importing
