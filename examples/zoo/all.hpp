// All networks of the zoo.
#pragma once

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

namespace zoo {

/// f.template operator()<Net>(name) for each.
template <class F>
void for_each_network(F f) {
  f.template operator()<LeNet5>("LeNet5");
  f.template operator()<ResNet20>("ResNet20");
  f.template operator()<ResNet56>("ResNet56");
  f.template operator()<MobileNet>("MobileNet");
  f.template operator()<MobileNetV2>("MobileNetV2");
  f.template operator()<DenseNet121>("DenseNet121");
  f.template operator()<EfficientNetB0>("EfficientNetB0");
  f.template operator()<NASNetMobile>("NASNetMobile");
  f.template operator()<BNInception>("BNInception");
  f.template operator()<InceptionV3>("InceptionV3");
  f.template operator()<Xception>("Xception");
  f.template operator()<ResNet50>("ResNet50");
  f.template operator()<ResNet50V2>("ResNet50V2");
  f.template operator()<UNet>("UNet");
  f.template operator()<VGG16>("VGG16");
  f.template operator()<VGG19>("VGG19");
}

}  // namespace zoo
