// Pictures of networks.
#include <algorithm>
#include <clocale>
#include <locale>
#include <string>
#include <vector>

#include <strata/show/svg.hpp>
#include <strata/types.hpp>

#include "harness/catch.hpp"
#include "plot/svg_reader.hpp"

using namespace strata;

namespace {

struct Net : Graph<Node<"x<&", Input<4, 4, 2>>, Node<"a", Conv2D<3, 3, Same, activation<ReLU>>, "x<&">,
                   Node<"b", Conv2D<3, 1>, "a">, Node<"c", MaxPooling2D<2, Strides{1}, Same>, "a">,
                   Node<"y", Add<>, "b", "c">, Node<"long", Add<>, "y", "x2">, Node<"x2", Conv2D<3, 1>, "x<&">,
                   Node<"z", Conv2D<2, 1>, "long">, Outputs<"z">> {};

/// 1.234,5: as streams write numbers in Germany.
struct German : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("graph_svg has a box for each layer and an arrow for each reading, and no line crosses a box", "[graph]") {
  const Svg svg(graph_svg<Net>());
  const std::vector<std::string> texts = svg.texts();
  CHECK(texts[0] == "7 layers, 86 parameters, 0.001 million multiply-adds");
  for (const char* text :
       {"x<&", "Input<4, 4, 2>", "4x4x3, 57 parameters", "ReLU", "of a", "Conv2D<2, 1>"})
    CHECK(std::count(texts.begin(), texts.end(), text) == 1);

  struct Box {
    double left, top, right, bottom;
  };
  std::vector<Box> boxes;
  for (const Svg::Element& rect : svg.all("rect")) {
    if (!rect.get<std::string>("<xmlattr>.class").starts_with("box")) continue;
    const auto value = [&](const char* name) { return rect.get<double>(std::string("<xmlattr>.") + name); };
    boxes.push_back({value("x"), value("y"), value("x") + value("width"), value("y") + value("height")});
  }
  REQUIRE(boxes.size() == Net::network().node_count);
  for (std::size_t a = 0; a < boxes.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      CHECK((boxes[a].right < boxes[b].left || boxes[b].right < boxes[a].left || boxes[a].bottom < boxes[b].top ||
             boxes[b].bottom < boxes[a].top));
  CHECK(boxes[3].top == boxes[4].top);  // branches side by side

  std::size_t arrows = 0;
  for (const Svg::Element& path : svg.all("path")) {
    if (path.get<std::string>("<xmlattr>.class") != "arrow") continue;
    ++arrows;
    // A curve lies in the gap between two rows; a line goes past a row, where no box may be.
    const std::string d = path.get<std::string>("<xmlattr>.d");
    for (std::size_t at = d.find('L'); at != d.npos; at = d.find('L', at + 1)) {
      const std::vector<double> end = numbers(d.substr(at + 1, d.find('C', at) - at - 1));
      for (const Box& box : boxes)
        CHECK((end[0] < box.left || box.right < end[0] || end[1] <= box.top || box.bottom < end[1]));
    }
  }
  CHECK(arrows == 10);
}

TEST_CASE("memory_svg has a box for each tensor in the arena, as explain tells it", "[graph]") {
  const Svg svg(memory_svg<Net>());
  const auto& plan = Net::inference_plan();
  std::vector<std::string> expected, titles;
  for (std::size_t t = 0; t < plan.blocks.size(); ++t)
    if (plan.blocks[t].size > 0)
      expected.push_back(std::string(std::string_view(Text(Net::network().nodes[t].name))) + ": " +
                         std::string(std::string_view(detail::place_of(plan, t))));
  CHECK(expected.size() > 1);
  for (const Svg::Element& rect : svg.all("rect"))
    if (const auto title = rect.get_optional<std::string>("title")) titles.push_back(*title);
  CHECK(titles == expected);
  const std::vector<std::string> texts = svg.texts();
  const std::string total = "arena " + std::to_string(Net::inference_arena_bytes<>) + " bytes, 6 steps";
  for (const std::string& text : {total, std::string("KiB"), std::string("step"), std::string("5")})
    CHECK(std::count(texts.begin(), texts.end(), text) == 1);
}

TEST_CASE("pictures have decimal points whatever the locale", "[graph]") {
  const std::string graph = graph_svg<Net>(), memory = memory_svg<Net>();
  CHECK(graph.find('.') != std::string::npos);
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new German));
  CHECK(graph_svg<Net>() == graph);  // of streams
  CHECK(memory_svg<Net>() == memory);
  std::locale::global(before);
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "de_DE"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    CHECK(graph_svg<Net>() == graph);  // of printf
    CHECK(memory_svg<Net>() == memory);
    std::setlocale(LC_ALL, "C");
    return;
  }
  WARN("no locale with decimal commas is installed: printf's is not tried");
}
