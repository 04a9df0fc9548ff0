// GroupNormalization: groups of channels of a sample are brought to mean 0 and variance 1 over all positions, then
// scaled and shifted per channel (Wu & He 2018, arXiv 1803.08494).
//
//     GroupNormalization<>                            32 groups, Keras' default
//     GroupNormalization<8, Epsilon{1e-5}>
//
// Defaults: 32 groups, epsilon 1e-3. Keras: GroupNormalization. ONNX: GroupNormalization.
#pragma once

#include <cstddef>

#include <strata/core/options.hpp>
#include <strata/layers/normalization.hpp>

namespace strata {

struct GroupNormalizationConfig {
  static constexpr Schema schema{.spelling = "GroupNormalization<>", .keras = "GroupNormalization",
                                 .onnx = "GroupNormalization", .arguments = 1,
                                 .fixed = R"({"axis": -1, "center": true, "scale": true})"};
  static constexpr const char* weights = "gamma:scale beta:center";
  int groups = 32;
  Epsilon epsilon = 1e-3;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("groups", c.groups...), f("epsilon", c.epsilon...);
  }
};

template <int GroupCount = 32, Spelled<"Epsilon{1e-5}"> auto... Given>
struct GroupNormalization : detail::Normalization<GroupNormalization<GroupCount, Given...>> {  // with the defaults: GroupNormalization<>
  static constexpr const char* class_name = GroupNormalizationConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(GroupNormalizationConfig{.groups = GroupCount});

  static constexpr Problem check(Shape in) {
    if (GroupCount <= 0 || in.channels() % GroupCount != 0)
      return {"the groups do not divide the channels", Text() << "channels that are a multiple of " << GroupCount,
              "change the number of groups or the layer before"};
    return options::template check<GroupNormalizationConfig>();
  }

  static constexpr detail::NormalizedSets sets(Shape in) {
    return {static_cast<std::size_t>(GroupCount), in.positions(), in.channels() / GroupCount};
  }
};

}  // namespace strata
