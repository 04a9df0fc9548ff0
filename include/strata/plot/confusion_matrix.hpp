// Which classes a network takes for which, as SVG.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/text.hpp>
#include <strata/plot/canvas.hpp>

namespace strata::plot {

/// A row for each true class, a column for each predicted one; a cell is as strong as its part of the row. `labels` and
/// `predictions` are numbers of classes, from 0. Throws InvalidArgument.
///
///     std::ofstream("confusion.svg")
///         << plot::confusion_matrix("Test images", test.class_names(), test.labels(), predictions);
inline std::string confusion_matrix(const std::string& title, std::span<const std::string> class_names,
                                    std::span<const int> labels, std::span<const int> predictions) {
  const std::size_t n = class_names.size();
  if (labels.size() != predictions.size())
    strata::detail::raise<InvalidArgument>(Text() << "plot::confusion_matrix: expected a prediction for each of "
                                                  << labels.size() << " labels, received " << predictions.size());
  std::vector<std::size_t> counts(n * n), totals(n);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (const int label : {labels[i], predictions[i]})
      if (label < 0 || static_cast<std::size_t>(label) >= n)
        strata::detail::raise<InvalidArgument>(
            Text() << "plot::confusion_matrix: expected labels and predictions below " << n
                   << ", the number of names, received " << label);
    const auto row = static_cast<std::size_t>(labels[i]);
    ++totals[row], ++counts[row * n + static_cast<std::size_t>(predictions[i])];
  }

  const double cell = n <= 20 ? 42 : 18;  // with numbers, or without
  double names = 0;
  for (const std::string& name : class_names) names = (std::max)(names, text_width(name, 14));
  const double left = 40 + names, side = cell * static_cast<double>(n), width = (std::max)(left + side + 12, 320.0);
  const std::vector<std::string> head = wrapped(title, 19, width - 20);
  const double top = 34 + 24 * static_cast<double>(head.size());
  const auto at = [&](std::size_t i) { return cell * static_cast<double>(i); };

  Canvas canvas(width, top + side + names + 48, title);
  for (std::size_t i = 0; i < head.size(); ++i)
    canvas.text(10, 28 + 24 * static_cast<double>(i), head[i], "start", "ink bold", 19);
  canvas.text(10, top - 8, "true class", "start", "muted");
  canvas.text(left + side / 2, top + side + names + 34, "predicted class", "middle", "muted");
  for (std::size_t row = 0; row < n; ++row) {
    canvas.text(left - 8, top + at(row) + cell / 2 + 5, class_names[row], "end");
    canvas.upright(left + at(row) + cell / 2 - 5, top + side + 8, class_names[row]);
    for (std::size_t column = 0; column < n; ++column) {
      const std::size_t count = counts[row * n + column];
      const double part = totals[row] == 0 ? 0 : static_cast<double>(count) / static_cast<double>(totals[row]);
      canvas.box(left + at(column), top + at(row), cell, cell, Canvas::fill(row == column ? 0 : 1),
                 class_names[row] + " taken for " + class_names[column] + ": " + std::to_string(count), 0.7 * part);
      if (count > 0 && n <= 20)
        canvas.text(left + at(column) + cell / 2, top + at(row) + cell / 2 + 5, std::to_string(count), "middle");
    }
  }
  return canvas.finish();
}

}  // namespace strata::plot
