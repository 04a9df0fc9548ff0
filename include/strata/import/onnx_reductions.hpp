// ONNX's products of matrices, reductions and softmaxes, in plain code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_arguments.hpp>

namespace strata::importing::semantics {

/// y (m, n) += a (m, k) b (k, n), elements of a and b by their steps.
struct Matrix {
  const float* data;
  std::int64_t row, column;
};
inline void add_product(const Matrix& a, const Matrix& b, std::int64_t m, std::int64_t k, std::int64_t n, float* y) {
  std::vector<double> sums(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < m; ++i) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::int64_t j = 0; j < k; ++j) {
      const double factor = static_cast<double>(a.data[i * a.row + j * a.column]);
      for (std::int64_t c = 0; c < n; ++c)
        sums[static_cast<std::size_t>(c)] += factor * static_cast<double>(b.data[j * b.row + c * b.column]);
    }
    for (std::int64_t c = 0; c < n; ++c) y[i * n + c] += static_cast<float>(sums[static_cast<std::size_t>(c)]);
  }
}

inline Tensors gemm(Arguments& in) {
  const OnnxTensor &a = in.floats(0), &b = in.floats(1);
  in.expect(a.dims.size() == 2 && b.dims.size() == 2, "two matrices", "others");
  const bool turns_a = in.integer("transA", 0) != 0, turns_b = in.integer("transB", 0) != 0;
  const std::int64_t m = a.dims[turns_a ? 1 : 0], k = a.dims[turns_a ? 0 : 1], n = b.dims[turns_b ? 0 : 1];
  in.expect(b.dims[turns_b ? 1 : 0] == k, "matrices that can be multiplied", "others");
  const float alpha = in.real("alpha", 1), beta = in.real("beta", 1);
  in.ignore({"broadcast"});
  OnnxTensor y = tensor_of({m, n}, a.type);
  const auto matrix = [](const OnnxTensor& x, bool turns) {
    return turns ? Matrix{x.floats.data(), 1, x.dims[1]} : Matrix{x.floats.data(), x.dims[1], 1};
  };
  add_product(matrix(a, turns_a), matrix(b, turns_b), m, k, n, y.floats.data());
  for (float& element : y.floats) element *= alpha;
  if (!in.has(2)) return one(std::move(y));
  bool fits = true;
  in.expect(broadcast(in.floats(2).dims, y.dims, fits) == y.dims && fits, "a C of the output's shape", "another");
  const OnnxTensor c = broadcast_to(in[2], y.dims);
  for (std::size_t i = 0; i < y.floats.size(); ++i) y.floats[i] += beta * c.floats[i];
  return one(std::move(y));
}

inline Tensors mat_mul(Arguments& in) {
  OnnxDims a = in.floats(0).dims, b = in.floats(1).dims;
  const bool is_row = a.size() == 1, is_column = b.size() == 1;
  if (is_row) a.insert(a.begin(), 1);
  if (is_column) b.push_back(1);
  in.expect(a.size() >= 2 && b.size() >= 2, "two matrices", "a number");
  const std::int64_t m = a[a.size() - 2], k = a.back(), n = b.back();
  in.expect(b[b.size() - 2] == k, "matrices that can be multiplied", "others");
  bool fits = true;
  OnnxDims outer = broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2}, fits);
  in.expect(fits, "batches that numpy can broadcast", "others");
  const auto all_of = [&](const OnnxTensor& x, const OnnxDims& dims) {
    OnnxTensor tensor = x;
    tensor.dims = dims;
    OnnxDims wide = outer;
    wide.insert(wide.end(), dims.end() - 2, dims.end());
    return broadcast_to(tensor, wide);
  };
  const OnnxTensor left = all_of(in[0], a), right = all_of(in[1], b);
  const auto count = static_cast<std::int64_t>(count_of(outer));
  OnnxDims dims = outer;
  if (!is_row) dims.push_back(m);
  if (!is_column) dims.push_back(n);
  OnnxTensor y = tensor_of(dims, left.type);
  for (std::int64_t i = 0; i < count; ++i)
    add_product({left.floats.data() + i * m * k, k, 1}, {right.floats.data() + i * k * n, n, 1}, m, k, n,
                y.floats.data() + i * m * n);
  return one(std::move(y));
}

/// finish(sum of step(x), count), or a maximum, over the axes.
struct Reduction {
  double start;
  double (*add)(double sum, double x);
  double (*finish)(double sum, double count);
};
inline OnnxTensor reduced(const OnnxTensor& x, const std::vector<bool>& drops, bool keeps, const Reduction& reduction) {
  OnnxDims kept, dims, steps(x.dims.size(), 0);
  for (std::size_t axis = 0; axis < x.dims.size(); ++axis) {
    kept.push_back(drops[axis] ? 1 : x.dims[axis]);
    if (keeps || !drops[axis]) dims.push_back(kept[axis]);
  }
  const OnnxDims whole = steps_of(kept);
  for (std::size_t axis = 0; axis < x.dims.size(); ++axis) steps[axis] = drops[axis] ? 0 : whole[axis];
  std::vector<double> sums(count_of(kept), reduction.start);
  OnnxDims index(x.dims.size());
  std::int64_t to = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double& sum = sums[static_cast<std::size_t>(to)];
    sum = reduction.add(sum, x.is_float() ? static_cast<double>(x.floats[i]) : static_cast<double>(x.ints[i]));
    for (std::size_t axis = x.dims.size(); axis-- > 0;) {
      to += steps[axis];
      if (++index[axis] < x.dims[axis]) break;
      to -= std::exchange(index[axis], 0) * steps[axis];
    }
  }
  OnnxTensor y = tensor_of(dims, x.type);
  const double count = sums.empty() ? 0 : static_cast<double>(x.size()) / static_cast<double>(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double value = reduction.finish(sums[i], count);
    if (y.is_float())
      y.floats[i] = static_cast<float>(value);
    else if (y.type == OnnxType::boolean)
      y.ints[i] = value > 0;
    else
      y.ints[i] = static_cast<std::int64_t>(std::clamp(value, -9e18, 9e18));
  }
  return y;
}

/// The axes are an input since version `since`.
inline Tensors reduce(Arguments& in, const Reduction& reduction, int since = 18) {
  const std::size_t rank = in[0].dims.size();
  const OnnxDims axes = in.integers("axes", 1, since, {});
  const bool keeps = in.integer("keepdims", 1) != 0;
  const bool does_nothing = in.integer("noop_with_empty_axes", 0) != 0 && axes.empty();
  std::vector<bool> drops(rank, axes.empty() && !does_nothing);
  for (const std::int64_t axis : axes) drops[in.axis(axis, rank)] = true;
  return one(reduced(in[0], drops, keeps, reduction));
}
/// Before version 13 over all axes from the given one on.
template <bool is_log>
Tensors softmax(Arguments& in) {
  OnnxTensor y = in.floats();
  const bool is_old = in.opset() < 13;
  const std::size_t axis = in.axis(in.integer("axis", is_old ? 1 : -1), y.dims.size());
  Rows rows(y.dims, axis);
  if (is_old) rows.extent *= std::exchange(rows.inner, 1);
  for (std::size_t outer = 0; outer < rows.outer; ++outer)
    for (std::size_t inner = 0; inner < rows.inner; ++inner) {
      float* const x = y.floats.data() + outer * rows.extent * rows.inner + inner;
      double most = -std::numeric_limits<double>::infinity(), sum = 0;
      for (std::size_t i = 0; i < rows.extent; ++i) most = std::max(most, static_cast<double>(x[i * rows.inner]));
      for (std::size_t i = 0; i < rows.extent; ++i) sum += std::exp(static_cast<double>(x[i * rows.inner]) - most);
      for (std::size_t i = 0; i < rows.extent; ++i) {
        const double log = static_cast<double>(x[i * rows.inner]) - most - std::log(sum);
        x[i * rows.inner] = static_cast<float>(is_log ? log : std::exp(log));
      }
    }
  return one(std::move(y));
}

/// Over all positions, whose axes stay.
inline Tensors over_positions(Arguments& in, const Reduction& reduction) {
  std::vector<bool> drops(in.floats().dims.size(), true);
  in.expect(drops.size() >= 2, "channels", "none");
  drops[0] = drops[1] = false;
  return one(reduced(in[0], drops, true, reduction));
}

inline const Operators& reduction_operators() {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr auto add = [](double sum, double x) { return sum + x; };
  static constexpr auto add_square = [](double sum, double x) { return sum + x * x; };
  static constexpr auto add_absolute = [](double sum, double x) { return sum + std::abs(x); };
  static constexpr auto itself = [](double sum, double) { return sum; };
  static constexpr Reduction sum{0, add, itself}, squares{0, add_square, itself}, absolutes{0, add_absolute, itself},
      mean{0, add, [](double s, double count) { return s / count; }},
      root{0, add_square, [](double s, double) { return std::sqrt(s); }},
      logarithm{0, add, [](double s, double) { return std::log(s); }},
      exponentials{0, [](double s, double x) { return s + std::exp(x); }, [](double s, double) { return std::log(s); }},
      product{1, [](double s, double x) { return s * x; }, itself},
      most{-infinity, [](double s, double x) { return std::max(s, x); }, itself},
      least{infinity, [](double s, double x) { return std::min(s, x); }, itself};
  static const Operators all{
      {"Gemm", gemm},
      {"MatMul", mat_mul},
      {"Softmax", softmax<false>},
      {"LogSoftmax", softmax<true>},
      {"GlobalAveragePool", [](Arguments& in) { return over_positions(in, mean); }},
      {"GlobalMaxPool", [](Arguments& in) { return over_positions(in, most); }},
      {"ReduceSum", [](Arguments& in) { return reduce(in, sum, 13); }},
      {"ReduceMean", [](Arguments& in) { return reduce(in, mean); }},
      {"ReduceMax", [](Arguments& in) { return reduce(in, most); }},
      {"ReduceMin", [](Arguments& in) { return reduce(in, least); }},
      {"ReduceProd", [](Arguments& in) { return reduce(in, product); }},
      {"ReduceL1", [](Arguments& in) { return reduce(in, absolutes); }},
      {"ReduceL2", [](Arguments& in) { return reduce(in, root); }},
      {"ReduceSumSquare", [](Arguments& in) { return reduce(in, squares); }},
      {"ReduceLogSum", [](Arguments& in) { return reduce(in, logarithm); }},
      {"ReduceLogSumExp", [](Arguments& in) { return reduce(in, exponentials); }},
  };
  return all;
}

}  // namespace strata::importing::semantics
