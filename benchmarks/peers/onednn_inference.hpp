// A network in oneDNN primitives as a good user builds it: normalisation folded into the weights, activations and
// residual sums as post-ops, every tensor in the format that oneDNN chooses, the input and the output included.
//
// With Winograd requested, the convolutions that oneDNN has it for (3x3, stride 1, from 16 channels) use it, and every
// tensor has the format that it wants; an activation that it cannot take as a post-op (all but ReLU) follows in place.
#pragma once

#include "onednn.hpp"
#include "server.hpp"

namespace strata::benchmarks::onednn {

class Inference : public Runner {
 public:
  Inference(const NetworkFiles& files, std::size_t batch, bool winograd)
      : files_(files), batch_(batch), winograd_(winograd) {
    const auto& layers = files_.layers();
    values_.resize(layers.size());
    done_.resize(layers.size());
    done_[0] = true;
    for (std::size_t n = 1; n < layers.size(); ++n)
      if (!done_[n]) build(n);
    if (winograd && !found_winograd_) throw std::runtime_error("oneDNN has Winograd for none of these layers");
  }

  void run() override { program_.run(); }
  std::vector<float> output() override { return program_.read(values_.back()); }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  const LayerDescription& layer(std::size_t n) const { return files_.layers()[n]; }
  Dims dims(std::size_t n) const { return dims_of(batch_, layer(n).shape); }

  /// The value of a layer in the format `desc`. The input is brought there before the clock starts.
  memory value(std::size_t n, const memory::desc& desc) {
    if (n == 0) return program_.load(files_.input(batch_), channels_last(dims(0)), desc);
    return program_.as(desc, values_[n]);
  }
  memory::desc format(std::size_t n) const { return n == 0 ? any(dims(0)) : values_[n].get_desc(); }

  void finish(std::size_t n, const memory& value) { done_[n] = true, values_[n] = value; }

  /// The layers that a primitive takes in: a normalisation into its weights, the others as post-ops.
  struct Fused {
    std::size_t last;
    const LayerDescription* normalization = nullptr;
    dnnl::post_ops post_ops{};
    const LayerDescription* activation = nullptr;  ///< among the post-ops
    memory sum{};                                  ///< what the output is added to
  };
  Fused fuse(std::size_t n) {
    Fused fused{.last = n};
    for (;;) {
      const std::size_t next = files_.follower(fused.last);
      if (next == 0) return fused;
      const LayerDescription& follower = layer(next);
      if (follower.op == "BatchNormalization" && fused.post_ops.len() == 0 && fused.normalization == nullptr) {
        fused.normalization = &follower;
      } else if (follower.is_activation() && fused.activation == nullptr) {
        fused.activation = &follower;
        fused.post_ops.append_eltwise(1, activation(follower), 0, 0);
      } else if (follower.op == "Add" && !fused.sum) {
        const std::size_t other = at(follower.inputs[at(follower.inputs[0]) == fused.last ? 1 : 0]);
        if (!values_[other]) return fused;  // not computed yet: that layer will take the sum
        fused.sum = values_[other];
        fused.post_ops.append_sum(1);
      } else {
        return fused;
      }
      done_[next] = true;
      fused.last = next;
    }
  }

  void build(std::size_t n) {
    const LayerDescription& l = layer(n);
    const std::size_t input = at(l.inputs.front());
    if (l.op == "Conv2D") return convolution(n, input);
    if (l.op == "Dense") return dense(n, input);
    if (l.op == "Flatten") return finish(n, values_[input]);  // Dense takes images
    if (l.op == "AveragePooling2D" || l.op == "MaxPooling2D")
      return pooling(n, input, l.kernel, l.strides, l.before, l.after);
    if (l.op == "GlobalAveragePooling2D") {
      const Extent image(layer(input).shape[0], layer(input).shape[1]);
      return pooling(n, input, image, image, {0}, {0});
    }
    throw std::runtime_error("oneDNN: no " + l.op + " on its own");
  }

  void convolution(std::size_t n, std::size_t input) {
    const LayerDescription& l = layer(n);
    const Fused fused = fuse(n);
    const FoldedWeights weights(files_, l, fused.normalization);
    const memory::desc layout = keras_kernel(l, dims(input), dims(n));
    const auto describe = [&](algorithm how, const memory::desc& src, const memory::desc& dst,
                              const dnnl::post_ops& post_ops) {
      dnnl::primitive_attr attributes;
      attributes.set_post_ops(post_ops);
      return dnnl::convolution_forward::primitive_desc(
          {prop_kind::forward_inference, how, src, any(layout.dims()), any({l.shape[2]}),
           fused.sum ? fused.sum.get_desc() : dst, pair(l.strides), pair(l.before), pair(l.after)},
          attributes, processor(), true);
    };
    const auto is = [](const char* kind, const auto& primitive) {
      return primitive && std::string(primitive.impl_info_str()).find(kind) != std::string::npos;
    };
    const Dims from = dims(input), to = dims(n);
    dnnl::convolution_forward::primitive_desc primitive;
    const LayerDescription* later = nullptr;
    if (winograd_ && from[1] >= 16) {
      primitive = describe(algorithm::convolution_winograd, any(from), any(to), fused.post_ops);
      if (!is("wino", primitive) && fused.activation != nullptr && !fused.sum) {
        primitive = describe(algorithm::convolution_winograd, any(from), any(to), {});
        later = fused.activation;
      }
    }
    if (is("wino", primitive)) {
      found_winograd_ = true;
    } else {
      later = nullptr;
      const memory::desc dst = winograd_ ? blocked(to) : any(to);
      primitive = describe(algorithm::convolution_auto, format(input), dst, fused.post_ops);
      // A plain loop: rather reorder the input.
      if (is("ref", primitive)) primitive = describe(algorithm::convolution_auto, any(from), dst, fused.post_ops);
    }
    const memory output = fused.sum ? fused.sum : program_.make(primitive.dst_desc());
    program_.add(dnnl::convolution_forward(primitive),
                 {{DNNL_ARG_SRC, value(input, primitive.src_desc())},
                  {DNNL_ARG_WEIGHTS, program_.load(weights.kernel, layout, primitive.weights_desc())},
                  {DNNL_ARG_BIAS, program_.load(weights.bias)},
                  {DNNL_ARG_DST, output}});
    if (later != nullptr)
      program_.add(dnnl::eltwise_forward({{prop_kind::forward_inference, activation(*later), output.get_desc(), 0, 0},
                                          processor()}),
                   {{DNNL_ARG_SRC, output}, {DNNL_ARG_DST, output}});
    finish(fused.last, output);
  }

  void dense(std::size_t n, std::size_t input) {
    const LayerDescription& l = layer(n);
    const Fused fused = fuse(n);
    const memory::desc image_format = values_[input].get_desc();
    const Dims image = image_format.dims();
    const memory::desc layout = keras_dense(image, l.shape[0]);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(fused.post_ops);
    const memory::dim batch = image[0], units = l.shape[0];
    const dnnl::inner_product_forward::primitive_desc primitive(
        {prop_kind::forward_inference, image_format, any(layout.dims()), any({units}), any({batch, units})}, attributes,
        processor());
    const memory output = program_.make(primitive.dst_desc());
    program_.add(dnnl::inner_product_forward(primitive),
                 {{DNNL_ARG_SRC, values_[input]},
                  {DNNL_ARG_WEIGHTS, program_.load(files_.parameter(l, "kernel"), layout, primitive.weights_desc())},
                  {DNNL_ARG_BIAS, program_.load(files_.parameter(l, "bias"))},
                  {DNNL_ARG_DST, output}});
    finish(fused.last, {output.get_desc().reshape({batch, units, 1, 1}), processor(), output.get_data_handle()});
    owners_.push_back(output);
  }

  void pooling(std::size_t n, std::size_t input, Extent kernel, Extent strides, Extent before, Extent after) {
    const bool average = layer(n).op != "MaxPooling2D";
    const dnnl::pooling_forward::primitive_desc primitive(
        {prop_kind::forward_inference, average ? algorithm::pooling_avg_exclude_padding : algorithm::pooling_max,
         values_[input].get_desc(), any(dims(n)), pair(strides), pair(kernel), pair(before), pair(after)},
        processor());
    const memory output = program_.make(primitive.dst_desc());
    program_.add(dnnl::pooling_forward(primitive), {{DNNL_ARG_SRC, values_[input]}, {DNNL_ARG_DST, output}});
    finish(n, output);
  }

  const NetworkFiles& files_;
  std::size_t batch_;
  bool winograd_, found_winograd_ = false;
  std::vector<memory> values_, owners_;
  std::vector<bool> done_;
  Program program_;
};

}  // namespace strata::benchmarks::onednn
