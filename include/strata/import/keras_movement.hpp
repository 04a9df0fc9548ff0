// What Keras' layers compute that move cells: slices, shuffles, permutations, other sizes of images.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <strata/import/keras_arguments.hpp>

namespace strata::importing::detail {

struct KerasMovement : KerasArguments {
  explicit KerasMovement(const KerasArguments& layer) : KerasArguments(layer) {}

  bool knows() const {
    for (const char* moving : {"Slice", "ChannelShuffle", "DepthToSpace", "SpaceToDepth", "Permute", "Resizing"})
      if (name == moving) return true;
    return false;
  }
  /// First, last (not itself) and step of a Slice.
  std::array<int, 3> slice(const Shape& x) const {
    const int extent = x[axis_of(x)];
    const auto bound = [&](const char* key, int otherwise) {
      const int place = number(key, otherwise);
      return std::clamp(place < 0 ? place + extent : place, 0, extent);
    };
    return {bound("begin", 0), bound("end", extent), number("step", 1)};
  }
  Shape output_shape(Shape x) const {
    if (name == "ChannelShuffle") return x;
    if (name == "Permute") {
      Shape shape;
      for (const int axis : numbers("dims"))
        if (axis >= 1 && axis <= static_cast<int>(x.size())) shape.push_back(x[static_cast<std::size_t>(axis - 1)]);
      return shape.size() == x.size() ? shape : Shape{};
    }
    if (name == "Resizing") return x.size() == 3 ? Shape{number("height", 1), number("width", 1), x[2]} : Shape{};
    if (name == "Slice") {
      if (axis_of(x) >= x.size()) return {};
      const auto [begin, end, step] = slice(x);
      x[axis_of(x)] = step > 0 ? (end - begin + step - 1) / step : 0;
      return x;
    }
    const int side = number("blocksize", 1), area = side * side;
    if (x.size() != 3 || side < 1) return {};
    if (name == "DepthToSpace") return {x[0] * side, x[1] * side, x[2] / area};
    return {x[0] / side, x[1] / side, x[2] * area};
  }
  void compute(const Value& in, Value& out) const {
    const Shape& x = in.shape;
    if (name == "Permute") return permute(in, out);
    if (name == "Resizing") return resize(in, out);
    if (name == "Slice") {
      const auto [begin, end, step] = slice(x);
      for (std::size_t e = 0; e < out.elements.size(); ++e) {
        std::vector<std::size_t> place = place_of(e, out.shape);
        place[axis_of(x)] = static_cast<std::size_t>(begin) + place[axis_of(x)] * static_cast<std::size_t>(step);
        out.elements[e] = in.elements[index_of(place, x)];
      }
      return;
    }
    if (name == "ChannelShuffle") {
      const auto channels = static_cast<std::size_t>(x.back()), groups = static_cast<std::size_t>(number("groups", 1));
      for (std::size_t e = 0; e < out.elements.size(); ++e)
        out.elements[e] = in.elements[e - e % channels + e % channels % groups * (channels / groups) +
                                      e % channels / groups];
      return;
    }
    // Each cell of the image, once: (y, x, c) of the shallow one is channel `deep` of pixel (y / side, x / side).
    const bool deepens = name == "SpaceToDepth";
    const Shape &shallow = deepens ? x : out.shape, &deep = deepens ? out.shape : x;
    const int side = number("blocksize", 1);
    for (int row = 0; row < shallow[0]; ++row)
      for (int column = 0; column < shallow[1]; ++column)
        for (int c = 0; c < shallow[2]; ++c) {
          const int cell = row % side * side + column % side;
          const int channel = is("mode", "CRD") ? c * side * side + cell : cell * shallow[2] + c;
          const std::size_t there = at(deep, row / side, column / side, channel), here = at(shallow, row, column, c);
          if (deepens) out.elements[there] = in.elements[here];
          else out.elements[here] = in.elements[there];
        }
  }
  /// Two cells of an axis with their weights, for cell `to` of the result.
  std::array<std::pair<int, double>, 2> sources(int to, int in, int out) const {
    const double scale = static_cast<double>(in) / out;
    double place = (to + 0.5) * scale - 0.5;
    if (is("coordinates", "asymmetric")) place = to * scale;
    if (is("coordinates", "align_corners")) place = out == 1 ? 0 : to * (in - 1.0) / (out - 1.0);
    if (is("coordinates", "pytorch_half_pixel") && out == 1) place = 0;
    if (is("interpolation", "nearest")) {
      if (is("nearest_mode", "floor")) place = std::floor(place);
      else if (is("nearest_mode", "ceil")) place = std::ceil(place);
      else place = is("nearest_mode", "round_prefer_floor") ? std::ceil(place - 0.5) : std::floor(place + 0.5);
    }
    place = std::clamp(place, 0.0, in - 1.0);
    const int first = static_cast<int>(place);
    return {{{first, 1 - (place - first)}, {std::min(first + 1, in - 1), place - first}}};
  }
  void resize(const Value& in, Value& out) const {
    for (int oy = 0; oy < out.shape[0]; ++oy)
      for (int ox = 0; ox < out.shape[1]; ++ox)
        for (const auto& [y, vertical] : sources(oy, in.shape[0], out.shape[0]))
          for (const auto& [x, horizontal] : sources(ox, in.shape[1], out.shape[1]))
            for (int c = 0; c < out.shape[2]; ++c)
              out.elements[at(out.shape, oy, ox, c)] += vertical * horizontal * in.elements[at(in.shape, y, x, c)];
  }
  void permute(const Value& x, Value& out) const {
    const std::vector<int> dims = numbers("dims");
    for (std::size_t e = 0; e < out.elements.size(); ++e) {
      const std::vector<std::size_t> to = place_of(e, out.shape);
      std::vector<std::size_t> from(to.size());
      for (std::size_t axis = 0; axis < to.size(); ++axis) from[static_cast<std::size_t>(dims[axis] - 1)] = to[axis];
      out.elements[e] = x.elements[index_of(from, x.shape)];
    }
  }

};

}  // namespace strata::importing::detail
