// What oneDNN's inference and training share: descriptions of tensors, reorders, lists of primitives.
#pragma once

#include <cstring>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "description.hpp"

namespace strata::benchmarks::onednn {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Dims = memory::dims;

inline memory::desc any(const Dims& dims) { return {dims, memory::data_type::f32, memory::format_tag::any}; }
inline memory::desc strided(const Dims& dims, const Dims& strides) { return {dims, memory::data_type::f32, strides}; }

inline Dims pair(Extent e) { return {e.height, e.width}; }

/// oneDNN's order of the dimensions: batch, channels, height, width; of a vector, 1x1 pixel.
inline Dims dims_of(std::size_t batch, const std::vector<int>& shape) {
  const auto n = static_cast<memory::dim>(batch);
  return shape.size() == 3 ? Dims{n, shape[2], shape[0], shape[1]} : Dims{n, shape[0], 1, 1};
}
/// The same with Strata's order in memory: channels last.
inline memory::desc channels_last(const Dims& dims) {
  return {dims, memory::data_type::f32, memory::format_tag::nhwc};
}
/// The order in memory that oneDNN's older kernels want: blocks of 16 channels.
inline memory::desc blocked(const Dims& dims) { return {dims, memory::data_type::f32, memory::format_tag::nChw16c}; }

/// Keras' kernel (height, width, in, out) as oneDNN's ([groups,] out, in, height, width).
inline memory::desc keras_kernel(const LayerDescription& layer, const Dims& src, const Dims& dst) {
  const auto [h, w] = layer.kernel;
  const memory::dim groups = layer.groups, in = src[1] / groups, filters = dst[1], out = filters / groups;
  if (groups == 1) return strided({out, in, h, w}, {1, filters, w * in * filters, in * filters});
  return strided({groups, out, in, h, w}, {out, 1, filters, w * in * filters, in * filters});
}
/// Keras' dense kernel (features, units) for features that are an image, channels last.
inline memory::desc keras_dense(const Dims& src, memory::dim units) {
  return strided({units, src[1], src[2], src[3]}, {1, units, src[3] * src[1] * units, src[1] * units});
}

inline algorithm activation(const LayerDescription& layer) {
  if (layer.op == "Sigmoid") return algorithm::eltwise_logistic;
  return layer.op == "Tanh" ? algorithm::eltwise_tanh : algorithm::eltwise_relu;
}
/// Its derivative is a function of the output.
inline algorithm training_activation(const LayerDescription& layer) {
  if (layer.op == "Sigmoid") return algorithm::eltwise_logistic_use_dst_for_bwd;
  return layer.op == "Tanh" ? algorithm::eltwise_tanh_use_dst_for_bwd : algorithm::eltwise_relu_use_dst_for_bwd;
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
