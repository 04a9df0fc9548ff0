// GroupNormalization: groups of channels of a sample are brought to mean 0 and variance 1 over all positions, then
// scaled and shifted per channel (Wu & He 2018, arXiv 1803.08494).
//
//     GroupNormalization<>                            32 groups, Keras' default
//     GroupNormalization<8, Epsilon{1e-5}, NoScale>   without gamma; NoCenter: without beta
//     GroupNormalization<-1>                          a group for each channel: instance normalisation
//
// Defaults: 32 groups, epsilon 1e-3. Keras: GroupNormalization. ONNX: GroupNormalization.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <strata/core/options.hpp>
#include <strata/layers/normalization.hpp>

namespace strata {

struct GroupNormalizationConfig {
  static constexpr Schema schema{.spelling = "GroupNormalization<>", .keras = "GroupNormalization",
                                 .onnx = "GroupNormalization", .arguments = 1,
                                 .fixed = R"({"axis": -1})"};
  static constexpr const char* weight_names = "gamma:scale beta:center";
  int groups = 32;
  Epsilon epsilon = 1e-3;
  Centering center = Centering::on;
  Scaling scale = Scaling::on;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("groups", c.groups...), f("epsilon", c.epsilon...), f("center", c.center...), f("scale", c.scale...);
  }
  void onnx(auto& out) const {
    const int channels = out.in().channels(), count = groups == -1 ? channels : groups;
    const auto normalized = [&](const std::string& x, const std::string& gamma, const std::string& beta) {
      return out("InstanceNormalization", {x, gamma, beta}).with("epsilon", epsilon.value);
    };
    if (count == channels && out.in().rank > 1) {
      normalized(out.x(), out.channels("gamma", 1), out.channels("beta", 0));
      return;
    }
    const std::vector<double> ones(static_cast<std::size_t>(count), 1.0), zeros(ones.size());
    const std::string rows = out("Reshape", {out.x(), out.integers({0, count, -1})});
    std::string y = normalized(rows, out.numbers(ones, {count}), out.numbers(zeros, {count}));
    y = out.as_output(y);
    if (scale == Scaling::on) y = out("Mul", {y, out.per_channel("gamma", 1)});
    if (center == Centering::on) out("Add", {y, out.per_channel("beta", 0)});
  }
};

template <int GroupCount = 32, Spelled<"Epsilon{1e-5}, NoCenter, NoScale"> auto... Given>
struct GroupNormalization  // with the defaults: GroupNormalization<>
    : detail::Normalization<GroupNormalization<GroupCount, Given...>> {
  static constexpr const char* class_name = GroupNormalizationConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(GroupNormalizationConfig{.groups = GroupCount});

  static constexpr Problem check(Shape in) {
    if (GroupCount != -1 && (GroupCount <= 0 || in.channels() % GroupCount != 0))
      return {"the groups do not divide the channels", Text() << "channels that are a multiple of " << GroupCount,
              "change the number of groups or the layer before"};
    return options::template check<GroupNormalizationConfig>();
  }

  static constexpr detail::NormalizedSets sets(Shape in) {
    const int count = GroupCount == -1 ? in.channels() : GroupCount;
    return {static_cast<std::size_t>(count), in.positions(), in.channels() / count};
  }
};

}  // namespace strata
