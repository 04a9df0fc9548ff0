// Line charts as SVG: training curves, gradients layer by layer.
//
//     std::ofstream("loss.svg")
//         << plot::chart({.title = "Loss",
//                         .x_title = "epoch",
//                         .y_title = "mean cross-entropy",
//                         .lines = {{"training", history.loss}, {"validation", history.val_loss}}});
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/text.hpp>
#include <strata/plot/axis.hpp>
#include <strata/plot/canvas.hpp>

namespace strata::plot {

/// A curve. Values that are not finite (on a logarithmic axis: not above zero) are gaps.
struct Line {
  std::string name;
  std::vector<double> y;
  std::vector<double> x{};            ///< as long as `y`; none: 1, 2, …
  std::vector<double> low{}, high{};  ///< a band around it, as long as `y`; or none
  bool dashed = false;
};

/// A horizontal line that says where something is: chance, a bound.
struct Guide {
  double y;
  std::string name;
};

struct Chart {
  std::string title{}, x_title{}, y_title{};
  std::vector<Line> lines{};
  std::vector<Guide> guides{};
  bool logarithmic = false;  ///< the y axis, in powers of ten
};

/// How charts stand side by side.
struct Layout {
  std::size_t columns = 2;
  double width = 280, height = 250;  ///< of one chart, pixels: two are read on a phone, too
};

namespace detail {

/// What a set of values spans.
struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void include(double value) {
    if (std::isfinite(value)) low = (std::min)(low, value), high = (std::max)(high, value);
  }
  bool empty() const { return low > high; }
};

inline double x_of(const Line& line, std::size_t i) {
  return line.x.empty() ? static_cast<double>(i + 1) : line.x[i];
}
/// Where a value is on the y axis; not finite where it cannot be drawn.
inline double on_axis(const Chart& chart, double y) {
  return !chart.logarithmic ? y : y > 0 ? std::log10(y) : std::numeric_limits<double>::quiet_NaN();
}

inline void check(const Line& line) {
  for (const std::vector<double>* column : {&line.x, &line.low, &line.high})
    if (!column->empty() && column->size() != line.y.size())
      strata::detail::raise<InvalidArgument>(
          Text() << "plot::Line '" << line.name << "': expected as many values in x, low and high as in y, "
                 << line.y.size() << ", or none; received " << column->size());
  if (line.low.empty() != line.high.empty())
    strata::detail::raise<InvalidArgument>(
        Text() << "plot::Line '" << line.name << "': expected both low and high of a band, received one");
}

inline Range y_range(const Chart& chart) {
  Range range;
  for (const Guide& guide : chart.guides) range.include(on_axis(chart, guide.y));
  for (const Line& line : chart.lines)
    for (const std::vector<double>* column : {&line.y, &line.low, &line.high})
      for (const double y : *column) range.include(on_axis(chart, y));
  return range;
}

inline Axis y_axis(const Chart& chart, Range range) {
  if (range.empty()) range = {0, 1};
  if (chart.logarithmic) {
    const double low = std::floor(range.low), high = (std::max)(std::ceil(range.high), low + 1);
    const double step = (std::max)(1.0, Axis::step_for(high - low, 5));
    return {std::floor(low / step) * step, std::ceil(high / step) * step, step};
  }
  if (range.low > 0 && range.low < range.high / 2) range.low = 0;  // near enough to show where nothing is
  return Axis::round(range.low, range.high, 5);
}

/// Draws a chart into a panel.
class Frame {
 public:
  Frame(Canvas& canvas, const Chart& chart, const std::vector<std::string>& names, const Axis& y, double x0, double y0,
        const Layout& layout)
      : canvas_(canvas), chart_(chart), names_(names), y_(y), x0_(x0) {
    double labels = 0;
    for (const double tick : y.ticks())
      labels = (std::max)(labels, chart.logarithmic ? 36 : text_width(y.label(tick), 14));
    left_ = x0 + 10 + labels + 8;
    width_ = x0 + layout.width - 16 - left_;
    top_ = y0 + (chart.title.empty() ? 4 : 24) + (chart.y_title.empty() ? 6 : 28);
    height_ = y0 + layout.height - (chart.x_title.empty() ? 32 : 54) - top_;
    Range x;
    for (const Line& line : chart.lines) {
      for (std::size_t i = 0; i < line.y.size(); ++i) x.include(x_of(line, i));
      if (line.y.size() > 12) dots_ = false;
    }
    if (x.empty()) x = {0, 1};
    x_ = Axis::tight(x.low, x.high, 5);
    x_ = Axis::tight(x.low, x.high, (std::max)(1, static_cast<int>(width_ / (text_width(x_.label(x_.high), 14) + 24))));
    if (whole(x.low) && whole(x.high)) x_.step = (std::max)(x_.step, 1.0);
  }

  void draw() {
    double above = top_ - 14;
    if (!chart_.y_title.empty()) canvas_.text(x0_ + 10, above, chart_.y_title, "start", "muted"), above -= 20;
    canvas_.text(x0_ + 10, above, chart_.title, "start", "ink bold", 16);
    for (const double tick : y_.ticks()) {
      const double y = at(tick);
      canvas_.line(left_, y, left_ + width_, y, "grid");
      if (chart_.logarithmic) canvas_.power_of_ten(left_ - 8, y + 5, static_cast<int>(std::lround(tick)));
      else canvas_.text(left_ - 8, y + 5, y_.label(tick), "end");
    }
    for (const double tick : x_.ticks()) {
      canvas_.line(at_x(tick), top_ + height_, at_x(tick), top_ + height_ + 4, "axis");
      canvas_.text(at_x(tick), top_ + height_ + 20, x_.label(tick), "middle");
    }
    canvas_.line(left_, top_ + height_, left_ + width_, top_ + height_, "axis");
    canvas_.text(left_ + width_ / 2, top_ + height_ + 42, chart_.x_title, "middle", "muted");
    for (const Guide& guide : chart_.guides)
      if (std::isfinite(at_y(guide.y))) canvas_.line(left_, at_y(guide.y), left_ + width_, at_y(guide.y), "guide");
    for (const Line& line : chart_.lines) draw_band(line);
    for (const Line& line : chart_.lines) draw(line);
    for (const Guide& guide : chart_.guides)
      if (std::isfinite(at_y(guide.y)))
        canvas_.text(left_ + width_, at_y(guide.y) + (at_y(guide.y) < top_ + height_ / 2 ? 20 : -8), guide.name, "end",
                     "muted halo");
  }

 private:
  static bool whole(double x) { return x == std::floor(x); }
  double at_x(double x) const { return left_ + 10 + (width_ - 20) * x_.part(x); }
  double at(double place) const { return top_ + height_ * (1 - y_.part(place)); }
  double at_y(double y) const { return at(on_axis(chart_, y)); }
  std::string colour(const Line& line) const {
    return Canvas::colour(
        static_cast<std::size_t>(std::find(names_.begin(), names_.end(), line.name) - names_.begin()));
  }

  /// Calls f(first, last) for each run of points that can be drawn, `last` not included.
  template <class F>
  void runs(const Line& line, F f) const {
    const auto drawn = [&](std::size_t i) {
      return std::isfinite(at_x(x_of(line, i))) && std::isfinite(at_y(line.y[i])) &&
             (line.low.empty() || (std::isfinite(at_y(line.low[i])) && std::isfinite(at_y(line.high[i]))));
    };
    for (std::size_t first = 0, last; first < line.y.size(); first = last + 1) {
      for (last = first; last < line.y.size() && drawn(last);) ++last;
      if (last > first) f(first, last);
    }
  }
  void draw_band(const Line& line) {
    if (line.low.empty()) return;
    runs(line, [&](std::size_t first, std::size_t last) {
      std::string points;
      for (std::size_t i = first; i < last; ++i) points += Canvas::point(at_x(x_of(line, i)), at_y(line.high[i]));
      for (std::size_t i = last; i-- > first;) points += Canvas::point(at_x(x_of(line, i)), at_y(line.low[i]));
      canvas_.area(points, colour(line));
    });
  }
  void draw(const Line& line) {
    const std::string classes = colour(line) + (line.dashed ? " dashed" : "");
    runs(line, [&](std::size_t first, std::size_t last) {
      std::string points;
      for (std::size_t i = first; i < last; ++i) points += Canvas::point(at_x(x_of(line, i)), at_y(line.y[i]));
      canvas_.curve(points, classes);
      if (!dots_ && last - first > 1) return;  // a point alone is seen only as a dot
      for (std::size_t i = first; i < last; ++i) canvas_.dot(at_x(x_of(line, i)), at_y(line.y[i]), colour(line));
    });
  }

  Canvas& canvas_;
  const Chart& chart_;
  const std::vector<std::string>& names_;
  const Axis y_;
  double x0_, left_ = 0, top_ = 0, width_ = 0, height_ = 0;
  Axis x_;
  bool dots_ = true;
};

struct Key {
  std::string name, classes;
};

/// Calls put(key, x, y) for the entries of a legend, from y0 downwards; returns where it ends.
template <class Put>
double lay_out(const std::vector<Key>& keys, double width, double y0, Put put) {
  double x = 10, y = y0;
  for (const Key& key : keys) {
    const double needed = 30 + text_width(key.name, 14);
    if (x > 10 && x + needed > width) x = 10, y += 22;
    put(key, x, y);
    x += needed + 18;
  }
  return keys.empty() ? y0 : y + 22;
}

}  // namespace detail

/// Charts side by side under one title. Lines of one name have one colour, one legend serves all, and charts of one
/// y title have one y axis. Throws InvalidArgument where the columns of a line are not of one length.
inline std::string charts(const std::string& title, const std::vector<Chart>& charts, const Layout& layout = {}) {
  using namespace detail;
  std::vector<std::string> names;
  std::vector<Key> keys;
  for (const Chart& chart : charts) {
    for (const Line& line : chart.lines) {
      check(line);
      if (std::find(names.begin(), names.end(), line.name) != names.end()) continue;
      keys.push_back({line.name, Canvas::colour(names.size()) + (line.dashed ? " dashed" : "")});
      names.push_back(line.name);
    }
  }
  const std::size_t columns = (std::max<std::size_t>)(1, (std::min)(layout.columns, charts.size()));
  const std::size_t rows = (charts.size() + columns - 1) / columns;
  const double width = layout.width * static_cast<double>(columns);
  const std::vector<std::string> head = wrapped(title, 19, width - 20);
  const double legend = 26 + 24 * static_cast<double>(head.size());
  const double top = lay_out(keys, width, legend, [](const Key&, double, double) {});

  Canvas canvas(width, top + layout.height * static_cast<double>(rows), title);
  for (std::size_t i = 0; i < head.size(); ++i)
    canvas.text(10, 28 + 24 * static_cast<double>(i), head[i], "start", "ink bold", 19);
  lay_out(keys, width, legend, [&](const Key& key, double x, double y) {
    canvas.curve(Canvas::point(x, y - 5) + Canvas::point(x + 22, y - 5), key.classes);
    canvas.text(x + 30, y, key.name);
  });
  for (std::size_t i = 0; i < charts.size(); ++i) {
    Range range;
    for (const Chart& other : charts) {
      if (other.y_title != charts[i].y_title || other.logarithmic != charts[i].logarithmic) continue;
      const Range more = y_range(other);
      range.include(more.low), range.include(more.high);
    }
    Frame(canvas, charts[i], names, y_axis(charts[i], range), layout.width * static_cast<double>(i % columns),
          top + layout.height * static_cast<double>(i / columns), layout)
        .draw();
  }
  return canvas.finish();
}

/// One chart; its title is the picture's.
inline std::string chart(Chart one, double width = 480, double height = 300) {
  const std::string title = std::move(one.title);
  one.title.clear();
  return charts(title, {std::move(one)}, {.columns = 1, .width = width, .height = height});
}

}  // namespace strata::plot
