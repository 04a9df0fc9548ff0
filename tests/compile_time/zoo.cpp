// The zoo in one translation unit, and what its plans of memory come to: at most 1.1 times what no plan can go below.
#include <algorithm>
#include <array>
#include <cstddef>

#include "../../examples/zoo/bn_inception.hpp"
#include "../../examples/zoo/densenet121.hpp"
#include "../../examples/zoo/efficientnet_b0.hpp"
#include "../../examples/zoo/inception_v3.hpp"
#include "../../examples/zoo/lenet5.hpp"
#include "../../examples/zoo/mobilenet.hpp"
#include "../../examples/zoo/mobilenet_v2.hpp"
#include "../../examples/zoo/nasnet_mobile.hpp"
#include "../../examples/zoo/resnet50.hpp"
#include "../../examples/zoo/resnet50_v2.hpp"
#include "../../examples/zoo/resnet_cifar.hpp"
#include "../../examples/zoo/unet.hpp"
#include "../../examples/zoo/vgg.hpp"
#include "../../examples/zoo/xception.hpp"

namespace {

/// The largest sum of tensors that live in the arena at the same step.
template <class Net>
constexpr std::size_t most_alive() {
  constexpr const auto& plan = Net::inference_plan();
  std::array<std::size_t, plan.step_count> begins{}, ends{};
  for (const strata::Lifetime& block : plan.blocks) {
    if (block.size == 0) continue;
    begins[static_cast<std::size_t>(block.first)] += block.size;
    ends[static_cast<std::size_t>(block.last)] += block.size;
  }
  std::size_t alive = 0, most = 0;
  for (std::size_t step = 0; step < plan.step_count; ++step) {
    most = std::max(most, alive += begins[step]);
    alive -= ends[step];
  }
  return most;
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
static_assert(planned_well<zoo::Xception>());
static_assert(planned_well<zoo::EfficientNetB0>());
static_assert(planned_well<zoo::NASNetMobile>());

}  // namespace
