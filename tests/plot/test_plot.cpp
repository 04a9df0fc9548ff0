// Pictures: well-formed XML, axes at round numbers, nothing drawn where there is no number.
#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <string>
#include <utility>
#include <vector>

#include <strata/plot/chart.hpp>
#include <strata/plot/confusion_matrix.hpp>
#include <strata/plot/save.hpp>
#include <strata/plot/tiles.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"
#include "plot/svg_reader.hpp"

using namespace strata;
using Catch::Matchers::ContainsSubstring;
using plot::Axis;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> labels;
  for (const double tick : axis.ticks()) labels.push_back(axis.label(tick));
  return labels;
}

}  // namespace

TEST_CASE("axes have ticks at round numbers", "[plot]") {
  CHECK(labels(Axis::round(0.03, 2.37, 5)) == std::vector<std::string>{"0.0", "0.5", "1.0", "1.5", "2.0", "2.5"});
  CHECK(labels(Axis::round(-0.7, 0.7, 5)) == std::vector<std::string>{"-1.0", "-0.5", "0.0", "0.5", "1.0"});
  CHECK(labels(Axis::tight(1, 10, 5)) == std::vector<std::string>{"2", "4", "6", "8", "10"});
  CHECK(labels(Axis::tight(0, 50'000, 5)) ==
        std::vector<std::string>{"0", "10000", "20000", "30000", "40000", "50000"});
  CHECK(labels(Axis::round(3, 3, 5)) ==
        std::vector<std::string>{"2.4", "2.6", "2.8", "3.0", "3.2", "3.4", "3.6"});  // of one value
}

TEST_CASE("a chart has its titles, ticks, curves and legend, escaped", "[plot]") {
  const plot::Line training{"training", {2, 1, 0.5}, {6, 7, 8}};
  const plot::Line test{"test", {2, 1.5, 1.25}, {6, 7, 8}, {1, 1, 1}, {3, 2, 2}};
  const Svg svg(plot::chart({.title = "a < b & 'c'",
                             .x_title = "epoch",
                             .y_title = "loss",
                             .lines = {training, test},
                             .guides = {{2.3, "chance"}}}));
  const std::vector<std::string> texts = svg.texts();
  for (const char* text :
       {"a < b & 'c'", "epoch", "loss", "training", "test", "chance", "6", "7", "8", "0", "1", "2", "3"})
    CHECK(std::count(texts.begin(), texts.end(), text) == 1);
  CHECK(svg.all("polyline").size() == 4);  // two of them in the legend
  CHECK(svg.all("polygon").size() == 1);
  CHECK(svg.all("circle").size() == 6);
  // A guide's name is on the side where there is more room.
  for (const auto& [y, below] : {std::pair{2.3, true}, std::pair{0.1, false}}) {
    const Svg guided(plot::chart({.lines = {test}, .guides = {{y, "chance"}}}));
    double line = 0;
    for (const Svg::Element& element : guided.all("line"))
      if (element.get<std::string>("<xmlattr>.class") == "guide") line = element.get<double>("<xmlattr>.y1");
    CHECK((guided.all("text").back().get<double>("<xmlattr>.y") > line) == below);
  }
  // The curve, in pixels: the higher the loss the smaller y, equal distances in x.
  const std::vector<double> curve = numbers(svg.all("polyline")[2].get<std::string>("<xmlattr>.points"));
  REQUIRE(curve.size() == 6);
  CHECK(curve[2] - curve[0] == Approx(curve[4] - curve[2]));
  CHECK((curve[3] - curve[1]) / (curve[5] - curve[3]) == Approx(2).epsilon(0.01));
}

TEST_CASE("values that are not finite are gaps, and no coordinate is NaN", "[plot]") {
  const plot::Line holes{"holes", {1, not_a_number, 3, infinity, 5, 6}};
  const Svg svg(plot::chart({.lines = {holes}}));
  CHECK(svg.all("polyline").size() == 1 + 3);
  CHECK(svg.all("circle").size() == 4);
  const Svg logarithmic(
      plot::chart({.lines = {{"a", {0, -1, 1e-3, 1e2}}}, .guides = {{0, "zero"}}, .logarithmic = true}));
  CHECK(logarithmic.all("circle").size() == 2);
  for (const plot::Chart& empty : {plot::Chart{}, plot::Chart{.lines = {{"none", {}}}},
                                   plot::Chart{.lines = {{"nan", {not_a_number}}}, .logarithmic = true},
                                   plot::Chart{.lines = {{"x", {1, 2}, {not_a_number, 1}}}},
                                   plot::Chart{.guides = {{not_a_number, "nowhere"}}},
                                   plot::Chart{.lines = {{"constant", {3, 3}, {7, 7}}}}})
    CHECK(Svg(plot::chart(empty)).finite());
  CHECK(Svg(plot::charts("none", {})).finite());
}

TEST_CASE("charts side by side share a legend, and the y axis where it is of one thing", "[plot]") {
  const auto tens = [](const char* other_title) {
    const plot::Chart a{.y_title = "%", .lines = {{"with", {1, 2}}}};
    const plot::Chart b{.y_title = other_title, .lines = {{"with", {9, 10}}, {"without", {9, 9}}}};
    const std::vector<std::string> texts = Svg(plot::charts("Both", {a, b})).texts();
    CHECK(std::count(texts.begin(), texts.end(), "with") == 1);
    return std::count(texts.begin(), texts.end(), "10") + std::count(texts.begin(), texts.end(), "10.0");
  };
  CHECK(tens("loss") == 1);
  CHECK(tens("%") == 2);
}

TEST_CASE("columns of two lengths are refused", "[plot]") {
  CHECK_THROWS_WITH(plot::chart({.lines = {{"a", {1, 2}, {1}}}}),
                    ContainsSubstring("plot::Line 'a': expected as many values in x, low and high as in y, 2"));
  CHECK_THROWS_WITH(plot::chart({.lines = {{"a", {1, 2}, {}, {1, 2}}}}), ContainsSubstring("both low and high"));
  const std::vector<std::string> names{"cat", "dog"};
  const std::vector<int> labels{0, 1}, wrong{0, 2};
  CHECK_THROWS_WITH(plot::confusion_matrix("", names, labels, wrong), ContainsSubstring("below 2"));
  CHECK_THROWS_WITH(plot::confusion_matrix("", names, labels, {}), ContainsSubstring("2 labels, received 0"));
  CHECK_THROWS_WITH(plot::tiles("", {{"t", {2, 2, 1}, {1, 2, 3}}}), ContainsSubstring("shape 2x2x1 and 3 values"));
  CHECK_THROWS_WITH(plot::tiles("", {{"t", {1, 1, 1}, {1}, false, {2, 2}, {1}}}), ContainsSubstring("of heat"));
}

TEST_CASE("a confusion matrix counts", "[plot]") {
  const std::vector<std::string> names{"cat", "<dog>"};
  const std::vector<int> labels{0, 0, 0, 1}, predictions{0, 1, 0, 1};
  const Svg svg(plot::confusion_matrix("Pets", names, labels, predictions));
  std::vector<std::string> titles;
  for (const auto& box : svg.all("rect"))
    if (const auto title = box.get_optional<std::string>("title")) titles.push_back(*title);
  CHECK(titles == std::vector<std::string>{"cat taken for cat: 2", "cat taken for <dog>: 1", "<dog> taken for cat: 0",
                                           "<dog> taken for <dog>: 1"});
}

TEST_CASE("tiles are PNG files", "[plot]") {
  // The same file from Python: struct, zlib.crc32 and zlib.adler32.
  const std::string red = plot::png(1, 1, 4, std::string("\xFF\0\0\xFF", 4));
  CHECK(red == "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAEElEQVR4AQEFAPr/AP8AAP8FAAH/"
               "+lyI0QAAAABJRU5ErkJggg==");
  const Svg svg(plot::tiles("Maps", {{"first", {2, 2, 1}, {0, 1, 2, NAN}},
                                     {"flat", {1, 1, 1}, {5}},
                                     {"signed", {1, 2, 1}, {-1, 2}, true},
                                     {"image", {1, 1, 3}, {1, 0, 0}, false, {2, 1}, {-1, 1}}}));
  CHECK(svg.all("image").size() == 5);
  CHECK(svg.texts().back() == "image");
}

TEST_CASE("charts have decimal points whatever the locale", "[plot]") {
  struct German : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
  };
  const plot::Chart chart{.lines = {{"a", {1.25, 2.5, 1.125}}}};
  const std::string before = plot::chart(chart);
  const std::locale saved = std::locale::global(std::locale(std::locale::classic(), new German));
  CHECK(plot::chart(chart) == before);
  std::locale::global(saved);
}

TEST_CASE("a picture replaces a file at once, or throws and leaves it") {
  const test::Directory directory;
  plot::save(directory / "a.svg", "<svg/>");
  CHECK(test::read_text(directory / "a.svg") == "<svg/>");
  CHECK_THROWS_AS(plot::save(directory / "nowhere/a.svg", "<svg/>"), FileError);
  CHECK(directory.entries() == 1);
}
