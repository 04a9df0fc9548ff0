// UnitNormalization: each position's channels are divided by their Euclidean norm, or by 1e-12 where it is less.
//
//     UnitNormalization
//
// Default: the last axis. Keras: UnitNormalization. ONNX: LpNormalization.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <strata/layers/rms_normalization.hpp>

namespace strata {

struct UnitNormalization : detail::ScaledRows<UnitNormalization> {
  static constexpr Schema schema{.spelling = "UnitNormalization", .keras = "UnitNormalization",
                                 .onnx = "LpNormalization", .fixed = R"({"axis": -1})"};
  static void onnx(auto& out) { out(schema.onnx).with("axis", 1).with("p", 2); }
  static constexpr const char* class_name = schema.keras;

  static constexpr Parameters parameters(Shape) { return {}; }
  static double inverse(double squares, std::size_t) { return 1 / std::sqrt((std::max)(squares, least)); }
  static double share(double squares, std::size_t) { return squares > least ? 1 : 0; }

 private:
  static constexpr double least = 1e-24;
};

}  // namespace strata
