// Layers that do nothing but bring elements into another order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include <strata/import/network.hpp>
#include <strata/import/onnx_view.hpp>

namespace strata::importing::detail {

/// A layer of Keras and the shape of its output.
struct OnnxShuffle {
  const char* kind;
  json config;
  Extents shape;
};

/// The elements of an image in the order of these runs, where a layer does just that: a channel shuffle, or channels
/// that become pixels.
inline std::optional<OnnxShuffle> shuffle_of(const Extents& own, const OnnxView::Runs& runs) {
  const Extents& from = runs.places;
  const auto layer = [](const char* kind, json config, Extents to) {
    return std::optional(OnnxShuffle{kind, std::move(config), std::move(to)});
  };
  const auto extent = [&](int place) {
    return runs.extents[static_cast<std::size_t>(std::find(from.begin(), from.end(), place) - from.begin())];
  };
  const auto last = static_cast<int>(from.size()) - 1;
  if ((from == Extents{1, 0} || from == Extents{0, 2, 1}) && (own.size() == 1 || own.size() == 3) &&
      extent(last - 1) * extent(last) == own.back())
    return layer("ChannelShuffle", {{"groups", extent(last - 1)}}, own);
  if (own.size() == 3 && from == Extents{0, 2, 1, 3} && extent(0) * extent(1) == own[0] &&
      extent(2) * extent(1) == own[1])
    return layer("SpaceToDepth", {{"blocksize", extent(1)}}, {extent(0), extent(2), own[2] * extent(1) * extent(1)});
  if (own.size() != 3 || last != 4 || extent(0) != own[0] || extent(1) != own[1]) return std::nullopt;
  const auto to_space = [&](int block, int channels, const char* mode) {
    return layer("DepthToSpace", {{"blocksize", block}, {"mode", mode}}, {own[0] * block, own[1] * block, channels});
  };
  if (from == Extents{0, 3, 1, 4, 2} && extent(3) == extent(4)) return to_space(extent(3), extent(2), "CRD");
  if (from == Extents{0, 2, 1, 3, 4} && extent(2) == extent(3)) return to_space(extent(2), extent(4), "DCR");
  return std::nullopt;
}

}  // namespace strata::importing::detail
