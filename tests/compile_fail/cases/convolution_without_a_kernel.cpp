// shows: template arguments
#include <strata/strata.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 1>, Conv2D<8>, Flatten, Dense<10>> {};
#else
struct Net : Sequential<Input<8, 8, 1>, Conv2D<8, 3>, Flatten, Dense<10>> {};
#endif

void use(Model<Net>& model, std::span<const float> input, std::span<const int> labels, std::span<float> output) {
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}};
  trainer.step(input, labels);
  const Engine<Net> engine{model};
  engine(input, output);
}
