// prepare_NAME DIRECTORY: writes what the peers share of a network (see files.hpp): random weights, random inputs, and
// of one that is not trained the outputs, computed layer by layer in double.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <span>
#include <string_view>

#include <nlohmann/json.hpp>

#include <strata/import/export_onnx.hpp>
#include <strata/import/save_keras.hpp>
#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

#include NETWORK_HEADER
#include "files.hpp"

namespace strata::benchmarks {

using Net = NETWORK;
constexpr std::size_t batches[] = {NETWORK_BATCHES};

/// Random numbers in [low, high).
template <class T>
void fill(std::span<T> values, double low, double high, Random random) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(low + (high - low) * random.uniform(i));
}

bool has_layer(std::string_view type) {
  return std::ranges::any_of(Net::network().nodes, [&](const NodeInfo& node) {
    return node.rules != nullptr && (node.rules->type() == type || node.rules->class_name == type);
  });
}

/// Kernels by He et al. 2015, so that what comes in is still there after a hundred layers; normalisation that is no
/// longer that of a new network.
void randomize(Model<Net>& model) {
  std::uint64_t stream = 0;
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> values) {
    const Random random = Random(Seed{7}).split(stream++);
    if (parameter.name == "bias" || parameter.name == "beta") return fill(values, -0.3, 0.3, random);
    if (parameter.name == "gamma") return fill(values, 0.8, 1.2, random);
    if (parameter.name == "moving_mean") return fill(values, -0.2, 0.2, random);
    if (parameter.name == "moving_variance") return fill(values, 0.8, 1.3, random);
    if (parameter.name != "kernel") return;
    const double fan_in = static_cast<double>(values.size()) / Net::network().tensor(node.output).shape.channels();
    const double bound = std::sqrt(6 / fan_in) * (has_layer("SiLU") ? 2 : 1);  // which, of small numbers, leaves half
    fill(values, -bound, bound, random);
  });
}

using Outputs = std::vector<double>;

/// In double.
Outputs run(const Model<Net>& model, const std::vector<float>& input) {
  Executor<Net, simd::Vector<double>> executor;
  const std::size_t samples = input.size() / Net::input_shape.size();
  const std::vector<double> parameters(model.parameters().begin(), model.parameters().end());
  const double* output = executor.forward(parameters.data(), std::vector<double>(input.begin(), input.end()).data(),
                                          samples);
  return {output, output + samples * Net::output_shape.size()};
}

double largest(const Outputs& outputs) {
  double most = 0;
  for (const double value : outputs) most = std::max(most, std::abs(value));
  return most;
}

/// Makes the last layer's kernel smaller until a softmax behind it is not sure: 1 and 0 would hide what it got.
void unsettle(Model<Net>& model, const std::vector<float>& input) {
  constexpr const auto& network = Net::network();
  if (network.nodes[network.node_count - 1].rules->type() != "Softmax") return;
  while (largest(run(model, input)) > 0.2) {
    std::span<float> last;
    model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> values) {
      if (parameter.name == "kernel") last = values;
    });
    for (float& weight : last) weight /= 2;
  }
}

/// Throws where the output hardly depends on the input: then it says nothing about a peer's computation.
void require_lively(const Model<Net>& model, std::vector<float> input, const Outputs& outputs) {
  std::ranges::reverse(input);
  const Outputs others = run(model, input);
  const double most = largest(outputs);
  double change = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) change = std::max(change, std::abs(outputs[i] - others[i]));
  if (!(change >= 0.01 * most))
    throw std::runtime_error("the output hardly depends on the input: of " + std::to_string(most) + " at most, " +
                             std::to_string(change));
}

void prepare(const std::filesystem::path& directory) {
  const auto with = [&](const std::string& ending) { return directory / (NETWORK_NAME + ending); };
  Model<Net> model{Seed{42}};
  randomize(model);
  std::vector<float> input(std::ranges::max(batches) * Net::input_shape.size());
  const double brightest = has_layer("Rescaling") ? 255 : 1;
  fill(std::span(input), -brightest, brightest, Random(Seed{3}));
  unsettle(model, input);
  save_weights(model, with(".safetensors"));
  write_array(with(".input"), input);
  for (const std::size_t batch : batches)
    export_onnx(model, with("-" + std::to_string(batch) + ".onnx"),
                {.batch = static_cast<int>(batch), .fold_normalization = !NETWORK_TRAINS});
  if constexpr (!NETWORK_TRAINS) {
    save_keras(model, with(".keras"));
    const Outputs outputs = run(model, input);
    require_lively(model, input, outputs);
    write_array(with(".reference"), outputs);
  }
  const auto& extents = Net::input_shape.extents;
  std::ofstream(with(".json")) << nlohmann::json{
      {"input", std::vector<int>(extents.begin(), extents.begin() + Net::input_shape.rank)},
      {"parameters", Net::param_count},
      {"macs", Net::mac_count}};
}

}  // namespace strata::benchmarks

int main(int, char** arguments) try {
  strata::benchmarks::prepare(arguments[1]);
} catch (const std::exception& error) {
  std::cerr << NETWORK_NAME << ": " << error.what() << '\n';
  return 1;
}
