// prepare DIRECTORY: writes what the peers share (see description.hpp): random weights with moving averages that are no
// longer those of a new network, random inputs, and outputs computed layer by layer in double.
#include <iostream>

#include "../networks.hpp"
#include "description.hpp"

namespace strata::benchmarks {

/// Random numbers in [low, high).
template <class T>
void fill(std::span<T> values, double low, double high, Random random) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(low + (high - low) * random.uniform(i));
}

template <class Net>
void randomize(Model<Net>& model) {
  std::uint64_t stream = 0;
  model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> values) {
    const Random random = Random(Seed{7}).split(stream++);
    if (parameter.name == "bias" || parameter.name == "beta") fill(values, -0.3, 0.3, random);
    if (parameter.name == "gamma") fill(values, 0.7, 1.3, random);
    if (parameter.name == "moving_mean") fill(values, -0.2, 0.2, random);
    if (parameter.name == "moving_variance") fill(values, 0.3, 1.0, random);
  });
}

template <class L>
LayerDescription describe(const NodeInfo& node, Shape in, Shape out) {
  LayerDescription layer;
  constexpr bool rescaling = requires { L::config.scale, L::config.offset; };
  layer.op = node.rules->kind == Kind::elementwise && !rescaling ? node.rules->type() : Text(node.rules->class_name);
  layer.name = Text(node.name);
  layer.shape.assign(out.extents.begin(), out.extents.begin() + out.rank);
  const auto place = [&](Extent kernel, const auto& config) {
    const Window window = window_over(in, kernel, config.strides, 1, config.padding, config.pad);
    layer.kernel = kernel, layer.strides = config.strides, layer.before = window.before, layer.after = window.after;
  };
  if constexpr (requires { L::config.kernel_size; }) {
    place(L::config.kernel_size, L::config);
    layer.groups = L::groups(in);
  }
  if constexpr (requires { L::config.pool_size; }) place(L::config.pool_size, L::config);
  if constexpr (requires { L::config.padding.top; }) {
    layer.before = {L::config.padding.top, L::config.padding.left};
    layer.after = {L::config.padding.bottom, L::config.padding.right};
  }
  if constexpr (requires { L::config.epsilon; }) layer.epsilon = L::config.epsilon.value;
  if constexpr (rescaling) layer.scale = L::config.scale, layer.offset = L::config.offset;
  return layer;
}

template <class Net>
std::vector<LayerDescription> describe() {
  std::vector<LayerDescription> layers;
  constexpr const auto& network = Net::network();
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, typename Net::leaves>>([&]<class L>(L) {
    const std::size_t n = layers.size();
    layers.push_back(describe<typename L::type>(network.nodes[n], network.input_shape_of(n),
                                                network.tensor(static_cast<int>(n)).shape));
    for (int i = 0; i < network.nodes[n].operand_count; ++i) layers.back().inputs.push_back(network.input_of(n, i));
  });
  return layers;
}

template <class Net>
void prepare(const std::filesystem::path& directory, const std::string& name) {
  Model<Net> model{Seed{42}};
  randomize(model);
  const auto with = [&](const char* ending) { return directory / (name + ending); };
  save_weights(model, with(".safetensors"));
  constexpr std::size_t samples = sample_count<Net>;
  std::vector<float> input(samples * Net::input_shape.size());
  fill(std::span(input), -1, 1, Random(Seed{3}));
  write_array(with(".input"), input);

  Executor<Net, simd::Vector<double>> executor;
  const std::vector<double> parameters(model.parameters().begin(), model.parameters().end());
  const std::vector<double> images(input.begin(), input.end());
  const double* output = executor.forward(parameters.data(), images.data(), samples);
  write_array(with(".reference"), std::vector<double>(output, output + samples * Net::output_shape.size()));

  std::ofstream(with(".json")) << nlohmann::json{
      {"layers", describe<Net>()}, {"macs", Net::mac_count}, {"samples", samples}}.dump(1);
}

}  // namespace strata::benchmarks

int main(int, char** arguments) try {
  using namespace strata::benchmarks;
  const std::filesystem::path directory = arguments[1];
  std::filesystem::create_directories(directory);
  for_each_network([&]<class Net>(const char* name) { prepare<Net>(directory, name); });
  prepare<LessonClassifier>(directory, training_name);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
