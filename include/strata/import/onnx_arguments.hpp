// What the plain code of ONNX's operators (onnx_semantics.hpp) reads and makes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/onnx_model.hpp>

namespace strata::importing::semantics {

using Tensors = std::vector<OnnxTensor>;

inline std::size_t count_of(const OnnxDims& dims) {
  std::size_t count = 1;
  for (const std::int64_t extent : dims) count *= static_cast<std::size_t>(extent);
  return count;
}
/// Elements from one index to the next of each axis.
inline OnnxDims steps_of(const OnnxDims& dims) {
  OnnxDims steps(dims.size(), 1);
  for (std::size_t axis = dims.size(); axis-- > 1;) steps[axis - 1] = steps[axis] * dims[axis];
  return steps;
}
/// Elements before, along and behind an axis.
struct Rows {
  std::size_t outer = 1, extent = 1, inner = 1;

  Rows(const OnnxDims& dims, std::size_t axis) {
    for (std::size_t i = 0; i < dims.size(); ++i)
      (i < axis ? outer : i == axis ? extent : inner) *= static_cast<std::size_t>(dims[i]);
  }
};

inline OnnxTensor tensor_of(OnnxDims dims, OnnxType type = OnnxType::float32) {
  OnnxTensor tensor;
  tensor.dims = std::move(dims), tensor.type = type;
  if (tensor.is_float())
    tensor.floats.resize(count_of(tensor.dims));
  else
    tensor.ints.resize(count_of(tensor.dims));
  return tensor;
}
inline OnnxTensor integers_of(const std::vector<std::int64_t>& values) {
  OnnxTensor tensor;
  tensor.dims = {static_cast<std::int64_t>(values.size())}, tensor.type = OnnxType::int64, tensor.ints = values;
  return tensor;
}

/// f(elements of each tensor), which are all floats or all integers as those of the first are.
template <class F, class First, class... Rest>
decltype(auto) with_elements(F f, First& first, Rest&... rest) {
  return first.is_float() ? f(first.floats, rest.floats...) : f(first.ints, rest.ints...);
}

/// Elements start + sum of index x step.
inline OnnxTensor strided(const OnnxTensor& x, const OnnxDims& dims, std::int64_t start, const OnnxDims& steps) {
  OnnxTensor y = tensor_of(dims, x.type);
  with_elements(
      [&](auto& to, const auto& from) {
        OnnxDims index(dims.size());
        for (auto& element : to) {
          element = from[static_cast<std::size_t>(start)];
          for (std::size_t axis = dims.size(); axis-- > 0;) {
            start += steps[axis];
            if (++index[axis] < dims[axis]) break;
            start -= std::exchange(index[axis], 0) * steps[axis];
          }
        }
      },
      y, x);
  return y;
}

/// As numpy broadcasts: the shape of both.
inline OnnxDims broadcast(const OnnxDims& a, const OnnxDims& b, bool& fits) {
  OnnxDims dims(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const std::int64_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1, from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    fits = fits && (from_a == from_b || from_a == 1 || from_b == 1);
    dims[dims.size() - 1 - i] = from_a == 1 ? from_b : from_a;
  }
  return dims;
}
inline OnnxTensor broadcast_to(const OnnxTensor& x, const OnnxDims& dims) {
  if (x.dims == dims) return x;
  OnnxDims own = steps_of(x.dims), steps(dims.size());
  const std::size_t missing = dims.size() - own.size();
  for (std::size_t axis = 0; axis < own.size(); ++axis) steps[missing + axis] = x.dims[axis] == 1 ? 0 : own[axis];
  return strided(x, dims, 0, steps);
}

/// A node with its inputs. What of its attributes was never asked for is not known.
class Arguments {
 public:
  Arguments(const OnnxNode& node, std::span<const OnnxTensor* const> inputs, int opset)
      : node_(node), inputs_(inputs), opset_(opset) {}

  int opset() const { return opset_; }
  const std::string& op() const { return node_.op_type; }
  std::size_t size() const { return inputs_.size(); }
  std::size_t outputs() const { return node_.outputs.size(); }

  bool has(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  const OnnxTensor& operator[](std::size_t i) const {
    expect(has(i), strata::detail::join("an input ", i), "none");
    return *inputs_[i];
  }
  const OnnxTensor& floats(std::size_t i = 0) const {
    expect((*this)[i].is_float(), "an input of floats", "another type");
    return (*this)[i];
  }
  const std::vector<std::int64_t>& ints(std::size_t i) const {
    expect(!(*this)[i].is_float(), "an input of integers", "floats");
    return (*this)[i].ints;
  }
  /// An input's one number.
  double number(std::size_t i, double otherwise) const {
    if (!has(i)) return otherwise;
    expect((*this)[i].size() == 1, "an input of one number", std::to_string((*this)[i].size()));
    return (*this)[i].is_float() ? (*this)[i].floats[0] : static_cast<double>((*this)[i].ints[0]);
  }

  bool given(const char* name) { return asked(name), node_.attribute(name) != nullptr; }
  std::int64_t integer(const char* name, std::int64_t otherwise) { return asked(name), node_.integer(name, otherwise); }
  float real(const char* name, float otherwise) { return asked(name), node_.real(name, otherwise); }
  std::string text(const char* name, const char* otherwise) { return asked(name), node_.text(name, otherwise); }
  OnnxDims integers(const char* name, OnnxDims otherwise) {
    return asked(name), node_.integers(name, std::move(otherwise));
  }
  const OnnxAttribute* attribute(const char* name) { return asked(name), node_.attribute(name); }
  /// An attribute that became an input in `since`.
  OnnxDims integers(const char* name, std::size_t input, int since, OnnxDims otherwise) {
    if (opset_ < since) return integers(name, std::move(otherwise));
    return has(input) ? ints(input) : otherwise;
  }
  /// What training, or an old version, has and this code has not.
  void ignore(std::initializer_list<const char*> names) {
    for (const char* name : names) asked(name);
  }

  /// From 0; a negative one counts from the end.
  std::size_t axis(std::int64_t axis, std::size_t rank) const {
    const auto n = static_cast<std::int64_t>(rank);
    expect(axis >= -n && axis < n, strata::detail::join("an axis of ", n), std::to_string(axis));
    return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
  }

  void expect(bool met, std::string_view expected, std::string_view received) const {
    if (!met)
      strata::detail::raise<ImportError>(
          strata::detail::join(node_.name, " (", node_.op_type, "): expected ", expected, ", received ", received));
  }
  void expect_all_asked() const {
    for (const OnnxAttribute& attribute : node_.attributes)
      expect(asked_.count(attribute.name) > 0,
             strata::detail::join("attributes of version ", opset_, " of this operator"), attribute.name);
  }

 private:
  void asked(const char* name) { asked_.insert(name); }

  const OnnxNode& node_;
  std::span<const OnnxTensor* const> inputs_;
  int opset_;
  std::set<std::string, std::less<>> asked_;
};

using Operator = std::function<Tensors(Arguments& in)>;
using Operators = std::map<std::string_view, Operator>;

inline Tensors one(OnnxTensor tensor) {
  Tensors result;
  result.push_back(std::move(tensor));
  return result;
}

}  // namespace strata::importing::semantics
