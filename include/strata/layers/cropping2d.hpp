// Cropping2D: cuts rows and columns off the edges of an image. CenterCrop leaves the middle of it.
//
//     Cropping2D<1>                        one cell on each side
//     Cropping2D<ZeroPad{1, 2, 0, 3}>      top, bottom, left, right
//     CenterCrop<224, 224>
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
  void onnx(auto& out) const { out.slice({2, 3}, {cropping.top, cropping.left}); }
};

namespace detail {

/// What is cut off, `Derived::margins(in)`, is a border of what stays.
template <class Derived>
struct Cropping {
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr Views views = Views::inference;
  static constexpr bool keeps_probabilities = true;

  /// Of margins that are options.
  static constexpr Problem check(Shape in) {
    const ZeroPad crop = Derived::margins(in);
    if (const Problem problem = dimensions_problem(Derived::config, "cropping needs an image",
                                                   "1-D cropping needs a sequence", in))
      return problem;
    if (const Problem problem = sides_problem("the cropping is negative", in, crop)) return problem;
    const long long rows = 0LL + crop.top + crop.bottom, columns = 0LL + crop.left + crop.right;
    if (rows >= in.height() || columns >= in.width())
      return {"nothing is left of the image", Text("an input larger than ") << extents(in, rows, columns), "crop less"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    const ZeroPad crop = Derived::margins(in);
    return image_like(in, in.height() - crop.top - crop.bottom, in.width() - crop.left - crop.right, in.channels());
  }

  template <class Call>
  static void forward(const Call& call) {
    constexpr Border given = Call::input_border;
    kernels::copy_images<typename Call::Vector, Call::output_shape, Call::output_border,
                         cropped(Call::input_shape, given)>(
        call.batch, call.input + first_cell(Call::input_shape, given), call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * Call::input_shape.size(), 0);
    kernels::copy_images<typename Call::Vector, Call::output_shape, cropped(Call::input_shape, {}), Border{}>(
        call.batch, call.output_gradient, call.input_gradient + first_cell(Call::input_shape, {}));
  }

 private:
  static constexpr Border cropped(Shape in, Border given) {
    const ZeroPad crop = Derived::margins(in);
    return Border{crop.top, crop.left, crop.bottom, crop.right}.within(given);
  }
  /// Elements from the input's first cell to the first that stays.
  static constexpr int first_cell(Shape in, Border given) {
    const ZeroPad crop = Derived::margins(in);
    return crop.top * row_of(in, given) + crop.left * pixel_of(in, given);
  }
};

}  // namespace detail

template <ZeroPad Crop = 0>
struct Cropping2D : detail::Cropping<Cropping2D<Crop>> {
  static constexpr const char* class_name = Cropping2DConfig::schema.keras;
  static constexpr Cropping2DConfig config{.cropping = Crop};

  static constexpr ZeroPad margins(Shape) { return Crop; }
};

struct CenterCropConfig {
  static constexpr Schema schema{.spelling = "CenterCrop<>", .keras = "CenterCrop", .onnx = "CenterCropPad",
                                 .arguments = 2};
  int height = 0, width = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("height", c.height...), f("width", c.width...);
  }
  void onnx(auto& out) const { out.slice({2, 3}, {(out.in().height() - height) / 2, (out.in().width() - width) / 2}); }
};

/// The middle of an image; of an odd cell too many the one at the end goes. Where the image is smaller, Keras resizes
/// it: refused. Keras: CenterCrop. ONNX: CenterCropPad.
template <int Height, int Width>
struct CenterCrop : detail::Cropping<CenterCrop<Height, Width>> {
  static constexpr const char* class_name = CenterCropConfig::schema.keras;
  static constexpr CenterCropConfig config{.height = Height, .width = Width};

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::image_problem("CenterCrop needs an image", in)) return problem;
    if (Height <= 0 || Width <= 0)
      return {"the size of a CenterCrop is not positive", "at least 1x1", "give positive sizes",
              Text() << Height << 'x' << Width};
    if (Height > in.height() || Width > in.width())
      return {"the image is smaller than its CenterCrop", Text() << "an input of at least " << Height << 'x' << Width,
              "crop less"};
    return {};
  }
  static constexpr ZeroPad margins(Shape in) {
    const int rows = in.height() - Height, columns = in.width() - Width;
    return {rows / 2, rows - rows / 2, columns / 2, columns - columns / 2};
  }
};

}  // namespace strata
