// Resizing: an image of a given height and width.
//
//     Resizing<224, 224>              each cell from the four around its place
//     Resizing<224, 224, Nearest>     from the one that it lies in
//     Resizing<28, 28, Nearest, Asymmetric, Floor>     PyTorch's `nearest`; ONNX's other modes likewise
//     Resizing<28, 28, AlignCorners>                   PyTorch's bilinear with align_corners
//
// Default: bilinear, HalfPixel, RoundPreferCeil. No filter comes before, as without Keras' antialias. Keras: Resizing.
// ONNX: Resize.
#pragma once

#include <strata/layers/up_sampling2d.hpp>

namespace strata {

struct ResizingConfig {
  static constexpr Schema schema{.spelling = "Resizing<>", .keras = "Resizing", .onnx = "Resize", .arguments = 2,
                                 .fixed = R"({"fill_mode": "constant", "fill_value": 0.0})"};
  int height = 0, width = 0;
  Interpolation interpolation = Bilinear;
  Coordinates coordinates = HalfPixel;
  NearestMode nearest_mode = RoundPreferCeil;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("height", c.height...), f("width", c.width...), f("interpolation", c.interpolation...);
    f("coordinates", c.coordinates...), f("nearest_mode", c.nearest_mode...);
  }
  void onnx(auto& out) const {
    out.resize(interpolation == Nearest ? "nearest" : "linear",
               choices(coordinates).keras[static_cast<std::size_t>(coordinates)],
               choices(nearest_mode).keras[static_cast<std::size_t>(nearest_mode)]);
  }
};

template <int Height, int Width, Spelled<"Nearest, Asymmetric, Floor"> auto... Given>
struct Resizing : detail::Resampling<Resizing<Height, Width, Given...>> {
  static constexpr const char* class_name = ResizingConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(ResizingConfig{.height = Height, .width = Width});

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<ResizingConfig>()) return problem;
    if (const Problem problem = detail::image_problem("Resizing needs an image", in)) return problem;
    return detail::extent_problem("the size of a Resizing is not positive", in, {Height, Width});
  }
  static constexpr Shape output_shape(Shape in) { return {Height, Width, in.channels()}; }
};

}  // namespace strata
