// The layers of one dimension: gradients by finite differences, fusion, what they refuse. Their numbers are compared
// with Keras in oracle/test_keras.cpp.
#include <string_view>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;

namespace {

struct Trained : Sequential<Input<24, 4>, Conv1D<6, 3, Causal, Dilation{2}, activation<ReLU>>, BatchNorm,
                            Concatenate<Sequential<>, Conv1D<3, 3, Same, Groups{3}>>, Residual<Conv1D<9, 5, Same>, Mish>,
                            MaxPooling1D<>, SeparableConv1D<6, 3, Same, activation<Tanh>>,
                            DepthwiseConv1D<3, Strides{2}, Causal>, ZeroPadding1D<Ends{1, 2}>, Cropping1D<>,
                            UpSampling1D<>, AveragePooling1D<3, Strides{1}, Same>, Dense<5>, GlobalAveragePooling1D,
                            Dense<2>> {};

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

TEST_CASE("shapes and kernels have one axis less") {
  static_assert(Conv1D<8, 3>::output_shape({10, 4}) == Shape{8, 8});
  static_assert(Conv1D<8, 3, Strides{2}, Causal>::output_shape({10, 4}) == Shape{5, 8});
  static_assert(Conv1D<8, 3, Groups{2}>::parameters({10, 4}).list[0].shape == Shape{3, 2, 8});
  static_assert(DepthwiseConv1D<3>::parameters({10, 4}).list[0].shape == Shape{3, 4, 1});
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
  static_assert(rule<MaxPooling1D<2>>({4}) == "1-D pooling needs a sequence");
  static_assert(rule<MaxPooling1D<2, Causal>>({4, 4}) == "causal padding of a pooling");
  static_assert(rule<ZeroPadding1D<-1>>({4, 4}) == "the padding is negative");
  static_assert(rule<Cropping1D<2>>({4, 4}) == "nothing is left of the image");
  static_assert(rule<UpSampling1D<0>>({4, 4}) == "the size of an up-sampling is not positive");
  static_assert(rule<SpatialDropout1D<0.2>>({4}) == "SpatialDropout1D needs a sequence");
}
