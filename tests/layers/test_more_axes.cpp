// Samples of four and five axes: what goes by position, by channel or by cell, beside plain loops over all axes.
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"

using namespace strata;
using test::check_layer;

namespace {

using Index = std::array<int, Shape::max_rank>;

/// A sample, a cell by its number along each axis.
struct Plain {
  Shape shape;
  std::vector<double> cells;

  std::size_t place(const Index& index) const {
    std::size_t place = 0;
    for (int axis = 0; axis < shape.rank; ++axis)
      place = place * static_cast<std::size_t>(shape[axis]) + static_cast<std::size_t>(index[axis]);
    return place;
  }
  double operator[](const Index& index) const { return cells[place(index)]; }
};

/// of(index) of each cell, the last axis fastest.
Plain made(Shape shape, auto of) {
  Plain out{shape, {}};
  for (Index index{}; out.cells.size() < shape.size();) {
    out.cells.push_back(of(index));
    for (int axis = shape.rank; axis-- > 0 && ++index[axis] == shape[axis];) index[axis] = 0;
  }
  return out;
}
Plain mapped(const Plain& x, auto f) {
  return made(x.shape, [&](const Index& i) { return f(x[i]); });
}
Plain permuted(const Plain& x, std::initializer_list<int> axes) {
  Shape shape;
  for (const int axis : axes) shape.extents[shape.rank++] = x.shape[axis - 1];
  return made(shape, [&](const Index& i) {
    Index from{};
    int next = 0;
    for (const int axis : axes) from[axis - 1] = i[next++];
    return x[from];
  });
}
Plain sliced(const Plain& x, int axis, int begin, int end, int step = 1) {
  Shape shape = x.shape;
  shape.extents[axis - 1] = (end - begin + step - 1) / step;
  return made(shape, [&](Index i) {
    i[axis - 1] = begin + step * i[axis - 1];
    return x[i];
  });
}
Plain joined(const Plain& a, const Plain& b, int axis) {
  Shape shape = a.shape;
  const int first = a.shape[axis - 1];
  shape.extents[axis - 1] += b.shape[axis - 1];
  return made(shape, [&](Index i) {
    if (i[axis - 1] < first) return a[i];
    i[axis - 1] -= first;
    return b[i];
  });
}
/// Of one rank; an extent of 1 stands for all cells of the axis.
Plain merged(const Plain& a, const Plain& b, auto f) {
  Shape shape = a.shape;
  for (int axis = 0; axis < shape.rank; ++axis) shape.extents[axis] = std::max(a.shape[axis], b.shape[axis]);
  const auto at = [](const Plain& x, Index i) {
    for (int axis = 0; axis < x.shape.rank; ++axis) i[axis] = x.shape[axis] == 1 ? 0 : i[axis];
    return x[i];
  };
  return made(shape, [&](const Index& i) { return f(at(a, i), at(b, i)); });
}
/// of(the cells along the last axis) in their place.
Plain by_position(const Plain& x, auto of) {
  Plain out{x.shape, {}};
  const std::size_t channels = x.shape.channels();
  for (std::size_t p = 0; p < x.cells.size(); p += channels) {
    const std::vector<double> y = of(std::vector(x.cells.begin() + p, x.cells.begin() + p + channels));
    out.cells.insert(out.cells.end(), y.begin(), y.end());
    out.shape.extents[x.shape.rank - 1] = static_cast<int>(y.size());
  }
  return out;
}
Plain dense(const Plain& x, const auto& kernel, const auto& bias) {
  return by_position(x, [&](const std::vector<double>& in) {
    std::vector<double> out(bias.size());
    for (std::size_t o = 0; o < out.size(); ++o) {
      out[o] = bias(o);
      for (std::size_t i = 0; i < in.size(); ++i) out[o] += in[i] * kernel(i, o);
    }
    return out;
  });
}
Plain softmax(const Plain& x) {
  return by_position(x, [](std::vector<double> y) {
    double sum = 0;
    for (double& number : y) sum += number = std::exp(number);
    for (double& number : y) number /= sum;
    return y;
  });
}

struct Four : Sequential<Input<2, 3, 2, 4>, Dense<6>, BatchNorm, Tanh, LayerNormalization,
                         Concatenate<Dense<3>, Sequential<>, Sequential<Dense<5>, ReLU>>, Permute<3, 1, 4, 2>,
                         Concatenate<Sequential<>, Slice<-1, 0, 3, 2>>, Dense<7>, Softmax> {};
static_assert(Four::output_shape == Shape{2, 2, 14, 7} && Four::input_shape.positions() == 12);

Plain expected(const Model<Four>& model, const Plain& in) {
  const auto layer = [&]<FixedString kernel, FixedString bias>(const Plain& x) {
    return dense(x, model.get<kernel>(), model.get<bias>());
  };
  Plain x = layer.operator()<"dense/kernel", "dense/bias">(in);
  x = by_position(x, [&](std::vector<double> y) {
    for (std::size_t c = 0; c < y.size(); ++c)
      y[c] = std::tanh((y[c] - model.get<"batch_normalization/moving_mean">()(c)) /
                           std::sqrt(model.get<"batch_normalization/moving_variance">()(c) + 1e-3) *
                           model.get<"batch_normalization/gamma">()(c) +
                       model.get<"batch_normalization/beta">()(c));
    double mean = 0, square = 0;
    for (const double number : y) mean += number / y.size();
    for (const double number : y) square += (number - mean) * (number - mean) / y.size();
    for (std::size_t c = 0; c < y.size(); ++c)
      y[c] = (y[c] - mean) / std::sqrt(square + 1e-3) * model.get<"layer_normalization/gamma">()(c) +
             model.get<"layer_normalization/beta">()(c);
    return y;
  });
  const Plain third = mapped(layer.operator()<"dense_2/kernel", "dense_2/bias">(x),
                             [](double y) { return std::max(y, 0.0); });
  x = joined(joined(layer.operator()<"dense_1/kernel", "dense_1/bias">(x), x, 4), third, 4);
  x = permuted(x, {3, 1, 4, 2});
  return softmax(layer.operator()<"dense_3/kernel", "dense_3/bias">(joined(x, sliced(x, 4, 0, 3, 2), 4)));
}

struct Five : Sequential<Input<24>, Reshape<2, 1, 3, 2, 2>, PReLU<SharedAxes{1, 4}>,
                         Multiply<Sequential<>, Slice<1, 1, 2>>, Add<Sequential<>, Slice<3, -1, 3>>,
                         Concatenate<Along<2>, Sequential<>, SiLU>, Permute<5, 3, 1, 2, 4>,
                         Subtract<Sequential<>, Sequential<Slice<2, 0, 1>, Slice<4, 0, 1>>>,
                         Concatenate<Along<1>, Sequential<>, Slice<3, 0, 2>>, Dropout<0.5>, Flatten, Dense<3>> {};
static_assert(Five::network().tensor(2).shape == Shape{2, 1, 3, 2, 2} && Five::output_shape == Shape{3});

Plain expected(const Model<Five>& model, const Plain& in) {
  Plain x{{2, 1, 3, 2, 2}, in.cells};
  const auto alpha = model.get<"p_re_lu/alpha">();
  x = made(x.shape, [&](const Index& i) { return x[i] > 0 ? x[i] : alpha(0, i[1], i[2], 0, i[4]) * x[i]; });
  x = merged(x, sliced(x, 1, 1, 2), [](double a, double b) { return a * b; });
  x = merged(x, sliced(x, 3, 2, 3), [](double a, double b) { return a + b; });
  x = joined(x, mapped(x, [](double a) { return a / (1 + std::exp(-a)); }), 2);
  x = permuted(x, {5, 3, 1, 2, 4});
  x = merged(x, sliced(sliced(x, 2, 0, 1), 4, 0, 1), [](double a, double b) { return a - b; });
  x = joined(x, x, 1);
  return dense({Shape{static_cast<int>(x.cells.size())}, x.cells}, model.get<"dense/kernel">(),
               model.get<"dense/bias">());
}

template <class Net>
void check() {
  const Model<Net> model = test::random_model<Net>();
  const std::vector<float> x = test::noise<float>(3 * Net::input_shape.size(), 5);
  std::vector<float> y(3 * Net::output_shape.size());
  Engine<Net>{model}(x, y);
  for (std::size_t n = 0; n < 3; ++n) {
    const std::span in = std::span(x).subspan(n * Net::input_shape.size(), Net::input_shape.size());
    const Plain wanted = expected(model, {Net::input_shape, {in.begin(), in.end()}});
    REQUIRE(wanted.shape == Net::output_shape);
    for (std::size_t i = 0; i < wanted.cells.size(); ++i)
      REQUIRE(std::abs(y[n * wanted.cells.size() + i] - wanted.cells[i]) <= 1e-5 * (1 + std::abs(wanted.cells[i])));
  }
  test::check_engine<Net>(model, 1e-5);
  test::check_gradients<Net>();
}

template <class... Layers>
constexpr bool refuses(Shape in) {
  const std::array inputs{in, in};
  return (rules<Layers>::check(std::span(inputs).first(MergeLayer<Layers> ? 2 : 1)) && ...);
}

}  // namespace

TEST_CASE("four axes", "[axes]") { check<Four>(); }
TEST_CASE("five axes", "[axes]") { check<Five>(); }

TEST_CASE("layers on more than three axes do all that a layer must", "[axes]") {
  check_layer<Dense<5>, Shape{2, 3, 2, 4}>({.output = {2, 3, 2, 5}, .trainable = 25, .macs = 12 * 20});
  check_layer<BatchNorm, Shape{2, 1, 2, 2, 3}>({.output = {2, 1, 2, 2, 3}, .trainable = 6, .state = 6}, 2e-5);
  check_layer<LayerNormalization, Shape{2, 2, 2, 5}>({.output = {2, 2, 2, 5}, .trainable = 10}, 2e-5);
  check_layer<Softmax, Shape{2, 1, 2, 2, 5}>({.output = {2, 1, 2, 2, 5}});
  check_layer<Permute<4, 2, 1, 3>, Shape{2, 3, 4, 5}>({.output = {5, 3, 2, 4}});
  check_layer<Permute<2, 5, 1, 4, 3>, Shape{2, 3, 1, 4, 2}>({.output = {3, 2, 2, 4, 1}});
  check_layer<Slice<2, 1, 4, 2>, Shape{2, 4, 3, 2}>({.output = {2, 2, 3, 2}});
  check_layer<Slice<1, 1, 2>, Shape{2, 2, 3, 1, 2}>({.output = {1, 2, 3, 1, 2}});
  check_layer<PReLU<SharedAxes{2}>, Shape{2, 3, 2, 2}>({.output = {2, 3, 2, 2}, .trainable = 8});
  check_layer<ReduceMean<2>, Shape{2, 3, 2, 2}>({.output = {2, 2, 2}});
  check_layer<Reshape<2, -1, 2, 3, 1>, Shape{24}>({.output = {2, 2, 2, 3, 1}});
}

TEST_CASE("what needs an image or a sequence refuses more axes", "[axes]") {
  static_assert(refuses<Conv2D<2, 1>, DepthwiseConv2D<1>, Conv2DTranspose<2, 1>, MaxPooling2D<>, AveragePooling2D<>,
                        GlobalAveragePooling2D, GlobalMaxPooling2D, UpSampling2D<>, ZeroPadding2D<>, Cropping2D<>,
                        Resizing<2, 2>, ReflectionPadding2D<1>, SpatialDropout2D<0.5>, DepthToSpace<1>,
                        SpaceToDepth<1>,
                        RandomFlipLayer<>, RandomRotation<0.1>, RandomTranslation<0.1, 0.1>, Conv1D<2, 1>,
                        MaxPooling1D<>,
                        RepeatVector<2>>({2, 8, 8, 4}));
  static_assert(std::string_view(Reshape<1, 1, 1, 1, 1, 24>::check({24}).rule) == "Reshape has one to five sizes");
  SUCCEED();
}
