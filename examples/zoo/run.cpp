// Runs one network of the zoo with random weights and writes down everything that another implementation needs to
// compute the same: tests/oracle/zoo_pytorch.py does.
//
//     g++ -std=c++20 -O2 -march=native -Iinclude -DNETWORK=ResNet50 -DHEADER='"resnet50.hpp"' examples/zoo/run.cpp
//     ./a.out ResNet50 weights.safetensors input.raw output.raw
//
// One program per network: an engine is compiled to straight-line code. input.raw and output.raw are float32 (NHWC), a
// batch of two different images.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

#include HEADER

namespace {

using namespace strata;
using Net = zoo::NETWORK;

#define STRINGIZE_AGAIN(name) #name
#define STRINGIZE(name) STRINGIZE_AGAIN(name)
constexpr std::string_view network_name = STRINGIZE(NETWORK);

constexpr std::size_t batch = 2;

// Its pixels go from 0 to 255.
constexpr bool takes_bytes = [] {
  const auto& nodes = Net::network().nodes;
  return std::any_of(nodes.begin(), nodes.begin() + Net::network().node_count, [](const NodeInfo& node) {
    return std::string_view(node.rules->class_name) == "Rescaling";
  });
}();

// The weights that each element of the result is a sum over.
double fan_in(const Parameter& parameter, std::string_view layer) {
  const Shape shape = parameter.shape;
  if (shape.rank == 2) return shape[0];
  const bool depthwise = layer.starts_with("depthwise") || parameter.name == "depthwise_kernel";
  return depthwise ? shape[0] * shape[1] : shape[0] * shape[1] * shape[2];
}

// He's scaling, and normalisations far from the identity in each of their four tensors, so that forgetting one would
// show. `last_gain` scales the last layer, the one of as many outputs as there are classes.
void randomize(Model<Net>& model, Random random, double last_gain) {
  constexpr int last = Net::output_shape.channels();
  std::uint64_t stream = 0;
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> elements) {
    const Random draws = random.split(stream++);
    const std::string_view name = parameter.name;
    const auto uniform = [&](double low, double high) {
      for (std::size_t i = 0; i < elements.size(); ++i)
        elements[i] = static_cast<float>(low + (high - low) * draws.uniform(i));
    };
    if (name == "gamma" || name == "moving_variance") return uniform(0.5, 1.5);
    if (name == "beta" || name == "moving_mean") return uniform(-0.5, 0.5);
    if (name == "bias") return uniform(-0.2, 0.2);
    if (name == "mean") return uniform(0.4, 0.6);  // of pixels from 0 to 1
    if (name == "variance") return uniform(0.02, 0.1);
    if (name == "count") return uniform(0, 0);
    const std::string layer{std::string_view(Text(node.name))};
    double deviation = std::sqrt(2 / fan_in(parameter, layer));
    if (parameter.shape[parameter.shape.rank - 1] == last) deviation *= last_gain;
    for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = static_cast<float>(deviation * draws.normal(i));
  });
}

// Waves of another direction and frequency in each image and channel, and noise: images of noise alone look the same
// to a network that ends in an average over the positions.
std::vector<float> images(Random random) {
  constexpr Shape shape = Net::input_shape;
  std::vector<float> pixels;
  for (std::size_t n = 0; n < batch; ++n)
    for (int y = 0; y < shape[0]; ++y)
      for (int x = 0; x < shape[1]; ++x)
        for (int c = 0; c < shape[2]; ++c) {
          const Random wave = random.split(100 * n + static_cast<std::size_t>(c));
          const double phase = 6.3 * wave.uniform(0) + (0.6 * wave.uniform(1) - 0.3) * y + 0.3 * wave.uniform(2) * x;
          const double noise = random.normal(pixels.size());
          const double value = 2 * wave.uniform(3) - 1 + std::sin(phase) + 0.5 * noise;
          pixels.push_back(static_cast<float>(takes_bytes ? 128 + 50 * value : value));
        }
  return pixels;
}

// Between the smallest and the largest logit of an image; infinite where a probability is 0.
double spread(std::span<const float> probabilities) {
  const auto [low, high] = std::ranges::minmax(probabilities);
  return std::log(static_cast<double>(high) / static_cast<double>(low));
}

void write_raw(const char* path, std::span<const float> values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  if (!file.flush()) throw std::runtime_error(std::string("cannot write ") + path);
}

void run(const char* weights, const char* input_file, const char* output_file) {
  const Random random{Seed{1}};
  const std::vector<float> input = images(random.split(0));
  std::vector<float> output(batch * Net::output_shape.size());
  Model<Net> model{Seed{1}};
  // Probabilities neither all alike nor all in one class: the last layer is scaled until the logits differ by 3 to 8.
  double gain = 1, seconds = 0, now = 0;
  for (int attempt = 0; attempt < 12; ++attempt) {
    randomize(model, random.split(1), gain);
    const Engine<Net> engine{model};
    engine(input, output);
    const auto begin = std::chrono::steady_clock::now();
    engine(input, output);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    now = spread(std::span(output).first(Net::output_shape.size()));
    if (now >= 3 && now <= 8) break;
    gain *= std::isfinite(now) ? std::clamp(5 / now, 0.05, 20.0) : 0.05;
  }
  save_weights(model, weights);
  write_raw(input_file, input);
  write_raw(output_file, output);
  std::printf("%.*s: %.1f ms an image, gain of the last layer %.3g, spread of the logits %.2f\n",
              static_cast<int>(network_name.size()), network_name.data(), 1e3 * seconds / batch, gain, now);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5 || arguments[1] != network_name) {
    std::fprintf(stderr, "usage: run %.*s WEIGHTS.safetensors INPUT.raw OUTPUT.raw\n",
                 static_cast<int>(network_name.size()), network_name.data());
    return 2;
  }
  try {
    run(arguments[2], arguments[3], arguments[4]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
