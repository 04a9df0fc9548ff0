// expect: layer 2 (scale, Scale): its parameters is not that of a layer: expected static constexpr Parameters parameters(Shape in), received another signature; write it so, or call it otherwise: strata/core/layer.hpp lists the members of a layer
#include <strata/graph/sequential.hpp>
#include <strata/layers/flatten.hpp>

using namespace strata;

struct Scale {
  static constexpr const char* class_name = "Scale";
  static constexpr Shape output_shape(Shape in) { return in; }
#ifdef STRATA_WRONG
  constexpr Parameters parameters(Shape in) const { return {{"scale", in}}; }
#else
  static constexpr Parameters parameters(Shape in) { return {{"scale", in}}; }
#endif
};

struct Net : Sequential<Input<4, 4, 3>, Flatten, Scale> {};
