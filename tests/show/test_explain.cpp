// The plan as a table.
#include <string>

#include <strata/strata.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {
struct Net : Sequential<Input<8, 8, 16>, Conv2D<16, 3, Same>, BatchNorm, Sigmoid,
                        Residual<Conv2D<16, 3, Same>, BatchNorm>, ReLU, MaxPooling2D<>, Flatten, Dense<10>> {};
}  // namespace

TEST_CASE("explain shows every step with what is fused, where its result lies and how long", "[runtime]") {
  const std::string table = explain<Net, Exact>();
  INFO(table);
  const auto has = [&](const std::string& text) { return table.find(text) != std::string::npos; };
  CHECK(has("10 layers in 4 steps, 7338 parameters, 0.297 MMACs\n"));
  CHECK(has("   1  conv2d + batch_normalization + activation                   direct "));
  CHECK(has("   2  conv2d_1 + batch_normalization_1 + shortcut 8x8x16 + re_lu  direct "));
  CHECK(has("8x8x16  8x8x16    2384  0.147"));
  CHECK(has("6400 @ 0, steps 1-2\n"));     // (8 + 2) x (8 + 2) x 16 floats: a border for the next convolution
  CHECK(has("4096 @ 6400, steps 2-3\n"));
  CHECK(has("2570  0.003"));
  CHECK(has("caller's output\n"));
  CHECK(has("\narena 10496 bytes, workspace "));
  CHECK(explain<Net>().find("Winograd ") != std::string::npos);
}

namespace {
struct Joined : Sequential<Input<4, 4, 8>, Concatenate<Conv2D<8, 1, activation<ReLU>>, MaxPooling2D<3, Strides{1}, Same>>,
                           BatchNorm, GlobalAveragePooling2D> {};
}  // namespace

TEST_CASE("explain shows what needs no memory of its own", "[runtime]") {
  const std::string table = explain<Joined, Exact>();
  INFO(table);
  const auto has = [&](const std::string& text) { return table.find(text) != std::string::npos; };
  CHECK(has("5 layers in 4 steps"));
  CHECK(has("   1  conv2d + ReLU  "));
  CHECK(has("1024 @ 0, steps 1-4, channels 1-8\n"));
  CHECK(has("1024 @ 0, steps 1-4, channels 9-16\n"));
  CHECK(has("1024 @ 0, steps 1-4, in place\n"));
  CHECK(has("\narena 1024 bytes, workspace "));
}

namespace {
/// As VGG begins: weights that Winograd's F(4x4) makes 36/9 times as many, F(2x2) 16/9 times.
struct Deep : Sequential<Input<16, 16, 64>, Conv2D<64, 3, Same>, ReLU, Conv2D<64, 3, Same>, ReLU, MaxPooling2D<>,
                         Conv2D<128, 3, Same>, ReLU, Conv2D<128, 3, Same>, ReLU, MaxPooling2D<>, Flatten, Dense<10>> {};
constexpr std::size_t weights = sizeof(float) * Deep::param_count;
constexpr std::size_t packed = Engine<Deep>::packed_bytes, compact = Engine<Deep, Compact>::packed_bytes,
                      exact = Engine<Deep, Exact>::packed_bytes;
static_assert(packed > 3.5 * weights && compact < 1.85 * weights && exact < 1.05 * weights);
static_assert(2 * compact <= packed);
static_assert(packed == Engine<Deep>::packed_bytes() && Engine<Deep>::workspace_bytes == Engine<Deep>::workspace_bytes());

/// Arena, workspace and weights, as all say it.
template <Algorithms Choice>
std::string memory() {
  using Deployed = Engine<Deep, Choice>;
  static_assert(Deep::inference_arena_bytes<1, Choice> <= Deployed::workspace_bytes);
  const std::string arena = std::to_string(Deep::inference_arena_bytes<1, Choice>) + " bytes, ";
  CHECK(memory_svg<Deep, Choice>().find(">arena " + arena) != std::string::npos);
  return "\narena " + arena + "workspace " + std::to_string(Deployed::workspace_bytes) + " bytes, packed weights " +
         std::to_string(Deployed::packed_bytes) + " bytes\n";
}
}  // namespace

TEST_CASE("explain, memory_svg and the constants are of the plan that runs", "[runtime]") {
  const std::string table = explain<Deep>();
  INFO(table);
  CHECK(table.ends_with(memory<Fast>()));
  CHECK(explain<Deep, Compact>().ends_with(memory<Compact>()));
  CHECK(explain<Deep, Exact>().ends_with(memory<Exact>()));
  // Eight images of 8x8x128 flow from one step for eight samples at once to another; Compact keeps one of each.
  CHECK(table.find("262144 @ 0, steps 5-7, 8 samples") != std::string::npos);
  CHECK(Deep::inference_arena_bytes<1, Compact> < Deep::inference_arena_bytes<>);
  CHECK(explain<Deep, Compact>().find("samples") == std::string::npos);
}
