// The plain loops that prove imported networks: the options beyond Keras, by hand. scripts/test keras and
// layers/test_beyond_keras.cpp hold the others.
#include <string>
#include <vector>

#include <strata/import/keras_semantics.hpp>

#include "harness/catch.hpp"

using namespace strata::importing;

namespace {

/// Of a row of pixels with one channel; a kernel of one row and one channel.
std::vector<double> row(const char* class_name, json options, std::vector<double> x, std::vector<float> kernel = {}) {
  const json layer{{"class_name", class_name}, {"config", std::move(options)}};
  const bool is_sequence = std::string(class_name).find("1D") != std::string::npos;
  const int width = static_cast<int>(x.size());
  const Value in{is_sequence ? std::vector{width, 1} : std::vector{1, width, 1}, std::move(x)};
  std::vector<Tensor> weights;
  if (!kernel.empty()) weights.push_back({"kernel", {1, kernel.size(), 1, 1}, kernel});
  const Value y = detail::KerasSemantics(layer).run({&in}, weights);
  CHECK(keras_output_shape(layer, {in.shape}) == y.shape);
  CHECK(y.elements.size() == static_cast<std::size_t>(y.shape[y.shape.size() - 2]));
  return y.elements;
}

using Row = std::vector<double>;

}  // namespace

TEST_CASE("explicit padding of convolutions is zeros before and after") {
  json options{{"filters", 1}, {"kernel_size", {1, 3}}, {"pad", {0, 0, 1, 2}}};
  CHECK(row("Conv2D", options, {1, 2, 3}, {1, 10, 100}) == Row{210, 321, 32, 3});
  options["pad"] = {{0, 0}, {1, 2}};
  CHECK(row("Conv2D", options, {1, 2, 3}, {1, 10, 100}) == Row{210, 321, 32, 3});
  options["strides"] = {1, 2};
  CHECK(row("Conv2D", options, {1, 2, 3}, {1, 10, 100}) == Row{210, 32});
  CHECK(row("Conv1D", {{"filters", 1}, {"kernel_size", {3}}, {"pad", {1, 2}}}, {1, 2, 3}, {1, 10, 100}) ==
        Row{210, 321, 32, 3});
  CHECK(row("DepthwiseConv2D", {{"kernel_size", {1, 3}}, {"pad", {0, 0, 1, 0}}}, {1, 2, 3}, {1, 10, 100}) ==
        Row{210, 321});
}

TEST_CASE("explicit padding of a transposed convolution is cut off its output") {
  json options{{"filters", 1}, {"kernel_size", {1, 3}}, {"strides", {1, 2}}};
  CHECK(row("Conv2DTranspose", options, {1, 2}, {1, 10, 100}) == Row{1, 10, 102, 20, 200});
  options["pad"] = {0, 0, 1, 0};
  CHECK(row("Conv2DTranspose", options, {1, 2}, {1, 10, 100}) == Row{10, 102, 20, 200});
}

TEST_CASE("padding of poolings: minus infinity, and cells that count or do not; windows rounded up") {
  json options{{"pool_size", {1, 3}}, {"strides", {1, 2}}, {"pad", {0, 0, 1, 0}}};
  CHECK(row("MaxPooling2D", options, {-1, -2, -3, -4, -5}) == Row{-1, -2});
  CHECK(row("AveragePooling2D", options, {3, 6, 9}) == Row{4.5});
  options["ceil_mode"] = true;
  CHECK(row("MaxPooling2D", options, {-1, -2, -3, -4, -5}) == Row{-1, -2, -4});
  CHECK(row("AveragePooling2D", options, {3, 6, 9}) == Row{4.5, 7.5});
  options["count_padding"] = true;
  CHECK(row("AveragePooling2D", options, {3, 6, 9}) == Row{3, 7.5});
  options["pad"] = {0, 0, 0, 1};  // no window starts in the padding at the end
  CHECK(row("AveragePooling2D", options, {3, 6}) == Row{3});
}
