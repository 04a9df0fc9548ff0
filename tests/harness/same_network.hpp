// Whether two networks are the same layers wired in the same way, whatever they are called and in whatever blocks they
// are written.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <strata/runtime/model.hpp>
#include <strata/strata.hpp>

namespace strata::test {

/// A network as lines: each layer with its options, and the numbers of those that it reads, behind these.
struct NetworkLines {
  std::vector<std::string> lines;
  std::vector<std::size_t> nodes;  ///< which node a line is
};

/// By the options' values, in one order, so `MaxPooling2D<3, Strides{2}, Same>` is what it is with them turned round.
template <class L>
std::string layer_spelling() {
  if constexpr (requires { typename L::wraps; })
    return layer_spelling<typename L::wraps>();
  else if constexpr (requires { L::config; })
    return spelling(L::config);
  else
    return std::string(std::string_view(type_name<L>()));
}

template <class Net>
NetworkLines lines_of() {
  const auto spellings = []<class... L>(boost::mp11::mp_list<L...>) {
    return std::vector<std::string>{layer_spelling<L>()...};
  }(typename Net::leaves{});
  const auto& network = Net::network();
  std::vector<int> numbers(network.node_count, -1);
  NetworkLines made;
  const std::function<int(int)> visit = [&](int tensor) {
    std::size_t n = 0;
    while (network.nodes[n].output != tensor) ++n;
    if (numbers[n] >= 0) return numbers[n];
    std::string line = spellings[n];
    for (int o = 0; o < network.nodes[n].operand_count; ++o)
      line += ' ' + std::to_string(visit(network.input_of(n, o)));
    made.lines.push_back(line);
    made.nodes.push_back(n);
    return numbers[n] = static_cast<int>(made.nodes.size()) - 1;
  };
  for (std::size_t k = 0; k < network.output_count; ++k)
    made.lines.push_back("output " + std::to_string(visit(network.output(k))));
  return made;
}

/// The first line in which they differ, and the others' number; empty: none.
inline std::string difference(const NetworkLines& a, const NetworkLines& b) {
  std::size_t first = 0;
  while (first < a.lines.size() && first < b.lines.size() && a.lines[first] == b.lines[first]) ++first;
  if (first == a.lines.size() && first == b.lines.size()) return {};
  const auto line = [&](const NetworkLines& of) { return first < of.lines.size() ? of.lines[first] : "nothing"; };
  return line(a) + " became " + line(b) + ", " + std::to_string(a.lines.size()) + " lines and " +
         std::to_string(b.lines.size());
}

/// All parameters, layer by layer as the lines have them, but for a Normalization's count of the data that it has seen,
/// which ONNX has no place for.
template <class Net>
std::vector<float> elements_of(const Model<Net>& model) {
  std::vector<float> all;
  for (const std::size_t n : lines_of<Net>().nodes) {
    const NodeInfo& node = Net::network().nodes[n];
    for (std::size_t p = 0; p < node.parameters().count; ++p) {
      if (node.parameters().list[p].name == "count") continue;
      const std::size_t size = node.parameters().list[p].shape.size();
      const auto values = model.parameters().subspan(node.offsets()[p], size);
      all.insert(all.end(), values.begin(), values.end());
    }
  }
  return all;
}

}  // namespace strata::test
