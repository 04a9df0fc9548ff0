// A program with a compiler's default flags: the portable vectors, and no setting of the project's own.
#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

#include <vector>

using namespace strata;

int lanes();  // the best that this processor has

struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, Same>, BatchNorm, Sigmoid, Flatten, Dense<10>> {};

int main(int, char** argv) {
  const Model<Net> saved{Seed{42}};
  save_weights(saved, argv[1]);
  Model<Net> model;
  load_weights(model, argv[1]);
  const Engine<Net> engine{model};
  const std::vector<float> input(Net::input_shape.size(), 0.5f);
  std::vector<float> output(Net::output_shape.size());
  engine(input, output);
  const bool as_wide = lanes() >= simd::lanes<simd::Vector<float>>;
  return output == std::vector<float>(output.size(), 0.0f) || !as_wide;
}
