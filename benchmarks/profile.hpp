// The steps of a network's Engine, in their order, so that caches hold what they would. Operations are those of direct
// sums; bytes are input, weights and output, read and written once.
#pragma once

#include <cstddef>
#include <map>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <strata/strata.hpp>

#include "bandwidth.hpp"
#include "fma_peak.hpp"
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

/// Writes lines of tab-separated values: the bandwidths of the machine's memories, by their bytes, and each step's time
/// in many runs.
template <class Net>
void profile(const Engine<Net>& engine, const std::vector<float>& input, double seconds, std::ostream& out) {
  typename Engine<Net>::Workspace workspace;
  std::vector<float> output(Net::output_shape.size());
  std::map<const InferenceStep*, std::vector<double>> times;  // in their order: they are an array's
  time_calls(seconds, [&] {
    engine.for_each_step(input, output, workspace, [&](const InferenceStep& description, auto&& work) {
      std::vector<double>& of_step = times[&description];
      const auto start = Clock::now();
      work();
      of_step.push_back(seconds_since(start));
    });
  });
  out << "step\tflops\tbytes\tmicroseconds\tpeak\n";
  for (const std::size_t kilobytes : {16u, 1024u, 16u * 1024, 256u * 1024})  // of L1, L2, L3 and beyond
    out << "\t0\t" << (kilobytes << 10) << '\t' << read_bandwidth(kilobytes << 10) / 1e9 << "\t0\n";
  const double peak = fma_peak(0.02) / 1e9;
  for (const auto& [step, seconds_of] : times) {
    const Work work = work_of<Net>(*step);
    out << name_of<Net>(*step) << '\t' << work.flops << '\t' << work.bytes << '\t' << quantile(seconds_of, 0.5) * 1e6
        << '\t' << peak << '\n';
  }
}

}  // namespace strata::benchmarks
