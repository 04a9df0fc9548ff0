// benchmark_kernels ROUNDS: the kernels one by one. In each round each kernel gets a burst of calls, with the FMA peak
// measured beside it. Prints a line of tab-separated values for each burst; bench.py makes a table of them.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <strata/kernels/depthwise.hpp>
#include <strata/strata.hpp>

#include "fma_peak.hpp"
#include "timing.hpp"

namespace strata::benchmarks {

using V = simd::Vector<float>;

/// Memory for a kernel: random numbers so small that sums of many stay where functions are not flat (no denormals).
float* buffer(std::size_t size) {
  static std::deque<Arena<float>> all;
  Arena<float>& memory = all.emplace_back(size);
  const Random random{Seed{5}};
  for (std::size_t i = 0; i < size; ++i) memory.data()[i] = static_cast<float>(0.4 * random.uniform(i) - 0.2);
  return memory.data();
}

struct Kernel {
  std::string name;
  double flops, bytes, elements;  ///< of one call; 0 where that is not what matters
  std::function<void()> run;
};

std::vector<Kernel> kernels;

void add(std::string name, double flops, double floats, double elements, std::function<void()> run) {
  kernels.push_back({std::move(name), flops, floats * sizeof(float), elements, std::move(run)});
}

// -- convolutions, of an input that has its padding around it

/// 32x32x3
template <class... Extents>
std::string sizes(int first, Extents... others) {
  std::string text = std::to_string(first);
  ((text += "x" + std::to_string(others)), ...);
  return text;
}

/// `size` x `size` output pixels.
constexpr kernels::ConvGeometry convolution(int size, int in, int out, int kernel, int stride = 1, int groups = 1) {
  return {.out_height = size, .out_width = size,
          .kernel_height = kernel, .kernel_width = kernel,
          .stride_height = stride, .stride_width = stride,
          .dilation_height = 1, .dilation_width = 1,
          .groups = groups, .in_channels = in / groups, .out_channels = out / groups,
          .row = ((size - 1) * stride + kernel) * in, .out_row = size * out};
}
constexpr std::size_t input_size(const kernels::ConvGeometry& g) {
  return static_cast<std::size_t>(((g.out_height - 1) * g.stride_height + g.kernel_height) * g.row);
}
constexpr std::size_t output_size(const kernels::ConvGeometry& g) {
  return static_cast<std::size_t>(g.out_height * g.out_row);
}
constexpr std::size_t weights_size(const kernels::ConvGeometry& g) {
  return static_cast<std::size_t>(g.taps() * g.out_pixel());
}
constexpr double flops(const kernels::ConvGeometry& g) {
  return 2.0 * static_cast<double>(output_size(g)) * g.taps();
}
constexpr double floats(const kernels::ConvGeometry& g) {
  return static_cast<double>(input_size(g) + weights_size(g) + output_size(g));
}
std::string describe(const kernels::ConvGeometry& g) {
  std::string text = sizes(g.kernel_height, g.kernel_width);
  if (g.stride_height > 1) text += ", stride " + std::to_string(g.stride_height);
  text += ", " + sizes(g.out_height, g.out_width) + ", ";
  return text + std::to_string(g.in_pixel()) + " to " + std::to_string(g.out_pixel());
}

template <kernels::ConvGeometry g, class Epilogue = Identity>
void add_convolution(const std::string& name) {
  float* const x = buffer(input_size(g));
  float* const weights = buffer(kernels::packed_weights_size<V>(g));
  float* const out = buffer(output_size(g));
  float* const bias = buffer(static_cast<std::size_t>(g.out_pixel()));
  add(name + " " + describe(g), flops(g), floats(g), 0,
      [=] { kernels::convolve<V, g, kernels::Weights::packed, Epilogue>(x, weights, bias, out); });
}

template <kernels::ConvGeometry g>
void add_depthwise() {
  float* const x = buffer(input_size(g));
  float* const weights = buffer(weights_size(g));
  float* const out = buffer(output_size(g));
  float* const bias = buffer(static_cast<std::size_t>(g.out_pixel()));
  add("depthwise " + describe(g), flops(g), floats(g), 0,
      [=] { kernels::depthwise_convolve<V, g, Identity>(x, weights, bias, out); });
}

template <kernels::WinogradGeometry w, kernels::ConvGeometry g, class Epilogue = Identity>
void add_winograd(const std::string& name) {
  float* const x = buffer(input_size(g));
  float* const weights = buffer(kernels::winograd_weights_size<V>(w));
  float* const out = buffer(output_size(g));
  float* const bias = buffer(static_cast<std::size_t>(g.out_pixel()));
  float* const scratch = buffer(kernels::winograd_scratch_size<V>(w));
  add(name + " " + describe(g), flops(g), floats(g), 0, [=] {
    kernels::winograd_convolve<V, w, Epilogue>(x, weights, bias, out, nullptr, scratch);
  });
}
template <kernels::ConvGeometry g, int tile>
inline constexpr kernels::WinogradGeometry winograd{.tile = tile, .out_height = g.out_height, .out_width = g.out_width,
                                                    .in_channels = g.in_channels, .out_channels = g.out_channels,
                                                    .row = g.row, .out_row = g.out_row};

template <kernels::ConvGeometry g>
void add_every_algorithm() {
  add_convolution<g>("convolution");
  add_winograd<winograd<g, 2>, g>("Winograd F(2x2)");
  add_winograd<winograd<g, 4>, g>("Winograd F(4x4)");
}

template <kernels::ConvGeometry g>
void add_weight_gradient() {
  float* const x = buffer(input_size(g));
  float* const gradient = buffer(output_size(g));
  float* const weights = buffer(weights_size(g));
  add("gradient by the weights " + describe(g), flops(g), floats(g), 0,
      [=] { kernels::accumulate_weight_gradient<V, g>(x, gradient, weights); });
}
template <kernels::ConvGeometry g>
void add_winograd_weight_gradient() {
  constexpr kernels::WinogradGeometry w = winograd<g, 4>;
  float* const x = buffer(input_size(g));
  float* const gradient = buffer(output_size(g));
  float* const sums = buffer(kernels::winograd_gradient_size<V>(w));
  float* const scratch = buffer(kernels::winograd_gradient_scratch_size<V>(w));
  add("gradient by the weights, Winograd F(4x4) " + describe(g), flops(g), floats(g), 0,
      [=] { kernels::winograd_accumulate<V, w>(x, gradient, sums, scratch); });
}

void add_convolutions() {
  constexpr auto lesson_1 = convolution(32, 3, 32, 3), lesson_2 = convolution(32, 32, 32, 3);
  add_convolution<lesson_1>("convolution");
  add_convolution<lesson_1, Sigmoid>("convolution and sigmoid");
  add_every_algorithm<lesson_2>();
  add_convolution<lesson_2, Sigmoid>("convolution and sigmoid");
  add_winograd<winograd<lesson_2, 4>, lesson_2, Sigmoid>("Winograd F(4x4) and sigmoid");
  add_every_algorithm<convolution(32, 16, 16, 3)>();
  add_every_algorithm<convolution(16, 32, 32, 3)>();
  add_every_algorithm<convolution(8, 64, 64, 3)>();
  add_convolution<convolution(16, 16, 32, 3, 2)>("convolution");
  add_convolution<convolution(16, 16, 32, 1, 2)>("convolution");
  add_convolution<convolution(28, 1, 6, 5)>("convolution");
  add_convolution<convolution(32, 32, 64, 1)>("convolution");
  add_convolution<convolution(16, 128, 128, 1)>("convolution");
  add_convolution<convolution(4, 256, 512, 1)>("convolution");
  add_depthwise<convolution(32, 32, 32, 3, 1, 32)>();
  add_depthwise<convolution(16, 64, 64, 3, 2, 64)>();
  add_depthwise<convolution(8, 256, 256, 3, 1, 256)>();
  add_weight_gradient<lesson_1>();
  add_weight_gradient<lesson_2>();
  add_winograd_weight_gradient<lesson_2>();
}

// -- the others

template <int features, int units>
void add_dense(std::size_t batch) {
  const std::size_t in = batch * features, out = batch * units, all = static_cast<std::size_t>(features) * units;
  float* const x = buffer(in);
  float* const weights = buffer(all + simd::lanes<V> * features);
  float* const bias = buffer(units);
  float* const y = buffer(out);
  const double work = 2.0 * static_cast<double>(in) * units, moved = static_cast<double>(in + all + out);
  std::string shape = std::to_string(features) + " to " + std::to_string(units);
  shape += ", batch " + std::to_string(batch);
  add("dense " + shape, work, moved, 0, [=] {
    kernels::dense<V, features, units, kernels::Weights::packed, Identity>(batch, x, weights, bias, y);
  });
  add("dense, gradient by the weights " + shape, work, moved, 0,
      [=] { kernels::dense_weight_gradient<V, features, units>(batch, x, y, weights); });
}

/// A layer's pass over one image.
template <class L, Shape in = Shape{32, 32, 32}>
void add_layer(const std::string& name) {
  using Call = Forward<Bound<L, in>, V>;
  float* const x = buffer(in.size());
  float* const y = buffer(Call::output_shape.size());
  add(name + ", " + sizes(in.height(), in.width(), in.channels()), 0,
      static_cast<double>(in.size() + Call::output_shape.size()), static_cast<double>(in.size()), [=] {
        L::forward(Call{.batch = 1, .first = 0, .input = x, .inputs = nullptr, .output = y, .parameters = nullptr,
                        .prepared = nullptr, .gathered = nullptr, .saved = nullptr, .scratch = nullptr,
                        .random = Random{Seed{}}});
      });
}

void add_normalization() {
  constexpr int channels = 32;
  constexpr std::size_t rows = 1024, size = rows * channels;
  float* const x = buffer(size);
  float* const y = buffer(size);
  float* const scale = buffer(channels);
  float* const shift = buffer(channels);
  const auto moments = std::make_shared<std::vector<double>>(kernels::moments_size<channels>);
  float* const sums = buffer(2 * channels);
  add("batch statistics, 32x32x32", 0, size, size,
      [=] { kernels::add_moments<V, channels>(rows, x, moments->data()); });
  add("normalisation, 32x32x32", 0, 2.0 * size, size,
      [=] { kernels::map_affine<V, Shape{channels}>(rows, x, y, scale, shift); });
  add("sums of the gradient, 32x32x32", 0, 2.0 * size, size, [=] {
    kernels::add_channel_sums<V, channels, kernels::GradientSums>(
        rows, std::array<const float*, 2>{y, x}, std::array<const float*, 1>{shift},
        std::array{sums, sums + channels});
  });
}

template <class Optimizer>
void add_optimizer(const std::string& name) {
  constexpr std::size_t size = 100'000;
  float* const parameters = buffer(size);
  float* const gradients = buffer(size);
  const std::span<float> slots(buffer(Optimizer::slots * size), Optimizer::slots * size);
  std::ranges::fill(slots, 0.0f);
  add(name + ", 100,000 parameters", 0, (3.0 + 2 * Optimizer::slots) * size, size, [=] {
    apply_gradients<V>(Optimizer{.learning_rate = 1e-6}, 1, std::span(parameters, size),
                       std::span<const float>(gradients, size), slots);
  });
}

void add_others() {
  add_dense<32768, 10>(1);
  add_dense<32768, 10>(32);
  add_dense<400, 120>(1);
  add_dense<400, 120>(32);
  add_layer<MaxPooling2D<>>("max pooling 2x2");
  add_layer<AveragePooling2D<>, Shape{28, 28, 6}>("average pooling 2x2");
  add_layer<GlobalAveragePooling2D, Shape{8, 8, 64}>("global average pooling");
  add_layer<ReLU>("ReLU");
  add_layer<Sigmoid>("sigmoid");
  add_layer<Tanh>("tanh");
  add_layer<GELU>("GELU");
  add_layer<SiLU>("SiLU");
  add_layer<Softplus>("softplus");
  add_layer<Softmax>("softmax over 32 channels");
  add_normalization();
  add_optimizer<SGD>("SGD");
  add_optimizer<Adam>("Adam");
}

}  // namespace strata::benchmarks

int main(int, char** arguments) {
  using namespace strata::benchmarks;
  add_convolutions();
  add_others();
  std::puts("kernel\tflops\tbytes\telements\tmicroseconds\tfast\tpeak");
  for (int rounds = std::stoi(arguments[1]); rounds > 0; --rounds)
    for (const Kernel& kernel : kernels) {
      const double peak = fma_peak(0.004) / 1e9;
      const std::vector<double> times = time_calls(0.004, kernel.run);
      std::printf("%s\t%.0f\t%.0f\t%.0f\t%.4f\t%.4f\t%.1f\n", kernel.name.c_str(), kernel.flops, kernel.bytes,
                  kernel.elements, quantile(times, 0.5) * 1e6, quantile(times, 0.05) * 1e6, peak);
    }
}
