// A layer of a Keras configuration as its semantics read it: the options with their defaults, and places in shapes.
#pragma once

#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <strata/import/network.hpp>

namespace strata::importing {

/// A tensor of one sample.
struct Value {
  std::vector<int> shape;
  std::vector<double> elements;
};

namespace detail {

inline std::size_t size_of(const std::vector<int>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1},
                         [](std::size_t size, int extent) { return size * static_cast<std::size_t>(extent); });
}

/// A layer's options, and what its name says: `MaxPooling2D` is `MaxPooling` of 2 dimensions.
struct KerasArguments {
  using Shape = std::vector<int>;
  using Shapes = std::vector<Shape>;

  json options;
  std::string name;
  int dimensions = 0;

  explicit KerasArguments(const json& layer) : options(layer["config"]), name(layer["class_name"]) {
    for (const char* suffix : {"1D", "2D"})
      if (const std::size_t at = name.find(suffix); at != name.npos) {
        dimensions = suffix[0] - '0';
        name.erase(at, 2);
      }
  }

  json option(const char* key) const { return options.value(key, json{}); }
  double real(const char* key, double otherwise) const {
    const json value = option(key);
    return value.is_number() ? value.get<double>() : otherwise;
  }
  /// One number, or one for each channel.
  double of_channel(const char* key, double otherwise, std::size_t channel) const {
    const json value = option(key);
    return value.is_array() && channel < value.size() && value[channel].is_number() ? value[channel].get<double>()
                                                                                    : real(key, otherwise);
  }
  int number(const char* key, int otherwise) const { return static_cast<int>(real(key, otherwise)); }
  std::vector<int> numbers(const char* key) const {
    std::vector<int> list;
    const json value = option(key);
    if (value.is_number()) list.push_back(value.get<int>());
    if (value.is_array())
      for (const json& element : value) list.push_back(element.is_number() ? element.get<int>() : 0);
    return list;
  }
  bool is(const char* key, const char* value) const { return option(key) == value; }
  bool flag(const char* key, bool otherwise) const { return options.value(key, json(otherwise)) == true; }

  struct Pair {
    int height, width;
  };
  /// Of height and width; of one dimension, the width.
  Pair pair(const char* key, int otherwise) const {
    const std::vector<int> list = numbers(key);
    if (list.empty()) return {dimensions == 1 ? 1 : otherwise, otherwise};
    if (dimensions == 1) return {1, list[0]};
    return {list[0], list.size() > 1 ? list[1] : list[0]};
  }
  static Shape with_last(Shape shape, int extent) {
    shape.back() = extent;
    return shape;
  }

  /// An axis as options name it: from 1, without the batch, or from the last, -1.
  std::size_t axis_of(const Shape& x) const {
    const int axis = number("axis", -1);
    return static_cast<std::size_t>(axis < 0 ? static_cast<int>(x.size()) + axis : axis - 1);
  }

  // Places in a shape, and elements
  static std::vector<std::size_t> place_of(std::size_t element, const Shape& shape) {
    std::vector<std::size_t> place(shape.size());
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      place[axis] = element % static_cast<std::size_t>(shape[axis]);
      element /= static_cast<std::size_t>(shape[axis]);
    }
    return place;
  }
  static std::size_t index_of(const std::vector<std::size_t>& place, const Shape& shape) {
    std::size_t index = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      index = index * static_cast<std::size_t>(shape[axis]) + place[axis];
    return index;
  }

  /// Where an element of the output lies in an operand, some of whose extents may be 1, and which may lack the first.
  static std::size_t broadcast(std::size_t element, const Shape& out, const Shape& in) {
    std::vector<std::size_t> place = place_of(element, out);
    place.erase(place.begin(), place.end() - static_cast<std::ptrdiff_t>(in.size()));
    for (std::size_t axis = 0; axis < in.size(); ++axis)
      if (in[axis] == 1) place[axis] = 0;
    return index_of(place, in);
  }
  static std::size_t at(const Shape& shape, int row, int column, int channel = 0) {
    return static_cast<std::size_t>((row * shape[1] + column) * shape[2] + channel);
  }
  static const std::vector<float>* weight(const std::vector<Tensor>& weights, std::string_view called) {
    for (const Tensor& one : weights)
      if (one.name == called) return &one.values;
    return nullptr;
  }
};

}  // namespace detail
}  // namespace strata::importing
