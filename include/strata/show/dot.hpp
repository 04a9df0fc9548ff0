// A network as a picture: Graphviz' dot language.
#pragma once

#include <cstddef>
#include <string>

#include <strata/core/text.hpp>
#include <strata/graph/sequential.hpp>

namespace strata {

/// One box a layer with its parameters, one arrow a tensor with its shape; fused activations are boxes, too.
///
///     std::ofstream("net.dot") << to_dot<Net>();        // dot -Tsvg net.dot > net.svg
template <class Given>
std::string to_dot() {
  detail::examine_network<Given>();
  using Net = typename detail::network_of<Given, detail::examined<Given>()>::type;
  constexpr const auto& network = Net::network();
  std::string dot = "digraph network {\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
                    "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  const auto number = [](std::size_t n) { return "n" + std::to_string(n); };
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    const std::size_t parameters = node.parameter_count();
    std::string label(std::string_view(Text(node.name)));
    label.append("\\n").append(node.rules->class_name);
    if (parameters > 0) label.append("\\n").append(std::to_string(parameters)).append(" parameters");
    dot.append("  ").append(number(n)).append(" [label=\"").append(label).append("\"];\n");
    for (int operand = 0; operand < node.operand_count; ++operand) {
      const int tensor = network.input_of(n, operand);
      dot.append("  ").append(number(static_cast<std::size_t>(tensor))).append(" -> ").append(number(n));
      dot.append(" [label=\"").append(std::string_view(Text() << network.tensor(tensor).shape)).append("\"];\n");
    }
  }
  return dot.append("}\n");
}

}  // namespace strata
