// Products with matrices: Dense on vectors, convolutions of 1x1 elsewhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/onnx_call.hpp>
#include <strata/import/onnx_windows.hpp>

namespace strata::importing::detail {

/// Rows of a kernel (inputs, outputs), which the file has in the order of its tensor, in the order of the node.
inline void reorder_rows(Tensor& kernel, const OnnxView& view, const Extents& sequence) {
  Extents strides(sequence.size());  // of each atom in the file's order
  int stride = 1;
  for (std::size_t i = sequence.size(); i-- > 0;) {
    strides[static_cast<std::size_t>(sequence[i] - *std::min_element(sequence.begin(), sequence.end()))] = stride;
    stride *= view.atoms[static_cast<std::size_t>(sequence[i])];
  }
  const std::size_t outputs = kernel.shape[1], least = view.atoms.size() - sequence.size();
  std::vector<float> values(kernel.values.size());
  for (std::size_t row = 0; row < kernel.shape[0]; ++row) {
    std::size_t rest = row, from = 0;
    for (std::size_t a = sequence.size(); a-- > 0;) {
      const auto extent = static_cast<std::size_t>(view.atoms[least + a]);
      from += rest % extent * static_cast<std::size_t>(strides[a]);
      rest /= extent;
    }
    std::copy_n(kernel.values.begin() + static_cast<std::ptrdiff_t>(from * outputs), outputs,
                values.begin() + static_cast<std::ptrdiff_t>(row * outputs));
  }
  kernel.values = std::move(values);
}

/// Dense on vectors (features) and on more than three axes, a 1x1 convolution elsewhere: kernel (inputs, outputs), the
/// node's second input.
inline std::size_t add_dense(OnnxCall& call, std::size_t x, std::vector<Tensor> weights) {
  Extents shape = call.network.shape(x);
  const std::size_t inputs = weights[0].shape[0], outputs = weights[0].shape[1];
  shape.back() = static_cast<int>(outputs);
  json config{{"use_bias", weights.size() > 1}};
  set_regularizer(call.needed_constant(1, "matrix"), config);
  if (shape.size() == 1 || shape.size() > 3) {
    config["units"] = outputs;
    return call.add("Dense", std::move(config), {x}, shape, std::move(weights));
  }
  weights[0].shape = shape.size() == 2 ? std::vector<std::size_t>{1, inputs, outputs}
                                       : std::vector<std::size_t>{1, 1, inputs, outputs};
  config.update({{"filters", outputs}, {"kernel_size", Extents(shape.size() - 1, 1)}, {"padding", "valid"}});
  return call.add(shape.size() == 2 ? "Conv1D" : "Conv2D", std::move(config), {x}, shape, std::move(weights));
}

/// The last axis of a tensor times a kernel (inputs, outputs).
inline void give_product(OnnxCall& call, Tensor kernel, std::vector<Tensor> bias) {
  OnnxLive x = call.live(0);
  Extents dims = x.view.dims();
  const auto last = static_cast<int>(dims.size()) - 1;
  call.expect(!dims.empty() && kernel.shape[0] == static_cast<std::size_t>(dims.back()),
              join("weights for ", dims.empty() ? 0 : dims.back(), " features"), std::to_string(kernel.shape[0]));
  Extents order = OnnxNetwork::with_last(dims.size(), last);
  if (dims.size() > 1) call.expect(dims[0] == 1 || dims.size() == 2, "a batch of 1", written(dims));
  std::size_t node = 0;
  if (std::all_of(dims.begin(), dims.end() - 1, [](int extent) { return extent == 1; })) {
    Extents sequence = x.view.sequence({last});
    Extents sorted = sequence;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != sequence) reorder_rows(kernel, x.view, sequence);
    node = call.network.reshaped(call.name(), x.node, {dims.back()});
  } else {
    call.expect(dims[0] == 1, "a batch of 1", written(dims));
    node = call.network.arranged(call.name(), x, order, OnnxNetwork::in_order(dims, order));
  }
  dims.back() = static_cast<int>(kernel.shape[1]);
  std::vector<Tensor> weights{std::move(kernel)};
  if (!bias.empty()) weights.push_back(std::move(bias[0]));
  call.give({add_dense(call, node, std::move(weights)), OnnxView::of(dims, order.empty() ? Extents{0} : order)});
}

/// (rows, columns), turned where asked.
inline Tensor matrix_of(const OnnxCall& call, const OnnxTensor& b, bool turned, float factor) {
  call.expect(b.is_float() && b.dims.size() == 2 && b.size() > 0, "a matrix of weights", written(b.dims));
  const auto rows = static_cast<std::size_t>(b.dims[turned ? 1 : 0]),
             columns = static_cast<std::size_t>(b.dims[turned ? 0 : 1]);
  Tensor matrix{{}, {rows, columns}, std::vector<float>(b.size())};
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      matrix.values[r * columns + c] = factor * b.floats[turned ? c * rows + r : r * columns + c];
  return matrix;
}

inline void translate_gemm(OnnxCall& call) {
  call.expect(call.node.integer("transA", 0) == 0, "transA 0", "1");
  call.expect(call.rank(0) == 2, "a vector with its batch", written(call.dims(0)));
  Tensor kernel = matrix_of(call, call.needed_constant(1, "matrix"), call.node.integer("transB", 0) != 0,
                            call.node.real("alpha", 1));
  std::vector<Tensor> bias;
  if (call.has(2)) {
    const OnnxTensor& c = call.needed_constant(2, "bias");
    call.expect(c.is_float() && (c.size() == 1 ||
                                 (c.size() == kernel.shape[1] && c.dims.back() == static_cast<std::int64_t>(c.size()))),
                join("a bias of ", kernel.shape[1]), written(c.dims));
    bias.push_back({{}, {kernel.shape[1]}, std::vector<float>(kernel.shape[1])});
    for (std::size_t i = 0; i < kernel.shape[1]; ++i)
      bias[0].values[i] = call.node.real("beta", 1) * c.floats[c.size() == 1 ? 0 : i];
  }
  give_product(call, std::move(kernel), std::move(bias));
}

inline void translate_matmul(OnnxCall& call) {
  give_product(call, matrix_of(call, call.needed_constant(1, "matrix"), false, 1), {});
}

}  // namespace strata::importing::detail
