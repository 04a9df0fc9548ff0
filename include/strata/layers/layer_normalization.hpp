// LayerNormalization: each position's channels are brought to mean 0 and variance 1, then scaled and shifted (Ba et al.
// 2016, arXiv 1607.06450).
//
//     LayerNormalization                              Keras' defaults
//     LayerNormalizationWith<Epsilon{1e-6}, NoScale>  without gamma; NoCenter: without beta
//
// Defaults: the last axis, epsilon 1e-3. Keras: LayerNormalization. ONNX: LayerNormalization.
#pragma once

#include <strata/core/options.hpp>
#include <strata/layers/normalization.hpp>

namespace strata {

struct LayerNormalizationConfig {
  static constexpr Schema schema{.spelling = "LayerNormalization", .keras = "LayerNormalization",
                                 .onnx = "LayerNormalization", .with_options = "LayerNormalizationWith",
                                 .fixed = R"({"axis": -1})"};
  static constexpr const char* weight_names = "gamma:scale beta:center";
  Epsilon epsilon = 1e-3;
  Centering center = Centering::on;
  Scaling scale = Scaling::on;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("epsilon", c.epsilon...), f("center", c.center...), f("scale", c.scale...);
  }
  void onnx(auto& out) const {
    if (out.in().rank == 1) {
      out(schema.onnx, {out.x(), out.channels("gamma", 1), out.channels("beta", 0)}).with("epsilon", epsilon.value);
    } else {  // the operator normalises last axes only
      const std::string mean = out("ReduceMean", {out.x()}).with("axes", {1});
      const std::string centred = out("Sub", {out.x(), mean});
      const std::string squares = out("Pow", {centred, out.number(2)});
      const std::string variance = out("ReduceMean", {squares}).with("axes", {1});
      const std::string deviation = out("Sqrt", {out("Add", {variance, out.number(epsilon.value)})});
      std::string y = out("Div", {centred, deviation});
      if (scale == Scaling::on) y = out("Mul", {y, out.per_channel("gamma", 1)});
      if (center == Centering::on) out("Add", {y, out.per_channel("beta", 0)});
    }
  }
};

template <Spelled<"Epsilon{1e-5}, NoCenter, NoScale"> auto... Given>
struct LayerNormalizationWith : detail::Normalization<LayerNormalizationWith<Given...>> {
  static constexpr const char* class_name = LayerNormalizationConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(LayerNormalizationConfig{});

  static constexpr Problem check(Shape) { return options::template check<LayerNormalizationConfig>(); }

  static constexpr detail::NormalizedSets sets(Shape in) { return {in.positions(), 1, in.channels()}; }
};

using LayerNormalization = LayerNormalizationWith<>;

}  // namespace strata
