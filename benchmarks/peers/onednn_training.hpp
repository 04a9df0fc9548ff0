// One step of gradient descent on a chain of layers in oneDNN's training primitives. Tensors have the formats that the
// convolutions choose; the loss and the update are plain loops.
#pragma once

#include <cmath>
#include <deque>
#include <functional>

#include "onednn.hpp"
#include "server.hpp"

namespace strata::benchmarks::onednn {

class Training : public Runner {
 public:
  Training(const Graph& graph, const std::vector<float>& input) : graph_(graph) {
    const memory::desc layout = channels_last(graph.input_dims());
    value_ = forward_.load(input, layout, layout);
    for (const Graph::Node& node : graph.nodes()) build(node);
    logits_ = value_;
    gradient_ = logit_gradient_ = backward_.make(value_.get_desc());
    while (!backward_passes_.empty()) {
      backward_passes_.back()();
      backward_passes_.pop_back();
    }
  }

  void run() override {
    forward_.run();
    losses_.add(cross_entropy());
    backward_.run();
    for (const auto& [parameter, gradient] : parameters_) {
      auto* p = static_cast<float*>(parameter.get_data_handle());
      const auto* g = static_cast<const float*>(gradient.get_data_handle());
      const std::size_t size = parameter.get_desc().get_size() / sizeof(float);
      for (std::size_t i = 0; i < size; ++i) p[i] -= training_rate * g[i];
    }
    for (const Average& average : averages_)
      for (std::size_t c = 0; c < average.moving.size(); ++c)
        average.moving[c] = 0.99f * average.moving[c] + 0.01f * average.batch[c];
  }
  std::vector<float> output() override { return losses_.values(); }

 private:
  /// A moving average and the statistic of the batch that it follows.
  struct Average {
    std::span<float> moving;
    const float* batch;
  };

  void build(const Graph::Node& node) {
    if (node.op_type == "Conv") return convolution(node);
    if (node.op_type == "BatchNormalization") return normalization(node);
    if (is_activation(node)) return eltwise(node);
    if (node.op_type == "Gemm") return dense(node);
    if (node.op_type != "Flatten") throw std::runtime_error("oneDNN: no " + node.op_type + " in training");
  }
  const std::vector<float>& floats(const Graph::Node& node, std::size_t operand) const {
    return graph_.tensor(node, operand).floats;
  }

  /// The gradient of `parameter` comes from a primitive that writes it in the format `desc`.
  memory gradient_of(const memory& parameter, const memory::desc& desc) {
    const memory gradient = backward_.make(desc);
    pending_.push_back({parameter, gradient});
    return gradient;
  }
  /// Brings the gradients that the last primitive wrote into the formats of their parameters.
  void collect_gradients() {
    for (const auto& [parameter, gradient] : pending_)
      parameters_.emplace_back(parameter, backward_.as(parameter.get_desc(), gradient));
    pending_.clear();
  }

  void convolution(const Graph::Node& node) {
    using Forward = dnnl::convolution_forward;
    using ByData = dnnl::convolution_backward_data;
    using ByWeights = dnnl::convolution_backward_weights;
    const Dims from = value_.get_desc().dims();
    const memory::desc layout = weights_of(node, graph_.tensor(node, 1), from);
    const Window window(node, from, layout.dims()[0]);
    const Dims to = window.to, bias{to[1]};
    const bool first = node.inputs[0] == graph_.input();
    const Forward::primitive_desc forward({prop_kind::forward_training, how, any(from), any(layout.dims()), any(bias),
                                           any(to), window.strides, window.before, window.after},
                                          processor());
    const memory weights = forward_.load(floats(node, 1), layout, forward.weights_desc());
    const memory offset = forward_.load(floats(node, 2));
    const memory src = forward_.as(forward.src_desc(), value_);
    value_ = forward_.make(forward.dst_desc());
    forward_.add(Forward(forward),
                 {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, offset}, {DNNL_ARG_DST, value_}});

    backward_passes_.push_back([=, this] {
      const ByWeights::primitive_desc by_weights(
          {how, any(from), any(layout.dims()), any(bias), any(to), window.strides, window.before, window.after},
          processor(), forward);
      const memory diff_dst = gradient_;
      backward_.add(ByWeights(by_weights),
                    {{DNNL_ARG_SRC, backward_.as(by_weights.src_desc(), src)},
                     {DNNL_ARG_DIFF_DST, backward_.as(by_weights.diff_dst_desc(), diff_dst)},
                     {DNNL_ARG_DIFF_WEIGHTS, gradient_of(weights, by_weights.diff_weights_desc())},
                     {DNNL_ARG_DIFF_BIAS, gradient_of(offset, by_weights.diff_bias_desc())}});
      collect_gradients();
      if (first) return;
      const ByData::primitive_desc by_data(
          {how, any(from), any(layout.dims()), any(to), window.strides, window.before, window.after}, processor(),
          forward);
      gradient_ = backward_.make(by_data.diff_src_desc());
      backward_.add(ByData(by_data), {{DNNL_ARG_DIFF_DST, backward_.as(by_data.diff_dst_desc(), diff_dst)},
                                      {DNNL_ARG_WEIGHTS, backward_.as(by_data.weights_desc(), weights)},
                                      {DNNL_ARG_DIFF_SRC, gradient_}});
    });
  }

  void normalization(const Graph::Node& node) {
    using Forward = dnnl::batch_normalization_forward;
    using Backward = dnnl::batch_normalization_backward;
    const memory src = value_;
    const memory::desc format = src.get_desc();
    const auto epsilon = node.real("epsilon", 1e-5f);
    const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
    const Forward::primitive_desc forward({prop_kind::forward_training, format, epsilon, flags}, processor());
    const memory gamma = forward_.load(floats(node, 1)), beta = forward_.load(floats(node, 2));
    const memory mean = forward_.make(forward.mean_desc()), variance = forward_.make(forward.variance_desc());
    average(floats(node, 3), mean);
    average(floats(node, 4), variance);
    value_ = forward_.make(forward.dst_desc());
    forward_.add(Forward(forward), {{DNNL_ARG_SRC, src},
                                    {DNNL_ARG_SCALE, gamma},
                                    {DNNL_ARG_SHIFT, beta},
                                    {DNNL_ARG_MEAN, mean},
                                    {DNNL_ARG_VARIANCE, variance},
                                    {DNNL_ARG_DST, value_}});
    backward_passes_.push_back([=, this] {
      const Backward::primitive_desc backward({prop_kind::backward, format, format, epsilon, flags}, processor(),
                                              forward);
      const memory diff_dst = backward_.as(format, gradient_);
      gradient_ = backward_.make(format);
      backward_.add(Backward(backward), {{DNNL_ARG_SRC, src},
                                         {DNNL_ARG_MEAN, mean},
                                         {DNNL_ARG_VARIANCE, variance},
                                         {DNNL_ARG_SCALE, gamma},
                                         {DNNL_ARG_SHIFT, beta},
                                         {DNNL_ARG_DIFF_DST, diff_dst},
                                         {DNNL_ARG_DIFF_SRC, gradient_},
                                         {DNNL_ARG_DIFF_SCALE, gradient_of(gamma, gamma.get_desc())},
                                         {DNNL_ARG_DIFF_SHIFT, gradient_of(beta, beta.get_desc())}});
      collect_gradients();
    });
  }
  void average(std::vector<float> start, const memory& batch) {
    moving_.push_back(std::move(start));
    averages_.push_back({moving_.back(), static_cast<const float*>(batch.get_data_handle())});
  }

  /// In place: the derivative is a function of the output.
  void eltwise(const Graph::Node& node) {
    const memory value = value_;
    const memory::desc format = value.get_desc();
    const algorithm function = training_activation(node);
    const dnnl::eltwise_forward::primitive_desc forward({prop_kind::forward_training, function, format, 0, 0},
                                                        processor());
    forward_.add(dnnl::eltwise_forward(forward), {{DNNL_ARG_SRC, value}, {DNNL_ARG_DST, value}});
    backward_passes_.push_back([=, this] {
      const dnnl::eltwise_backward::primitive_desc backward({function, format, format, 0, 0}, processor(), forward);
      gradient_ = backward_.as(format, gradient_);
      backward_.add(dnnl::eltwise_backward(backward),
                    {{DNNL_ARG_DST, value}, {DNNL_ARG_DIFF_DST, gradient_}, {DNNL_ARG_DIFF_SRC, gradient_}});
    });
  }

  void dense(const Graph::Node& node) {
    using Forward = dnnl::inner_product_forward;
    using ByData = dnnl::inner_product_backward_data;
    using ByWeights = dnnl::inner_product_backward_weights;
    const memory src = value_;
    const memory::desc format = src.get_desc();
    const memory::desc layout = weights_of(node, graph_.tensor(node, 1), format.dims());
    const memory::dim units = layout.dims()[0];
    const Dims to{format.dims()[0], units}, bias{units};
    const Forward::primitive_desc forward({prop_kind::forward_training, format, any(layout.dims()), any(bias), any(to)},
                                          processor());
    const memory weights = forward_.load(floats(node, 1), layout, forward.weights_desc());
    const memory offset = forward_.load(floats(node, 2));
    value_ = forward_.make(forward.dst_desc());
    forward_.add(Forward(forward),
                 {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, offset}, {DNNL_ARG_DST, value_}});
    backward_passes_.push_back([=, this] {
      // The formats of the way forward where they are implemented: this saves copies.
      const memory::desc same = forward.weights_desc();
      const ByWeights::primitive_desc by_weights({format, same, any(bias), any(to)}, processor(), forward);
      ByData::primitive_desc by_data({format, same, any(to)}, processor(), forward, true);
      if (!by_data) by_data = {{any(format.dims()), any(layout.dims()), any(to)}, processor(), forward};
      const memory diff_dst = gradient_;
      backward_.add(ByWeights(by_weights),
                    {{DNNL_ARG_SRC, src},
                     {DNNL_ARG_DIFF_DST, backward_.as(by_weights.diff_dst_desc(), diff_dst)},
                     {DNNL_ARG_DIFF_WEIGHTS, gradient_of(weights, by_weights.diff_weights_desc())},
                     {DNNL_ARG_DIFF_BIAS, gradient_of(offset, by_weights.diff_bias_desc())}});
      collect_gradients();
      gradient_ = backward_.make(by_data.diff_src_desc());
      backward_.add(ByData(by_data), {{DNNL_ARG_DIFF_DST, backward_.as(by_data.diff_dst_desc(), diff_dst)},
                                      {DNNL_ARG_WEIGHTS, backward_.as(by_data.weights_desc(), weights)},
                                      {DNNL_ARG_DIFF_SRC, gradient_}});
    });
  }

  /// The mean cross-entropy of softmax(logits) and labels n mod 10; writes the gradient of the logits.
  float cross_entropy() {
    const auto classes = static_cast<std::size_t>(logits_.get_desc().dims()[1]);
    const auto* x = static_cast<const float*>(logits_.get_data_handle());
    auto* g = static_cast<float*>(logit_gradient_.get_data_handle());
    const auto batch = static_cast<std::size_t>(logits_.get_desc().dims()[0]);
    const float share = 1 / static_cast<float>(batch);
    float loss = 0;
    for (std::size_t n = 0; n < batch; ++n, x += classes, g += classes) {
      const float most = *std::max_element(x, x + classes);
      float sum = 0;
      for (std::size_t c = 0; c < classes; ++c) sum += g[c] = std::exp(x[c] - most);
      for (std::size_t c = 0; c < classes; ++c) g[c] *= share / sum;
      g[n % 10] -= share;
      loss += share * (std::log(sum) + most - x[n % 10]);
    }
    return loss;
  }

  static constexpr algorithm how = algorithm::convolution_auto;

  const Graph& graph_;
  Program forward_, backward_;
  std::vector<std::function<void()>> backward_passes_;
  memory value_, gradient_;  ///< of the layer that is being built
  memory logits_, logit_gradient_;
  std::vector<std::pair<memory, memory>> parameters_, pending_;  ///< and their gradients
  std::deque<std::vector<float>> moving_;
  std::vector<Average> averages_;
  Losses losses_;
};

}  // namespace strata::benchmarks::onednn
