// expect: layer 1 (even, Even): a member is nearly called check: expected check, received chek, checks or check_shape; write it so, or call it otherwise: strata/core/layer.hpp lists the members of a layer
#include <strata/graph/sequential.hpp>

using namespace strata;

struct Even {
  static constexpr const char* class_name = "Even";
  static constexpr Shape output_shape(Shape in) { return in; }
#ifdef STRATA_WRONG
  static constexpr Problem chek(Shape) { return {}; }
#else
  static constexpr Problem check(Shape) { return {}; }
#endif
};

struct Net : Sequential<Input<4>, Even> {};
