// What Keras' layers compute that make one number of several: of the cells of an axis, or of several tensors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <strata/import/keras_arguments.hpp>

namespace strata::importing::detail {

struct KerasMerges : KerasArguments {
  explicit KerasMerges(const KerasArguments& layer) : KerasArguments(layer) {}

  bool knows() const { return is_reduction() || is_merge(); }
  Shape output_shape(const Shapes& in) const { return is_reduction() ? reduced_shape(in[0]) : merged_shape(in); }
  void compute(const std::vector<const Value*>& in, Value& out) const {
    if (is_reduction())
      reduce(*in[0], out);
    else
      merge(in, out);
  }

  bool is_reduction() const { return name == "Mean" || name == "Sum" || name == "Max" || name == "Min"; }
  Shape reduced_shape(Shape x) const {
    if (!option("axis").is_number() || axis_of(x) >= x.size()) return {};
    if (flag("keepdims", false)) x[axis_of(x)] = 1;
    else x.erase(x.begin() + static_cast<std::ptrdiff_t>(axis_of(x)));
    return x;
  }
  void reduce(const Value& in, Value& out) const {
    const std::size_t axis = axis_of(in.shape);
    Shape kept = in.shape;
    kept[axis] = 1;
    std::vector<bool> begun(out.elements.size());
    for (std::size_t e = 0; e < in.elements.size(); ++e) {
      std::vector<std::size_t> place = place_of(e, in.shape);
      place[axis] = 0;
      const std::size_t to = index_of(place, kept);
      double& result = out.elements[to];
      if (!begun[to]) result = in.elements[e];
      else if (name == "Max") result = std::max(result, in.elements[e]);
      else if (name == "Min") result = std::min(result, in.elements[e]);
      else result += in.elements[e];
      begun[to] = true;
    }
    if (name == "Mean")
      for (double& element : out.elements) element /= in.shape[axis];
  }

  bool is_merge() const {
    for (const char* merge : {"Add", "Subtract", "Multiply", "Divide", "Average", "Maximum", "Minimum", "Concatenate"})
      if (name == merge) return true;
    return false;
  }
  Shape merged_shape(const Shapes& in) const {
    Shape shape = in[0];
    if (name == "Concatenate") {
      if (axis_of(shape) >= shape.size()) return {};
      for (std::size_t i = 1; i < in.size(); ++i) {
        if (in[i].size() != shape.size()) return {};
        shape[axis_of(shape)] += in[i][axis_of(shape)];
      }
      return shape;
    }
    for (const Shape& other : in)
      while (shape.size() < other.size()) shape.insert(shape.begin(), 1);
    for (const Shape& other : in)
      for (std::size_t axis = 1; axis <= other.size(); ++axis) {
        int& extent = shape[shape.size() - axis];
        extent = std::max(extent, other[other.size() - axis]);
      }
    return shape;
  }
  void merge(const std::vector<const Value*>& in, Value& out) const {
    for (std::size_t e = 0; e < out.elements.size(); ++e) {
      if (name == "Concatenate") {
        const std::size_t axis = axis_of(out.shape);
        std::vector<std::size_t> place = place_of(e, out.shape);
        for (const Value* value : in) {
          const auto own = static_cast<std::size_t>(value->shape[axis]);
          if (place[axis] < own) {
            out.elements[e] = value->elements[index_of(place, value->shape)];
            break;
          }
          place[axis] -= own;
        }
        continue;
      }
      double result = 0;
      for (std::size_t i = 0; i < in.size(); ++i) {
        const double x = in[i]->elements[broadcast(e, out.shape, in[i]->shape)];
        if (i == 0)
          result = x;
        else if (name == "Add" || name == "Average")
          result += x;
        else if (name == "Subtract")
          result -= x;
        else if (name == "Multiply")
          result *= x;
        else if (name == "Divide")
          result /= x;
        else
          result = name == "Maximum" ? std::max(result, x) : std::min(result, x);
      }
      out.elements[e] = name == "Average" ? result / static_cast<double>(in.size()) : result;
    }
  }
};

}  // namespace strata::importing::detail
