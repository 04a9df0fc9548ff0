// The layers of one dimension: gradients by finite differences, fusion, what they refuse. Their numbers are compared
// with Keras in oracle/test_keras.cpp.
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"

using namespace strata;

namespace {

struct Trained : Sequential<Input<24, 4>, Conv1D<6, 3, Causal, Dilation{2}, activation<ReLU>>, BatchNorm,
                            Concatenate<Sequential<>, Conv1D<3, 3, Same, Groups{3}>>,
                            Residual<Conv1D<9, 5, Same>, Mish>, MaxPooling1D<>, SeparableConv1D<6, 3, Same, activation<Tanh>>,
                            DepthwiseConv1D<3, Strides{2}, Causal>, ZeroPadding1D<Ends{1, 2}>, Cropping1D<>,
                            UpSampling1D<>, Conv1DTranspose<4, 4, Same, Strides{2}, OutputPadding{1}>,
                            Conv1DTranspose<5, 3, Dilation{2}>, AveragePooling1D<3, Strides{1}, Same>, Dense<5>,
                            GlobalAveragePooling1D, Dense<2>> {};

template <class L>
constexpr std::string_view rule(Shape in) {
  const Problem problem = L::check(in);
  return problem ? problem.rule : "";
}

}  // namespace

TEST_CASE("a network on sequences") {
  test::check_gradients<Trained>();
  test::check_engine<Trained>(test::random_model<Trained>(), 2e-5);
}

// TensorFlow computes no dilated ones on every processor.
TEMPLATE_TEST_CASE("a dilated transposed convolution is one whose kernel has zeros between its taps", "",
                   (std::integral_constant<Padding, Valid>), (std::integral_constant<Padding, Same>)) {
  test::LayerRun<Conv1DTranspose<4, 3, Dilation{2}, TestType::value>, Shape{7, 3}, float> dilated(2);
  test::LayerRun<Conv1DTranspose<4, 5, TestType::value>, Shape{7, 3}, float> spread(2);
  dilated.randomize();
  std::vector<float> kernel(5 * 4 * 3);
  for (std::size_t i = 0; i < 3 * 4 * 3; ++i) kernel[i / 12 * 24 + i % 12] = dilated.parameters[0][i];
  const auto copy = [](auto& to, const auto& from) { to.copy(std::vector<float>(from.begin(), from.end())); };
  spread.parameters[0].copy(kernel);
  copy(spread.parameters[1], dilated.parameters[1].span());
  copy(spread.input, dilated.input.span());
  dilated.forward();
  spread.forward();
  CHECK(test::difference(dilated.output.span(), spread.output.span()) < 1e-6);
}

TEST_CASE("shapes and kernels have one axis less") {
  static_assert(Conv1D<8, 3>::output_shape({10, 4}) == Shape{8, 8});
  static_assert(Conv1D<8, 3, Strides{2}, Causal>::output_shape({10, 4}) == Shape{5, 8});
  static_assert(Conv1D<8, 3, Groups{2}>::parameters({10, 4}).list[0].shape == Shape{3, 2, 8});
  static_assert(DepthwiseConv1D<3>::parameters({10, 4}).list[0].shape == Shape{3, 4, 1});
  static_assert(Conv1DTranspose<8, 3>::parameters({10, 4}).list[0].shape == Shape{3, 8, 4});
  static_assert(Conv1DTranspose<8, 3, Strides{2}>::output_shape({10, 4}) == Shape{21, 8});
  static_assert(MaxPooling1D<3>::output_shape({10, 4}) == Shape{3, 4});
  static_assert(GlobalMaxPooling1DWith<KeepDims>::output_shape({10, 4}) == Shape{1, 4});
  static_assert(Conv1D<8, 3>::macs({10, 4}) == 8 * 8 * 3 * 4);
}

TEST_CASE("what layers of one dimension refuse") {
  static_assert(rule<Conv1D<8, 3>>({10, 4}).empty());
  static_assert(rule<Conv1D<8, 3>>({10, 4, 3}) == "a 1-D convolution needs a sequence");
  static_assert(rule<Conv1D<8, 11>>({10, 4}) == "the kernel is larger than the input");
  static_assert(rule<Conv1D<8, 3, Strides{2, 1}>>({10, 4}) == "two numbers for one dimension");
  static_assert(rule<Conv2D<8, 3, Causal>>({10, 10, 4}) == "causal padding of an image");
  static_assert(rule<Conv1DTranspose<8, 3, Strides{2}, OutputPadding{2}>>({10, 4}) ==
                "the output padding does not fit the strides");
  static_assert(rule<Conv2DTranspose<8, 4, Strides{2}, Same, OutputPadding{0}>>({9, 9, 4}) ==
                "the output padding does not fit the strides");
  static_assert(rule<Conv2DTranspose<8, 3, Strides{2}, Dilation{2}>>({9, 9, 4}) == "strides and dilation together");
  static_assert(rule<Conv2DTranspose<8, 3, Causal>>({9, 9, 4}) == "causal padding of a transposed convolution");
  static_assert(rule<MaxPooling1D<2>>({4}) == "1-D pooling needs a sequence");
  static_assert(rule<MaxPooling1D<2, Causal>>({4, 4}) == "causal padding of a pooling");
  static_assert(rule<ZeroPadding1D<-1>>({4, 4}) == "the padding is negative");
  static_assert(rule<Cropping1D<2>>({4, 4}) == "nothing is left of the image");
  static_assert(rule<UpSampling1D<0>>({4, 4}) == "the size of an up-sampling is not positive");
  static_assert(Conv1D<8, 11>::check({10, 4}).expected == "an input of at least 11");
  static_assert(MaxPooling1D<0>::check({10, 4}).received == "0");
  static_assert(Cropping1D<Ends{-1, 0}>::check({10, 4}).received == "-1, 0");
  static_assert(rule<SpatialDropout1D<0.2>>({4}) == "SpatialDropout1D needs a sequence");
}
