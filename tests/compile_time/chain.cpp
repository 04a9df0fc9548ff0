// A chain of 1000 layers, or of LAYERS: types, counts, names, and the plan of inference, within the compilers' default
// limits.
#include <type_traits>
#include <utility>

#include <strata/graph/sequential.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifndef LAYERS
#define LAYERS 1000
#endif

template <std::size_t I>
using LayerAt = std::conditional_t<I % 3 == 0, Conv2D<static_cast<int>(I) / 3 % 8 + 1, 3, Same>,
                                   std::conditional_t<I % 3 == 1, BatchNorm, ReLU>>;
template <std::size_t... I>
auto chain(std::index_sequence<I...>) -> Sequential<Input<32, 32, 4>, LayerAt<I>...>;

struct Net : decltype(chain(std::make_index_sequence<LAYERS>{})) {};

static_assert(Net::layer_count == LAYERS);
static_assert(Net::output_shape == Shape{32, 32, (LAYERS - 1) / 3 % 8 + 1});
static_assert(Text(Net::network().nodes[59].name) == "batch_normalization_19");
// Each step writes one map and reads another, with a cell of zeros around it, in whole cache lines: the largest two
// neighbours are 8 and 7 channels.
static_assert(Net::inference_arena_bytes<> == 34 * 34 * 8 * sizeof(float) + 506 * 64);
