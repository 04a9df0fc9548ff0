// torchvision's ResNet-18, MobileNetV2 and DenseNet-121 as types, with PyTorch's padding: their state dicts are loaded by
// structure alone, and the outputs are PyTorch's.
//   torchvision NETWORK DIR     reads DIR/state.safetensors and DIR/answer.safetensors, which torchvision_states.py writes
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <span>
#include <string_view>
#include <vector>

#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

#include "repeat.hpp"

using namespace strata;
using zoo::Repeat;

namespace {

using Norm = BatchNormWith<Epsilon{1e-5}>;

template <int Filters, int Stride, class... Shortcut>
using Basic = Sequential<Residual<Conv2D<Filters, 3, Strides{Stride}, Pad{1}, NoBias>, Norm, ReLU,
                                  Conv2D<Filters, 3, Pad{1}, NoBias>, Norm, Shortcut...>, ReLU>;
template <int Filters>
using Down = Basic<Filters, 2, Projection<Conv2D<Filters, 1, Strides{2}, NoBias>, Norm>>;

struct ResNet18 : Sequential<
    Input<224, 224, 3>, Conv2D<64, 7, Strides{2}, Pad{3}, NoBias>, Norm, ReLU, MaxPooling2D<3, Strides{2}, Pad{1}>,
    Basic<64, 1>, Basic<64, 1>, Down<128>, Basic<128, 1>, Down<256>, Basic<256, 1>, Down<512>, Basic<512, 1>,
    GlobalAveragePooling2D, Dense<1000>> {};
static_assert(ResNet18::trainable_param_count == 11'689'512);

template <int Stride, int Filters>
using Filter = Sequential<DepthwiseConv2D<3, Strides{Stride}, Pad{1}, NoBias>, Norm, ReLU6, Conv2D<Filters, 1, NoBias>,
                          Norm>;
template <int From, int Stride, int Filters>
using Widen = Sequential<Conv2D<6 * From, 1, NoBias>, Norm, ReLU6, Filter<Stride, Filters>>;
template <int Times, int Filters>
using Keep = Repeat<Times, Residual<Widen<Filters, 1, Filters>>>;

struct MobileNetV2 : Sequential<
    Input<224, 224, 3>, Conv2D<32, 3, Strides{2}, Pad{1}, NoBias>, Norm, ReLU6, Filter<1, 16>,
    Widen<16, 2, 24>, Keep<1, 24>, Widen<24, 2, 32>, Keep<2, 32>, Widen<32, 2, 64>, Keep<3, 64>,
    Widen<64, 1, 96>, Keep<2, 96>, Widen<96, 2, 160>, Keep<2, 160>, Widen<160, 1, 320>,
    Conv2D<1280, 1, NoBias>, Norm, ReLU6, GlobalAveragePooling2D, Dense<1000>> {};
static_assert(MobileNetV2::trainable_param_count == 3'504'872);

using Grow = Concatenate<Sequential<>, Sequential<Norm, ReLU, Conv2D<128, 1, NoBias>, Norm, ReLU,
                                                  Conv2D<32, 3, Pad{1}, NoBias>>>;
template <int Filters>
using Transition = Sequential<Norm, ReLU, Conv2D<Filters, 1, NoBias>, AveragePooling2D<>>;

struct DenseNet121 : Sequential<
    Input<224, 224, 3>, Conv2D<64, 7, Strides{2}, Pad{3}, NoBias>, Norm, ReLU, MaxPooling2D<3, Strides{2}, Pad{1}>,
    Repeat<6, Grow>, Transition<128>, Repeat<12, Grow>, Transition<256>, Repeat<24, Grow>, Transition<512>,
    Repeat<16, Grow>, Norm, ReLU, GlobalAveragePooling2D, Dense<1000>> {};
static_assert(DenseNet121::trainable_param_count == 7'978'856);

std::vector<float> floats(const std::filesystem::path& path, const char* name) {
  const TensorFile file = read_tensors(path);
  const std::span<const std::byte> data = file.find(name)->data;
  std::vector<float> values(data.size() / sizeof(float));
  std::memcpy(values.data(), data.data(), data.size());
  return values;
}

/// The largest difference, in parts of the largest output.
template <class Net>
double error(const std::filesystem::path& directory) {
  Model<Net> model;
  load_weights(model, directory / "state.safetensors");
  const std::vector<float> x = floats(directory / "answer.safetensors", "x");
  const std::vector<float> expected = floats(directory / "answer.safetensors", "y");
  std::vector<float> y(expected.size());
  Engine<Net>{model}(x, y);
  float largest = 0, difference = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    difference = std::max(difference, std::abs(y[i] - expected[i]));
  }
  return double{difference} / double{largest};
}

}  // namespace

int main(int, char** arguments) {
  const std::string_view name = arguments[1];
  const double off = name == "resnet18"       ? error<ResNet18>(arguments[2])
                     : name == "mobilenet_v2" ? error<MobileNetV2>(arguments[2])
                                              : error<DenseNet121>(arguments[2]);
  std::cout << name << ": off by " << off << " of the largest output\n";
  return off <= 1e-5 ? 0 : 1;
}
