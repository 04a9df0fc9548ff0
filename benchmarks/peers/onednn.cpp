// onednn DIRECTORY inference|winograd|training: oneDNN as a peer; see server.hpp. With `winograd`, Winograd's algorithm
// for every convolution that has it; else it is oneDNN's own choice. OMP_NUM_THREADS says how many threads,
// DNNL_MAX_CPU_ISA=AVX2 limits the instructions.
#include "onednn_inference.hpp"
#include "onednn_training.hpp"

int main(int, char** arguments) {
  using namespace strata::benchmarks;
  const std::filesystem::path directory = arguments[1];
  const std::string variant = arguments[2];
  std::map<std::string, onednn::Graph> graphs;
  return serve([&](const std::string& name, std::size_t batch) -> std::unique_ptr<Runner> {
    const std::string model = name + "-" + std::to_string(batch) + ".onnx";
    const onednn::Graph& graph = graphs.try_emplace(model, directory / model).first->second;
    std::size_t size = 1;
    for (const auto extent : graph.input_dims()) size *= static_cast<std::size_t>(extent);
    std::vector<float> input = read_array(directory / (name + ".input"), size);
    if (variant == "training") return std::make_unique<onednn::Training>(graph, input);
    return std::make_unique<onednn::Inference>(graph, std::move(input), variant == "winograd");
  });
}
