// benchmark_profile ROUNDS: the steps of each network's Engine, in their order, so that caches hold what they would.
// Prints a line of tab-separated values for each step and round; bench.py makes tables of them. Operations are those of
// direct sums; bytes are input, weights and output, read and written once.
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "bandwidth.hpp"
#include "fma_peak.hpp"
#include "networks.hpp"
#include "timing.hpp"

namespace strata::benchmarks {

/// A step in the words of a summary: conv2d + batch_normalization + re_lu.
template <class Net>
std::string name_of(const InferenceStep& step) {
  const auto& nodes = Net::network().nodes;
  std::string name;
  const auto append = [&](int node) {
    if (node < 0) return;
    if (!name.empty()) name += " + ";
    name += std::string(Text(nodes[static_cast<std::size_t>(node)].name));
  };
  append(step.head);
  append(step.affine);
  for (int e = 0; e < step.epilogue_count; ++e) {
    if (step.residual >= 0 && e == step.residual_place) name += " + shortcut";
    append(step.epilogue[static_cast<std::size_t>(e)]);
  }
  if (step.residual >= 0 && step.residual_place == step.epilogue_count) name += " + shortcut";
  return name;
}

struct Work {
  double flops = 0, bytes = 0;
};
template <class Net>
Work work_of(const InferenceStep& step) {
  const auto& network = Net::network();
  const auto head = static_cast<std::size_t>(step.head);
  const auto size = [&](int tensor) { return network.tensor(tensor).shape.size(); };
  std::size_t elements = size(step.output) + (step.residual >= 0 ? size(step.residual) : 0);
  for (int operand = 0; operand < network.nodes[head].operand_count; ++operand)
    elements += size(network.input_of(head, operand));
  elements += network.nodes[head].parameter_count();
  return {2.0 * static_cast<double>(network.nodes[head].rules->macs(network.input_shape_of(head))),
          static_cast<double>(elements * sizeof(float))};
}

/// One round: every step's time in many runs of the network.
template <class Net>
void profile(const char* network) {
  const Model<Net> model{Seed{1}};
  const Engine<Net> engine{model};
  typename Engine<Net>::Workspace workspace;
  std::vector<float> input(Net::input_shape.size(), 0.5f), output(Net::output_shape.size());
  const double peak = fma_peak(0.01) / 1e9;
  std::vector<const InferenceStep*> steps;
  std::vector<std::vector<double>> times;
  constexpr int runs = 200;
  for (int run = 0; run < runs; ++run) {
    std::size_t step = 0;
    engine.for_each_step(input, output, workspace, [&](const InferenceStep& description, auto&& work) {
      if (run == 0) steps.push_back(&description), times.emplace_back();
      const auto start = Clock::now();
      work();
      times[step++].push_back(seconds_since(start));
    });
  }
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const Work work = work_of<Net>(*steps[s]);
    std::printf("%s\t%zu\t%s\t%.0f\t%.0f\t%.4f\t%.4f\t%.1f\n", network, s, name_of<Net>(*steps[s]).c_str(), work.flops,
                work.bytes, quantile(times[s], 0.5) * 1e6, quantile(times[s], 0.05) * 1e6, peak);
  }
}

}  // namespace strata::benchmarks

int main(int, char** arguments) {
  using namespace strata::benchmarks;
  std::puts("network\tplace\tstep\tflops\tbytes\tmicroseconds\tfast\tpeak");
  for (const std::size_t kilobytes : {16u, 1024u, 16u * 1024, 256u * 1024})  // of L1, L2, L3 and beyond
    std::printf("reads\t0\t%zu\t0\t0\t%.2f\t0\t0\n", kilobytes << 10, read_bandwidth(kilobytes << 10) / 1e9);
  for (int rounds = std::stoi(arguments[1]); rounds > 0; --rounds)
    for_each_small_network([&]<class Net>(const char* name) { profile<Net>(name); });
}
