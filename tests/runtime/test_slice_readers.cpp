// What reads slices of other tensors, and what works in place, is what layers make one by one.
#include <strata/strata.hpp>

#include "harness/check_network.hpp"
#include "runtime/slices.hpp"

using namespace strata;
using test::check_engine, test::copying, test::in_place, test::random_model;

namespace {

/// Every kind of reader of a slice, as in a dense block, and a last layer that works in place.
struct Readers : Sequential<
    Input<9, 8, 3>, Conv2D<19, 3>,
    Concatenate<Sequential<>, Sequential<BatchNorm, ReLU, Conv2D<8, 1>, BatchNorm, ReLU, Conv2D<16, 3, Same>>>,
    Concatenate<Sequential<>, Conv2D<16, 3, Same>, Conv2D<7, 1>, Conv2D<10, 3, Same, Groups{5}>,
                DepthwiseConv2D<3, Same>, MaxPooling2D<3, Strides{1}, Same>, Residual<Conv2D<35, 3, Same>>, SiLU>,
    BatchNorm, ReLU, GlobalAveragePooling2D, Dense<3>> {};
static_assert(copying<Readers>() == 0 && in_place<Readers>() == 1);

/// Sums, products and activations over one another.
struct InPlace : Graph<
    Node<"x", Input<6, 5, 8>>, Node<"a", MaxPooling2D<3, Strides{1}, Same>, "x">,
    Node<"b", AveragePooling2D<3, Strides{1}, Same>, "x">, Node<"sum", Add<>, "a", "b", "a">,
    Node<"f", Sigmoid, "sum">, Node<"kept", Average<>, "f", "b">, Node<"most", Maximum<>, "kept", "f">,
    Node<"product", Multiply<>, "f", "most", "kept">, Node<"y", GlobalMaxPooling2D, "product">, Outputs<"y">> {};
static_assert(in_place<InPlace>() == 4);

/// Images that grow, in slices and of slices.
struct Growing : Sequential<
    Input<4, 5, 6>, Conv2D<8, 3, Same>,
    Concatenate<Sequential<MaxPooling2D<2, Same>, UpSampling2D<2>, Cropping2D<ZeroPad{0, 0, 0, 1}>>, Sequential<>,
                Conv2DTranspose<5, 3, Same>>,
    Concatenate<UpSampling2D<2, Bilinear>, Conv2DTranspose<7, 3, Same, Strides{2}, activation<Tanh>>,
                Add<Conv2DTranspose<4, 4, Same, Strides{2}>, Conv2DTranspose<4, 2, Strides{2}>>>,
    Conv2D<8, 3, Same>, Flatten, Dense<3>> {};
static_assert(copying<Growing>() == 0);
// A transposed convolution and an up-sampling read a slice of the first concatenation.
struct Reading : Graph<
    Node<"x", Input<4, 5, 6>>, Node<"a", Conv2D<8, 3, Same>, "x">, Node<"y", Concatenate<>, "a", "b">,
    Node<"b", Conv2DTranspose<9, 3, Same>, "a">, Node<"c", UpSampling2D<2>, "a">,
    Node<"d", Conv2DTranspose<8, 3, Same, Strides{2}>, "a">, Node<"e", Conv2D<8, 3, Same, Strides{2}>, "z">,
    Node<"z", Multiply<>, "c", "d">, Node<"s", Add<>, "e", "a">, Node<"out", Concatenate<>, "y", "s">,
    Outputs<"out">> {};
static_assert(copying<Reading>() == 0);

}  // namespace

TEST_CASE("Readers of slices and work in place are what layers make one by one", "[slices]") {
  check_engine(random_model<Readers>(), 2e-5);
  check_engine(random_model<InPlace>(), 2e-5);
  check_engine(random_model<Growing>(), 2e-5);
  check_engine(random_model<Reading>(), 2e-5);
}
