// expect: layer 3 (re_lu, ReLU): an operand holds numbers that the layer does not read: expected real numbers, received int8 numbers; put a layer between them that makes these of those
#include <strata/graph/sequential.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/flatten.hpp>

using namespace strata;

struct Quantize {
  static constexpr const char* class_name = "Quantize";
  static constexpr Element output_element = Element::int8;
  static constexpr Shape output_shape(Shape in) { return in; }
};
struct Restore {
  static constexpr const char* class_name = "Restore";
  static constexpr Element input_element = Element::int8;
  static constexpr Shape output_shape(Shape in) { return in; }
};

#ifdef STRATA_WRONG
struct Net : Sequential<Input<2, 4>, Quantize, Flatten, ReLU> {};
#else
struct Net : Sequential<Input<2, 4>, Quantize, Flatten, Restore, ReLU> {};
#endif
