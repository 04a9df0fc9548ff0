// expect: layer 2 (conv2d_1, Conv2D<4, 9>): the kernel is larger than the input: expected an input of at least 9x9, received 8x8x4; use Same padding or a smaller kernel
#include <strata/strata.hpp>

using namespace strata;

// One mistake is one error, whatever the network is used for.
#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<4, 3, Same>, Conv2D<4, 9>, Flatten, Dense<10>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<4, 3, Same>, Conv2D<4, 8>, Flatten, Dense<10>> {};
#endif

std::size_t use(Model<Net>& model, std::span<const float> input, std::span<const int> labels, std::span<float> output) {
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}};
  trainer.step(input, labels);
  Engine<Net> engine{model};
  engine(input, output);
  return summary<Net>().size() + model.parameters().size() + Net::output_shape.size();
}
