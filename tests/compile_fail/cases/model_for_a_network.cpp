// expect: this type is no network: expected one such as struct Net : Sequential<Input<...>, ...> {}
#include <strata/strata.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

void use(const Model<Net>& model, std::span<const float> input, std::span<float> output) {
#ifdef STRATA_WRONG
  const Engine<Model<Net>> engine{model};
#else
  const Engine<Net> engine{model};
#endif
  engine(input, output);
}
