// expect: layer 0 (dense, Dense<10>): a network starts with its Input: expected Input<height, width, channels> first, received Dense<10>; put Input in front; a Sequential without it is a block for use inside another
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>
#include <strata/runtime/engine.hpp>
#include <strata/runtime/model.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Dense<10>, Dense<10>> {};
#else
struct Net : Sequential<Input<4>, Dense<10>, Dense<10>> {};
#endif

void use(const Model<Net>& model, std::span<const float> input, std::span<float> output) {
  Engine<Net> engine{model};
  engine(input, output);
}
