// Lesson 3 without its threads, for any system: weights into a file and back, then digits that are the same everywhere.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <vector>

#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

using namespace strata;

struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<16, 3, Same>, BatchNorm, ReLU, MaxPooling2D<>,
    Conv2D<32, 3, Same>, BatchNorm, ReLU, MaxPooling2D<>,
    Flatten, Dense<10, activation<Softmax>>> {};

int main(int, char** arguments) {
  std::filesystem::path path = std::filesystem::path(arguments[0]).filename();
  path += ".safetensors";
  const Model<Net> trained{Seed{42}};
  Model<Net> model;
  save_weights(model, path);
  save_weights(trained, path);  // a file that exists is replaced
  load_weights(model, path);
  std::filesystem::remove(path);

  std::vector<float> inputs(3 * Net::input_shape.size()), outputs(3 * Net::output_shape.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = std::sin(0.001f * static_cast<float>(i));
  const Engine<Net> engine{model};
  engine(inputs, outputs);
  const std::vector<float> expected = predict(trained, inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!(std::abs(outputs[i] - expected[i]) < 1e-5f)) return 1;
    std::printf("%.5f%c", static_cast<double>(outputs[i]), i % 10 == 9 ? '\n' : ' ');
  }
}
