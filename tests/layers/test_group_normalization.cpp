// GroupNormalization over the positions of groups of channels.
#include <string_view>
#include <vector>

#include <strata/layers/group_normalization.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("GroupNormalization") {
  check_layer<GroupNormalization<2>, Shape{3, 2, 6}>({.output = {3, 2, 6}, .trainable = 12}, 2e-5);
  check_layer<GroupNormalization<>, Shape{2, 3, 64}>({.output = {2, 3, 64}, .trainable = 128}, 2e-5);
  check_layer<GroupNormalization<1, Epsilon{1e-5}>, Shape{3, 2, 17}>({.output = {3, 2, 17}, .trainable = 34}, 2e-5);
  static_assert(std::string_view(GroupNormalization<4>::check({2, 2, 6}).rule) ==
                "the groups do not divide the channels");
}

TEST_CASE("a mean far from zero costs GroupNormalization no digits") {
  test::LayerRun<GroupNormalization<2>, Shape{64, 64, 6}, float> run(1);
  test::LayerRun<GroupNormalization<2>, Shape{64, 64, 6}, double> exact(1);
  run.randomize(), exact.randomize();
  for (std::size_t i = 0; i < run.input.size(); ++i)
    exact.input.data()[i] = run.input.data()[i] = 10000.0f + 0.004f * run.input.data()[i];
  run.forward(), exact.forward();
  CHECK(test::difference(run.output.span(), exact.output.span()) < 1e-5);
}

TEST_CASE("GroupNormalization against PyTorch") {
  check_oracle<GroupNormalization<2>, Shape{3, 4, 6}>("pytorch/group_normalization");
}
