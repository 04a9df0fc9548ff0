// The whole way of a network: defined as a type, trained, saved, loaded, compiled to an engine, measured.
//
//     scripts/demo                                               on drawn images
//     scripts/demo --data cifar-10-batches-bin --epochs 3        on CIFAR-10
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <strata/data/cifar10.hpp>
#include <strata/data/synthetic.hpp>
#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

#include "benchmarks/fma_peak.hpp"

using namespace strata;

#include "demo_network.hpp"

namespace {

/// The file above as text, made by CMake.
constexpr const char* definition =
#include "demo_network.inc"
    ;

struct Arguments {
  std::string data;
  int images = 10'000;
  int epochs = 4;
  std::optional<int> batch_size;
  std::uint64_t seed = 42;
  std::string weights;
};

/// Prints what the user needs to read after every epoch.
struct EpochReport {
  void on_epoch_end(int epoch, const Logs& logs) {
    std::printf("Epoch %d: mean training loss %.4f, test accuracy %.2f %%\n", epoch + 1, logs["loss"],
                100 * logs["val_accuracy"]);
    std::fflush(stdout);
  }
};

void heading(const char* text) { std::cout << "\n== " << text << "\n\n" << std::flush; }

TrainTest load(const Arguments& arguments) {
  if (!arguments.data.empty()) return load_cifar10(arguments.data);
  const auto count = static_cast<std::size_t>(arguments.images);
  return {synthetic_images(count, Seed{1}), synthetic_images(std::max<std::size_t>(count / 10, 100), Seed{2})};
}

/// The first images of a set as the network reads them.
std::vector<float> first_inputs(const Dataset& images, std::size_t count) {
  std::vector<float> inputs;
  for (std::size_t i = 0; i < std::min(count, images.size()); ++i)
    std::ranges::copy(images.sample(i), std::back_inserter(inputs));
  return inputs;
}

/// The median time of one call of the engine on one image, seconds.
double median_latency(const Engine<Net>& engine, std::span<const float> image) {
  using Clock = std::chrono::steady_clock;
  std::vector<float> output(Net::output_shape.size());
  std::vector<double> seconds(1'000);
  for (double& time : seconds) {
    const auto start = Clock::now();
    engine(image, output);
    time = std::chrono::duration<double>(Clock::now() - start).count();
  }
  std::ranges::nth_element(seconds, seconds.begin() + 500);
  return seconds[500];
}

/// Returns whether the engine agrees with the model.
bool run(const Arguments& arguments) {
  heading("The network is a type");
  std::cout << definition << "\n" << summary<Net>();
  std::printf("%zu multiply-adds and %zu KiB of activations per image at inference\n", Net::mac_count,
              Net::inference_arena_bytes<> / 1024);

  Model<Net> model{Seed{arguments.seed}};
  save_weights(model, arguments.weights);  // learn before the training, not after it, that this cannot be written

  heading("Training");
  const auto [train, test] = load(arguments);
  const int batch_size = arguments.batch_size.value_or(arguments.data.empty() ? 32 : 64);
  std::printf("%zu %s images, %zu to test on; Adam, learning rate 0.001, batches of %d, seed %llu\n", train.size(),
              arguments.data.empty() ? "drawn" : "CIFAR-10", test.size(), batch_size,
              static_cast<unsigned long long>(arguments.seed));
  fit(model, train, Adam{.learning_rate = 1e-3f}, SparseCategoricalCrossentropy{.from_logits = true},
      {.epochs = arguments.epochs, .batch_size = batch_size, .validation = &test, .seed = Seed{arguments.seed}},
      EpochReport{});

  heading("Saved, loaded, compiled");
  save_weights(model, arguments.weights);
  Model<Net> loaded;
  load_weights(loaded, arguments.weights);
  const Engine<Net> engine{loaded};
  std::printf("%s: %ju bytes\n", arguments.weights.c_str(),
              static_cast<std::uintmax_t>(std::filesystem::file_size(arguments.weights)));

  const std::vector<float> inputs = first_inputs(test, 200), expected = predict(model, inputs);
  std::vector<float> outputs(expected.size());
  engine(inputs, outputs);
  float difference = 0, largest = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const float error = std::abs(outputs[i] - expected[i]);
    if (!(error <= difference)) difference = error;  // a NaN too
    largest = std::max(largest, std::abs(expected[i]));
  }
  const bool agree = difference <= 1e-4f * std::max(1.0f, largest);
  std::printf("Engine against the trained model on %zu test images:\n"
              "  largest difference %.1e, where outputs reach %.1f: %s\n",
              outputs.size() / Net::output_shape.size(), static_cast<double>(difference), static_cast<double>(largest),
              agree ? "they agree" : "TOO LARGE, expected at most 1e-4 of that");

  heading("Speed, one image on one thread");
  const double peak = benchmarks::fma_peak();
  const double latency = median_latency(engine, std::span(inputs).first(Net::input_shape.size()));
  const double speed = 2.0 * static_cast<double>(Net::mac_count) / latency;
  std::printf("median latency %.1f us, %.1f GFLOP/s: %.0f %% of this core's FMA peak of %.1f GFLOP/s\n", latency * 1e6,
              speed / 1e9, 100 * speed / peak, peak / 1e9);
  return agree;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.weights = std::filesystem::path(argv[0]).replace_filename("demo.safetensors").string();
  CLI::App app{"Trains the network of the lesson, saves it, loads it, and measures the engine that it becomes."};
  CLI::Option* const data =
      app.add_option("--data", arguments.data, "Directory of CIFAR-10, binary version; without it, images are drawn");
  data->check(CLI::ExistingDirectory);
  app.add_option("--epochs", arguments.epochs, "Rounds through the training images")
      ->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--seed", arguments.seed, "Decides the initial weights and the order of the images")
      ->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--batch-size", arguments.batch_size,
                 "Images a step; if not given 64 for CIFAR-10, 32 for drawn images")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--images", arguments.images, "Training images to draw; a tenth of that is drawn to test on")
      ->check(CLI::Range(10, 1'000'000))->capture_default_str()->excludes(data);
  app.add_option("--weights", arguments.weights, "File for the trained weights")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return run(arguments) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::cerr << "demo: " << error.what() << "\n";
    return 1;
  }
}
