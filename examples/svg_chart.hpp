// Line charts side by side in one SVG file: just enough for the figures of the lessons.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace chart {

/// One curve; x counts from 1.
struct Series {
  std::string name;
  std::string colour;
  std::vector<double> values;
};

struct Panel {
  std::string title, x_title, y_title;
  std::vector<Series> series;
  bool logarithmic = false;  ///< the y axis, in powers of ten
  double guide = NAN;        ///< a dashed horizontal line, if any
  std::string guide_name{};
};

namespace detail {

inline std::string number(double value, const char* format = "%.1f") {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// Draws into a frame of width x height pixels whose upper left corner is (left, top).
class Frame {
 public:
  Frame(const Panel& panel, double left, double top, double width, double height)
      : panel_(panel), left_(left), top_(top), width_(width), height_(height) {
    double low = std::isnan(panel.guide) ? INFINITY : panel.guide,
           high = std::isnan(panel.guide) ? -INFINITY : panel.guide;
    for (const Series& series : panel.series) {
      count_ = std::max(count_, series.values.size());
      for (const double value : series.values) low = std::min(low, value), high = std::max(high, value);
    }
    if (panel.logarithmic) {
      low_ = std::floor(std::log10(low));
      high_ = std::ceil(std::log10(high));
      step_ = 1;
    } else {
      step_ = high > 2 ? 0.5 : 0.1;
      low_ = 0;
      high_ = std::ceil(high / step_) * step_;
    }
  }

  std::string draw() const {
    std::string svg;
    svg += text(left_ - 52, top_ - 22, panel_.title, "font-weight='bold' font-size='17'");
    for (double tick = low_; tick <= high_ + step_ / 2; tick += step_) {
      const double y = y_of(tick);
      svg += line(left_, y, left_ + width_, y, "stroke='#e4e4e4'");
      const std::string label = panel_.logarithmic
                                    ? "10<tspan dy='-6' font-size='10'>" + std::string(tick < 0 ? "−" : "") +
                                          number(std::abs(tick), "%.0f") + "</tspan>"
                                    : number(tick);
      svg += text(left_ - 9, y + 5, label, "text-anchor='end'");
    }
    for (std::size_t i = 0; i < count_; ++i)
      svg += text(x_of(i), top_ + height_ + 20, std::to_string(i + 1), "text-anchor='middle'");
    svg += line(left_, top_ + height_, left_ + width_, top_ + height_, "stroke='#444'");
    svg += text(left_ + width_ / 2, top_ + height_ + 46, panel_.x_title, "text-anchor='middle' font-size='14'");
    svg += text(0, 0, panel_.y_title,
                "text-anchor='middle' font-size='14' transform='translate(" + number(left_ - 52) + "," +
                    number(top_ + height_ / 2) + ") rotate(-90)'");
    if (!std::isnan(panel_.guide)) {
      const double y = y_of(panel_.guide);
      svg += line(left_, y, left_ + width_, y, "stroke='#777' stroke-dasharray='3 4'");
      svg += text(left_ + width_, y - 9, panel_.guide_name,
                  "text-anchor='end' fill='#666' stroke='white' stroke-width='4' paint-order='stroke'");
    }
    for (const Series& series : panel_.series) {
      std::string points, dots;
      for (std::size_t i = 0; i < series.values.size(); ++i) {
        const std::string x = number(x_of(i)),
                          y = number(y_of(panel_.logarithmic ? std::log10(series.values[i]) : series.values[i]));
        points += x + "," + y + " ";
        dots += "<circle cx='" + x + "' cy='" + y + "' r='4' fill='" + series.colour +
                "' stroke='white' stroke-width='1.5'/>\n";
      }
      svg +=
          "<polyline points='" + points + "' fill='none' stroke='" + series.colour + "' stroke-width='2.5'/>\n" + dots;
    }
    return svg;
  }

 private:
  static std::string text(double x, double y, const std::string& content, const std::string& style) {
    return "<text x='" + number(x) + "' y='" + number(y) + "' " + style + ">" + content + "</text>\n";
  }
  static std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
    return "<line x1='" + number(x1) + "' y1='" + number(y1) + "' x2='" + number(x2) + "' y2='" + number(y2) + "' " +
           style + "/>\n";
  }
  double x_of(std::size_t i) const {
    const double part = count_ < 2 ? 0.5 : static_cast<double>(i) / static_cast<double>(count_ - 1);
    return left_ + 14 + part * (width_ - 28);
  }
  double y_of(double value) const { return top_ + height_ * (high_ - value) / (high_ - low_); }

  const Panel& panel_;
  double left_, top_, width_, height_;
  double low_ = 0, high_ = 1, step_ = 1;
  std::size_t count_ = 0;
};

}  // namespace detail

/// Writes panels with series of the same names and colours; one legend serves all. Throws std::runtime_error.
inline void write_svg(const std::filesystem::path& path, const std::string& title, const std::vector<Panel>& panels) {
  constexpr double panel_width = 500, height = 450, left = 78, right = 26, top = 128, bottom = 66;
  const double width = panel_width * static_cast<double>(panels.size());
  const std::string size =
      "width='" + detail::number(width, "%.0f") + "' height='" + detail::number(height, "%.0f") + "'";
  std::string svg = "<svg xmlns='http://www.w3.org/2000/svg' " + size + " viewBox='0 0 " +
                    detail::number(width, "%.0f") + " " + detail::number(height, "%.0f") +
                    "' font-family='Helvetica, Arial, sans-serif' font-size='13' fill='#222'>\n" + "<rect " + size +
                    " fill='white'/>\n" + "<text x='26' y='38' font-size='21' font-weight='bold'>" + title +
                    "</text>\n";
  double x = 26;
  for (const Series& series : panels.front().series) {
    const std::string at = detail::number(x), end = detail::number(x + 30), middle = detail::number(x + 15);
    svg += "<line x1='" + at + "' y1='66' x2='" + end + "' y2='66' stroke='" + series.colour +
           "' stroke-width='2.5'/>\n" + "<circle cx='" + middle + "' cy='66' r='4' fill='" + series.colour +
           "' stroke='white' stroke-width='1.5'/>\n" + "<text x='" + detail::number(x + 38) +
           "' y='71' font-size='15'>" + series.name + "</text>\n";
    x += 70 + 8.2 * static_cast<double>(series.name.size());
  }
  for (std::size_t i = 0; i < panels.size(); ++i)
    svg += detail::Frame(panels[i], panel_width * static_cast<double>(i) + left, top, panel_width - left - right,
                         height - top - bottom)
               .draw();
  std::ofstream file(path);
  file << svg << "</svg>\n";
  if (!file.flush()) throw std::runtime_error(path.string() + ": cannot be written");
}

}  // namespace chart
