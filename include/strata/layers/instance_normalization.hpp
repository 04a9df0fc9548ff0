// InstanceNormalization: each channel of a sample is brought to mean 0 and variance 1 over all positions, then scaled
// and shifted (Ulyanov et al. 2016, arXiv 1607.08022): GroupNormalization<-1> under its other name.
//
//     InstanceNormalization
//     InstanceNormalizationWith<Epsilon{1e-3}, NoCenter, NoScale>
//
// Default: epsilon 1e-5, as in PyTorch and ONNX. Keras: GroupNormalization(-1). ONNX: InstanceNormalization.
#pragma once

#include <strata/layers/group_normalization.hpp>

namespace strata {

struct InstanceNormalizationConfig {
  static constexpr Schema schema{.spelling = "InstanceNormalization", .keras = "InstanceNormalization",
                                 .onnx = "InstanceNormalization", .with_options = "InstanceNormalizationWith",
                                 .module = ""};
  static constexpr const char* weight_names = GroupNormalizationConfig::weight_names;
  Epsilon epsilon = 1e-5;
  Centering center = Centering::on;
  Scaling scale = Scaling::on;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("epsilon", c.epsilon...), f("center", c.center...), f("scale", c.scale...);
  }
  void onnx(auto& out) const {
    GroupNormalizationConfig{.groups = -1, .epsilon = epsilon, .center = center, .scale = scale}.onnx(out);
  }
};

template <Spelled<"Epsilon{1e-3}, NoCenter, NoScale"> auto... Given>
struct InstanceNormalizationWith : detail::Normalization<InstanceNormalizationWith<Given...>> {
  static constexpr const char* class_name = InstanceNormalizationConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(InstanceNormalizationConfig{});

  static constexpr Problem check(Shape) { return options::template check<InstanceNormalizationConfig>(); }
  static constexpr detail::NormalizedSets sets(Shape in) { return GroupNormalization<-1>::sets(in); }
};

using InstanceNormalization = InstanceNormalizationWith<>;

}  // namespace strata
