// Cropping2D: cuts rows and columns off the edges of an image.
//
//     Cropping2D<1>                        one cell on each side
//     Cropping2D<ZeroPad{1, 2, 0, 3}>      top, bottom, left, right
//
// Keras: Cropping2D. ONNX: Slice.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/kernels/map.hpp>
#include <strata/layers/problems.hpp>
#include <strata/layers/zero_padding2d.hpp>

namespace strata {

struct Cropping2DConfig {
  static constexpr Schema schema{.spelling = "Cropping2D<>", .keras = "Cropping2D", .onnx = "Slice", .arguments = 1};
  ZeroPad cropping = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("cropping", c.cropping...);
  }
};

template <ZeroPad Crop = 0>
struct Cropping2D {
  static constexpr const char* class_name = Cropping2DConfig::schema.keras;
  static constexpr Cropping2DConfig config{.cropping = Crop};
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool keeps_probabilities = true;

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::image_problem("cropping needs an image", in)) return problem;
    if (Crop.top < 0 || Crop.bottom < 0 || Crop.left < 0 || Crop.right < 0)
      return {"the cropping is negative", "0 or more cells on each side", "give 0 or more cells on each side",
              Text() << Crop.top << ", " << Crop.bottom << ", " << Crop.left << ", " << Crop.right};
    const long long rows = 0LL + Crop.top + Crop.bottom, columns = 0LL + Crop.left + Crop.right;
    if (rows >= in.height() || columns >= in.width())
      return {"nothing is left of the image",
              Text() << "an input larger than " << rows << 'x' << columns, "crop less"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    return {in.height() - Crop.top - Crop.bottom, in.width() - Crop.left - Crop.right, in.channels()};
  }

  static constexpr bool strided = true;

  // What is cropped is a border of what stays.

  template <class Call>
  static void forward(const Call& call) {
    constexpr Border given = Call::input_border;
    kernels::copy_images<typename Call::Vector, Call::output_shape, Call::output_border, cropped<given>>(
        call.batch, call.input + first_cell(Call::input_shape, given), call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * Call::input_shape.size(), 0);
    kernels::copy_images<typename Call::Vector, Call::output_shape, cropped<Border{}>, Border{}>(
        call.batch, call.output_gradient, call.input_gradient + first_cell(Call::input_shape, {}));
  }

 private:
  template <Border given>
  static constexpr Border cropped = Border{Crop.top, Crop.left, Crop.bottom, Crop.right}.within(given);
  /// Elements from the input's first cell to the first that stays.
  static constexpr int first_cell(Shape in, Border given) {
    return Crop.top * row_of(in, given) + Crop.left * pixel_of(in, given);
  }
};

}  // namespace strata
