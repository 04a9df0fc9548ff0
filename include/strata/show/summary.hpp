// A network as Keras' `model.summary()` prints it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/graph/keras_order.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/sequential.hpp>

namespace strata {

/// Which Keras' table: that of tf.keras up to 2.6, or the box of Keras 3.
enum class SummaryStyle { keras2, keras3 };

/// As the arguments of Keras' `Model.summary`.
struct SummaryOptions {
  SummaryStyle style = SummaryStyle::keras2;
  std::string_view name{};  ///< the model's; empty: Keras' own
  /// Characters of a line. 0: Keras' default, for chains and networks with branches 65 and 98 in Keras 2, 88 and 108 in
  /// Keras 3. That one takes no more than the columns of its terminal less four: 76 where they are 80.
  int line_length = 0;
};

namespace detail {

/// A visible layer with all of its nodes: their parameters, the last one's shape, what the first one reads.
struct SummaryRow {
  std::string layer{}, shape{};
  std::size_t params = 0;
  std::vector<std::string> connected_to{};  ///< conv2d[0][0]
};
struct SummaryTable {
  std::string name;
  std::size_t trainable, non_trainable, non_trainable_bytes = 0;
  int line_length = 0;
  bool connected = false;  ///< then there is a column "Connected to"
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

/// 40.62 KB
inline std::string memory_size(std::size_t bytes) {
  constexpr std::array<const char*, 6> units{"B", "KB", "MB", "GB", "TB", "PB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
  return fixed(size, 2) + " " + units[unit];
}

/// Of UTF-8 text.
inline std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}
inline std::string first_characters(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  while (end < text.size() && characters(text.substr(0, end + 1)) <= count) ++end;
  return std::string(text.substr(0, end));
}

/// The widths of columns that take a line up to these parts of it.
inline std::vector<std::size_t> column_widths(const std::vector<double>& positions, int line_length) {
  std::vector<std::size_t> widths;
  int end = 0;
  for (const double position : positions) {
    const int begin = std::exchange(end, static_cast<int>(position * line_length));
    if (end - begin < 5)
      raise<InvalidArgument>("summary: expected a line_length that leaves five characters to each column, received " +
                             std::to_string(line_length) + "; take 80");
    widths.push_back(static_cast<std::size_t>(end - begin));
  }
  return widths;
}

/// Keras 2 `print_layer_summary`: a field is cut where its column ends, and a blank stands before the next.
inline std::string keras2_table(const SummaryTable& table) {
  const std::vector<double> positions =
      table.connected ? std::vector{0.33, 0.55, 0.67, 1.0} : std::vector{0.45, 0.85, 1.0};
  const std::vector<std::size_t> widths = column_widths(positions, table.line_length);
  std::string out;
  append(out, "Model: \"", table.name, "\"\n");
  const auto rule = [&](char c) { append(out, std::string(static_cast<std::size_t>(table.line_length), c), "\n"); };
  const auto row = [&](const std::array<std::string, 4>& fields) {
    std::string line;
    for (std::size_t i = 0, end = 0; i < widths.size(); ++i) {
      if (i > 0) line = first_characters(line, end - 1) + ' ';
      line = first_characters(line + fields[i], end += widths[i]);
      line.append(end - characters(line), ' ');
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
    text.remove_prefix((std::min)(word.size() + 1, text.size()));
    const std::size_t length = characters(word);
    if (used > 0 && used + 1 + length > width) lines.emplace_back(), used = 0;
    if (used > 0) lines.back() += ' ', ++used;
    append(lines.back(), length <= width ? std::string(word) : first_characters(word, width - 1) + "…");
    used += (std::min)(length, width);
  }
  return lines;
}

/// Keras 3: a box drawn by the Python package `rich`, which takes the room of its lines and blanks from the columns.
inline std::string keras3_table(const SummaryTable& table) {
  std::vector<std::size_t> widths = table.connected ? column_widths({0.3, 0.56, 0.74, 1.0}, table.line_length)
                                                    : column_widths({0.45, 0.8, 1.0}, table.line_length);
  for (std::size_t& width : widths) width -= 3;
  --widths[table.connected ? 2 : 1];
  std::string out;
  append(out, "Model: \"", table.name, "\"\n");
  const auto rule = [&](const char* left, const char* line, const char* cross, const char* right) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      out += i == 0 ? left : cross;
      for (std::size_t k = 0; k < widths[i] + 2; ++k) out += line;
    }
    append(out, right, "\n");
  };
  const auto row = [&](const char* bar, bool heading, const std::array<std::string, 4>& fields) {
    std::array<std::vector<std::string>, 4> cells;
    std::size_t lines = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      cells[i] = wrap(fields[i], widths[i]);
      lines = (std::max)(lines, cells[i].size());
    }
    for (auto& cell : cells) cell.insert(heading ? cell.begin() : cell.end(), lines - cell.size(), "");
    for (std::size_t k = 0; k < lines; ++k) {
      for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::string& text = cells[i][k];
        const std::string blank(widths[i] - characters(text), ' ');
        append(out, bar, " ", i == 2 ? blank : text, i == 2 ? text : blank, " ");
      }
      append(out, bar, "\n");
    }
  };
  rule("┏", "━", "┳", "┓");
  row("┃", true, {"Layer (type)", "Output Shape", "Param #", "Connected to"});
  rule("┡", "━", "╇", "┩");
  for (const SummaryRow& layer : table.rows) {
    if (&layer != &table.rows.front()) rule("├", "─", "┼", "┤");
    std::string reads;
    for (const std::string& name : layer.connected_to) append(reads, reads.empty() ? "" : ", ", name);
    row("│", false, {layer.layer, layer.shape, with_thousands(layer.params), reads.empty() ? "-" : reads});
  }
  rule("└", "─", "┴", "┘");
  const std::size_t trainable_bytes = sizeof(float) * table.trainable;
  const auto total = [&](const char* what, std::size_t count, std::size_t bytes) {
    append(out, " ", what, ": ", with_thousands(count), " (", memory_size(bytes), ")\n");
  };
  total("Total params", table.trainable + table.non_trainable, trainable_bytes + table.non_trainable_bytes);
  total("Trainable params", table.trainable, trainable_bytes);
  total("Non-trainable params", table.non_trainable, table.non_trainable_bytes);
  return out;
}

}  // namespace detail

/// Keras' table of layers, output shapes and parameters, to the byte. A Graph, and a Sequential with branches, are
/// Keras' functional models, with the inputs' rows; where layers join or part, with the column "Connected to".
///
///     std::cout << summary<Net>();
///     std::cout << summary<Net>({.style = SummaryStyle::keras3, .name = "my_model", .line_length = 100});
template <class Given>
std::string summary(const SummaryOptions& options) {
  detail::examine_network<Given>();
  using Net = typename detail::network_of<Given, detail::examined<Given>()>::type;
  constexpr const auto& network = Net::network();
  const bool keras2 = options.style == SummaryStyle::keras2;
  detail::SummaryTable table{std::string(options.name), Net::trainable_param_count,
                             Net::non_trainable_param_count};
  const auto name_of = [&](const NodeInfo& node) {
    const std::string text(std::string_view(Text(node.name)));
    return keras2 && text == "input_layer" ? "input_1" : text;
  };
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    if (table.rows.size() == static_cast<std::size_t>(node.layer)) {
      detail::SummaryRow& row = table.rows.emplace_back();
      detail::append(row.layer, name_of(node), " (", node.rules->class_name, ")");
      for (int operand = 0; operand < node.operand_count; ++operand) {
        const int maker = network.tensor(network.input_of(n, operand)).producer;
        const NodeInfo& read = network.nodes[static_cast<std::size_t>(maker)];
        detail::append(row.connected_to.emplace_back(), name_of(read), "[0][0]");
      }
      table.connected |= node.operand_count > 1;
    }
    detail::SummaryRow& row = table.rows.back();
    row.shape = detail::batch_shape(network.tensor(node.output).shape);
    if (n < network.input_count && keras2) row.shape = "[" + row.shape + "]";
    row.params += node.parameter_count();
    for (const Parameter& parameter : node.parameters())
      if (node.role(parameter) != Role::trained) table.non_trainable_bytes += parameter.bytes * parameter.shape.size();
  }
  const std::vector<detail::LayerPlace> order = detail::keras_order(network);
  std::vector<detail::SummaryRow> rows;
  for (const detail::LayerPlace& place : order) rows.push_back(std::move(table.rows[place.layer]));
  table.rows = std::move(rows);
  table.connected |= order.size() > 1 && order.end()[-2].depth == 0;  // two ends
  const bool functional = table.connected || !network.nodes[0].name.prefix.empty();
  if (!functional) table.rows.erase(table.rows.begin());  // no row of the input
  if (table.name.empty()) table.name = !functional ? "sequential" : keras2 ? "model" : "functional";
  table.line_length = options.line_length != 0 ? options.line_length
                      : keras2                 ? (table.connected ? 98 : 65)
                                               : (table.connected ? 108 : 88);
  return keras2 ? detail::keras2_table(table) : detail::keras3_table(table);
}
template <class Net>
std::string summary(SummaryStyle style = SummaryStyle::keras2, std::string_view name = "") {
  return summary<Net>(SummaryOptions{style, name});
}

}  // namespace strata
