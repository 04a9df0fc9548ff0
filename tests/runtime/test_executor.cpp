// The executor's gradients against finite differences, on networks with branches, and its threads against one.
#include <cmath>
#include <cstddef>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::Objective;
using test::Turns;
using test::noise;

namespace {

/// Identity and projection shortcuts, a tensor with three readers, one of them behind a view, a sum of the same twice.
struct Branches
    : Sequential<Input<7, 6, 3>, Conv2D<8, 3, Same>, BatchNorm, Softplus,
                 Residual<Conv2D<8, 3, Same>, BatchNorm, Tanh, Conv2D<8, 3, Same>, BatchNorm>, Sigmoid,
                 Residual<Conv2D<12, 3, Same, Strides{2}>, BatchNorm, Projection<Conv2D<12, 1, Strides{2}>, BatchNorm>>,
                 Tanh,
                 Add<Sequential<Conv2D<12, 1>, GELU>, Sequential<Conv2D<12, 3, Same>, BatchNorm>,
                     Sequential<Dropout<0.0>, SiLU>>,
                 Flatten, Residual<Dense<144>, Tanh, Dense<144>>, Dense<5>> {};
struct Doubled : Sequential<Input<3, 4, 9>, Conv2D<9, 3, Same>, Tanh,
                            Add<Sequential<Dropout<0.0>>, Sequential<Dropout<0.0>>>, Residual<>, Flatten, Dense<3>> {};
/// Sums of a tensor that a branch reads, and others before or behind it; of sums; of a branch that is read again.
struct Sums
    : Graph<Node<"in", Input<4, 4, 3>>, Node<"x", Conv2D<6, 3, Same>, "in">, Node<"p", Conv2D<6, 1>, "in">,
            Node<"q", Add<>, "x", "p">, Node<"a", Sequential<Conv2D<6, 3, Same>, BatchNorm>, "x">,
            Node<"y", Add<>, "a", "x">, Node<"r", Tanh, "y">, Node<"b", Sequential<Conv2D<6, 3, Same>, BatchNorm>, "r">,
            Node<"z", Conv2D<6, 1>, "r">, Node<"w", Add<>, "r", "b">, Node<"v", Add<>, "w", "z", "q", "a">,
            Node<"s", Sequential<Tanh, Conv2D<6, 3, Same>>, "v">, Node<"u", Add<>, "s", "v">, Node<"f", Flatten, "u">,
            Outputs<"f">> {};

/// Normalisations and activations that backward makes once more: in a row, in a border, behind a branch.
struct Repeated
    : Sequential<Input<6, 5, 3>, Conv2D<4, 3, Same>, BatchNorm, SiLU, ZeroPadding2D<1>, Conv2D<6, 3>, BatchNorm, Tanh,
                 DepthwiseConv2D<3, Same>, BatchNorm,
                 Concatenate<Conv2D<4, 3, Same>, Sequential<Conv2D<3, 1>, BatchNorm, Tanh>>, SiLU, Conv2D<10, 1>,
                 BatchNorm, Tanh, AveragePooling2D<>, Conv2D<10, 2>, BatchNorm> {};

/// Convolutions with more weights than data, which get many samples a call.
struct Late : Sequential<Input<2, 2, 4>, Conv2D<10, 3, Same>, BatchNorm, Tanh, Conv2D<12, 1>, Tanh,
                         Conv2D<6, 3, Same, Strides{2}>, Flatten, Dense<3>> {};

}  // namespace

TEST_CASE("gradients of convolutions that take many samples a call are right, in any number of threads", "[runtime]") {
  test::check_gradients<Late>();
}

TEST_CASE("gradients of networks with branches are right, in any number of threads", "[runtime]") {
  test::check_gradients<Branches>();
  test::check_gradients<Doubled>();
  test::check_gradients<Sums>();
  test::check_gradients<Repeated>();
}

TEST_CASE("float gradients agree with double, and one of several threads has the bits of one alone", "[runtime]") {
  Model<Branches, double> exact{Seed{4}};
  Model<Branches> model{Seed{4}};
  std::copy(exact.parameters().begin(), exact.parameters().end(), model.parameters().begin());
  const auto expected = Objective<Branches, double>{}.gradient(exact);
  CHECK(expected == Objective<Branches, double, Turns>{Turns{1}}.gradient(exact));
  const auto gradients = Objective<Branches, float, Turns>{}.gradient(model);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    CAPTURE(i);
    REQUIRE(gradients[i] == Approx(expected[i]).margin(1e-4).epsilon(1e-4));
  }
}

TEST_CASE("the same number of threads gives the same bits, and a batch smaller than the threads works", "[runtime]") {
  Model<Branches> model{Seed{4}};
  CHECK(Objective<Branches, float, Turns>{}.gradient(model) == Objective<Branches, float, Turns>{}.gradient(model));
  Executor<Branches, simd::Vector<float>, Turns> threads;
  Executor<Branches, simd::Vector<double>> one;
  Model<Branches, double> exact{Seed{4}};
  std::copy(model.parameters().begin(), model.parameters().end(), exact.parameters().begin());
  const auto input = noise<float>(2 * Branches::input_shape.size(), 5);
  const std::vector<double> same(input.begin(), input.end());
  const float* a = threads.forward_training(model.parameters().data(), input.data(), 2, Random{Seed{1}});
  const double* b = one.forward_training(exact.parameters().data(), same.data(), 2, Random{Seed{1}});
  for (std::size_t i = 0; i < 2 * Branches::output_shape.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-5));
}

TEST_CASE("gradients come in buckets from the last to the first, each complete", "[runtime]") {
  const Model<Branches> model{Seed{4}};
  const float* const parameters = model.parameters().data();
  const auto input = noise<float>(6 * Branches::input_shape.size(), 5), slope = noise<float>(6 * 5, 6);
  Executor<Branches, simd::Vector<float>, Turns> executor;
  const auto backward = [&](auto&&... how) {
    std::vector<float> gradients(Branches::trainable_param_count);
    executor.forward_training(parameters, input.data(), 6, Random{Seed{1}});
    std::copy(slope.begin(), slope.end(), executor.output_gradient());
    executor.backward(parameters, gradients.data(), how...);
    return gradients;
  };
  const auto whole = backward();
  std::size_t count = 0, expected_end = whole.size();
  std::vector<float> seen(whole.size());
  const auto buckets = backward(Executor<Branches, simd::Vector<float>, Turns>::Replaced{}, std::size_t{100},
                                [&](std::span<float> bucket) {
                                  ++count;
                                  expected_end -= bucket.size();
                                  std::copy(bucket.begin(), bucket.end(), seen.data() + expected_end);
                                });
  CHECK(buckets == whole);
  CHECK(seen == whole);
  CHECK(expected_end == 0);
  CHECK(count >= 6);  // normalisations between stages
}
