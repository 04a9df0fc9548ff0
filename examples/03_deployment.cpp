// Lesson 3: deployment. Weights go into a file, come back into a model, and become an engine that threads share.
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <span>
#include <thread>
#include <vector>

#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

using namespace strata;

struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<16, 3, Same>, BatchNorm, ReLU, MaxPooling2D<>,
    Conv2D<32, 3, Same>, BatchNorm, ReLU, MaxPooling2D<>,
    Flatten, Dense<10, activation<Softmax>>> {};

constexpr std::size_t in = Net::input_shape.size(), out = Net::output_shape.size();

int main() {
  // On the machine that trains. (Lesson 2 shows how; here the initial weights will do.)
  const auto path = std::filesystem::temp_directory_path() / "strata_lesson_3.safetensors";
  const Model<Net> trained{Seed{42}};
  save_weights(trained, path);  // Keras' names and layouts; Python's `safetensors` reads this file

  // On the machine that predicts. A file of another network is refused with a sentence that names the tensor.
  Model<Net> model;
  load_weights(model, path);
  std::filesystem::remove(path);

  // The engine copies what it needs from the model: normalisation folded into the weights, weights packed for this
  // processor's registers. The model could be thrown away now.
  const Engine<Net> engine{model};
  std::cout << "An engine holds " << engine.packed_bytes() / 1024 << " KiB of weights; a call needs "
            << engine.workspace_bytes() / 1024 << " KiB of workspace.\n";

  // A batch is as many samples as the input holds.
  constexpr std::size_t batch = 12;
  std::vector<float> inputs(batch * in), outputs(batch * out);
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = std::sin(0.001f * static_cast<float>(i));
  engine(inputs, outputs);

  // Many threads may call one engine, each with a workspace of its own. Such a call allocates nothing and takes no
  // lock.
  constexpr std::size_t threads = 3, share = batch / threads;
  std::vector<float> parallel(batch * out);
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        Engine<Net>::Workspace workspace;
        engine(std::span(inputs).subspan(t * share * in, share * in),
               std::span(parallel).subspan(t * share * out, share * out), workspace);
      });
  }
  if (parallel != outputs) {
    std::cerr << "threads should compute the same bits\n";
    return 1;
  }

  // The engine says what the model says, up to rounding.
  const std::vector<float> expected = predict(trained, inputs);
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!(std::abs(outputs[i] - expected[i]) < 1e-5f)) {
      std::cerr << "the engine should agree with the model\n";
      return 1;
    }
  std::cout << "Engine and model agree on " << batch << " samples; three threads compute the same bits as one.\n";
  return 0;
}
