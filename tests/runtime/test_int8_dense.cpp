// Layers of a user in int8: bytes between them, sums as in plain loops, and what of it is refused.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <strata/parallel/threads.hpp>
#include <strata/show/explain.hpp>
#include <strata/show/svg.hpp>
#include <strata/strata.hpp>

#include "harness/check_network.hpp"
#include "runtime/int8_dense.hpp"

using namespace strata;
using test::Int8Dense, test::Quantize;

namespace {

static_assert(check_contract<Int8Dense<4, 1>>() && check_contract<Quantize<1>>());

/// The image that Quantize makes is 8 x 8 x 5 bytes; beside it is the real one that it reads.
struct Net : Sequential<Input<8, 8, 5>, Tanh, Quantize<1 / 127.0>, Flatten, Int8Dense<300, 1 / 127.0>, Affine, ReLU,
                        Quantize<0.25>, Reshape<20, 15>, Flatten, Int8Dense<7, 0.25>> {};

constexpr const auto& plan = Net::inference_plan();
static_assert(plan.step_count == 5);
static_assert(Net::network().tensor(3).element == Element::int8 && !Net::network().is_real());
static_assert(plan.blocks[2].size == 320 && plan.blocks[3].size == 0 && plan.blocks[7].size == 320);
// 4 bytes a number in 320, then 1; 1 in 320, then 4 in 300; 4 in 300, then 1.
static_assert(Net::inference_arena_bytes<> == 320 + 4 * 320);
static_assert(Engine<Net>::workspace_bytes == 320 + 4 * 320 + 4 * 300);
// Of double the real ones take twice as much.
static_assert(Engine<Net, Fast, simd::Vector<double>>::workspace_bytes == 320 + 8 * 320 + 8 * 300);

struct Whole : Sequential<Input<1500>, Quantize<1>, Int8Dense<5, 1>, Affine, ReLU> {};
static_assert(Whole::inference_arena_bytes<> == 1536);

/// Weights that several samples share, so that as many lie in the arena.
struct Sweeping : Sequential<Input<320>, Quantize<1 / 127.0>, Int8Dense<900, 1 / 127.0>, Quantize<0.25>,
                             Int8Dense<3, 0.25>> {};
static_assert(Sweeping::inference_plan().sweeps[1] > 1);
static_assert(Sweeping::inference_plan().blocks[1].size == 320 * Fast::sweep);

/// Rounded down, as such numbers; and what reads them.
template <Element To>
struct Floor {
  static constexpr const char* class_name = "Floor";
  static constexpr Element output_element = To;
  static constexpr Shape output_shape(Shape in) { return in; }
  template <class Call>
  static void forward(const Call& call) {
    for (std::size_t i = 0; i < Call::input_shape.size(); ++i)
      call.output[i] = static_cast<Stored<typename Call::Scalar, To>>(std::floor(call.input[i]));
  }
};
template <Element From>
struct Halves {
  static constexpr const char* class_name = "Halves";
  static constexpr Element input_element = From;
  static constexpr Shape output_shape(Shape in) { return in; }
  template <class Call>
  static void forward(const Call& call) {
    for (std::size_t i = 0; i < Call::input_shape.size(); ++i)
      call.output[i] = static_cast<typename Call::Scalar>(call.input[i]) / 2;
  }
};
template <Element E>
struct Through : Sequential<Input<2, 3, 20>, Floor<E>, Reshape<6, 20>, Dropout<0.5>, Halves<E>> {};
static_assert(Through<Element::uint8>::inference_arena_bytes<> == 128);
static_assert(Through<Element::int32>::inference_arena_bytes<> == 512);
static_assert(Through<Element::real>::inference_arena_bytes<> == 512);

template <Element E, class T>
void check_through() {
  const Engine<Through<E>, Fast, simd::Vector<T>> engine{Model<Through<E>, T>{}};
  std::vector<T> x(240), y(240);
  for (std::size_t i = 0; i < 240; ++i) x[i] = static_cast<T>(i % 120) + T(0.75);
  engine(x, y);
  for (std::size_t i = 0; i < 240; ++i) REQUIRE(y[i] == static_cast<T>(i % 120) / 2);
}

double quantized(double x, double scale) { return std::lround(std::clamp(x / scale, -127.0, 127.0)); }

/// With what is rounded rounded, and the rest in double.
std::vector<double> dense(const std::vector<double>& x, double scale, std::size_t units, const auto& kernel,
                          const auto& bias, const auto& gamma, const auto& beta) {
  std::vector<double> y(units);
  for (std::size_t o = 0; o < units; ++o) {
    const auto weight = [&](std::size_t i) { return static_cast<double>(kernel(i, o) * gamma(o)); };
    double step = 0;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) step = std::max(step, std::abs(weight(i)) / 127);
    for (std::size_t i = 0; i < x.size(); ++i)
      sum += std::lround(x[i]) * std::lround(weight(i) / static_cast<float>(step));
    y[o] = static_cast<double>(sum) * step * scale + bias(o) * gamma(o) + beta(o);
  }
  return y;
}
std::vector<double> expected(const Model<Net>& model, const float* input) {
  std::vector<double> x(320);
  for (std::size_t i = 0; i < 320; ++i) x[i] = quantized(std::tanh(double{input[i]}), 1 / 127.0);
  x = dense(x, 1 / 127.0, 300, model.get<"int8_dense/kernel">(), model.get<"int8_dense/bias">(),
            model.get<"affine/gamma">(), model.get<"affine/beta">());
  for (double& number : x) number = quantized(std::max(number, 0.0), 0.25);
  const auto constant = [](float value) { return [=](std::size_t) { return value; }; };
  return dense(x, 0.25, 7, model.get<"int8_dense_1/kernel">(), model.get<"int8_dense_1/bias">(), constant(1),
               constant(0));
}

std::vector<float> run(const auto& engine, const std::vector<float>& x, std::size_t size) {
  std::vector<float> y(size);
  engine(x, y);
  return y;
}

template <int Width, class... Layers>
struct Shortcut : Sequential<Input<Width>, Residual<Layers...>> {};

/// Beside the real Dense, as a share of what rounding may cost: at most 1; returns the largest.
template <int Width>
double largest_error(std::size_t samples) {
  using Exact = Shortcut<Width, Dense<Width>>;
  using Rounded = Shortcut<Width, Quantize<1 / 127.0>, Int8Dense<Width, 1 / 127.0>>;
  const Model<Exact> model = test::random_model<Exact>();
  Model<Rounded> rounded;
  std::copy_n(model.parameters().data(), Exact::param_count, rounded.parameters().data());
  const auto kernel = model.template get<"dense/kernel">();
  const auto bias = model.template get<"dense/bias">();
  const auto x = test::noise<float>(samples * Width, 7);
  const auto y = run(Engine<Exact>{model}, x, x.size()), y8 = run(Engine<Rounded>{rounded}, x, x.size());
  // x = s q + e and w = t p + d, where |e| <= s / 2 and |d| <= t / 2: sum(x w) - s t sum(q p) = sum(e w + x d - e d).
  // Besides, p is rounded from a quotient that float has to 2^-15, and each float sum or product costs half a bit of
  // 24.
  const double half = 0.5 + std::pow(2, -15), epsilon = std::pow(2, -24), s = 1 / 127.0;
  double largest = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    const auto in = [&](int i) { return std::abs(double{x[n * Width + static_cast<std::size_t>(i)]}); };
    for (int o = 0; o < Width; ++o) {
      double t = 0, bound = 0, sums = std::abs(double{bias(o)}) + in(o);
      for (int i = 0; i < Width; ++i) t = std::max(t, std::abs(double{kernel(i, o)}) / 127);
      for (int i = 0; i < Width; ++i) {
        const double w = std::abs(double{kernel(i, o)});
        bound += half * s * w + half * t * in(i) + half * half * s * t;
        sums += w * in(i);
      }
      bound += (Width + 10) * epsilon * sums;
      const std::size_t at = n * Width + static_cast<std::size_t>(o);
      largest = std::max(largest, std::abs(double{y[at]} - double{y8[at]}) / bound);
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("int8: between layers are bytes, and the results are those of plain loops", "[int8]") {
  const Model<Net> model = test::random_model<Net>();
  const std::vector<float> x = test::noise<float>(9 * 320, 7);
  const std::vector<float> y = run(Engine<Net>{model}, x, 9 * 7);
  int equal = 0;
  for (std::size_t n = 0; n < 9; ++n) {
    const std::vector<double> wanted = expected(model, x.data() + n * 320);
    for (std::size_t o = 0; o < 7; ++o) {
      const double distance = std::abs(y[n * 7 + o] - wanted[o]);
      equal += distance <= 1e-5 * (1 + std::abs(wanted[o]));
      // Half a step of int8 is decided by the last bits of a float: one number beside counts 0.25 * 0.2 at most.
      REQUIRE(distance < 0.06);
    }
  }
  CHECK(equal > 50);
  CHECK(run(Engine<Net, Threads<2>>{model}, x, 9 * 7) == y);
}

TEST_CASE("int8: no farther from the real Dense than half a step of each weight and each input allows", "[int8]") {
  const double wide = largest_error<300>(3), narrow = largest_error<2>(500);
  CHECK((wide > 0 && wide <= 1));
  CHECK((narrow > 0.4 && narrow <= 1));  // few roundings come close to the worst of them
}

TEST_CASE("int8: whole numbers of which the largest is 127 are exact, in sums that no float holds", "[int8]") {
  Model<Whole> model;
  auto kernel = model.get<"int8_dense/kernel">();
  auto bias = model.get<"int8_dense/bias">(), gamma = model.get<"affine/gamma">(), beta = model.get<"affine/beta">();
  std::vector<float> x(3 * 1500);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 7 == 0 ? 127.0f : static_cast<float>(101 + i * i % 26);
  std::vector<float> expected(3 * 5);
  int beyond = 0;
  for (int o = 0; o < 5; ++o) {
    const float sign = o % 2 == 0 ? 1 : -1;
    bias(o) = static_cast<float>(10 * o), gamma(o) = o == 1 ? -4.0f : 2.0f, beta(o) = static_cast<float>(o);
    for (int i = 0; i < 1500; ++i)
      kernel(i, o) = (o == 2 && i % 3 == 0 ? -1 : 1) * sign * static_cast<float>(i == o ? 127 : 98 + (i * 7 + o) % 29);
    for (std::size_t n = 0; n < 3; ++n) {
      std::int64_t sum = 0;
      for (int i = 0; i < 1500; ++i)
        sum += static_cast<std::int64_t>(x[n * 1500 + i]) * static_cast<std::int64_t>(kernel(i, o));
      beyond += std::abs(sum) > (1 << 24) && sum % 2 != 0;
      expected[n * 5 + o] = std::max(0.0f, std::fma(static_cast<float>(sum), gamma(o), bias(o) * gamma(o) + beta(o)));
    }
  }
  REQUIRE(beyond > 3);
  CHECK(run(Engine<Whole>{model}, x, 15) == expected);
  CHECK(std::count(expected.begin(), expected.end(), 0.0f) == 3);
}

TEST_CASE("int8: samples that share the weights are those that do not", "[int8]") {
  const Model<Sweeping> model = test::random_model<Sweeping>();
  const Engine<Sweeping> engine{model};
  const std::vector<float> x = test::noise<float>(9 * 320, 7), together = run(engine, x, 27);
  for (std::size_t n = 0; n < 9; ++n)
    CHECK(run(engine, {x.begin() + n * 320, x.begin() + (n + 1) * 320}, 3) ==
          std::vector<float>(together.begin() + n * 3, together.begin() + (n + 1) * 3));
}

TEST_CASE("tensors of every element, beside float and double", "[int8]") {
  check_through<Element::real, float>(), check_through<Element::real, double>();
  check_through<Element::int8, float>(), check_through<Element::int8, double>();
  check_through<Element::uint8, float>(), check_through<Element::uint8, double>();
  check_through<Element::int32, float>(), check_through<Element::int32, double>();
}

TEST_CASE("int8: what is told of a network counts bytes and names the element", "[int8]") {
  const std::string table = explain<Net>();
  CHECK(table.find("8x8x5 int8") != table.npos);
  CHECK(table.find("320 @ ") != table.npos);
  CHECK(table.find("arena 1600 bytes, workspace 2800 bytes") != table.npos);
  CHECK(memory_svg<Net>().find("arena 1600 bytes") != std::string::npos);
}
