// DepthToSpace: the channels of a pixel become a square of pixels. SpaceToDepth: the way back.
//
//     DepthToSpace<2>            8x8x12 becomes 16x16x3; pixel after pixel, as in TensorFlow and ONNX's DCR
//     DepthToSpace<2, CRD>       channel after channel: PyTorch's PixelShuffle
//     SpaceToDepth<2>            16x16x3 becomes 8x8x12
//
// Keras: tf.nn.depth_to_space, tf.nn.space_to_depth. ONNX: DepthToSpace, SpaceToDepth.
#pragma once

#include <string>

#include <strata/core/options.hpp>
#include <strata/core/text.hpp>
#include <strata/layers/gathering.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

/// How the channels of a pixel are sorted: by its parts, then by channel, or the other way round.
enum class DepthOrder { dcr, crd };
inline constexpr DepthOrder DCR = DepthOrder::dcr;
inline constexpr DepthOrder CRD = DepthOrder::crd;
constexpr auto choices(DepthOrder) { return Choices<2>{"CRD", {"DCR", "CRD"}, {"DCR", "CRD"}}; }

struct DepthToSpaceConfig {
  static constexpr Schema schema{.spelling = "DepthToSpace<>", .keras = "DepthToSpace", .onnx = "DepthToSpace",
                                 .arguments = 1, .module = ""};
  int blocksize = 0;
  DepthOrder mode = DCR;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("blocksize", c.blocksize...), f("mode", c.mode...);
  }
  void onnx(auto& out) const {
    out(schema.onnx).with("blocksize", blocksize).with("mode", mode == DCR ? "DCR" : "CRD");
  }
};

struct SpaceToDepthConfig : DepthToSpaceConfig {
  static constexpr Schema schema{.spelling = "SpaceToDepth<>", .keras = "SpaceToDepth", .onnx = "SpaceToDepth",
                                 .arguments = 1, .module = ""};
  void onnx(auto& out) const {
    if (mode == DCR) {
      out(schema.onnx).with("blocksize", blocksize);
    } else {  // the operator has no other order
      const std::string cells = out("Reshape", {out.x(), out.integers({0, out.in().channels(), out.out().height(),
                                                                       blocksize, out.out().width(), blocksize})});
      out.as_output(out("Transpose", {cells}).with("perm", {0, 1, 3, 5, 2, 4}));
    }
  }
};

namespace detail {

/// What both share: squares of Side x Side cells.
template <class Layer, class C, int Side, auto... Given>
struct SpaceAndDepth : Gathering<Layer> {
  static constexpr const char* class_name = C::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill([] {
    C arguments{};
    arguments.blocksize = Side;
    return arguments;
  }());

 protected:
  static constexpr bool by_cell = config.mode == DCR;

  static constexpr Problem check_options(Shape in) {
    if (const Problem problem = options::template check<C>()) return problem;
    if (const Problem problem = image_problem("depth and space need an image", in)) return problem;
    if (Side < 1) return {"the block's side is not positive", "1 or more", "give a positive number", Text() << Side};
    return {};
  }
};

}  // namespace detail

template <int Side, Spelled<"CRD"> auto... Given>
struct DepthToSpace : detail::SpaceAndDepth<DepthToSpace<Side, Given...>, DepthToSpaceConfig, Side, Given...> {
  static constexpr Problem check(Shape in) {
    if (const Problem problem = DepthToSpace::check_options(in)) return problem;
    if (in.channels() % (Side * Side) != 0)
      return {"the channels are no whole squares", Text() << "a multiple of " << Side * Side << " channels",
              "change the block's side or the layer before"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    return {size_or_too_many(1LL * in.height() * Side), size_or_too_many(1LL * in.width() * Side),
            in.channels() / (Side * Side)};
  }

  static constexpr int run(Shape in) { return DepthToSpace::by_cell ? output_shape(in).channels() : 1; }
  static constexpr detail::Cell source(Shape in, detail::Cell to) {
    const int cell = to.row % Side * Side + to.column % Side;
    return {to.row / Side, to.column / Side,
            DepthToSpace::by_cell ? cell * output_shape(in).channels() + to.channel : to.channel * Side * Side + cell};
  }
};

template <int Side, Spelled<"CRD"> auto... Given>
struct SpaceToDepth : detail::SpaceAndDepth<SpaceToDepth<Side, Given...>, SpaceToDepthConfig, Side, Given...> {
  static constexpr Problem check(Shape in) {
    if (const Problem problem = SpaceToDepth::check_options(in)) return problem;
    if (in.height() % Side != 0 || in.width() % Side != 0)
      return {"the image is no whole squares", Text() << "a height and width that are multiples of " << Side,
              "pad or crop the image before"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    return {in.height() / Side, in.width() / Side, size_or_too_many(1LL * in.channels() * Side * Side)};
  }

  static constexpr int run(Shape in) { return SpaceToDepth::by_cell ? in.channels() : 1; }
  static constexpr detail::Cell source(Shape in, detail::Cell to) {
    constexpr int area = Side * Side;
    const int cell = SpaceToDepth::by_cell ? to.channel / in.channels() : to.channel % area;
    return {to.row * Side + cell / Side, to.column * Side + cell % Side,
            SpaceToDepth::by_cell ? to.channel % in.channels() : to.channel / area};
  }
};

}  // namespace strata
