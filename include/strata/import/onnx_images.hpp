// What gives images other pixels: padding, cropping, resizing, DepthToSpace and back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/onnx_call.hpp>
#include <strata/import/onnx_windows.hpp>

namespace strata::importing::detail {

/// What is negative is cut off.
inline void translate_pad(OnnxCall& call) {
  const Extents dims = call.dims();
  const std::string mode = call.node.text("mode", "constant");
  const OnnxPads pads = pads_of(call, dims.size());
  if (pads.before == Extents(dims.size(), 0) && pads.after == pads.before) return call.give(call.live(0));
  call.expect(dims.size() == 4 && pads.is_spatial(), "padding of an image's rows and columns",
              join(written(pads.before), " and ", written(pads.after)));
  call.expect(mode != "constant" || pads.value == 0, "padding with zeros", std::to_string(pads.value));
  const char* const kind = mode == "constant"  ? "ZeroPadding2D"
                           : mode == "reflect" ? "ReflectionPadding2D"
                           : mode == "edge"    ? "ReplicationPadding2D"
                                               : "";
  call.expect(*kind != 0, "mode constant, reflect or edge", mode);
  std::size_t y = call.channels_last(0);
  Extents out = dims;
  for (const int sign : {-1, 1}) {
    const auto cells = [&](int pad) { return std::max(sign * pad, 0); };
    const json sides{{cells(pads.before[2]), cells(pads.after[2])}, {cells(pads.before[3]), cells(pads.after[3])}};
    if (sides == json{{0, 0}, {0, 0}}) continue;
    for (std::size_t axis = 2; axis < 4; ++axis)
      out[axis] += sign * (cells(pads.before[axis]) + cells(pads.after[axis]));
    y = sign < 0 ? call.add("Cropping2D", {{"cropping", sides}}, {y}, {out[2], out[3], out[1]}, {}, "_crop")
                 : call.add(kind, {{"padding", sides}}, {y}, {out[2], out[3], out[1]});
  }
  call.give(OnnxCall::image(y, out));
}

/// Upsample and Resize of images.
inline void translate_resize(OnnxCall& call) {
  const Extents dims = call.dims();
  call.expect(dims.size() == 4, "an image with batch and channels", written(dims));
  const bool old = call.node.op_type == "Upsample";
  const std::size_t at_scales = old || call.opset < 11 ? 1 : 2;
  Extents out = dims;
  if (!old && call.has(3)) {
    const std::vector<std::int64_t>& sizes = call.needed_constant(3, "sizes").ints;
    call.expect(sizes.size() == 4, "four sizes", written(sizes));
    for (std::size_t axis = 0; axis < 4; ++axis) out[axis] = static_cast<int>(sizes[axis]);
  } else {
    std::vector<float> scales;
    if (const OnnxAttribute* const attribute = call.node.attribute("scales"))
      scales = attribute->reals;
    else
      scales = call.needed_constant(at_scales, "scales").floats;
    call.expect(scales.size() == 4, "four scales", std::to_string(scales.size()));
    for (std::size_t axis = 0; axis < 4; ++axis)
      out[axis] = static_cast<int>(static_cast<float>(dims[axis]) * scales[axis]);
  }
  call.expect(out[0] == dims[0] && out[1] == dims[1], "rows and columns to resize", written(out));
  if (out == dims) return call.give(call.live(0));
  const std::string mode = call.node.text("mode", "nearest");
  const std::string places =
      old || call.opset < 11 ? "asymmetric" : call.node.text("coordinate_transformation_mode", "half_pixel");
  const std::string rounding = old || call.opset < 11 ? "floor" : call.node.text("nearest_mode", "round_prefer_floor");
  const bool times = out[2] % dims[2] == 0 && out[3] % dims[3] == 0;
  const std::size_t x = call.channels_last(0);
  const Extents shape{out[2], out[3], out[1]};
  const bool half = places.ends_with("half_pixel");
  const bool repeats =
      times && ((places == "asymmetric" && rounding == "floor") || (half && rounding.starts_with("round_prefer")));
  const auto give = [&](const char* kind, json config) {
    call.give(OnnxCall::image(call.add(kind, std::move(config), {x}, shape), out));
  };
  if (mode == "nearest" && repeats)
    return give("UpSampling2D", {{"size", {out[2] / dims[2], out[3] / dims[3]}}, {"interpolation", "nearest"}});
  call.expect((mode == "nearest" || mode == "linear") && call.node.integer("antialias", 0) == 0,
              "mode nearest or linear without antialias", mode);
  json config{{"height", out[2]}, {"width", out[3]}, {"interpolation", mode == "nearest" ? "nearest" : "bilinear"}};
  const bool plain = places == "half_pixel" || (places == "pytorch_half_pixel" && out[2] > 1 && out[3] > 1);
  if (!plain) config["coordinates"] = places;
  if (mode == "nearest" && rounding != "round_prefer_ceil") config["nearest_mode"] = rounding;
  give("Resizing", std::move(config));
}

/// DepthToSpace, and back.
inline void translate_depth(OnnxCall& call) {
  Extents dims = call.dims();
  const auto block = static_cast<int>(call.node.integer("blocksize", 1));
  const bool back = call.node.op_type == "SpaceToDepth";
  call.expect(dims.size() == 4 && block > 0 && block < 4096 &&
                  (back ? dims[2] % block == 0 && dims[3] % block == 0 : dims[1] % (block * block) == 0),
              join("an image that blocks of ", block, " divide"), written(dims));
  const std::size_t x = call.channels_last(0);
  dims[1] = back ? dims[1] * block * block : dims[1] / (block * block);
  for (std::size_t axis = 2; axis < 4; ++axis) dims[axis] = back ? dims[axis] / block : dims[axis] * block;
  json config{{"blocksize", block}};
  if (!back) config["mode"] = call.node.text("mode", "DCR");
  call.give(OnnxCall::image(
      call.add(back ? "SpaceToDepth" : "DepthToSpace", std::move(config), {x}, {dims[2], dims[3], dims[1]}), dims));
}

}  // namespace strata::importing::detail
