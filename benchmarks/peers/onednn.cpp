// onednn DIRECTORY auto|winograd|direct: oneDNN as a peer; see server.hpp.
//   auto       its own choice of algorithm
//   winograd   Winograd's for every convolution that has it (inference; in training it is oneDNN's own choice)
//   direct     no Winograd (training; in inference it is oneDNN's own choice)
// OMP_NUM_THREADS says how many threads, DNNL_MAX_CPU_ISA=AVX2 limits the instructions.
#include "onednn_inference.hpp"
#include "onednn_training.hpp"

int main(int, char** arguments) {
  using namespace strata::benchmarks;
  using dnnl::algorithm;
  const std::filesystem::path directory = arguments[1];
  const std::string variant = arguments[2];
  std::map<std::string, NetworkFiles> files;
  return serve([&](const std::string& name, std::size_t batch) -> std::unique_ptr<Runner> {
    const NetworkFiles& network = files.try_emplace(name, directory, name).first->second;
    if (name == training_name)
      return std::make_unique<onednn::Training>(
          network, batch, variant == "direct" ? algorithm::convolution_direct : algorithm::convolution_auto);
    return std::make_unique<onednn::Inference>(network, batch, variant == "winograd");
  });
}
