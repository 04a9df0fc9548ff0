// The base of layers that move the cells of each image at random in training, and do nothing at inference.
// y[p] = sum over the four cells q around the place that output cell p comes from of weight(q) x[q] (bilinear).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/random.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

/// Keras `factor`, `height_factor`, `width_factor`: `0.2` is from -0.2 to 0.2; `Factor{-0.1, 0.3}` is another range.
struct Factor {
  static constexpr const char* name = "Factor";
  double lower, upper;
  constexpr Factor(double f) : lower(f < 0 ? f : -f), upper(f < 0 ? -f : f) {}
  constexpr Factor(int f) : Factor(static_cast<double>(f)) {}
  constexpr Factor(double from, double to) : lower(from), upper(to) {}

  std::string arguments() const {
    return lower == -upper ? detail::shortest(upper) : detail::shortest(lower) + ", " + detail::shortest(upper);
  }

  constexpr double at(double uniform) const { return lower + (upper - lower) * uniform; }
};

/// Keras `fill_mode`, what lies around the image: `reflect` (d c b a | a b c d | d c b a), zeros, or the nearest cell.
enum class FillMode { reflect, constant, nearest };
constexpr auto choices(FillMode) {
  return Choices<3>{"a FillMode",
                    {"FillMode::reflect", "FillMode::constant", "FillMode::nearest"},
                    {"reflect", "constant", "nearest"}};
}

namespace detail {

constexpr Problem factor_problem(const char* rule, Factor factor) {
  if (factor.lower >= -1 && factor.lower <= factor.upper && factor.upper <= 1) return {};
  return {rule, "numbers from -1 to 1, the lower one first", "give a share, as 0.2, or a Factor{lower, upper}",
          Text() << decimal(factor.lower) << " to " << decimal(factor.upper)};
}

/// Output cell (row, column) comes from the place (y + yy row + yx column, x + xy row + xx column) of the input.
struct CellMap {
  double y, yy, yx, x, xy, xx;
};

/// `Derived::cell_map(in, random, sample)` draws the move of a sample: from the stream and the sample's number in the
/// batch only, so that backward finds it again and it does not depend on how the batch is cut.
template <class Derived, FillMode fill = FillMode::reflect>
struct RandomTransform : Flatten {  // at inference a copy
  static constexpr Kind training_kind = Kind::other;

  static constexpr Problem check(Shape in) { return image_problem("a random move needs an image", in); }
  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Call>
  static void forward_training(const Call& call) {
    std::fill_n(call.output, call.batch * Call::input_shape.size(), typename Call::Scalar(0));
    each_tap(call, [&](std::size_t to, std::size_t from, typename Call::Scalar weight) {
      add<channels<Call>>(weight, call.input + from, call.output + to);
    });
  }
  /// The transpose.
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * Call::input_shape.size(), typename Call::Scalar(0));
    each_tap(call, [&](std::size_t to, std::size_t from, typename Call::Scalar weight) {
      add<channels<Call>>(weight, call.output_gradient + to, call.input_gradient + from);
    });
  }

 private:
  template <class Call>
  static constexpr std::size_t channels = static_cast<std::size_t>(Call::input_shape.channels());

  template <std::size_t C, class T>
  static void add(T weight, const T* x, T* y) {
    for (std::size_t c = 0; c < C; ++c) y[c] += weight * x[c];
  }

  /// One of the two cells around a place on an axis; -1 is none.
  struct Tap {
    int cell;
    double weight;
  };
  static std::array<Tap, 2> taps(double place, int extent) {
    const double below = std::floor(place);
    const int cell = static_cast<int>(below);
    return {Tap{cell_of(cell, extent), 1 - (place - below)}, Tap{cell_of(cell + 1, extent), place - below}};
  }
  /// What `fill` has in an image's cell or beside it.
  static int cell_of(int cell, int extent) {
    if (cell >= 0 && cell < extent) return cell;
    if (fill == FillMode::constant) return -1;
    if (fill == FillMode::nearest) return std::clamp(cell, 0, extent - 1);
    const int period = 2 * extent, place = (cell % period + period) % period;
    return place < extent ? place : period - 1 - place;
  }

  /// f(output element, input element, weight) for the first channel of each pair of cells with a weight.
  template <class Call, class F>
  static void each_tap(const Call& call, F f) {
    constexpr Shape in = Call::input_shape;
    const auto element = [&](std::size_t sample, int row, int column) {
      return sample * in.size() + static_cast<std::size_t>(row * in.width() + column) * channels<Call>;
    };
    for (std::size_t n = 0; n < call.batch; ++n) {
      const CellMap map = Derived::cell_map(in, call.random, call.first + n);
      for (int row = 0; row < in.height(); ++row)
        for (int column = 0; column < in.width(); ++column)
          for (const Tap& y : taps(map.y + map.yy * row + map.yx * column, in.height()))
            for (const Tap& x : taps(map.x + map.xy * row + map.xx * column, in.width()))
              if (y.cell >= 0 && x.cell >= 0 && y.weight * x.weight > 0)
                f(element(n, row, column), element(n, y.cell, x.cell),
                  static_cast<typename Call::Scalar>(y.weight * x.weight));
    }
  }
};

}  // namespace detail

}  // namespace strata
