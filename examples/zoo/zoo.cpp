// The zoo: published networks as types. Their headers hold each to its count of parameters with a static_assert; this
// program prints what else the compiler knows of them: layers, multiply-adds, memory between the steps of inference.
#include <cstdio>
#include <string>
#include <string_view>

#include <strata/strata.hpp>

#include "bn_inception.hpp"
#include "densenet121.hpp"
#include "efficientnet_b0.hpp"
#include "inception_v3.hpp"
#include "lenet5.hpp"
#include "mobilenet.hpp"
#include "mobilenet_v2.hpp"
#include "nasnet_mobile.hpp"
#include "resnet50.hpp"
#include "resnet50_v2.hpp"
#include "resnet_cifar.hpp"
#include "unet.hpp"
#include "vgg.hpp"
#include "xception.hpp"

namespace {

template <class Net>
void print(const char* name) {
  const std::string input{std::string_view(strata::Text() << Net::input_shape)};
  std::printf("%-14s %10s %7zu %12zu %10.1f %11.1f\n", name, input.c_str(), Net::layer_count, Net::param_count,
              static_cast<double>(Net::mac_count) / 1e6,
              static_cast<double>(Net::template inference_arena_bytes<>) / 1024);
}

}  // namespace

int main() {
  std::printf("%-14s %10s %7s %12s %10s %11s\n", "network", "input", "layers", "parameters", "MMACs", "arena, KiB");
  print<zoo::LeNet5>("LeNet5");
  print<zoo::ResNet20>("ResNet20");
  print<zoo::ResNet56>("ResNet56");
  print<zoo::MobileNet>("MobileNet");
  print<zoo::MobileNetV2>("MobileNetV2");
  print<zoo::DenseNet121>("DenseNet121");
  print<zoo::EfficientNetB0>("EfficientNetB0");
  print<zoo::NASNetMobile>("NASNetMobile");
  print<zoo::BNInception>("BNInception");
  print<zoo::InceptionV3>("InceptionV3");
  print<zoo::Xception>("Xception");
  print<zoo::ResNet50>("ResNet50");
  print<zoo::ResNet50V2>("ResNet50V2");
  print<zoo::UNet>("UNet");
  print<zoo::VGG16>("VGG16");
  print<zoo::VGG19>("VGG19");
  return 0;
}
