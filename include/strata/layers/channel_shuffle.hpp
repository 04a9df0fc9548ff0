// ChannelShuffle: the channels of `Groups` groups, one of each in turn (Zhang et al. 2017, arXiv 1707.01083).
//
//     ChannelShuffle<2>          channels 0 1 2 3 4 5 become 0 3 1 4 2 5
//
// Keras: Reshape, Permute and Reshape. ONNX: Reshape, Transpose and Reshape.
#pragma once

#include <string>

#include <strata/core/text.hpp>
#include <strata/layers/gathering.hpp>

namespace strata {

struct ChannelShuffleConfig {
  static constexpr Schema schema{.spelling = "ChannelShuffle<>", .keras = "ChannelShuffle", .arguments = 1,
                                 .module = ""};
  int groups = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("groups", c.groups...);
  }
  void onnx(auto& out) const {
    const int share = out.in().channels() / groups, positions = static_cast<int>(out.in().positions());
    const std::string parts = out("Reshape", {out.x(), out.integers({0, groups, share, positions})});
    out.as_output(out("Transpose", {parts}).with("perm", {0, 2, 1, 3}));
  }
};

template <int GroupCount>
struct ChannelShuffle : detail::Gathering<ChannelShuffle<GroupCount>> {
  static constexpr const char* class_name = ChannelShuffleConfig::schema.keras;
  static constexpr ChannelShuffleConfig config{.groups = GroupCount};

  static constexpr Problem check(Shape in) {
    if (GroupCount >= 1 && in.channels() % GroupCount == 0) return {};
    return {"the groups do not divide the channels", Text() << "a number that divides " << in.channels(),
            "change the number of groups or the layer before", Text() << GroupCount};
  }
  static constexpr Shape output_shape(Shape in) { return in; }

  static constexpr int run(Shape) { return 1; }
  static constexpr detail::Cell source(Shape in, detail::Cell to) {
    return {to.row, to.column, to.channel % GroupCount * (in.channels() / GroupCount) + to.channel / GroupCount};
  }
};

}  // namespace strata
