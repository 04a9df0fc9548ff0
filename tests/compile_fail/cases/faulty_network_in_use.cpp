// expect: layer 2 (dense, Dense<10>): Dense needs a flat input: expected a vector of features, received 8x8x4; put Flatten or GlobalAveragePooling2D before it
#include <strata/strata.hpp>

using namespace strata;

// One mistake is one error, whatever the network is used for.
#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<4, 3, Same>, Dense<10>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<4, 3, Same>, Flatten, Dense<10>> {};
#endif

std::size_t use(Model<Net>& model, std::span<const float> input, std::span<const int> labels, std::span<float> output) {
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}};
  trainer.step(input, labels);
  Engine<Net> engine{model};
  engine(input, output);
  return summary<Net>().size() + model.parameters().size() + Net::output_shape.size();
}
