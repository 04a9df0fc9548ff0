// ReflectionPadding2D and ReplicationPadding2D: an image continued beyond its edges.
//
//     ReflectionPadding2D<1>                     mirrored at the outermost cells, which stand once
//     ReplicationPadding2D<ZeroPad{1, 0, 2, 2}>  the outermost cells again; top, bottom, left, right
//
// Default: 1. PyTorch's names. Keras: keras.ops.pad(mode="reflect"). ONNX: Pad (reflect, edge).
#pragma once

#include <algorithm>

#include <strata/layers/gathering.hpp>
#include <strata/layers/zero_padding2d.hpp>

namespace strata {

struct ReflectionPadding2DConfig : ZeroPadding2DConfig {
  static constexpr Schema schema{.spelling = "ReflectionPadding2D<>", .keras = "ReflectionPadding2D", .onnx = "Pad",
                                 .arguments = 1, .module = ""};
  void onnx(auto& out) const { ZeroPadding2DConfig::onnx(out, "reflect"); }
};
struct ReplicationPadding2DConfig : ZeroPadding2DConfig {
  static constexpr Schema schema{.spelling = "ReplicationPadding2D<>", .keras = "ReplicationPadding2D", .onnx = "Pad",
                                 .arguments = 1, .module = ""};
  void onnx(auto& out) const { ZeroPadding2DConfig::onnx(out, "edge"); }
};

namespace detail {

/// `Layer::inside(cell, extent)` is the cell of an axis that stands for one beyond its ends.
template <class Layer, class C, ZeroPad Pad>
struct ContinuedPadding : Gathering<Layer> {
  static constexpr const char* class_name = C::schema.keras;
  static constexpr C config{{.padding = Pad}};
  static constexpr ZeroPad margins = Pad;

  static constexpr Problem check(Shape in) { return ZeroPadding<Layer>::check(in); }
  static constexpr Shape output_shape(Shape in) { return ZeroPadding<Layer>::output_shape(in); }

  static constexpr int run(Shape in) { return in.channels(); }
  static constexpr Cell source(Shape in, Cell to) {
    return {Layer::inside(to.row - Pad.top, in.height()), Layer::inside(to.column - Pad.left, in.width()), to.channel};
  }
};

}  // namespace detail

template <ZeroPad Pad = 1>
struct ReflectionPadding2D  // with the defaults: ReflectionPadding2D<>
    : detail::ContinuedPadding<ReflectionPadding2D<Pad>, ReflectionPadding2DConfig, Pad> {
  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::ZeroPadding<ReflectionPadding2D>::check(in)) return problem;
    const int rows = (std::max)(Pad.top, Pad.bottom), columns = (std::max)(Pad.left, Pad.right);
    if (rows >= in.height() || columns >= in.width())
      return {"the image is too small to be mirrored", Text() << "an input larger than " << rows << 'x' << columns,
              "pad less"};
    return {};
  }
  static constexpr int inside(int cell, int extent) {
    return cell < 0 ? -cell : cell < extent ? cell : 2 * (extent - 1) - cell;
  }
};

template <ZeroPad Pad = 1>
struct ReplicationPadding2D  // with the defaults: ReplicationPadding2D<>
    : detail::ContinuedPadding<ReplicationPadding2D<Pad>, ReplicationPadding2DConfig, Pad> {
  static constexpr int inside(int cell, int extent) { return std::clamp(cell, 0, extent - 1); }
};

}  // namespace strata
