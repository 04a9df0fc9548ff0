// Networks as files of Keras, and back. keras_files.py puts real Keras between the two.
//   keras_files list
//   keras_files write NETWORK DIR     weights in all formats, and of small networks an input and the output
//   keras_files check NETWORK DIR     that Keras' files `back.*` have the weights of net.safetensors, to the bit
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <strata/core/random.hpp>
#include <strata/import/save_keras.hpp>
#include <strata/io/keras.hpp>
#include <strata/strata.hpp>

#include "all.hpp"
#include "harness/keras_networks.hpp"

using namespace strata;

namespace {

struct AllWeights : Sequential<Input<8, 8, 3>, Normalization, Conv2D<4, 3, Same>, PReLU<SharedAxes{1, 2}>, BatchNorm,
                               SeparableConv2D<6, 3>, DepthwiseConv2D<2, NoBias>, LayerNormalization,
                               Conv2DTranspose<8, 2, Strides{2}>, GroupNormalization<4>, Dropout<0.5>, Flatten,
                               Dense<3, activation<Softmax>>> {};

/// Explicit padding, a layer of its own there.
struct Padded : Sequential<Input<9, 8, 3>, Conv2D<4, 5, Strides{2}, Pad{2}, activation<ReLU>>,
                           Residual<SeparableConv2D<4, 3, Pad{0, 2, 1, 1}>, BatchNorm>,
                           DepthwiseConv2D<3, Pad{1, 0}>, Reshape<10, 4>, Conv1D<3, 4, Pad{2, 0}>> {};

/// Every weight another number, variances positive.
template <class Net>
Model<Net> lively_model() {
  Model<Net> model{Seed{1}};
  std::uint64_t draw = 0;
  const Random random(Seed{2});
  model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> elements) {
    if (parameter.initializer.kind == Initializer::glorot_uniform) return;
    if (parameter.bytes != sizeof(float)) return elements[0] = 7, void();
    for (float& element : elements) element = static_cast<float>(0.5 + random.uniform(draw++));
  });
  return model;
}

template <class Net, bool answers>
void write(const std::filesystem::path& directory) {
  const Model<Net> model = lively_model<Net>();
  for (const char* file : {"net.safetensors", "net.weights.h5", "net.npz"}) save_weights(model, directory / file);
  save_keras(model, directory / "net.keras", "net");
  if constexpr (answers) {
    std::vector<float> x(2 * Net::input_shape.size()), y(2 * Net::output_shape.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(Random(Seed{3}).uniform(i));
    Engine<Net>{model}(x, y);
    const std::vector<TensorEntry> answer{{"x", "F32", {x.size()}, std::as_bytes(std::span(x)), 0},
                                          {"y", "F32", {y.size()}, std::as_bytes(std::span(y)), 0}};
    write_tensors(directory / "answer.safetensors", answer);
  }
}

template <class Net>
bool check(const std::filesystem::path& directory) {
  Model<Net> expected;
  load_weights(expected, directory / "net.safetensors");
  bool same = true;
  for (const char* file : {"back.keras", "back.h5", "back.weights.h5"}) {
    Model<Net> model;
    load_weights(model, directory / file);
    if (std::ranges::equal(model.parameters(), expected.parameters())) continue;
    std::cout << file << " differs\n";
    same = false;
  }
  return same;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string task = count > 1 ? arguments[1] : "", wanted = count > 2 ? arguments[2] : "";
  bool good = true;
  const auto visit = [&]<class Net, bool answers = false>(const char* name) {
    if (task == "list") std::cout << name << '\n';
    if (wanted != name) return;
    if (task == "write") write<Net, answers>(arguments[3]);
    if (task == "check") good = check<Net>(arguments[3]);
  };
  visit.operator()<AllWeights, true>("AllWeights");
  visit.operator()<Padded, true>("Padded");
  visit.operator()<test::ResidualNet, true>("ResidualNet");
  visit.operator()<test::TwoInputs>("TwoInputs");
  visit.operator()<test::TwoOutputs>("TwoOutputs");
  zoo::for_each_network([&]<class Net>(const char* name) { visit.operator()<Net>(name); });
  return good ? 0 : 1;
}
