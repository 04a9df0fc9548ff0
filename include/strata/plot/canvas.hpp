// An SVG picture in the making: text, lines, boxes and images in colours that follow the reader's light or dark scheme.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/number.hpp>

namespace strata::plot {

/// How wide a text will be, in pixels: an upper estimate for common fonts without serifs.
inline double text_width(std::string_view utf8, double size) {
  std::size_t characters = 0;
  for (const char c : utf8) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return 0.6 * size * static_cast<double>(characters);
}

/// The text in lines of at most `width` pixels; a longer word stays whole.
inline std::vector<std::string> wrapped(std::string_view utf8, double size, double width) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < utf8.size();) {
    const std::size_t end = (std::min)(utf8.find(' ', start), utf8.size());
    const std::string word(utf8.substr(start, end - start));
    if (!lines.empty() && text_width(lines.back() + " " + word, size) <= width) lines.back() += " " + word;
    else lines.push_back(word);
    start = end + 1;
  }
  return lines;
}

/// The text, cut to `width` pixels with an ellipsis.
inline std::string cut(std::string_view utf8, double size, double width) {
  if (text_width(utf8, size) <= width) return std::string(utf8);
  std::string text(utf8);
  while (!text.empty() && text_width(text + "…", size) > width) {
    while ((static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    text.pop_back();
  }
  return text.empty() ? text : text + "…";
}

/// Lengths are pixels, y grows downwards; what is not finite is drawn at 0. What is drawn has a class, not a colour:
/// "ink", "muted", "grid", "axis", "box", or `colour(i)` of eight that the colour-blind can tell apart (after Okabe and
/// Ito, 2008). Text is escaped.
class Canvas {
 public:
  /// `title` is read out, and shown under the pointer; not drawn.
  Canvas(double width, double height, std::string_view title) {
    put("<svg xmlns='http://www.w3.org/2000/svg' class='strata' role='img' width='", width, "' height='", height,
        "' viewBox='0 0 ", width, " ", height, "'>\n<title>", escaped(title), "</title>\n", style,
        "<rect class='paper' width='100%' height='100%'/>\n");
  }

  static std::string colour(std::size_t i) {
    constexpr std::string_view classes[] = {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"};
    return std::string(classes[i % std::size(classes)]);
  }

  /// Of a box.
  static std::string fill(std::size_t i) { return colour(i).append(" fill"); }

  /// `anchor`: start, middle or end.
  void text(double x, double y, std::string_view words, std::string_view anchor = "start",
            std::string_view classes = "ink", double size = 14) {
    if (words.empty()) return;
    put("<text x='", x, "' y='", y, "' text-anchor='", anchor, "' class='", classes, "' font-size='", size, "'>",
        escaped(words), "</text>\n");
  }
  /// Ten to the power of `exponent`, ending at x.
  void power_of_ten(double x, double y, int exponent) {
    put("<text x='", x, "' y='", y, "' text-anchor='end' class='ink' font-size='14'>10<tspan dy='-6' font-size='11'>",
        exponent < 0 ? "−" : "", exponent < 0 ? -exponent : exponent, "</tspan></text>\n");
  }
  /// Begins at (x, y) and goes down.
  void upright(double x, double y, std::string_view words, double size = 14) {
    put("<text class='ink' font-size='", size, "' transform='translate(", x, ",", y, ") rotate(90)'>", escaped(words),
        "</text>\n");
  }
  void line(double x1, double y1, double x2, double y2, std::string_view classes) {
    put("<line x1='", x1, "' y1='", y1, "' x2='", x2, "' y2='", y2, "' class='", classes, "'/>\n");
  }
  /// `title` comes up under the pointer.
  void box(double x, double y, double width, double height, std::string_view classes, std::string_view title = {},
           double opacity = 1) {
    put("<rect x='", x, "' y='", y, "' width='", width, "' height='", height, "' class='", classes, "'");
    if (opacity != 1) put(" fill-opacity='", opacity, "'");
    if (title.empty()) put("/>\n");
    else put("><title>", escaped(title), "</title></rect>\n");
  }
  /// `points`: `point`s one after another.
  void curve(std::string_view points, std::string_view classes) {
    put("<polyline points='", points, "' class='curve ", classes, "'/>\n");
  }
  void area(std::string_view points, std::string_view classes) {
    put("<polygon points='", points, "' class='area ", classes, "'/>\n");
  }
  void dot(double x, double y, std::string_view classes) {
    put("<circle cx='", x, "' cy='", y, "' r='3.5' class='dot ", classes, "'/>\n");
  }
  /// A path in SVG's own letters that ends in an arrowhead.
  void arrow(std::string_view path) { put("<path d='", path, "' class='arrow'/>\n"); }
  /// `png`: see png.hpp. Pixels are squares, or `smooth`.
  void image(double x, double y, double width, double height, std::string_view png, bool smooth = false) {
    put("<image x='", x, "' y='", y, "' width='", width, "' height='", height, "' preserveAspectRatio='none'",
        smooth ? "" : " class='pixels'", " href='", png, "'/>\n");
  }

  std::string finish() const { return svg_ + "</svg>\n"; }

  static std::string number(double value) {
    std::string text = strata::detail::fixed(std::isfinite(value) ? value : 0, 2);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
  }
  static std::string point(double x, double y) { return number(x) + "," + number(y) + " "; }
  /// Of a path.
  static std::string command(char letter, std::initializer_list<std::pair<double, double>> points) {
    std::string text(1, letter);
    for (const auto& [x, y] : points) text += point(x, y);
    return text;
  }

  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '<') out += "&lt;";
      else if (c == '>') out += "&gt;";
      else if (c == '&') out += "&amp;";
      else if (c == '\'') out += "&#39;";
      else if (static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') out += ' ';  // XML has no such characters
      else out += c;
    }
    return out;
  }

 private:
  static constexpr std::string_view style =
      "<style>\n"
      ".strata { font-family: Helvetica, Arial, 'DejaVu Sans', sans-serif; --paper: #fff; --ink: #1f2328; "
      "--muted: #636c76; --grid: #e2e5e9; --box: #f4f6f8; --weights: #dcebf8; --c0: #0072b2; --c1: #d55e00; "
      "--c2: #00865f; --c3: #b5578f; --c4: #c98300; --c5: #3f9fd0; --c6: #333; --c7: #7d7a00 }\n"
      "@media (prefers-color-scheme: dark) { .strata { --paper: #14171a; --ink: #e6e9ec; --muted: #9aa4ae; "
      "--grid: #30363d; --box: #21262c; --weights: #1d3a54; --c0: #4aa8e0; --c1: #ff8340; --c2: #2fc493; "
      "--c3: #e08fc0; --c4: #f0b43c; --c5: #8fd0f5; --c6: #ddd; --c7: #c9c53a } }\n"
      ".strata .paper { fill: var(--paper) } .strata .ink { fill: var(--ink) } .strata .muted { fill: var(--muted) }\n"
      ".strata .bold { font-weight: bold } .strata .pixels { image-rendering: pixelated }\n"
      ".strata .halo { stroke: var(--paper); stroke-width: 4px; paint-order: stroke }\n"
      ".strata .grid { stroke: var(--grid) } .strata .axis { stroke: var(--muted) }\n"
      ".strata .guide { stroke: var(--muted); stroke-dasharray: 3 4 }\n"
      ".strata .box { fill: var(--box); stroke: var(--muted); rx: 4px } "
      ".strata .weights { fill: var(--weights) }\n"
      ".strata .fill { fill: var(--c); stroke: var(--paper); rx: 2px }\n"
      ".strata .arrow { fill: none; stroke: var(--muted); stroke-width: 1.4; marker-end: url(#strata-head) }\n"
      ".strata .head { fill: var(--muted) }\n"
      ".strata .curve { fill: none; stroke: var(--c); stroke-width: 2.2; stroke-linejoin: round }\n"
      ".strata .dashed { stroke-dasharray: 6 4 }\n"
      ".strata .area { fill: var(--c); fill-opacity: 0.2 }\n"
      ".strata .dot { fill: var(--c); stroke: var(--paper); stroke-width: 1.2 }\n"
      ".strata .c0 { --c: var(--c0) } .strata .c1 { --c: var(--c1) } .strata .c2 { --c: var(--c2) } "
      ".strata .c3 { --c: var(--c3) } .strata .c4 { --c: var(--c4) } .strata .c5 { --c: var(--c5) } "
      ".strata .c6 { --c: var(--c6) } .strata .c7 { --c: var(--c7) }\n"
      "</style>\n"
      "<marker id='strata-head' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='7' markerHeight='7' orient='auto'>"
      "<path d='M0,0 L10,5 L0,10 Z' class='head'/></marker>\n";

  template <class... Parts>
  void put(const Parts&... parts) {
    const auto add = [&](const auto& part) {
      using Part = std::decay_t<decltype(part)>;
      if constexpr (std::is_floating_point_v<Part>) svg_ += number(part);
      else if constexpr (std::is_arithmetic_v<Part>) svg_ += std::to_string(part);
      else svg_ += part;
    };
    (add(parts), ...);
  }

  std::string svg_;
};

}  // namespace strata::plot
