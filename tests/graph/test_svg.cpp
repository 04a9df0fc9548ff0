// Pictures of networks.
#include <clocale>
#include <locale>
#include <string>

#include <strata/strata.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {

struct Net : Graph<Node<"x<&", Input<4, 4, 2>>, Node<"a", Conv2D<3, 3, Same>, "x<&">, Node<"b", Conv2D<3, 1>, "a">,
                   Node<"c", MaxPooling2D<2, Strides{1}, Same>, "a">, Node<"y", Add<>, "b", "c">,
                   Node<"z", Conv2D<2, 1>, "y">, Outputs<"z">> {};

/// 1.234,5: as streams write numbers in Germany.
struct German : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("graph_svg has a box for each layer and a line for each reading", "[graph]") {
  const std::string svg = graph_svg<Net>();
  INFO(svg);
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count(svg, "<title>") == Net::network().node_count);
  CHECK(count(svg, "<path ") == 6);
  CHECK(count(svg, "x&lt;&amp; (InputLayer)") == 1);
  CHECK(count(svg, ">57 parameters<") == 1);
  CHECK(count(svg, ">4x4x3<") == 4);
}

TEST_CASE("memory_svg has a box for each tensor in the arena", "[graph]") {
  const std::string svg = memory_svg<Net>();
  INFO(svg);
  std::size_t tensors = 0;
  for (const Lifetime& block : Net::inference_plan().blocks) tensors += block.size > 0;
  CHECK(tensors > 1);
  CHECK(count(svg, "<title>") == tensors);
  CHECK(count(svg, std::to_string(Net::inference_arena_bytes<>) + " bytes, 5 steps") == 1);
}

TEST_CASE("pictures have decimal points whatever the locale", "[graph]") {
  const std::string graph = graph_svg<Net>(), memory = memory_svg<Net>();
  CHECK(memory.find(".00\"") != std::string::npos);
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
