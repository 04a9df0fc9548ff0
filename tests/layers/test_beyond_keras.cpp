// Layers that ONNX files bring: gradients by finite differences, values by the plain loops of import/keras_semantics.hpp,
// fusion, and what they refuse. Their numbers are compared with Keras and TensorFlow in oracle/test_keras.cpp.
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <strata/import/keras_config.hpp>
#include <strata/import/keras_semantics.hpp>
#include <strata/strata.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"

using namespace strata;
using test::output;

namespace {

/// A layer's outputs by the importer's proof.
template <class L>
importing::Value proven(const std::vector<const importing::Value*>& inputs,
                        const std::vector<importing::Tensor>& weights = {}) {
  constexpr auto config = detail::description_of<L>();
  importing::json layer{{"class_name", config.schema.keras}, {"config", detail::members_to_keras(config)}};
  detail::for_each_member(
      [&](bool, const char* name, const auto& member) { layer["config"][name] = detail::to_keras(member); }, config);
  return importing::detail::KerasSemantics(layer).run(inputs, weights);
}
importing::Value value_of(Shape shape, std::span<const float> elements) {
  return {{shape.extents.begin(), shape.extents.begin() + shape.rank}, {elements.begin(), elements.end()}};
}

template <class L, Shape In>
void check(const test::Expected& expected) {
  INFO(spelling(detail::description_of<L>()));
  test::check_layer<L, In>(expected);
  test::LayerRun<L, In, float> run(1);
  run.randomize();
  run.forward();
  std::vector<importing::Tensor> weights;
  for (std::size_t p = 0; p < run.parameters.size(); ++p) {
    importing::Tensor tensor;
    tensor.name = run.layer.parameters.list[p].name;
    tensor.values.assign(run.parameters[p].span().begin(), run.parameters[p].span().end());
    weights.push_back(std::move(tensor));
  }
  const importing::Value x = value_of(In, run.input.span()), y = proven<L>({&x}, weights);
  CHECK(y.shape == value_of(expected.output, {}).shape);
  CHECK(test::difference(run.output.span(), std::vector<float>(y.elements.begin(), y.elements.end())) < 1e-5);
}

struct Sums : Sequential<Input<2, 2, 2>, Subtract<ReduceSum<1, KeepDims>, ReduceMax<-1, KeepDims>>> {};
struct Quotient : Sequential<Input<3>, Divide<Sequential<>, Rescaling<0, 4>>> {};

/// Every merge with operands of fewer cells.
struct Broadcasts
    : Sequential<Input<4, 3, 5>, AffineWith<PerElement>,
                 Add<Sequential<>, GlobalAveragePooling2D, Sequential<Affine, ReduceMean<-1, KeepDims>>>,
                 Divide<Affine, Sequential<ReduceMax<-1, KeepDims>, Softplus>>,
                 Subtract<ReduceMean<1, KeepDims>, Sequential<Affine, Rescaling<0.5>>>,
                 Multiply<ReduceSum<-1, KeepDims>, Affine, GlobalAveragePooling2DWith<KeepDims>>,
                 Maximum<Affine, Sequential<ReduceMean<-1, KeepDims>, ReduceMean<1, KeepDims>>>,
                 Minimum<ReduceSum<2, KeepDims>, Affine>, Average<ReduceMean<-1, KeepDims>, Sequential<>>,
                 Concatenate<Along<1>, Sequential<>, Affine>, Concatenate<Along<2>, Affine, Sequential<>>,
                 GlobalAveragePooling2D, Dense<2>> {};
/// What fuses, and what reads and writes slices and borders. The second convolution cannot take the sum.
struct Fused
    : Sequential<Input<6, 6, 3>, Conv2D<8, 3, Same>, AffineWith<NoCenter>, Clip<-1, 1>, LayerScale<8, 0.5>,
                 Add<Sequential<>, Conv2D<1, 1>>,
                 Concatenate<Slice<-1, 0, 3>, Sequential<Slice<-1, 3, 8>, Conv2D<6, 1>, Affine, GLU>>,
                 ReflectionPadding2D<1>, Conv2D<8, 1>, ChannelShuffle<2>, AffineWith<PerElement, NoScale>,
                 DepthToSpace<2>, ReplicationPadding2D<>, SpaceToDepth<3>, InstanceNormalization,
                 AffineWith<PerElement>, LocalResponseNormalization<3, 0.5>, Slice<1, 0, 4, 2>, GlobalAveragePooling2D,
                 Dense<2>> {};

template <Number Exponent>
void powers_agree() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double x : {-infinity, -1.5, -0.9, 0.0, 0.7, 1.2, infinity}) {
    alignas(64) double y[simd::Vector<double>::size];
    Power<Exponent>::apply(simd::Vector<double>(x)).store_aligned(y);
    const double expected = std::pow(x, Exponent);
    INFO(x << " to the power of " << Exponent.value << ": expected " << expected << ", received " << y[0]);
    CHECK((y[0] == expected || std::abs(y[0] - expected) <= 1e-13 * std::abs(expected) ||
           (std::isnan(y[0]) && std::isnan(expected))));
  }
}

}  // namespace

TEST_CASE("layers of which each cell is one of the input's") {
  check<Slice<-1, 2, -1>, Shape{3, 4, 7}>({.output = {3, 4, 4}});
  check<Slice<2, -3, 100, 2>, Shape{2, 5, 3}>({.output = {2, 2, 3}});
  check<Slice<1, 1, 4>, Shape{5, 3}>({.output = {3, 3}});
  static_assert(Slice<1, 1, 4, 2'147'483'647>::output_shape({5, 3}) == Shape{1, 3});
  check<Slice<-1, 0, 5, 2>, Shape{5}>({.output = {3}});
  check<ChannelShuffle<3>, Shape{2, 3, 6}>({.output = {2, 3, 6}});
  check<DepthToSpace<2>, Shape{2, 3, 8}>({.output = {4, 6, 2}});
  check<SpaceToDepth<2, CRD>, Shape{4, 2, 3}>({.output = {2, 1, 12}});
  check<ReflectionPadding2D<ZeroPad{1, 2, 0, 3}>, Shape{3, 4, 2}>({.output = {6, 7, 2}});
  check<ReplicationPadding2D<ZeroPad{1, 2, 0, 3}>, Shape{2, 1, 3}>({.output = {5, 4, 3}});
  CHECK(output<Sequential<Input<6>, ChannelShuffle<2>>>({0, 1, 2, 3, 4, 5}) == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(output<Sequential<Input<1, 3, 1>, ReflectionPadding2D<ZeroPad{0, 0, 2, 2}>>>({1, 2, 3}) ==
        std::vector<float>{3, 2, 1, 2, 3, 2, 1});
}

/// By hand, of ONNX's formulas: PyTorch's nearest, and bilinear with align_corners; ONNX's default.
TEST_CASE("images of another size by ONNX's modes") {
  check<Resizing<3, 5>, Shape{5, 2, 2}>({.output = {3, 5, 2}});
  check<Resizing<3, 5, Asymmetric>, Shape{5, 2, 2}>({.output = {3, 5, 2}});
  check<Resizing<1, 5, PyTorchHalfPixel>, Shape{5, 2, 2}>({.output = {1, 5, 2}});
  using Row = Input<1, 4, 1>;
  const std::vector<float> x{0, 1, 2, 3};
  CHECK(output<Sequential<Row, Resizing<1, 6, Nearest, Asymmetric, Floor>>>(x) == std::vector<float>{0, 0, 1, 2, 2, 3});
  CHECK(output<Sequential<Row, Resizing<1, 6, Nearest, Asymmetric, Ceil>>>(x) == std::vector<float>{0, 1, 2, 2, 3, 3});
  CHECK(output<Sequential<Row, Resizing<1, 2, Nearest, RoundPreferFloor>>>(x) == std::vector<float>{0, 2});
  CHECK(output<Sequential<Row, Resizing<1, 2, Nearest>>>(x) == std::vector<float>{1, 3});
  CHECK(output<Sequential<Row, Resizing<1, 7, AlignCorners>>>(x) == std::vector<float>{0, 0.5f, 1, 1.5f, 2, 2.5f, 3});
  CHECK(output<Sequential<Row, Resizing<1, 7, Nearest, AlignCorners, RoundPreferFloor>>>(x) ==
        std::vector<float>{0, 0, 1, 1, 2, 2, 3});
  CHECK(output<Sequential<Row, Resizing<1, 1, PyTorchHalfPixel>>>(x) == std::vector<float>{0});
}

TEST_CASE("layers that scale, shift and normalise") {
  check<Affine, Shape{2, 3, 5}>({.output = {2, 3, 5}, .trainable = 10});
  check<LayerScale<4>, Shape{3, 4}>({.output = {3, 4}, .trainable = 4});
  check<AffineWith<PerElement, NoCenter>, Shape{2, 2, 3}>({.output = {2, 2, 3}, .trainable = 12});
  check<AffineWith<PerElement>, Shape{2, 3}>({.output = {2, 3}, .trainable = 12});
  check<InstanceNormalizationWith<NoScale>, Shape{3, 2, 5}>({.output = {3, 2, 5}, .trainable = 5});
  check<LocalResponseNormalization<4, 0.5, 0.75, 2>, Shape{2, 2, 7}>({.output = {2, 2, 7}});
  check<UnitNormalization, Shape{2, 2, 3}>({.output = {2, 2, 3}});
  Model<Sequential<Input<4>, LayerScale<4, 0.25>>> model{Seed{1}};
  CHECK(model.parameters()[3] == 0.25f);
}

TEST_CASE("one number for all cells of an axis, and functions of each element") {
  check<ReduceMean<-1, KeepDims>, Shape{2, 3, 5}>({.output = {2, 3, 1}});
  check<ReduceSum<2>, Shape{2, 3, 5}>({.output = {2, 5}});
  check<ReduceMax<1>, Shape{4, 3}>({.output = {3}});
  check<ReduceMin<1, KeepDims>, Shape{4, 2, 3}>({.output = {1, 2, 3}});
  check<GLU, Shape{2, 3, 10}>({.output = {2, 3, 5}});
  check<Clip<-0.5, 0.25>, Shape{2, 7}>({.output = {2, 7}});
  check<Power<3>, Shape{2, 7}>({.output = {2, 7}});
  check<Absolute, Shape{17}>({.output = {17}});
}

TEST_CASE("a power is the C library's, of numbers below 0 and of infinite ones, too") {
  powers_agree<2.5>();
  powers_agree<-0.5>();
  powers_agree<0.7>();
  powers_agree<65>();
  powers_agree<-70>();
}

TEST_CASE("merges of tensors, some of whose extents are 1") {
  const std::vector<float> expected{4, 6, 6, 8, 0, 2, 2, 4};
  CHECK(output<Sums>({1, 2, 3, 4, 5, 6, 7, 8}) == expected);
  const importing::Value sums = value_of({1, 2, 2}, std::array{6.0f, 8.0f, 10.0f, 12.0f});
  const importing::Value most = value_of({2, 2, 1}, std::array{2.0f, 4.0f, 6.0f, 8.0f});
  CHECK(proven<Subtract<>>({&sums, &most}).elements == std::vector<double>{4, 6, 6, 8, 0, 2, 2, 4});
  CHECK(proven<Concatenate<Along<2>>>({&sums, &sums}).elements == std::vector<double>{6, 8, 10, 12, 6, 8, 10, 12});
  CHECK(output<Quotient>({1, 2, -6}) == std::vector<float>{0.25f, 0.5f, -1.5f});
  test::check_gradients<Broadcasts>();
  test::check_engine<Broadcasts>(test::random_model<Broadcasts>(), 2e-5);
}

TEST_CASE("a network of such layers: gradients, and Engine's fusion") {
  test::check_gradients<Fused>();
  test::check_engine<Fused>(test::random_model<Fused>(), 2e-5);
  CHECK(explain<Fused>().find("conv2d + affine + clip") != std::string::npos);
}

TEST_CASE("a chain with one of Keras' operations is no Sequential there, which takes layers only") {
  CHECK(keras_config<Sequential<Input<4>, Square>>()["class_name"] == "Functional");
  CHECK(keras_config<Sequential<Input<4>, Dense<2, activation<Square>>>>()["class_name"] == "Sequential");
}

TEST_CASE("what they refuse") {
  const auto rule = [](const Problem& problem) { return std::string_view(problem.rule ? problem.rule : ""); };
  CHECK(rule(Slice<4, 0, 1>::check({3, 3, 3})) == "the axis does not exist");
  CHECK(rule(Slice<1, 2, -1>::check({3, 3, 3})) == "nothing is left of the Slice");
  CHECK(rule(Slice<1, 0, 2, 0>::check({3, 3, 3})) == "the step of a Slice is not positive");
  CHECK(rule(ChannelShuffle<2>::check({3, 3, 3})) == "the groups do not divide the channels");
  CHECK(rule(DepthToSpace<2>::check({3, 3, 6})) == "the channels are no whole squares");
  CHECK(rule(SpaceToDepth<2>::check({4, 3, 6})) == "the image is no whole squares");
  CHECK(rule(ReflectionPadding2D<2>::check({3, 2, 6})) == "the image is too small to be mirrored");
  CHECK(rule(ReplicationPadding2D<-1>::check({3, 2, 6})) == "the padding is negative");
  CHECK(rule(LayerScale<4>::check({3, 2, 6})) == "a LayerScale is of another number of channels");
  CHECK(rule(AffineWith<NoScale, NoCenter>::check({3})) == "an Affine without gamma and beta does nothing");
  CHECK(rule(Clip<2, 1>::check({3})) == "the largest number of a Clip is below the least, or not finite");
  CHECK(rule(GLU::check({3})) == "a GLU halves the channels");
  CHECK(ReduceMax<-1, Same>::check({3}).received == "Same");
  CHECK(type_name<ReduceMax<-1, KeepDims>>() == "ReduceMax<-1, KeepDims>");
  CHECK(rule(ReduceMax<1>::check({3})) == "nothing is left of a vector");
  CHECK(rule(LocalResponseNormalization<0>::check({3})) == "the size of a LocalResponseNormalization is not positive");
  CHECK(rule(Concatenate<Along<1>>::check(std::array{Shape{3, 4, 5}, Shape{3, 3, 5}})) ==
        "Concatenate needs branches that differ in its axis only");
  CHECK(rule(Divide<>::check(std::array{Shape{3}})) == "Divide needs two branches");
  CHECK(rule(Add<>::check(std::array{Shape{3, 4, 5}, Shape{3, 1, 4}})) == "Add needs branches of one shape");
  CHECK(Add<>::check(std::array{Shape{3, 4, 5}, Shape{1, 1, 1}, Shape{3, 1, 4}}).received == "3x1x4");
  CHECK(rule(Add<>::check(std::array{Shape{3, 4, 5}, Shape{4, 1}, Shape{5}})).empty());
}
