// Pictures to look at: a network's graph, and where its tensors live while inference runs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/algorithms.hpp>
#include <strata/core/number.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/inference_plan.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/plot/axis.hpp>
#include <strata/plot/canvas.hpp>

namespace strata {

namespace detail {

/// A layer in the picture of a graph. Operands come before it.
struct DrawnNode {
  std::string name, type, facts;
  bool weights;  ///< has parameters
  std::vector<std::size_t> operands;
};

/// Rows from the inputs downwards, lanes from left to right. A node stands in the row below its last operand. A tensor
/// that goes past other rows keeps a lane free in each of them, so that no line crosses a box.
class GraphLayout {
 public:
  explicit GraphLayout(const std::vector<DrawnNode>& nodes)
      : row_(nodes.size()), last_row_(nodes.size()), lanes_(nodes.size()) {
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      for (const std::size_t operand : nodes[n].operands) row_[n] = (std::max)(row_[n], row_[operand] + 1);
      for (const std::size_t operand : nodes[n].operands)
        last_row_[operand] = (std::max)(last_row_[operand], row_[n]);
      rows_ = (std::max)(rows_, row_[n] + 1);
    }
    for (std::size_t row = 0; row < rows_; ++row) place(nodes, row);
  }

  std::size_t rows() const { return rows_; }
  std::size_t row(std::size_t node) const { return row_[node]; }
  /// Of a node in its row, and of its tensor in the rows that it goes past.
  int lane(std::size_t node, std::size_t row) const { return lanes_[node].at(row - row_[node]); }

 private:
  /// Everything stays in its lane where it can; what comes second moves to the nearest free one.
  void place(const std::vector<DrawnNode>& nodes, std::size_t row) {
    std::vector<std::pair<std::size_t, int>> items;  // and the lane that it would like
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      if (row_[n] == row) items.emplace_back(n, wish(nodes[n], row));
      if (row_[n] < row && row < last_row_[n]) items.emplace_back(n, lane(n, row - 1));
    }
    // Nodes first: a line moves aside for a box.
    std::stable_partition(items.begin(), items.end(), [&](const auto& item) { return row_[item.first] == row; });
    std::set<int> taken;
    for (auto& [n, lane] : items)
      if (taken.insert(lane).second) lanes_[n].push_back(lane);
    for (auto& [n, lane] : items) {
      if (lanes_[n].size() == row - row_[n] + 1) continue;
      for (int distance = 1; lanes_[n].size() < row - row_[n] + 1; ++distance)
        for (const int other : {lane + distance, lane - distance})
          if (lanes_[n].size() < row - row_[n] + 1 && taken.insert(other).second) lanes_[n].push_back(other);
    }
  }
  /// Below the operand that is nearest to the middle.
  int wish(const DrawnNode& node, std::size_t row) const {
    int best = 0;
    for (std::size_t i = 0; i < node.operands.size(); ++i)
      if (const int one = lane(node.operands[i], row - 1); i == 0 || std::abs(one) < std::abs(best)) best = one;
    return best;
  }

  std::vector<std::size_t> row_, last_row_;
  std::vector<std::vector<int>> lanes_;
  std::size_t rows_ = 0;
};

inline std::string draw_graph(const std::vector<DrawnNode>& nodes, const std::string& totals) {
  using plot::Canvas, plot::cut, plot::text_width;
  constexpr double height = 58, gap = 34, margin = 16, line = 24;
  double box = 120;
  for (const DrawnNode& node : nodes) {  // types may be long; what is cut comes up under the pointer
    const double name = (std::min)(text_width(node.name, 15), 360.0);
    const double type = (std::min)(text_width(node.type, 12), 230.0);
    box = (std::max)({box, name + 10, type + 10, text_width(node.facts, 12) + 10});
  }
  const GraphLayout layout(nodes);

  std::map<int, double> lanes;  // their widths, then their middles
  for (std::size_t n = 0; n < nodes.size(); ++n) lanes[layout.lane(n, layout.row(n))] = box;
  const auto each_reading = [&](auto f) {  // f(reader, operand)
    for (std::size_t n = 0; n < nodes.size(); ++n)
      for (const std::size_t operand : nodes[n].operands) f(n, operand);
  };
  each_reading([&](std::size_t n, std::size_t operand) {
    for (std::size_t row = layout.row(operand) + 1; row < layout.row(n); ++row)
      lanes.emplace(layout.lane(operand, row), line);
  });
  double x = margin;
  for (auto& [lane, width] : lanes) {
    const double middle = x + width / 2;
    x += width + margin;
    width = middle;
  }
  const double width = (std::max)(x, 320.0);
  const std::vector<std::string> head = plot::wrapped(totals, 14, width - 2 * margin);
  const double top = 28 + 20 * static_cast<double>(head.size());
  const auto middle = [&](std::size_t node, std::size_t row) { return lanes.at(layout.lane(node, row)); };
  const auto above = [&](std::size_t row) { return top + (height + gap) * static_cast<double>(row); };

  Canvas canvas(width, above(layout.rows()), totals);
  for (std::size_t i = 0; i < head.size(); ++i)
    canvas.text(margin, 28 + 20 * static_cast<double>(i), head[i], "start", "muted");
  std::vector<std::vector<std::pair<double, std::size_t>>> arrivals(nodes.size());  // at a node, from left to right
  each_reading([&](std::size_t n, std::size_t operand) {
    arrivals[n].emplace_back(middle(operand, layout.row(n) - 1), operand);
  });
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    std::sort(arrivals[n].begin(), arrivals[n].end());
    const double count = static_cast<double>(arrivals[n].size()), step = (std::min)(24.0, box / (count + 1));
    for (std::size_t i = 0; i < arrivals[n].size(); ++i) {
      const std::size_t operand = arrivals[n][i].second;
      double from = middle(operand, layout.row(operand));
      std::string path = Canvas::command('M', {{from, above(layout.row(operand)) + height}});
      for (std::size_t row = layout.row(operand) + 1; row <= layout.row(n); ++row) {
        const bool ends = row == layout.row(n);
        const double to =
            ends ? middle(n, row) + (static_cast<double>(i) - (count - 1) / 2) * step : middle(operand, row);
        const double half = above(row) - gap / 2;
        path += Canvas::command('C', {{from, half}, {to, half}, {to, above(row)}});
        if (!ends) path += Canvas::command('L', {{to, above(row) + height}});
        from = to;
      }
      canvas.arrow(path);
    }
  }
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const DrawnNode& node = nodes[n];
    const double center = middle(n, layout.row(n)), y = above(layout.row(n));
    canvas.box(center - box / 2, y, box, height, node.weights ? "box weights" : "box",
               node.name + ": " + node.type + ", " + node.facts);
    canvas.text(center, y + 18, cut(node.name, 15, box - 8), "middle", "ink bold");
    canvas.text(center, y + 34, cut(node.type, 12, box - 8), "middle", "ink", 12);
    canvas.text(center, y + 50, cut(node.facts, 12, box - 8), "middle", "muted", 12);
  }
  return canvas.finish();
}

/// A block of the arena.
struct DrawnBlock {
  std::string name, place;
  Kind made_by;
  Lifetime bytes;
  std::size_t offset;
};

inline std::string draw_memory(const std::vector<DrawnBlock>& blocks, std::size_t arena, std::size_t steps) {
  using plot::Axis, plot::Canvas, plot::text_width;
  constexpr double height = 320, top = 104, right = 20;
  constexpr std::array<std::string_view, 3> makers{"convolution, dense", "concatenation, sum", "others"};
  const double kib = static_cast<double>(arena) / 1024, count = static_cast<double>(steps);
  const double column = std::clamp(560 / (std::max)(count, 1.0), 12.0, 110.0);
  const Axis y = Axis::round(0, kib, 5);
  double left = 16;
  for (const double tick : y.ticks()) left = (std::max)(left, 18 + text_width(y.label(tick), 14));
  const double width = (std::max)(left + column * count + right, 480.0);
  const auto at = [&](double bytes) { return top + height * (1 - y.part(bytes / 1024)); };
  const auto from = [&](int step) { return left + column * step; };

  const std::string totals =
      "arena " + std::to_string(arena) + " bytes, " + std::to_string(steps) + " steps";
  Canvas canvas(width, top + height + 52, totals);
  canvas.text(10, 28, totals, "start", "ink bold", 16);
  double key = 10;
  for (std::size_t i = 0; i < makers.size(); ++i) {
    canvas.box(key, 44, 16, 16, Canvas::fill(i), {}, 0.5);
    canvas.text(key + 22, 57, makers[i]);
    key += 40 + text_width(makers[i], 14);
  }
  canvas.text(10, top - 14, "KiB", "start", "muted");
  for (const double tick : y.ticks()) {
    canvas.line(left, at(tick * 1024), width - right, at(tick * 1024), "grid");
    canvas.text(left - 8, at(tick * 1024) + 5, y.label(tick), "end");
  }
  for (const DrawnBlock& block : blocks) {
    const std::size_t maker =
        block.made_by == Kind::linear ? 0 : block.made_by == Kind::concatenation || block.made_by == Kind::sum ? 1 : 2;
    const double x = from(block.bytes.first), w = from(block.bytes.last + 1) - x;
    const double bottom = at(static_cast<double>(block.offset));
    const double ceiling = at(static_cast<double>(block.offset + block.bytes.size)), h = bottom - ceiling;
    canvas.box(x, ceiling, w, h, "paper");  // no line of the grid behind a name
    canvas.box(x, ceiling, w, h, Canvas::fill(maker), block.name + ": " + block.place, 0.5);
    if (const double length = text_width(block.name, 12) + 6; length <= w && h >= 16)
      canvas.text(x + w / 2, ceiling + h / 2 + 4, block.name, "middle", "ink", 12);
    else if (length <= h && w >= 14)
      canvas.upright(x + w / 2 - 4, ceiling + (h - length) / 2 + 3, block.name, 12);
  }
  canvas.line(left, at(0), width - right, at(0), "axis");
  canvas.line(left, at(static_cast<double>(arena)), width - right, at(static_cast<double>(arena)), "guide");
  const int every = static_cast<int>((std::max)(1.0, Axis::step_for(count, 14)));
  for (int step = every; step <= static_cast<int>(steps); step += every)
    canvas.text(from(step) - column / 2, top + height + 20, std::to_string(step), "middle");
  canvas.text(left + column * count / 2, top + height + 42, "step", "middle", "muted");
  return canvas.finish();
}

}  // namespace detail

/// One box a layer, with its output's shape and its parameters; one arrow for each tensor that a layer reads. What runs
/// side by side stands side by side.
///
///     plot::save("net.svg", graph_svg<Net>());            // strata/plot/save.hpp
template <class Given>
std::string graph_svg() {
  detail::examine_network<Given>();
  using Net = typename detail::network_of<Given, detail::examined<Given>()>::type;
  constexpr const auto& network = Net::network();
  const auto string_of = [](const Text& text) { return std::string(std::string_view(text)); };
  std::vector<detail::DrawnNode> nodes;
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    const std::size_t parameters = node.parameter_count();
    Text facts;
    facts << network.tensor(node.output).shape;
    if (parameters > 0) facts << ", " << parameters << " parameters";
    std::vector<std::size_t> operands;
    for (int operand = 0; operand < node.operand_count; ++operand)
      operands.push_back(static_cast<std::size_t>(network.input_of(n, operand)));
    std::string name = string_of(Text(node.name)), type = string_of(node.rules->type());
    if (!node.rules->visible) name = std::exchange(type, std::string("of ").append(name));  // of `activation<ReLU>`
    nodes.push_back({name, type, string_of(facts), parameters > 0, operands});
  }
  return detail::draw_graph(
      nodes, string_of(Text() << network.layer_count << " layers, " << network.parameter_count() << " parameters, ") +
                 detail::fixed(static_cast<double>(network.mac_count) / 1e6, 3) + " million multiply-adds");
}

/// The arena of `Engine<Net, Choice>`, as `explain` tells it: time from left to right, one column a step; memory from
/// the bottom up, each tensor as high as its bytes. Names are where they fit; all come up under the pointer.
///
///     plot::save("memory.svg", memory_svg<Net>());        // strata/plot/save.hpp
template <class Given, Algorithms Choice = Fast>
std::string memory_svg() {
  detail::examine_network<Given>();
  using Net = typename detail::network_of<Given, detail::examined<Given>()>::type;
  constexpr const auto& network = Net::network();
  constexpr const auto& plan = Net::template inference_plan<Choice>();
  std::vector<detail::DrawnBlock> blocks;
  for (std::size_t t = 0; t < plan.blocks.size(); ++t) {
    if (plan.blocks[t].size == 0) continue;
    const NodeInfo& node = network.nodes[t];
    Kind made_by = node.rules->kind;
    for (std::size_t s = 0; s < plan.step_count; ++s)
      if (plan.steps[s].output == static_cast<int>(t))
        made_by = network.nodes[static_cast<std::size_t>(plan.steps[s].head)].rules->kind;
    blocks.push_back({std::string(std::string_view(Text(node.name))),
                      std::string(std::string_view(detail::place_of(plan, t))), made_by, plan.blocks[t],
                      plan.offsets[t]});
  }
  return detail::draw_memory(blocks, plan.arena_bytes, plan.step_count);
}

}  // namespace strata
