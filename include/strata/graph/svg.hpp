// Pictures to look at: a network's graph, and where its tensors live while inference runs.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include <strata/core/algorithms.hpp>
#include <strata/core/number.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/inference_plan.hpp>
#include <strata/graph/lower.hpp>

namespace strata {

namespace detail {

/// An SVG image in the making; lengths in pixels.
class Drawing {
 public:
  Drawing(int width, int height) {
    put("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"", height,
        "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  }
  void text(int x, int y, std::string_view anchor, std::string_view words) {
    put("<text x=\"", x, "\" y=\"", y, "\" text-anchor=\"", anchor, "\">", escaped(words), "</text>\n");
  }
  void box(double x, double y, double width, double height, std::string_view fill, std::string_view title) {
    put("<rect x=\"", x, "\" y=\"", y, "\" width=\"", width, "\" height=\"", height, "\" rx=\"3\" fill=\"", fill,
        "\" stroke=\"#555\"><title>", escaped(title), "</title></rect>\n");
  }
  void path(const std::string& points) {
    put("<path d=\"", points, "\" fill=\"none\" stroke=\"#555\"/>\n");
  }
  std::string finish() { return svg_ + "</svg>\n"; }

  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '<') out += "&lt;";
      else if (c == '>') out += "&gt;";
      else if (c == '&') out += "&amp;";
      else if (c == '"') out += "&quot;";
      else out += c;
    }
    return out;
  }

 private:
  template <class... Parts>
  void put(const Parts&... parts) {
    const auto add = [&](const auto& part) {
      if constexpr (std::is_floating_point_v<std::decay_t<decltype(part)>>) svg_.append(detail::fixed(part, 2));
      else if constexpr (std::is_arithmetic_v<std::decay_t<decltype(part)>>) svg_.append(std::to_string(part));
      else svg_.append(part);
    };
    (add(parts), ...);
  }

  std::string svg_;
};

}  // namespace detail

/// One box a layer, in the order in which they run, with its output's shape and its parameters; a bow where a tensor
/// goes past other layers.
///
///     std::ofstream("net.svg") << graph_svg<Net>();
template <class Net>
std::string graph_svg() {
  constexpr const auto& network = Net::network();
  constexpr int width = 600, height = 24, pitch = 40, margin = 20, bows = 160;
  const auto top = [](std::size_t n) { return margin + static_cast<int>(n) * pitch; };
  detail::Drawing drawing(width + 2 * margin + bows, top(network.node_count));
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    const std::size_t parameters = node.parameter_count();
    const std::string shape(std::string_view(Text() << network.tensor(node.output).shape));
    std::string label(std::string_view(Text(node.name)));
    label.append(" (").append(node.rules->class_name).append(")");
    drawing.box(margin, top(n), width, height, parameters > 0 ? "#dbe9f6" : "#f4f4f4", node.rules->type());
    drawing.text(margin + 8, top(n) + 16, "start", label);
    if (parameters > 0)
      drawing.text(margin + width - 100, top(n) + 16, "end", std::to_string(parameters) + " parameters");
    drawing.text(margin + width - 8, top(n) + 16, "end", shape);
    for (int operand = 0; operand < node.operand_count; ++operand) {
      const std::size_t from = static_cast<std::size_t>(network.input_of(n, operand));
      std::string path = "M ";
      const auto point = [&](int x, int y) {
        path.append(std::to_string(x)).append(" ").append(std::to_string(y)).append(" ");
      };
      if (from + 1 == n) {
        point(margin + width / 2, top(from) + height);
        path += "L ";
        point(margin + width / 2, top(n));
      } else {
        const double bow = 20 * std::sqrt(static_cast<double>(n - from)) + 10;
        const int reach = margin + width + (std::min)(bows, static_cast<int>(bow));
        point(margin + width, top(from) + height / 2);
        path += "C ";
        point(reach, top(from) + height / 2);
        point(reach, top(n) + height / 2);
        point(margin + width, top(n) + height / 2);
      }
      drawing.path(path);
    }
  }
  return drawing.finish();
}

/// The arena of `Engine<Net, Choice>`: time from left to right, one column a step; memory from the bottom up, each
/// tensor as high as its bytes; its name and numbers come up under the pointer.
///
///     std::ofstream("memory.svg") << memory_svg<Net>();
template <class Net, Algorithms Choice = Fast>
std::string memory_svg() {
  constexpr const auto& plan = Net::template inference_plan<Choice>();
  constexpr int column = 18, height = 360, margin = 40;
  const int steps = static_cast<int>(plan.step_count);
  detail::Drawing drawing((std::max)(steps * column, 320) + 2 * margin, height + 2 * margin);
  drawing.text(margin, margin - 12, "start",
               std::to_string(plan.arena_size * sizeof(float)) + " bytes, " + std::to_string(steps) + " steps");
  const double scale = plan.arena_size > 0 ? static_cast<double>(height) / static_cast<double>(plan.arena_size) : 0;
  constexpr std::array<std::string_view, 6> colours{"#8dd3c7", "#ffffb3", "#bebada", "#fb8072", "#80b1d3", "#fdb462"};
  for (std::size_t t = 0; t < plan.blocks.size(); ++t) {
    const Lifetime& block = plan.blocks[t];
    if (block.size == 0) continue;
    std::string title(std::string_view(Text(Net::network().nodes[t].name)));
    title.append(": ").append(std::to_string(block.size * sizeof(float))).append(" bytes at ");
    title.append(std::to_string(plan.offsets[t] * sizeof(float))).append(", steps ");
    title.append(std::to_string(block.first + 1)).append(" to ").append(std::to_string(block.last + 1));
    if (plan.samples[t] > 1) title.append(", ").append(std::to_string(plan.samples[t])).append(" samples");
    drawing.box(margin + block.first * column,
                margin + height - scale * static_cast<double>(plan.offsets[t] + block.size),
                (block.last - block.first + 1) * column, scale * static_cast<double>(block.size),
                colours[t % colours.size()], title);
  }
  drawing.text(margin, height + margin + 20, "start", "steps");
  return drawing.finish();
}

}  // namespace strata
