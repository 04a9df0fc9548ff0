// A network as Keras' `model.summary()` prints it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/number.hpp>
#include <strata/graph/lower.hpp>

namespace strata {

/// Which Keras' table: that of tf.keras up to 2.6, or the box of Keras 3.
enum class SummaryStyle { keras2, keras3 };

namespace detail {

/// A visible layer with all of its nodes: their parameters, the last one's shape, what the first one reads.
struct SummaryRow {
  std::string layer, shape{};
  std::size_t params = 0;
  std::vector<std::string> connected_to{};  ///< conv2d[0][0]
};
struct SummaryTable {
  std::string name;
  std::size_t trainable, non_trainable;
  bool branches = false;  ///< then there is a column "Connected to"
  std::vector<SummaryRow> rows{};
};

/// Appends each part. (g++ 12 sees dangers that are none in operator+ of strings and literals.)
template <class... Parts>
void append(std::string& text, const Parts&... parts) {
  (text.append(parts), ...);
}

/// (None, 32, 32, 3)
inline std::string batch_shape(Shape shape) {
  std::string text = "(None";
  for (int axis = 0; axis < shape.rank; ++axis) append(text, ", ", std::to_string(shape[axis]));
  append(text, ")");
  return text;
}

/// 10,400
inline std::string with_thousands(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
  return text;
}

/// 40.62 KB, of float parameters
inline std::string memory_size(std::size_t parameters) {
  constexpr std::array<const char*, 5> units{"B", "KB", "MB", "GB", "TB"};
  double size = static_cast<double>(parameters) * sizeof(float);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
  return fixed(size, 2) + " " + units[unit];
}

/// Keras 2 `print_layer_summary`: a field is cut where its column ends, and a blank stands before the next.
inline std::string keras2_table(const SummaryTable& table) {
  const std::vector<std::size_t> ends =
      table.branches ? std::vector<std::size_t>{32, 53, 65, 98} : std::vector<std::size_t>{29, 55, 65};
  std::string out;
  append(out, "Model: \"", table.name, "\"\n");
  const auto rule = [&](char c) { append(out, std::string(ends.back(), c), "\n"); };
  const auto row = [&](const std::array<std::string, 4>& fields) {
    std::string line;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (i > 0) line.back() = ' ';
      line += fields[i];
      line.resize(ends[i], ' ');
    }
    append(out, line, "\n");
  };
  rule('_');
  row({"Layer (type)", "Output Shape", "Param #", "Connected to"});
  rule('=');
  for (const SummaryRow& layer : table.rows) {
    if (&layer != &table.rows.front()) rule('_');
    const auto reads = [&](std::size_t i) { return i < layer.connected_to.size() ? layer.connected_to[i] : ""; };
    row({layer.layer, layer.shape, std::to_string(layer.params), reads(0)});
    for (std::size_t i = 1; i < layer.connected_to.size(); ++i) row({"", "", "", reads(i)});
  }
  rule('=');
  append(out, "Total params: ", with_thousands(table.trainable + table.non_trainable), "\n");
  append(out, "Trainable params: ", with_thousands(table.trainable), "\n");
  append(out, "Non-trainable params: ", with_thousands(table.non_trainable), "\n");
  rule('_');
  return out;
}

/// Lines of at most `width` characters, broken at blanks; a longer word ends in "…".
inline std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t used = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (used > 0 && used + 1 + word.size() > width) lines.emplace_back(), used = 0;
    if (used > 0) lines.back() += ' ', ++used;
    append(lines.back(), word.size() <= width ? word : word.substr(0, width - 1), word.size() <= width ? "" : "…");
    used += std::min(word.size(), width);
  }
  return lines;
}

/// Keras 3: a box drawn by the Python package `rich`.
inline std::string keras3_table(const SummaryTable& table) {
  const std::vector<std::size_t> widths =
      table.branches ? std::vector<std::size_t>{19, 17, 10, 17} : std::vector<std::size_t>{36, 27, 15};
  std::string out;
  append(out, "Model: \"", table.name, "\"\n");
  const auto rule = [&](const char* left, const char* line, const char* cross, const char* right) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      out += i == 0 ? left : cross;
      for (std::size_t k = 0; k < widths[i] + 2; ++k) out += line;
    }
    append(out, right, "\n");
  };
  const auto row = [&](const char* bar, const std::array<std::string, 4>& fields) {
    std::array<std::vector<std::string>, 4> cells;
    std::size_t lines = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      cells[i] = wrap(fields[i], widths[i]);
      lines = std::max(lines, cells[i].size());
    }
    for (std::size_t k = 0; k < lines; ++k) {
      for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::string text = k < cells[i].size() ? cells[i][k] : "";
        const std::string blank(widths[i] - (text.ends_with("…") ? widths[i] : text.size()), ' ');
        append(out, bar, " ", i == 2 ? blank : text, i == 2 ? text : blank, " ");
      }
      append(out, bar, "\n");
    }
  };
  rule("┏", "━", "┳", "┓");
  row("┃", {"Layer (type)", "Output Shape", "Param #", "Connected to"});
  rule("┡", "━", "╇", "┩");
  for (const SummaryRow& layer : table.rows) {
    if (&layer != &table.rows.front()) rule("├", "─", "┼", "┤");
    std::string reads;
    for (const std::string& name : layer.connected_to) append(reads, reads.empty() ? "" : ", ", name);
    row("│", {layer.layer, layer.shape, with_thousands(layer.params), reads.empty() ? "-" : reads});
  }
  rule("└", "─", "┴", "┘");
  const auto total = [&](const char* what, std::size_t count) {
    append(out, " ", what, ": ", with_thousands(count), " (", memory_size(count), ")\n");
  };
  total("Total params", table.trainable + table.non_trainable);
  total("Trainable params", table.trainable);
  total("Non-trainable params", table.non_trainable);
  return out;
}

}  // namespace detail

/// Keras' table of layers, output shapes and parameters, to the byte. Networks with branches have the input's row and
/// the column "Connected to", as Keras' functional models. A `name` that is empty is Keras' own.
///
///     std::cout << summary<Net>();
///     std::cout << summary<Net>(SummaryStyle::keras3, "my_model");
template <class Net>
std::string summary(SummaryStyle style = SummaryStyle::keras2, std::string_view name = "") {
  constexpr const auto& network = Net::network();
  const bool keras2 = style == SummaryStyle::keras2;
  detail::SummaryTable table{std::string(name), network.trainable_count, network.state_count};
  table.branches = network.input_count + network.output_count > 2;
  for (const TensorInfo& tensor : network.tensors) table.branches |= tensor.consumers > 1;
  if (name.empty()) table.name = !table.branches ? "sequential" : keras2 ? "model" : "functional";
  const auto name_of = [&](const NodeInfo& node) {
    const std::string text(std::string_view(Text(node.name)));
    return keras2 && text == "input_layer" ? "input_1" : text;
  };
  int layer = table.branches ? -1 : 0;
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    if (node.layer == 0 && layer == 0) continue;  // the input of a chain has no row
    if (node.layer != layer) {
      std::string label = name_of(node);
      detail::append(label, " (", node.rules->class_name, ")");
      table.rows.push_back({std::move(label)});
      layer = node.layer;
      for (int operand = 0; operand < node.operand_count; ++operand) {
        const int maker = network.tensor(network.input_of(n, operand)).producer;
        std::string read = name_of(network.nodes[static_cast<std::size_t>(maker)]);
        detail::append(read, "[0][0]");
        table.rows.back().connected_to.push_back(std::move(read));
      }
    }
    detail::SummaryRow& row = table.rows.back();
    row.shape = detail::batch_shape(network.tensor(node.output).shape);
    if (n < network.input_count && keras2) row.shape = "[" + row.shape + "]";
    row.params += node.parameter_count();
  }
  return keras2 ? detail::keras2_table(table) : detail::keras3_table(table);
}

}  // namespace strata
