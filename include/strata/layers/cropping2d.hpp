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
#include <strata/layers/problems.hpp>
#include <strata/layers/zero_padding2d.hpp>

namespace strata {

template <ZeroPad Crop = 0>
struct Cropping2D {
  static constexpr const char* class_name = "Cropping2D";
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::image_problem("cropping needs an image", in)) return problem;
    if (Crop.top < 0 || Crop.bottom < 0 || Crop.left < 0 || Crop.right < 0)
      return {"the cropping is negative", "0 or more cells on each side", "give 0 or more cells on each side",
              Text() << Crop.top << ", " << Crop.bottom << ", " << Crop.left << ", " << Crop.right};
    if (Crop.top + Crop.bottom >= in.height() || Crop.left + Crop.right >= in.width())
      return {"nothing is left of the image",
              Text() << "an input larger than " << Crop.top + Crop.bottom << 'x' << Crop.left + Crop.right,
              "crop less"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    return {in.height() - Crop.top - Crop.bottom, in.width() - Crop.left - Crop.right, in.channels()};
  }

  template <class Call>
  static void forward(const Call& call) {
    each_row<Call>(call.batch, [&](std::size_t inside, std::size_t out, std::size_t length) {
      std::copy_n(call.input + inside, length, call.output + out);
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * Call::input_shape.size(), 0);
    each_row<Call>(call.batch, [&](std::size_t inside, std::size_t out, std::size_t length) {
      std::copy_n(call.output_gradient + out, length, call.input_gradient + inside);
    });
  }

 private:
  /// f(place in the input, place in the output, elements) for each row that stays.
  template <class Call, class F>
  static void each_row(std::size_t batch, F f) {
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr std::size_t row = static_cast<std::size_t>(in.width() * in.channels());
    constexpr std::size_t length = static_cast<std::size_t>(out.width() * out.channels());
    constexpr std::size_t left = static_cast<std::size_t>(Crop.left * in.channels());
    constexpr std::size_t top = static_cast<std::size_t>(Crop.top), height = static_cast<std::size_t>(out.height());
    for (std::size_t n = 0; n < batch; ++n)
      for (std::size_t y = 0; y < height; ++y)
        f(n * in.size() + (top + y) * row + left, (n * height + y) * length, length);
  }
};

}  // namespace strata
