// expect: layer 2 (flatten, Flatten): an output of a network does not hold real numbers: expected real numbers, received int8 numbers; end in a layer that makes real numbers of those
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
struct Net : Sequential<Input<2, 4>, Quantize, Flatten> {};
#else
struct Net : Sequential<Input<2, 4>, Quantize, Flatten, Restore> {};
#endif
