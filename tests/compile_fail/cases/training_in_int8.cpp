// expect: training works on real numbers: expected layers that read and make such
#include <strata/graph/sequential.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/dense.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

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
struct Net : Sequential<Input<4>, Dense<4>, Quantize, Restore, Dense<2>> {};
#else
struct Net : Sequential<Input<4>, Dense<4>, ReLU, Dense<2>> {};
#endif

void train(Model<Net>& model, std::span<const float> inputs, std::span<const float> targets) {
  Trainer trainer{model, MeanSquaredError{}, SGD{}};
  trainer.step(inputs, targets);
}
