// What Keras' layers compute, in the plainest loops, from Keras' documentation: shapes for the typed header's asserts,
// values for the proof of an imported network. Shares nothing with Strata's layers and kernels.
//
//     keras_output_shape({{"class_name", "Conv2D"}, {"config", …}}, {{32, 32, 3}})      {30, 30, 8}; empty: not known
//
// Shapes and values are one sample's; layers of one dimension are images of height 1.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
class KerasSemantics {
 public:
  using Shape = std::vector<int>;
  using Shapes = std::vector<Shape>;

  explicit KerasSemantics(const json& layer) : options_(layer["config"]), name_(layer["class_name"]) {
    for (const char* suffix : {"1D", "2D"})
      if (const std::size_t at = name_.find(suffix); at != name_.npos) {
        dimensions_ = suffix[0] - '0';
        name_.erase(at, 2);
      }
  }

  /// Empty: not known.
  Shape output_shape(const Shapes& in) const {
    if (std::any_of(in.begin(), in.end(), [](const Shape& shape) { return shape.empty(); })) return {};
    const Shape& x = in[0];
    if (is_spatial()) return spatial_shape(x);
    if (is_merge()) return merged_shape(in);
    if (name_ == "Dense") return with_last(x, number("units", 0));
    if (name_ == "Flatten") return {static_cast<int>(size_of(x))};
    if (name_ == "Reshape") return reshaped(x);
    if (name_ == "RepeatVector" && x.size() == 1) return {number("n", 1), x[0]};
    if (is_moving()) return moved_shape(x);
    if (is_reduction()) return reduced_shape(x);
    if (name_ == "Resizing" && x.size() == 3) return {number("height", 1), number("width", 1), x[2]};
    if (is_activation("glu")) return with_last(x, x.back() / 2);
    if (name_ == "Permute") {
      Shape shape;
      for (const int axis : numbers("dims"))
        if (axis >= 1 && axis <= static_cast<int>(x.size())) shape.push_back(x[static_cast<std::size_t>(axis - 1)]);
      return shape.size() == x.size() ? shape : Shape{};
    }
    if (name_ == "BatchNormalization" || name_ == "LayerNormalization" || name_ == "GroupNormalization" ||
        name_ == "InstanceNormalization" || name_ == "RMSNormalization" || name_ == "UnitNormalization" ||
        name_ == "LocalResponseNormalization" || name_ == "Normalization" || name_ == "Rescaling" ||
        name_ == "Affine" || name_ == "LayerScale" || name_ == "PReLU" ||
        is_identity() || elementwise())
      return x;
    if (name_ == "Softmax" || is_activation("softmax")) return x;
    return {};
  }

  Value run(const std::vector<const Value*>& in, const std::vector<Tensor>& weights) const {
    Shapes shapes;
    for (const Value* value : in) shapes.push_back(value->shape);
    Value y{output_shape(shapes), {}};
    y.elements.assign(size_of(y.shape), 0);
    compute(in, weights, y);
    activate(y);
    return y;
  }

 private:
  json option(const char* key) const { return options_.value(key, json{}); }
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
  bool flag(const char* key, bool otherwise) const { return options_.value(key, json(otherwise)) == true; }

  struct Pair {
    int height, width;
  };
  /// Of height and width; of one dimension, the width.
  Pair pair(const char* key, int otherwise) const {
    const std::vector<int> list = numbers(key);
    if (list.empty()) return {dimensions_ == 1 ? 1 : otherwise, otherwise};
    if (dimensions_ == 1) return {1, list[0]};
    return {list[0], list.size() > 1 ? list[1] : list[0]};
  }
  static Shape with_last(Shape shape, int extent) {
    shape.back() = extent;
    return shape;
  }

  // Windows ----------------------------------------------------------------------------------------------------------

  bool is_spatial() const { return dimensions_ > 0 && name_.find("Dropout") == name_.npos; }
  /// (height, width, channels)
  static Shape image(const Shape& shape) { return shape.size() == 2 ? Shape{1, shape[0], shape[1]} : shape; }
  Shape from_image(const Shape& shape) const { return dimensions_ == 1 ? Shape{shape[1], shape[2]} : shape; }

  bool is_convolution() const { return name_ == "Conv" || name_ == "DepthwiseConv" || name_ == "SeparableConv"; }
  bool is_pooling() const { return name_ == "MaxPooling" || name_ == "AveragePooling"; }
  Pair window() const { return is_pooling() ? pair("pool_size", 2) : pair("kernel_size", 1); }
  Pair strides() const {
    if (is_pooling() && option("strides").is_null()) return window();
    return pair("strides", 1);
  }
  /// Cells of padding before the first window of an axis, and how many windows there are.
  struct Axis {
    int before, count;
  };
  Axis axis(int extent, int size, int stride, int dilation) const {
    const int reach = (size - 1) * dilation + 1;
    if (is("padding", "causal")) return {reach - 1, (extent + stride - 1) / stride};
    if (!is("padding", "same")) return {0, extent < reach ? 0 : (extent - reach) / stride + 1};
    const int count = (extent + stride - 1) / stride;
    return {std::max((count - 1) * stride + reach - extent, 0) / 2, count};
  }
  Pair dilation() const { return is_pooling() ? Pair{1, 1} : pair("dilation_rate", 1); }
  Axis rows(int height) const { return axis(height, window().height, strides().height, dilation().height); }
  Axis columns(int width) const { return axis(width, window().width, strides().width, dilation().width); }

  /// {{top, bottom}, {left, right}} of ZeroPadding and Cropping.
  std::array<int, 4> edges(const char* key, int otherwise) const {
    const json value = option(key);
    if (value.is_array() && value.size() == 2 && value[0].is_array())
      return {value[0][0].get<int>(), value[0][1].get<int>(), value[1][0].get<int>(), value[1][1].get<int>()};
    if (dimensions_ == 1) {
      const std::vector<int> list = numbers(key);
      return {0, 0, list.empty() ? otherwise : list[0], list.empty() ? otherwise : list.back()};
    }
    const Pair both = pair(key, otherwise);
    return {both.height, both.height, both.width, both.width};
  }

  Shape spatial_shape(const Shape& shape) const {
    const Shape x = image(shape);
    if (x.size() != 3 || (dimensions_ == 1) != (shape.size() == 2)) return {};
    if (name_.starts_with("Global")) {
      if (!flag("keepdims", false)) return {x[2]};
      return from_image({1, 1, x[2]});
    }
    if (is_convolution() || is_pooling()) {
      const int channels = name_ == "DepthwiseConv" ? x[2] * number("depth_multiplier", 1)
                           : is_pooling()           ? x[2]
                                                    : number("filters", 0);
      return from_image({rows(x[0]).count, columns(x[1]).count, channels});
    }
    if (name_ == "ConvTranspose") {
      const Pair k = pair("kernel_size", 1), s = strides(), d = dilation();
      const json extra = option("output_padding");
      const auto extent = [&](int in, int size, int stride, int rate, int more) {
        const int reach = (size - 1) * rate + 1;
        if (!extra.is_null()) return (in - 1) * stride + reach - (is("padding", "same") ? 2 * (reach / 2) : 0) + more;
        return is("padding", "same") ? in * stride : in * stride + std::max(reach - stride, 0);
      };
      const Pair more = pair("output_padding", 0);
      return from_image({dimensions_ == 1 ? 1 : extent(x[0], k.height, s.height, d.height, more.height),
                         extent(x[1], k.width, s.width, d.width, more.width), number("filters", 0)});
    }
    if (name_ == "ZeroPadding" || name_ == "ReflectionPadding" || name_ == "ReplicationPadding") {
      const auto p = edges("padding", 1);
      return from_image({x[0] + p[0] + p[1], x[1] + p[2] + p[3], x[2]});
    }
    if (name_ == "Cropping") {
      const auto p = edges("cropping", dimensions_ == 1 ? 1 : 0);
      return from_image({x[0] - p[0] - p[1], x[1] - p[2] - p[3], x[2]});
    }
    if (name_ == "UpSampling") {
      const Pair s = pair("size", 2);
      return from_image({x[0] * s.height, x[1] * s.width, x[2]});
    }
    return {};
  }

  /// f(row, column of the output, row, column of the input, row, column of the window) for each cell of the image that
  /// each window sees.
  template <class F>
  void for_each_tap(const Shape& x, const Shape& y, F f) const {
    const Axis vertical = rows(x[0]), horizontal = columns(x[1]);
    const Pair k = window(), s = strides(), d = dilation();
    for (int oy = 0; oy < y[0]; ++oy)
      for (int ox = 0; ox < y[1]; ++ox)
        for (int ky = 0; ky < k.height; ++ky)
          for (int kx = 0; kx < k.width; ++kx) {
            const int iy = oy * s.height + ky * d.height - vertical.before;
            const int ix = ox * s.width + kx * d.width - horizontal.before;
            if (iy >= 0 && iy < x[0] && ix >= 0 && ix < x[1]) f(oy, ox, iy, ix, ky, kx);
          }
  }
  static std::size_t at(const Shape& shape, int row, int column, int channel = 0) {
    return static_cast<std::size_t>((row * shape[1] + column) * shape[2] + channel);
  }

  void convolve(const Value& in, const std::vector<float>& kernel, int groups, int multiplier, const Shape& y,
                std::vector<double>& out) const {
    const Shape x = image(in.shape);
    const int inputs = x[2] / groups, outputs = multiplier > 0 ? x[2] * multiplier : y[2];
    for_each_tap(x, {y[0], y[1], outputs}, [&](int oy, int ox, int iy, int ix, int ky, int kx) {
      const int tap = ky * window().width + kx;
      const double* const from = &in.elements[at(x, iy, ix)];
      double* const to = &out[static_cast<std::size_t>((oy * y[1] + ox) * outputs)];
      if (multiplier > 0) {
        const float* const factor = &kernel[static_cast<std::size_t>(tap * outputs)];
        for (int c = 0; c < outputs; ++c) to[c] += from[c / multiplier] * factor[c];
      } else {
        const int share = outputs / groups;
        for (int g = 0; g < groups; ++g)
          for (int i = 0; i < inputs; ++i) {
            const float* const factor = &kernel[static_cast<std::size_t>((tap * inputs + i) * outputs)];
            for (int o = g * share; o < (g + 1) * share; ++o) to[o] += from[g * inputs + i] * factor[o];
          }
      }
    });
  }

  void compute_spatial(const Value& in, const std::vector<Tensor>& w, Value& out) const {
    const Shape x = image(in.shape), y = name_.starts_with("Global") ? Shape{1, 1, x[2]} : image(out.shape);
    if (name_ == "Conv") {
      convolve(in, w[0].values, number("groups", 1), 0, y, out.elements);
    } else if (name_ == "DepthwiseConv") {
      convolve(in, w[0].values, 1, number("depth_multiplier", 1), y, out.elements);
    } else if (name_ == "SeparableConv") {
      const int multiplier = number("depth_multiplier", 1), middle = x[2] * multiplier;
      std::vector<double> between(size_of({y[0], y[1], middle}));
      convolve(in, w[0].values, 1, multiplier, y, between);
      for (std::size_t p = 0; p < between.size(); ++p)
        for (int o = 0; o < y[2]; ++o) {
          const std::size_t pixel = p / static_cast<std::size_t>(middle),
                            channel = p % static_cast<std::size_t>(middle);
          const auto filters = static_cast<std::size_t>(y[2]), filter = static_cast<std::size_t>(o);
          out.elements[pixel * filters + filter] += between[p] * w[1].values[channel * filters + filter];
        }
    } else if (name_ == "ConvTranspose") {
      // Each input cell adds its kernel to the output; the padding is what Keras cuts off before.
      const Pair k = pair("kernel_size", 1), s = strides(), d = dilation();
      const auto before = [&](int size, int stride, int rate) {
        const int reach = (size - 1) * rate + 1;
        if (!is("padding", "same")) return 0;
        return option("output_padding").is_null() ? std::max(reach - stride, 0) / 2 : reach / 2;
      };
      const int top = dimensions_ == 1 ? 0 : before(k.height, s.height, d.height);
      const int left = before(k.width, s.width, d.width);
      for (int iy = 0; iy < x[0]; ++iy)
        for (int ix = 0; ix < x[1]; ++ix)
          for (int ky = 0; ky < k.height; ++ky)
            for (int kx = 0; kx < k.width; ++kx) {
              const int oy = iy * s.height + ky * d.height - top, ox = ix * s.width + kx * d.width - left;
              if (oy < 0 || oy >= y[0] || ox < 0 || ox >= y[1]) continue;
              for (int o = 0; o < y[2]; ++o)
                for (int i = 0; i < x[2]; ++i)
                  out.elements[at(y, oy, ox, o)] +=
                      in.elements[at(x, iy, ix, i)] *
                      w[0].values[static_cast<std::size_t>(((ky * k.width + kx) * y[2] + o) * x[2] + i)];
            }
    } else if (is_pooling()) {
      const bool largest = name_ == "MaxPooling";
      std::vector<double> counts(out.elements.size());
      if (largest) std::fill(out.elements.begin(), out.elements.end(), -std::numeric_limits<double>::infinity());
      for_each_tap(x, y, [&](int oy, int ox, int iy, int ix, int, int) {
        for (int c = 0; c < y[2]; ++c) {
          double& to = out.elements[at(y, oy, ox, c)];
          const double from = in.elements[at(x, iy, ix, c)];
          to = largest ? std::max(to, from) : to + from;
          ++counts[at(y, oy, ox, c)];
        }
      });
      if (!largest)
        for (std::size_t e = 0; e < counts.size(); ++e) out.elements[e] /= counts[e];
    } else if (name_.starts_with("Global")) {
      const bool largest = name_ == "GlobalMaxPooling";
      for (int c = 0; c < x[2]; ++c) {
        double result = largest ? -std::numeric_limits<double>::infinity() : 0;
        for (int p = 0; p < x[0] * x[1]; ++p) {
          const double from = in.elements[at(x, 0, p, c)];
          result = largest ? std::max(result, from) : result + from;
        }
        out.elements[static_cast<std::size_t>(c)] = largest ? result : result / (x[0] * x[1]);
      }
    } else if (name_ == "UpSampling") {
      const Pair s = pair("size", 2);
      const bool linear = is("interpolation", "bilinear");
      for (int oy = 0; oy < y[0]; ++oy)
        for (int ox = 0; ox < y[1]; ++ox)
          for (int c = 0; c < y[2]; ++c) {
            double& to = out.elements[at(y, oy, ox, c)];
            if (!linear) {
              to = in.elements[at(x, oy / s.height, ox / s.width, c)];
              continue;
            }
            const double row = std::clamp((oy + 0.5) / s.height - 0.5, 0.0, x[0] - 1.0);
            const double column = std::clamp((ox + 0.5) / s.width - 0.5, 0.0, x[1] - 1.0);
            const int iy = static_cast<int>(row), ix = static_cast<int>(column);
            const int below = std::min(iy + 1, x[0] - 1), right = std::min(ix + 1, x[1] - 1);
            const double v = row - iy, h = column - ix;
            to = (1 - v) * ((1 - h) * in.elements[at(x, iy, ix, c)] + h * in.elements[at(x, iy, right, c)]) +
                 v * ((1 - h) * in.elements[at(x, below, ix, c)] + h * in.elements[at(x, below, right, c)]);
          }
    } else {  // Cropping and paddings
      const bool crops = name_ == "Cropping";
      const auto p = crops ? edges("cropping", dimensions_ == 1 ? 1 : 0) : edges("padding", 1);
      for (int oy = 0; oy < y[0]; ++oy)
        for (int ox = 0; ox < y[1]; ++ox)
          for (int c = 0; c < y[2]; ++c) {
            const int iy = inside(crops ? oy + p[0] : oy - p[0], x[0]);
            const int ix = inside(crops ? ox + p[2] : ox - p[2], x[1]);
            if (iy >= 0 && iy < x[0] && ix >= 0 && ix < x[1])
              out.elements[at(y, oy, ox, c)] = in.elements[at(x, iy, ix, c)];
          }
    }
  }

  /// The cell that stands for one beyond the ends of an axis; zeros stand where it stays there.
  int inside(int cell, int extent) const {
    if (name_ == "ReplicationPadding") return std::clamp(cell, 0, extent - 1);
    if (name_ != "ReflectionPadding") return cell;
    return std::abs(cell) < extent ? std::abs(cell) : 2 * (extent - 1) - cell;
  }

  // Cells that move --------------------------------------------------------------------------------------------------

  bool is_moving() const {
    for (const char* moving : {"Slice", "ChannelShuffle", "DepthToSpace", "SpaceToDepth"})
      if (name_ == moving) return true;
    return false;
  }
  /// An axis as options name it: from 1, without the batch, or from the last, -1.
  std::size_t axis_of(const Shape& x) const {
    const int axis = number("axis", -1);
    return static_cast<std::size_t>(axis < 0 ? static_cast<int>(x.size()) + axis : axis - 1);
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
  Shape moved_shape(Shape x) const {
    if (name_ == "ChannelShuffle") return x;
    if (name_ == "Slice") {
      if (axis_of(x) >= x.size()) return {};
      const auto [begin, end, step] = slice(x);
      x[axis_of(x)] = step > 0 ? (end - begin + step - 1) / step : 0;
      return x;
    }
    const int side = number("blocksize", 1), area = side * side;
    if (x.size() != 3 || side < 1) return {};
    if (name_ == "DepthToSpace") return {x[0] * side, x[1] * side, x[2] / area};
    return {x[0] / side, x[1] / side, x[2] * area};
  }
  void move(const Value& in, Value& out) const {
    const Shape& x = in.shape;
    if (name_ == "Slice") {
      const auto [begin, end, step] = slice(x);
      for (std::size_t e = 0; e < out.elements.size(); ++e) {
        std::vector<std::size_t> place = place_of(e, out.shape);
        place[axis_of(x)] = static_cast<std::size_t>(begin) + place[axis_of(x)] * static_cast<std::size_t>(step);
        out.elements[e] = in.elements[index_of(place, x)];
      }
      return;
    }
    if (name_ == "ChannelShuffle") {
      const auto channels = static_cast<std::size_t>(x.back()), groups = static_cast<std::size_t>(number("groups", 1));
      for (std::size_t e = 0; e < out.elements.size(); ++e)
        out.elements[e] = in.elements[e - e % channels + e % channels % groups * (channels / groups) +
                                      e % channels / groups];
      return;
    }
    // Each cell of the image, once: (y, x, c) of the shallow one is channel `deep` of pixel (y / side, x / side).
    const bool deepens = name_ == "SpaceToDepth";
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

  // One number for the cells of an axis ------------------------------------------------------------------------------

  bool is_reduction() const { return name_ == "Mean" || name_ == "Sum" || name_ == "Max" || name_ == "Min"; }
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
      else if (name_ == "Max") result = std::max(result, in.elements[e]);
      else if (name_ == "Min") result = std::min(result, in.elements[e]);
      else result += in.elements[e];
      begun[to] = true;
    }
    if (name_ == "Mean")
      for (double& element : out.elements) element /= in.shape[axis];
  }

  // Several tensors --------------------------------------------------------------------------------------------------

  bool is_merge() const {
    for (const char* merge : {"Add", "Subtract", "Multiply", "Divide", "Average", "Maximum", "Minimum", "Concatenate"})
      if (name_ == merge) return true;
    return false;
  }
  Shape merged_shape(const Shapes& in) const {
    Shape shape = in[0];
    if (name_ == "Concatenate") {
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
      if (name_ == "Concatenate") {
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
        else if (name_ == "Add" || name_ == "Average")
          result += x;
        else if (name_ == "Subtract")
          result -= x;
        else if (name_ == "Multiply")
          result *= x;
        else if (name_ == "Divide")
          result /= x;
        else
          result = name_ == "Maximum" ? std::max(result, x) : std::min(result, x);
      }
      out.elements[e] = name_ == "Average" ? result / static_cast<double>(in.size()) : result;
    }
  }
  /// Where an element of the output lies in an operand, some of whose extents may be 1, and which may lack the first.
  static std::size_t broadcast(std::size_t element, const Shape& out, const Shape& in) {
    std::vector<std::size_t> place = place_of(element, out);
    place.erase(place.begin(), place.end() - static_cast<std::ptrdiff_t>(in.size()));
    for (std::size_t axis = 0; axis < in.size(); ++axis)
      if (in[axis] == 1) place[axis] = 0;
    return index_of(place, in);
  }

  // Others -----------------------------------------------------------------------------------------------------------

  bool is_identity() const {
    for (const char* part : {"Dropout", "Gaussian", "Random", "ActivityRegularization", "Identity"})
      if (name_.find(part) != name_.npos) return true;
    return false;
  }
  Shape reshaped(const Shape& x) const {
    Shape shape = numbers("target_shape");
    int known = 1, open = -1;
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      if (shape[axis] == -1)
        open = static_cast<int>(axis);
      else
        known *= shape[axis];
    if (open >= 0 && known > 0) shape[static_cast<std::size_t>(open)] = static_cast<int>(size_of(x)) / known;
    return shape;
  }
  static const std::vector<float>* weight(const std::vector<Tensor>& weights, std::string_view name) {
    for (const Tensor& one : weights)
      if (one.name == name) return &one.values;
    return nullptr;
  }

  void compute(const std::vector<const Value*>& in, const std::vector<Tensor>& w, Value& out) const {
    const Value& x = *in[0];
    const auto channels = static_cast<std::size_t>(x.shape.back());
    if (is_spatial()) {
      compute_spatial(x, w, out);
    } else if (is_merge()) {
      merge(in, out);
    } else if (name_ == "Dense") {
      const auto units = static_cast<std::size_t>(out.shape.back());
      for (std::size_t e = 0; e < x.elements.size(); ++e)
        for (std::size_t u = 0; u < units; ++u)
          out.elements[e / channels * units + u] += x.elements[e] * w[0].values[e % channels * units + u];
    } else if (name_ == "Permute") {
      permute(x, out);
    } else if (is_moving()) {
      move(x, out);
    } else if (is_reduction()) {
      reduce(x, out);
    } else if (name_ == "Resizing") {
      resize(x, out);
    } else if (is_activation("glu")) {
      const std::size_t half = channels / 2;
      for (std::size_t e = 0; e < out.elements.size(); ++e) {
        const double* const pixel = &x.elements[e / half * channels];
        out.elements[e] = pixel[e % half] / (1 + std::exp(-pixel[half + e % half]));
      }
    } else if (name_ == "Affine" || name_ == "LayerScale") {
      const auto *gamma = weight(w, "gamma"), *beta = weight(w, "beta");
      for (std::size_t e = 0; e < x.elements.size(); ++e)
        out.elements[e] = x.elements[e] * (gamma ? (*gamma)[e % gamma->size()] : 1) +
                          (beta ? (*beta)[e % beta->size()] : 0);
    } else if (name_ == "UnitNormalization") {
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const double* const first = &x.elements[e - e % channels];
        out.elements[e] =
            x.elements[e] / std::sqrt(std::max(std::inner_product(first, first + channels, first, 0.0), 1e-24));
      }
    } else if (name_ == "LocalResponseNormalization") {
      const int size = number("size", 1), count = static_cast<int>(channels);
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const int c = static_cast<int>(e % channels);
        double squares = 0;
        for (int j = std::max(0, c - (size - 1) / 2); j <= std::min(count - 1, c + size / 2); ++j)
          squares += std::pow(x.elements[e - e % channels + static_cast<std::size_t>(j)], 2);
        out.elements[e] = x.elements[e] / std::pow(real("k", 1) + real("alpha", 1e-4) / size * squares,
                                                   real("beta", 0.75));
      }
    } else if (name_ == "BatchNormalization" || name_ == "Normalization") {
      const bool batch = name_ == "BatchNormalization";
      const auto *gamma = weight(w, "gamma"), *beta = weight(w, "beta");
      const auto *mean = weight(w, batch ? "moving_mean" : "mean"),
                 *variance = weight(w, batch ? "moving_variance" : "variance");
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const std::size_t c = e % channels;
        const double deviation = batch ? std::sqrt((*variance)[c] + real("epsilon", 1e-3))
                                       : std::max<double>(std::sqrt((*variance)[c]), 1e-7);
        out.elements[e] =
            (x.elements[e] - (*mean)[c]) / deviation * (gamma ? (*gamma)[c] : 1) + (beta ? (*beta)[c] : 0);
      }
    } else if (name_ == "RMSNormalization") {
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const double* const first = &x.elements[e - e % channels];
        const double squares = std::inner_product(first, first + channels, first, 0.0);
        out.elements[e] = x.elements[e] / std::sqrt(squares / static_cast<double>(channels) + real("epsilon", 1e-6)) *
                          w[0].values[e % channels];
      }
    } else if (name_ == "RepeatVector") {
      for (std::size_t e = 0; e < out.elements.size(); ++e) out.elements[e] = x.elements[e % channels];
    } else if (name_ == "LayerNormalization" || name_ == "GroupNormalization" || name_ == "InstanceNormalization") {
      normalize(x, w, out);
    } else if (name_ == "Rescaling") {
      for (std::size_t e = 0; e < x.elements.size(); ++e)
        out.elements[e] = x.elements[e] * of_channel("scale", 1, e % channels) + of_channel("offset", 0, e % channels);
    } else if (name_ == "PReLU") {
      const std::vector<int> shared = numbers("shared_axes");
      Shape shape = x.shape;
      for (const int axis : shared) shape[static_cast<std::size_t>(axis - 1)] = 1;
      for (std::size_t e = 0; e < x.elements.size(); ++e) {
        const double slope = w[0].values[broadcast(e, x.shape, shape)];
        out.elements[e] = x.elements[e] < 0 ? slope * x.elements[e] : x.elements[e];
      }
    } else {
      out.elements = x.elements;
    }
    if (flag("use_bias", false))
      if (const auto* bias = weight(w, "bias"))
        for (std::size_t e = 0; e < out.elements.size(); ++e) out.elements[e] += (*bias)[e % bias->size()];
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

  /// Over the channels of each position, or over all positions of each group of channels.
  void normalize(const Value& x, const std::vector<Tensor>& w, Value& out) const {
    const auto channels = static_cast<std::size_t>(x.shape.back());
    const bool by_layer = name_ == "LayerNormalization";
    const int given = name_ == "InstanceNormalization" ? -1 : number("groups", 32);
    const std::size_t groups = by_layer ? 1 : given == -1 ? channels : static_cast<std::size_t>(given);
    const std::size_t share = channels / groups;
    const std::size_t positions = by_layer ? 1 : x.elements.size() / channels;
    const auto *gamma = weight(w, "gamma"), *beta = weight(w, "beta");
    for (std::size_t first = 0; first < x.elements.size(); first += positions * channels)
      for (std::size_t g = 0; g < groups; ++g) {
        double sum = 0, squares = 0;
        const auto for_each = [&](auto f) {
          for (std::size_t p = 0; p < positions; ++p)
            for (std::size_t c = g * share; c < (g + 1) * share; ++c) f(first + p * channels + c, c);
        };
        const auto count = static_cast<double>(positions * share);
        for_each([&](std::size_t e, std::size_t) { sum += x.elements[e]; });
        for_each([&](std::size_t e, std::size_t) { squares += std::pow(x.elements[e] - sum / count, 2); });
        const double deviation =
            std::sqrt(squares / count + real("epsilon", name_ == "InstanceNormalization" ? 1e-5 : 1e-3));
        for_each([&](std::size_t e, std::size_t c) {
          out.elements[e] =
              (x.elements[e] - sum / count) / deviation * (gamma ? (*gamma)[c] : 1) + (beta ? (*beta)[c] : 0);
        });
      }
  }

  // Activations ------------------------------------------------------------------------------------------------------

  bool is_activation(const char* name) const { return name_ == "Activation" && is("activation", name); }

  using Function = std::function<double(double)>;

  /// Of a layer that is an activation: ReLU, LeakyReLU, Activation("tanh").
  std::optional<Function> elementwise() const {
    if (name_ == "ReLU") {
      const double slope = real("negative_slope", 0), threshold = real("threshold", 0);
      const double most = real("max_value", std::numeric_limits<double>::infinity());
      return [=](double x) { return x >= most ? most : x >= threshold ? x : slope * (x - threshold); };
    }
    if (name_ == "LeakyReLU") return [slope = real("negative_slope", 0.3)](double x) { return x < 0 ? slope * x : x; };
    if (name_ == "ELU") return [alpha = real("alpha", 1)](double x) { return x < 0 ? alpha * std::expm1(x) : x; };
    if (name_ == "Clip")
      return [least = real("x_min", 0), most = real("x_max", 0)](double x) { return std::clamp(x, least, most); };
    if (name_ == "Power") return [exponent = real("exponent", 1)](double x) { return std::pow(x, exponent); };
    if (name_ == "Threshold")
      return [bound = real("threshold", 0), other = real("default_value", 0)](double x) { return x > bound ? x : other; };
    if (name_ == "Absolute") return [](double x) { return std::abs(x); };
    if (name_ == "Log") return [](double x) { return std::log(x); };
    if (name_ == "Negative") return [](double x) { return -x; };
    if (name_ == "Reciprocal") return [](double x) { return 1 / x; };
    if (name_ == "Sqrt") return [](double x) { return std::sqrt(x); };
    if (name_ == "Square") return [](double x) { return x * x; };
    if (name_ == "Activation" && option("activation").is_string())
      return function(option("activation").get<std::string>());
    return std::nullopt;
  }

  static std::optional<Function> function(const std::string& name) {
    static const std::map<std::string, Function> known{
        {"linear", [](double x) { return x; }},
        {"relu", [](double x) { return std::max(x, 0.0); }},
        {"relu6", [](double x) { return std::clamp(x, 0.0, 6.0); }},
        {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
        {"tanh", [](double x) { return std::tanh(x); }},
        {"silu", [](double x) { return x / (1 + std::exp(-x)); }},
        {"gelu", [](double x) { return x / 2 * (1 + std::erf(x / std::numbers::sqrt2)); }},
        {"softplus", [](double x) { return x > 30 ? x : std::log1p(std::exp(x)); }},
        {"softsign", [](double x) { return x / (1 + std::abs(x)); }},
        {"exponential", [](double x) { return std::exp(x); }},
        {"mish", [](double x) { return x * std::tanh(x > 30 ? x : std::log1p(std::exp(x))); }},
        {"elu", [](double x) { return x < 0 ? std::expm1(x) : x; }},
        {"selu", [](double x) { return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * std::expm1(x) : x); }},
        {"leaky_relu", [](double x) { return x < 0 ? 0.2 * x : x; }},
        {"hard_sigmoid", [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
        {"log_sigmoid", [](double x) { return x < -30 ? x : -std::log1p(std::exp(-x)); }},
        {"celu", [](double x) { return x < 0 ? std::expm1(x) : x; }},
        {"hard_tanh", [](double x) { return std::clamp(x, -1.0, 1.0); }},
        {"hard_shrink", [](double x) { return std::abs(x) > 0.5 ? x : 0; }},
        {"soft_shrink", [](double x) { return x > 0.5    ? x - 0.5
                                              : x < -0.5 ? x + 0.5
                                                         : 0; }},
        {"tanh_shrink", [](double x) { return x - std::tanh(x); }},
        {"squareplus", [](double x) { return (x + std::sqrt(x * x + 4)) / 2; }},
        {"sparse_sigmoid", [](double x) { return std::clamp((x + 1) / 2, 0.0, 1.0); }},
        {"sparse_plus", [](double x) { return x >= 1    ? x
                                              : x <= -1 ? 0
                                                        : (x + 1) * (x + 1) / 4; }},
        {"hard_silu", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
    };
    const auto found = known.find(name == "hard_swish" ? "hard_silu" : name);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }

  void activate(Value& y) const {
    std::optional<Function> f = elementwise();
    bool softmax = name_ == "Softmax" || is_activation("softmax");
    if (const json activation = option("activation"); name_ != "Activation" && !activation.is_null()) {
      softmax = activation == "softmax";
      f = activation.is_object() ? KerasSemantics(activation).elementwise() : function(activation);
    }
    if (f)
      for (double& element : y.elements) element = (*f)(element);
    if (!softmax) return;
    const auto channels = static_cast<std::ptrdiff_t>(y.shape.back());
    for (auto first = y.elements.begin(); first != y.elements.end(); first += channels) {
      const double most = *std::max_element(first, first + channels);
      double sum = 0;
      for (auto e = first; e != first + channels; ++e) sum += * e = std::exp(*e - most);
      for (auto e = first; e != first + channels; ++e) *e /= sum;
    }
  }

  json options_;
  std::string name_;
  int dimensions_ = 0;
};

}  // namespace detail

/// Without the batch; empty where the layer or an input's shape is not known.
inline std::vector<int> keras_output_shape(const json& layer, const std::vector<std::vector<int>>& inputs) {
  std::vector<int> shape = detail::KerasSemantics(layer).output_shape(inputs);
  if (std::any_of(shape.begin(), shape.end(), [](int extent) { return extent < 1; })) shape.clear();
  return shape;
}

}  // namespace strata::importing
