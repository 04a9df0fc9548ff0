// Layers and options for the sake of Keras files: gradients by finite differences, fusion, and what they refuse. Their
// numbers are compared with Keras in oracle/test_keras.cpp.
#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"

using namespace strata;
using test::check_layer, test::output;

namespace {

struct Least : Sequential<Input<3>, Minimum<Sequential<>, Rescaling<2>, Rescaling<0, 1>>> {};
struct Difference : Sequential<Input<3>, Subtract<Sequential<>, Rescaling<2, 1>>> {};

/// What is an option here stands where fusion and borders meet it.
struct Trained : Sequential<Input<6, 5, 2>, ChannelRescaling<PerChannel{0.5, 2}, PerChannel{1, -1}>, IdentityLayer,
                            Conv2D<6, 3, Same>, BatchNormWith<NoCenter>, ReLUWith<NegativeSlope{0.1}, MaxValue{4}>,
                            Dense<5>, BatchNormWith<NoScale>, Mish, Residual<Conv2D<3, 3, Same>, Dense<5>>,
                            Conv2D<4, 3, Same>, ChannelRescaling<PerChannel{1, 2, 3, 4}>,
                            Minimum<Sequential<>, Dense<4>>, Subtract<Conv2D<4, 1>, LayerNormalizationWith<NoScale>>,
                            GlobalAveragePooling2DWith<KeepDims>, Conv2D<3, 1>, Flatten, RepeatVector<2>,
                            RMSNormalization, Dense<4>, Linear, UnitNormalization, Flatten, Dense<2>> {};

template <class L>
std::vector<float> in_training(std::size_t size, float x) {
  test::LayerRun<L, Shape{40'000}, float> run(1);
  run.input.copy(std::vector<float>(size, x));
  run.forward_training();
  return {run.output.span().begin(), run.output.span().end()};
}

double mean(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<double>(values.size());
}
double deviation(const std::vector<float>& values) {
  const double centre = mean(values);
  double squares = 0;
  for (const float value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

TEST_CASE("a network of layers and options that Keras files have") {
  test::check_gradients<Trained>();
  test::check_engine<Trained>(test::random_model<Trained>(), 2e-5);
}

TEST_CASE("Minimum and Subtract") {
  CHECK(output<Least>({0.25f, 2, -5}) == std::vector<float>{0.25f, 1, -10});
  CHECK(output<Difference>({0.25f, 2, -5}) == std::vector<float>{-1.25f, -3, 4});
  static_assert(std::string_view(Subtract<>::check(std::array{Shape{3}, Shape{3}, Shape{3}}).rule) ==
                "Subtract needs two branches");
  static_assert(std::string_view(Minimum<>::check(std::array{Shape{3}, Shape{4}}).rule) ==
                "Minimum needs branches of one shape");
}

TEST_CASE("normalisations of rows: gradients, and inputs of zeros") {
  check_layer<UnitNormalization, Shape{3, 5}>({.output = {3, 5}});
  check_layer<RMSNormalizationWith<Epsilon{0.1}>, Shape{2, 2, 7}>({.output = {2, 2, 7}, .trainable = 7});
  check_layer<GroupNormalization<-1, NoCenter>, Shape{4, 3, 5}>({.output = {4, 3, 5}, .trainable = 5});
  test::LayerRun<UnitNormalization, Shape{3}, float> run(1);
  run.input.copy(std::vector<float>(3, 0.0f));
  run.output_gradient.copy(std::vector{1.0f, -2.0f, 0.0f});
  run.forward();
  run.backward();
  CHECK(run.output[0] == 0);
  CHECK(run.input_gradient[0] == 1e12f);  // Keras: of x / 1e-12
}

TEST_CASE("noise that only training has") {
  check_layer<GaussianDropout<0.5>, Shape{3, 5, 7}>({.output = {3, 5, 7}});
  check_layer<AlphaDropout<0.3>, Shape{40}>({.output = {40}});
  const std::vector<float> noisy = in_training<GaussianDropout<0.2>>(40'000, 2);
  CHECK(std::abs(mean(noisy) - 2) < 0.015);  // three standard deviations
  CHECK(std::abs(deviation(noisy) - 1) < 0.011);
  // By Keras: with x = 1 and a rate of 0.25, what is kept becomes 1.24844, the rest -1.14354.
  std::vector<float> dropped = in_training<AlphaDropout<0.25>>(40'000, 1);
  CHECK(std::abs(static_cast<double>(std::count(dropped.begin(), dropped.end(), dropped[0])) / 40'000 -
                 (dropped[0] > 0 ? 0.75 : 0.25)) < 0.0065);
  std::sort(dropped.begin(), dropped.end());
  CHECK(dropped.front() == Approx(-1.14354f).epsilon(1e-5));
  CHECK(dropped.back() == Approx(1.24844f).epsilon(1e-5));
  static_assert(AlphaDropout<1>::check({3}).received == "1");
}

TEST_CASE("crops of the middle, repeated vectors, constants of channels: what they refuse") {
  check_layer<CenterCrop<2, 3>, Shape{5, 4, 3}>({.output = {2, 3, 3}});
  check_layer<RepeatVector<3>, Shape{5}>({.output = {3, 5}});
  static_assert(CenterCrop<4, 2>::margins({7, 7, 1}).top == 1);
  static_assert(CenterCrop<8, 2>::check({7, 7, 1}).expected == "an input of at least 8x2");
  static_assert(std::string_view(RepeatVector<0>::check({7}).rule) == "RepeatVector repeats less than once");
  static_assert(std::string_view(RepeatVector<2>::check({7, 7, 3}).rule) == "RepeatVector needs a vector");
  static_assert(ChannelRescaling<PerChannel{1, 2}>::check({4, 4, 3}).received == "2 numbers");
  static_assert(!ChannelRescaling<2, PerChannel{1, 2, 3}>::check({4, 4, 3}));
}
