// expect: layer 151 (conv2d_50, Conv2D<8, 99>): the kernel is larger than the input: expected an input of at least 99x99, received 32x32x8; use Same padding or a smaller kernel
#include <type_traits>
#include <utility>

#include <strata/strata.hpp>

using namespace strata;

#ifdef STRATA_WRONG
using Odd = Conv2D<8, 99>;
#else
using Odd = Conv2D<8, 99, Same>;
#endif

template <std::size_t I>
using LayerAt = std::conditional_t<I == 150, Odd,
                                   std::conditional_t<I % 3 == 0, Conv2D<8, 3, Same>,
                                                      std::conditional_t<I % 3 == 1, BatchNorm, ReLU>>>;
template <std::size_t... I>
auto chain(std::index_sequence<I...>) -> Sequential<Input<32, 32, 3>, LayerAt<I>...>;

struct Net : decltype(chain(std::make_index_sequence<300>{})) {};

// Everything that a program does with a network: still one sentence.
void use(Model<Net>& model, std::span<const float> images, std::span<float> scores, std::span<const float> targets) {
  Trainer{model, MeanSquaredError{}, SGD{}}.step(images, targets);
  Engine<Net>{model}(images, scores);
}
