// A network in oneDNN primitives as a good user builds it: activations and residual sums as post-ops,
// every tensor in the format that oneDNN chooses, the input and the output included.
//
// With Winograd requested, the convolutions that oneDNN has it for (3x3, stride 1, from 16 channels) use it, and every
// tensor has the format that it wants; an activation that it cannot take as a post-op (all but ReLU) follows in place.
#pragma once

#include "onednn.hpp"
#include "server.hpp"

namespace strata::benchmarks::onednn {

class Inference : public Runner {
 public:
  Inference(const Graph& graph, std::vector<float> input, bool winograd)
      : graph_(graph), input_(std::move(input)), winograd_(winograd), done_(graph.nodes().size()) {
    for (std::size_t n = 0; n < done_.size(); ++n)
      if (!done_[n]) build(n);
    if (winograd && !found_winograd_) throw std::runtime_error("oneDNN has Winograd for none of these layers");
  }

  void run() override { program_.run(); }
  std::vector<float> output() override { return program_.read(values_.at(graph_.output())); }

 private:
  const Graph::Node& node(std::size_t n) const { return graph_.nodes()[n]; }
  bool is_input(const std::string& name) const { return name == graph_.input(); }
  Dims dims(const std::string& name) const {
    return is_input(name) ? graph_.input_dims() : values_.at(name).get_desc().dims();
  }
  /// A value in the format `desc`. The input is brought there before the clock starts.
  memory value(const std::string& name, const memory::desc& desc) {
    if (is_input(name)) return program_.load(input_, channels_last(graph_.input_dims()), desc);
    return program_.as(desc, values_.at(name));
  }
  memory::desc format(const std::string& name) const {
    return is_input(name) ? any(graph_.input_dims()) : values_.at(name).get_desc();
  }
  void finish(std::size_t n, const memory& value) { done_[n] = true, values_[node(n).outputs.front()] = value; }

  /// The nodes that a primitive takes in as post-ops.
  struct Fused {
    std::size_t last;
    dnnl::post_ops post_ops{};
    const Graph::Node* activation = nullptr;
    memory sum{};  ///< what the output is added to
  };
  Fused fuse(std::size_t n) {
    Fused fused{.last = n};
    for (;;) {
      const std::size_t next = graph_.follower(fused.last);
      if (next == Graph::none) return fused;
      const Graph::Node& follower = node(next);
      if (is_activation(follower) && fused.activation == nullptr) {
        fused.activation = &follower;
        fused.post_ops.append_eltwise(1, activation(follower), 0, 0);
      } else if (follower.op_type == "Add" && !fused.sum) {
        const bool first = follower.inputs[0] == node(fused.last).outputs.front();
        const auto other = values_.find(follower.inputs[first ? 1 : 0]);
        if (other == values_.end()) return fused;  // not computed yet: that node will take the sum
        fused.sum = other->second;
        fused.post_ops.append_sum(1);
      } else {
        return fused;
      }
      done_[next] = true;
      fused.last = next;
    }
  }

  void build(std::size_t n) {
    const std::string& op = node(n).op_type;
    const std::string& input = node(n).inputs.front();
    if (op == "Conv") return convolution(n, input);
    if (op == "Gemm") return dense(n, input);
    if (op == "Softmax") return softmax(n, input);
    if (op == "Flatten") return finish(n, values_.at(input));  // Gemm takes images
    if (op == "AveragePool" || op == "MaxPool") return pooling(n, input, Window(node(n), dims(input), dims(input)[1]));
    if (op == "GlobalAveragePool") return pooling(n, input, Window(dims(input)));
    throw std::runtime_error("oneDNN: no " + op + " on its own");
  }

  void convolution(std::size_t n, const std::string& input) {
    const importing::OnnxTensor& weights = graph_.tensor(node(n), 1);
    const Fused fused = fuse(n);
    const Dims from = dims(input);
    const Window window(node(n), from, weights.dims[0]);
    const memory::desc layout = weights_of(node(n), weights, from);
    const auto describe = [&](algorithm how, const memory::desc& src, const memory::desc& dst,
                              const dnnl::post_ops& post_ops) {
      dnnl::primitive_attr attributes;
      attributes.set_post_ops(post_ops);
      return dnnl::convolution_forward::primitive_desc(
          {prop_kind::forward_inference, how, src, any(layout.dims()), any({window.to[1]}),
           fused.sum ? fused.sum.get_desc() : dst, window.strides, window.before, window.after},
          attributes, processor(), true);
    };
    const auto is = [](const char* kind, const auto& primitive) {
      return primitive && std::string(primitive.impl_info_str()).find(kind) != std::string::npos;
    };
    dnnl::convolution_forward::primitive_desc primitive;
    const Graph::Node* later = nullptr;
    if (winograd_ && from[1] >= 16) {
      primitive = describe(algorithm::convolution_winograd, any(from), any(window.to), fused.post_ops);
      if (!is("wino", primitive) && fused.activation != nullptr && !fused.sum) {
        primitive = describe(algorithm::convolution_winograd, any(from), any(window.to), {});
        later = fused.activation;
      }
    }
    if (is("wino", primitive)) {
      found_winograd_ = true;
    } else {
      later = nullptr;
      const memory::desc dst = winograd_ ? blocked(window.to) : any(window.to);
      primitive = describe(algorithm::convolution_auto, format(input), dst, fused.post_ops);
      // A plain loop: rather reorder the input.
      if (is("ref", primitive)) primitive = describe(algorithm::convolution_auto, any(from), dst, fused.post_ops);
    }
    const memory output = fused.sum ? fused.sum : program_.make(primitive.dst_desc());
    program_.add(dnnl::convolution_forward(primitive),
                 {{DNNL_ARG_SRC, value(input, primitive.src_desc())},
                  {DNNL_ARG_WEIGHTS, program_.load(weights.floats, layout, primitive.weights_desc())},
                  {DNNL_ARG_BIAS, program_.load(graph_.tensor(node(n), 2).floats)},
                  {DNNL_ARG_DST, output}});
    if (later != nullptr)
      program_.add(dnnl::eltwise_forward({{prop_kind::forward_inference, activation(*later), output.get_desc(), 0, 0},
                                          processor()}),
                   {{DNNL_ARG_SRC, output}, {DNNL_ARG_DST, output}});
    finish(fused.last, output);
  }

  void dense(std::size_t n, const std::string& input) {
    const importing::OnnxTensor& weights = graph_.tensor(node(n), 1);
    const Fused fused = fuse(n);
    const memory::desc image = values_.at(input).get_desc();
    const memory::desc layout = weights_of(node(n), weights, image.dims());
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(fused.post_ops);
    const memory::dim batch = image.dims()[0], units = weights.dims[0];
    const dnnl::inner_product_forward::primitive_desc primitive(
        {prop_kind::forward_inference, image, any(layout.dims()), any({units}), any({batch, units})}, attributes,
        processor());
    const memory output = program_.make(primitive.dst_desc());
    program_.add(dnnl::inner_product_forward(primitive),
                 {{DNNL_ARG_SRC, values_.at(input)},
                  {DNNL_ARG_WEIGHTS, program_.load(weights.floats, layout, primitive.weights_desc())},
                  {DNNL_ARG_BIAS, program_.load(graph_.tensor(node(n), 2).floats)},
                  {DNNL_ARG_DST, output}});
    finish(fused.last, {output.get_desc().reshape({batch, units, 1, 1}), processor(), output.get_data_handle()});
    owners_.push_back(output);
  }

  /// In place.
  void softmax(std::size_t n, const std::string& input) {
    const memory value = values_.at(input);
    const dnnl::softmax_forward::primitive_desc primitive({prop_kind::forward_inference, value.get_desc(), 1},
                                                          processor());
    program_.add(dnnl::softmax_forward(primitive), {{DNNL_ARG_SRC, value}, {DNNL_ARG_DST, value}});
    finish(n, value);
  }

  void pooling(std::size_t n, const std::string& input, const Window& window) {
    const bool average = node(n).op_type != "MaxPool";
    const dnnl::pooling_forward::primitive_desc primitive(
        {prop_kind::forward_inference, average ? algorithm::pooling_avg_exclude_padding : algorithm::pooling_max,
         values_.at(input).get_desc(), any(window.to), window.strides, window.kernel, window.before, window.after},
        processor());
    const memory output = program_.make(primitive.dst_desc());
    program_.add(dnnl::pooling_forward(primitive), {{DNNL_ARG_SRC, values_.at(input)}, {DNNL_ARG_DST, output}});
    finish(n, output);
  }

  const Graph& graph_;
  std::vector<float> input_;
  bool winograd_, found_winograd_ = false;
  std::vector<bool> done_;
  std::map<std::string, memory> values_;
  std::vector<memory> owners_;
  Program program_;
};

}  // namespace strata::benchmarks::onednn
