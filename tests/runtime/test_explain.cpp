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
