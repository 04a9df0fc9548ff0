// The zoo in one translation unit, and what its plans of memory come to: at most 1.1 times what no plan can go below.
#include <algorithm>
#include <cstddef>

#include "../../examples/zoo/bn_inception.hpp"
#include "../../examples/zoo/densenet121.hpp"
#include "../../examples/zoo/inception_v3.hpp"
#include "../../examples/zoo/lenet5.hpp"
#include "../../examples/zoo/mobilenet.hpp"
#include "../../examples/zoo/mobilenet_v2.hpp"
#include "../../examples/zoo/resnet50.hpp"
#include "../../examples/zoo/resnet50_v2.hpp"
#include "../../examples/zoo/resnet_cifar.hpp"
#include "../../examples/zoo/unet.hpp"
#include "../../examples/zoo/vgg.hpp"

namespace {

/// The largest sum of tensors that live in the arena at the same step.
template <class Net>
constexpr std::size_t most_alive() {
  constexpr const auto& plan = Net::inference_plan();
  std::size_t most = 0;
  for (int step = 0; step < static_cast<int>(plan.step_count); ++step) {
    std::size_t sum = 0;
    for (const strata::Lifetime& block : plan.blocks)
      if (block.first <= step && step <= block.last) sum += block.size;
    most = std::max(most, sum);
  }
  return most * sizeof(float);
}

template <class... Nets>
constexpr bool planned_well() {
  return ((10 * Nets::template inference_arena_bytes<> <= 11 * most_alive<Nets>()) && ...);
}

static_assert(planned_well<zoo::LeNet5, zoo::ResNet20, zoo::ResNet56, zoo::MobileNet, zoo::MobileNetV2>());
static_assert(planned_well<zoo::ResNet50, zoo::ResNet50V2, zoo::VGG16, zoo::VGG19>());
static_assert(planned_well<zoo::DenseNet121>());
static_assert(planned_well<zoo::BNInception>());
static_assert(planned_well<zoo::InceptionV3>());
static_assert(planned_well<zoo::UNet>());

}  // namespace
