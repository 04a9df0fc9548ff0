// What the peers share: a directory that prepare.cpp fills. For each network
//
//   NAME.json            its layers in the order of execution
//   NAME.safetensors     its weights, in Keras' layouts
//   NAME.input           float32, (samples, height, width, channels)
//   NAME.reference       float64, the output for that input
#pragma once

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <strata/core/options.hpp>
#include <strata/io/safetensors.hpp>

namespace strata::benchmarks {

/// The network that is trained, and by which rate; sample n has label n mod 10.
inline constexpr const char* training_name = "training";
inline constexpr float training_rate = 1e-4f;

/// One layer; what an `op` does not have keeps its default. Ops are Keras' class names, activations their own.
struct LayerDescription {
  std::string op, name;
  std::vector<int> inputs;  ///< layers; 0 is the input
  std::vector<int> shape;   ///< of the output, without the batch
  Extent kernel{1}, strides{1}, before{0}, after{0};
  int groups = 1;
  double epsilon = 0;
  double scale = 1, offset = 0;  ///< of a Rescaling

  bool is_activation() const { return op == "Sigmoid" || op == "Tanh" || op == "ReLU"; }
};

inline void to_json(nlohmann::json& json, const LayerDescription& layer) {
  const auto extent = [](Extent e) { return std::vector<int>{e.height, e.width}; };
  json = {{"op", layer.op},
          {"name", layer.name},
          {"inputs", layer.inputs},
          {"shape", layer.shape},
          {"kernel", extent(layer.kernel)},
          {"strides", extent(layer.strides)},
          {"before", extent(layer.before)},
          {"after", extent(layer.after)},
          {"groups", layer.groups},
          {"epsilon", layer.epsilon},
          {"scale", layer.scale},
          {"offset", layer.offset}};
}
inline void from_json(const nlohmann::json& json, LayerDescription& layer) {
  const auto extent = [&](const char* key) { return Extent{json.at(key).at(0), json.at(key).at(1)}; };
  layer = {.op = json.at("op"),
           .name = json.at("name"),
           .inputs = json.at("inputs"),
           .shape = json.at("shape"),
           .kernel = extent("kernel"),
           .strides = extent("strides"),
           .before = extent("before"),
           .after = extent("after"),
           .groups = json.at("groups"),
           .epsilon = json.at("epsilon"),
           .scale = json.at("scale"),
           .offset = json.at("offset")};
}

template <class T>
void write_array(const std::filesystem::path& path, const std::vector<T>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  if (!file.flush()) throw std::runtime_error(path.string() + ": cannot be written");
}

/// `count` floats from the front of a file.
inline std::vector<float> read_array(const std::filesystem::path& path, std::size_t count) {
  std::vector<float> values(count);
  const auto bytes = static_cast<std::streamsize>(count * sizeof(float));
  if (std::ifstream file(path, std::ios::binary); !file.read(reinterpret_cast<char*>(values.data()), bytes))
    throw std::runtime_error(path.string() + ": cannot be read");
  return values;
}

/// A network as a peer finds it.
class NetworkFiles {
 public:
  NetworkFiles(const std::filesystem::path& directory, const std::string& name)
      : base_(directory / name), weights_(read_tensors(with(".safetensors"))) {
    std::ifstream file(with(".json"));
    layers_ = nlohmann::json::parse(file).at("layers").get<std::vector<LayerDescription>>();
  }

  const std::vector<LayerDescription>& layers() const { return layers_; }

  /// The only layer that reads the output of layer `n`; 0 where there are several, or none.
  std::size_t follower(std::size_t n) const {
    std::size_t found = 0;
    for (std::size_t reader = 1; reader < layers_.size(); ++reader)
      for (const int input : layers_[reader].inputs)
        if (static_cast<std::size_t>(input) == n) {
          if (found != 0) return 0;
          found = reader;
        }
    return found;
  }

  /// The parameter of a layer; empty where it has none of this name.
  std::vector<float> parameter(const LayerDescription& layer, const std::string& name) const {
    const TensorEntry* tensor = weights_.find(layer.name + "/" + name);
    if (tensor == nullptr) return {};
    std::vector<float> values(tensor->data.size() / sizeof(float));
    std::ranges::copy(tensor->data, std::as_writable_bytes(std::span(values)).begin());
    return values;
  }

  std::vector<float> input(std::size_t batch) const {
    std::size_t size = batch;
    for (const int extent : layers_.front().shape) size *= static_cast<std::size_t>(extent);
    return read_array(with(".input"), size);
  }

 private:
  std::filesystem::path with(const char* ending) const { return base_.string() + ending; }

  std::filesystem::path base_;
  TensorFile weights_;
  std::vector<LayerDescription> layers_;
};

/// The kernel and bias of a convolution that has a normalisation folded into it; null: none.
struct FoldedWeights {
  std::vector<float> kernel, bias;

  FoldedWeights(const NetworkFiles& files, const LayerDescription& convolution, const LayerDescription* normalization)
      : kernel(files.parameter(convolution, "kernel")), bias(files.parameter(convolution, "bias")) {
    const auto channels = static_cast<std::size_t>(convolution.shape.back());
    bias.resize(channels);
    if (normalization == nullptr) return;
    std::vector<float> scale = files.parameter(*normalization, "gamma");
    const std::vector<float> beta = files.parameter(*normalization, "beta"),
                             mean = files.parameter(*normalization, "moving_mean"),
                             variance = files.parameter(*normalization, "moving_variance");
    for (std::size_t c = 0; c < channels; ++c) {
      scale[c] /= std::sqrt(variance[c] + static_cast<float>(normalization->epsilon));
      bias[c] = (bias[c] - mean[c]) * scale[c] + beta[c];
    }
    for (std::size_t i = 0; i < kernel.size(); ++i) kernel[i] *= scale[i % channels];
  }
};

}  // namespace strata::benchmarks
