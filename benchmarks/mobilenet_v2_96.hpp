#pragma once

#include "zoo/mobilenet_v2.hpp"

namespace strata::benchmarks {

/// Keras' MobileNetV2 at 96 pixels.
struct MobileNetV2At96 : Sequential<Input<96, 96, 3>, BodyOf<zoo::MobileNetV2>> {};

}  // namespace strata::benchmarks
