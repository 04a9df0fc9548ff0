// What an Engine will do, as a table: EXPLAIN for networks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/number.hpp>
#include <strata/core/text.hpp>
#include <strata/runtime/engine_plan.hpp>

namespace strata {

namespace detail {

using ExplainRow = std::array<std::string, 8>;

inline std::string string_of(const Text& text) { return std::string(std::string_view(text)); }

/// Cells in columns, the last three to the right.
inline std::string explain_table(const std::vector<ExplainRow>& rows) {
  std::array<std::size_t, std::tuple_size_v<ExplainRow>> widths{};
  for (const ExplainRow& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = (std::max)(widths[c], row[c].size());
  std::string table;
  for (const ExplainRow& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string blank(widths[c] - row[c].size(), ' ');
      line.append(c == 0 ? "" : "  ")
          .append(c == 0 || c >= 5 ? blank : "")
          .append(row[c])
          .append(c == 0 || c >= 5 ? "" : blank);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    table.append(line).append("\n");
  }
  return table;
}

}  // namespace detail

/// The compiled plan of `Engine<Net, Choice, V>`: for each step the layers fused into it, the kernel, shapes,
/// parameters, millions of multiply-adds, and where its result lies in the arena (bytes) while which steps run; which
/// channels it is of a concatenation that needs no step of its own, whether it is made where its padding is, or takes
/// the place of an operand; of how many rows, where it is made and read band by band.
///
///     std::cout << explain<Net>();
template <class Given, Algorithms Choice = Fast, class V = simd::Vector<float>>
std::string explain() {
  detail::examine_network<Given>();
  using Net = typename detail::network_of<Given, detail::examined<Given>()>::type;
  using Compiled = EnginePlan<Net, Choice, V>;
  using detail::string_of;
  constexpr const auto& network = Net::network();
  constexpr const auto& plan = Compiled::plan;
  const auto name = [&](int index) {  // of `activation<ReLU>`: ReLU
    const NodeInfo& node = network.nodes[static_cast<std::size_t>(index)];
    return string_of(node.rules->visible ? Text(node.name) : node.rules->type());
  };
  const auto shape = [&](int tensor) {
    const TensorInfo& info = network.tensor(tensor);
    Text text;
    text << info.shape;
    if (info.element != Element::real) text << ' ' << name_of(info.element);
    return string_of(text);
  };
  const auto millions = [](std::size_t macs) { return detail::fixed(static_cast<double>(macs) / 1e6, 3); };

  std::vector<detail::ExplainRow> rows{{"step", "layers", "kernel", "input", "output", "params", "MMACs", "result"}};
  const std::array<std::string, std::max<std::size_t>(plan.step_count, 1)> kernels = Compiled::kernel_names();
  for (std::size_t s = 0; s < plan.step_count; ++s) {
    const InferenceStep& step = plan.steps[s];
    std::string layers = name(step.head);
    std::size_t parameters = 0;
    const auto count = [&](int node) {
      parameters += network.nodes[static_cast<std::size_t>(node)].parameter_count();
    };
    const auto fuse = [&](int node) {
      layers.append(" + ").append(name(node));
      count(node);
    };
    count(step.head);
    if (step.affine >= 0) fuse(step.affine);
    for (int e = 0; e <= step.epilogue_count; ++e) {
      if (step.residual >= 0 && e == step.residual_place) layers.append(" + shortcut ").append(shape(step.residual));
      if (e < step.epilogue_count) fuse(step.epilogue[static_cast<std::size_t>(e)]);
    }
    const std::size_t head = static_cast<std::size_t>(step.head);
    std::string place = "caller's output";
    const std::size_t tensor = static_cast<std::size_t>(step.output);
    const std::size_t root = static_cast<std::size_t>(plan.root[tensor]);
    if (network.output_count > 1) place += " " + std::to_string(plan.result[root] + 1);
    if (plan.result[root] < 0) place = string_of(detail::place_of(plan, root));
    if (const Border& border = plan.borders[tensor]; border.is_slice())
      place += ", channels " + std::to_string(border.front + 1) + "-" +
               std::to_string(border.front + network.tensor(step.output).shape.channels());
    else if (const int host = plan.host[tensor]; host >= 0)
      place += network.nodes[static_cast<std::size_t>(host)].rules->kind == Kind::padding ? ", padded" : ", in place";
    rows.push_back({std::to_string(s + 1), layers, kernels[s], shape(plan.source_of(network.input_of(head))),
                    shape(step.output), std::to_string(parameters),
                    millions(network.nodes[head].rules->macs(network.input_shape_of(head))), place});
  }
  std::string text = std::to_string(network.layer_count) + " layers in " + std::to_string(plan.step_count) +
                     " steps, " + std::to_string(network.parameter_count()) + " parameters, " +
                     millions(network.mac_count) + " MMACs\n";
  text += detail::explain_table(rows);
  text += "arena " + std::to_string(plan.arena_bytes) + " bytes, workspace " +
          std::to_string(Compiled::workspace_bytes) + " bytes, packed weights " +
          std::to_string(Compiled::packed_size * sizeof(typename V::value_type)) + " bytes\n";
  return text;
}

}  // namespace strata
