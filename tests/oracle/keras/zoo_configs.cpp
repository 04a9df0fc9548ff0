// Every network of the zoo as a Keras configuration, one a line: its counts of parameters, then JSON. zoo_configs.py
// lets real Keras build them.
#include <iostream>

#include <strata/import/keras_config.hpp>

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
  std::cout << Net::trainable_param_count << ' ' << Net::non_trainable_param_count << ' '
            << strata::keras_config<Net>(name) << '\n';
}

}  // namespace

int main() {
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
