// UpSampling2D: an image with more cells.
//
//     UpSampling2D<2>                          each cell becomes 2x2 of the same value
//     UpSampling2D<Kernel{2, 3}, Bilinear>     between the centres of cells, values are interpolated
//
// Defaults: size 2, nearest. Keras: UpSampling2D. ONNX: Resize (half_pixel).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

enum class Interpolation { nearest, bilinear };
/// Keras `interpolation='nearest'`.
inline constexpr Interpolation Nearest = Interpolation::nearest;
/// Keras `interpolation='bilinear'`.
inline constexpr Interpolation Bilinear = Interpolation::bilinear;
constexpr auto choices(Interpolation) {
  return Choices<2>{"Nearest or Bilinear", {"Nearest", "Bilinear"}, {"nearest", "bilinear"}};
}

/// Where a cell of the result lies in the image, by ONNX's names (`coordinate_transformation_mode`).
enum class Coordinates { half_pixel, asymmetric, align_corners, pytorch_half_pixel };
/// Of the centre of a cell, half a cell from its corner: Keras' rule.
inline constexpr Coordinates HalfPixel = Coordinates::half_pixel;
/// Of its corner: what PyTorch's `nearest` does.
inline constexpr Coordinates Asymmetric = Coordinates::asymmetric;
/// The first and the last cell of both lie on each other.
inline constexpr Coordinates AlignCorners = Coordinates::align_corners;
/// As HalfPixel; an axis of one cell is the first.
inline constexpr Coordinates PyTorchHalfPixel = Coordinates::pytorch_half_pixel;
constexpr auto choices(Coordinates) {
  return Choices<4>{"Asymmetric, AlignCorners or PyTorchHalfPixel",
                    {"HalfPixel", "Asymmetric", "AlignCorners", "PyTorchHalfPixel"},
                    {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"}};
}

/// Which cell is nearest to a place, by ONNX's names (`nearest_mode`).
enum class NearestMode { round_prefer_ceil, round_prefer_floor, floor, ceil };
/// Of two as near, the later: Keras' rule.
inline constexpr NearestMode RoundPreferCeil = NearestMode::round_prefer_ceil;
/// Of two as near, the earlier.
inline constexpr NearestMode RoundPreferFloor = NearestMode::round_prefer_floor;
inline constexpr NearestMode Floor = NearestMode::floor;
inline constexpr NearestMode Ceil = NearestMode::ceil;
constexpr auto choices(NearestMode) {
  return Choices<4>{"RoundPreferFloor, Floor or Ceil",
                    {"RoundPreferCeil", "RoundPreferFloor", "Floor", "Ceil"},
                    {"round_prefer_ceil", "round_prefer_floor", "floor", "ceil"}};
}

namespace detail {

/// An image of another size, `Derived::output_shape(in)`, by `Derived::config`'s interpolation, coordinates and
/// nearest_mode.
template <class Derived>
struct Resampling {
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool keeps_probabilities = true;
  static constexpr Views views = Views::inference;

  template <class Call>
  static void forward(const Call& call) {
    constexpr auto channels = static_cast<std::size_t>(Call::input_shape.channels());
    each<Call, Call::input_border, Call::output_border>(
        call.batch, [&](std::size_t in, std::size_t out, auto weight, bool first) {
          for (std::size_t c = 0; c < channels; ++c)
            call.output[out + c] = (first ? 0 : call.output[out + c]) + weight * call.input[in + c];
        });
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * Call::input_shape.size(), 0);
    constexpr auto channels = static_cast<std::size_t>(Call::input_shape.channels());
    each<Call, Border{}, Border{}>(call.batch, [&](std::size_t in, std::size_t out, auto weight, bool) {
      for (std::size_t c = 0; c < channels; ++c) call.input_gradient[in + c] += weight * call.output_gradient[out + c];
    });
  }

 private:
  /// What cell `to` of `out` is made of along an axis: cells `first` and `second` of `in`, this with `share`. The
  /// place is computed in float, as in TensorFlow.
  struct Source {
    std::size_t first, second;
    float share;

    Source(std::size_t to, int in, int out) {
      const bool nearest = Derived::config.interpolation == Nearest;
      const float place = (std::max)(0.0f, nearest ? rounded(to, in, out) : centre(to, in, out) - 0.5f);
      first = (std::min)(static_cast<std::size_t>(place), static_cast<std::size_t>(in - 1));
      second = (std::min)(first + 1, static_cast<std::size_t>(in - 1));
      share = nearest ? 0 : place - static_cast<float>(first);
    }

   private:
    static constexpr Coordinates coordinates = [] {
      if constexpr (requires { Derived::config.coordinates; }) return Derived::config.coordinates;
      else return HalfPixel;
    }();
    static constexpr NearestMode mode = [] {
      if constexpr (requires { Derived::config.nearest_mode; }) return Derived::config.nearest_mode;
      else return RoundPreferCeil;
    }();

    /// Cells from the first one's corner; the centre of cell i lies at i + 0.5.
    static float centre(std::size_t to, int in, int out) {
      const float cell = static_cast<float>(to), scale = static_cast<float>(in) / static_cast<float>(out);
      if (coordinates == Asymmetric) return cell * scale + 0.5f;
      if (coordinates == AlignCorners)
        return (out == 1 ? 0 : cell * static_cast<float>(in - 1) / static_cast<float>(out - 1)) + 0.5f;
      return coordinates == PyTorchHalfPixel && out == 1 ? 0.5f : (cell + 0.5f) * scale;
    }
    static float rounded(std::size_t to, int in, int out) {
      const float place = centre(to, in, out);
      if (mode == RoundPreferCeil) return std::floor(place);
      if (mode == RoundPreferFloor) return std::ceil(place) - 1;
      return mode == Floor ? std::floor(place - 0.5f) : std::ceil(place - 0.5f);
    }
  };

  /// f(input pixel, output pixel, weight, whether it is the output pixel's first) for each pair that has a weight.
  template <class Call, Border in_border, Border out_border, class F>
  static void each(std::size_t batch, F f) {
    using T = typename Call::Scalar;
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr auto in_row = static_cast<std::size_t>(row_of(in, in_border)),
                   in_pixel = static_cast<std::size_t>(pixel_of(in, in_border)),
                   out_row = static_cast<std::size_t>(row_of(out, out_border)),
                   out_pixel = static_cast<std::size_t>(pixel_of(out, out_border));
    for (std::size_t n = 0; n < batch; ++n)
      for (std::size_t y = 0; y < static_cast<std::size_t>(out.height()); ++y) {
        const Source row(y, in.height(), out.height());
        for (std::size_t x = 0; x < static_cast<std::size_t>(out.width()); ++x) {
          const Source column(x, in.width(), out.width());
          const auto add = [&](std::size_t sy, std::size_t sx, float weight, bool first) {
            if (weight != 0)
              f(n * bordered_size(in, in_border) + sy * in_row + sx * in_pixel,
                n * bordered_size(out, out_border) + y * out_row + x * out_pixel, static_cast<T>(weight), first);
          };
          add(row.first, column.first, (1 - row.share) * (1 - column.share), true);
          add(row.first, column.second, (1 - row.share) * column.share, false);
          add(row.second, column.first, row.share * (1 - column.share), false);
          add(row.second, column.second, row.share * column.share, false);
        }
      }
  }
};

}  // namespace detail

struct UpSampling2DConfig {
  static constexpr Schema schema{.spelling = "UpSampling2D<>", .keras = "UpSampling2D", .onnx = "Resize",
                                 .arguments = 1};
  Kernel size = 2;
  Interpolation interpolation = Nearest;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("size", c.size...), f("interpolation", c.interpolation...);
  }
  void onnx(auto& out) const {
    if (interpolation == Nearest)
      out.resize("nearest", "asymmetric", "floor");
    else
      out.resize("linear", "half_pixel", "round_prefer_floor");
  }
};

template <Spelled<"2 or Kernel{2, 3}"> auto Size = 2, Spelled<"Bilinear"> auto... Given>
struct UpSampling2D : detail::Resampling<UpSampling2D<Size, Given...>> {  // with the defaults: UpSampling2D<>
  static constexpr const char* class_name = UpSampling2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(UpSampling2DConfig{.size = Size});
  static constexpr Kernel size = config.size;

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<UpSampling2DConfig>()) return problem;
    if (const Problem problem = detail::image_problem("up-sampling needs an image", in)) return problem;
    return detail::extent_problem("the size of an up-sampling is not positive", in, size);
  }
  static constexpr Shape output_shape(Shape in) {
    return {size_or_too_many(1LL * in.height() * size.height), size_or_too_many(1LL * in.width() * size.width),
            in.channels()};
  }
};

}  // namespace strata
