// Lesson 1: a network is a type.
//
// Its shapes, its parameter counts and the memory that it needs are constants, known to the compiler before a program
// exists. Nothing below runs to find them out, and a network that is wrong does not compile.
#include <iostream>
#include <string>

#include <strata/strata.hpp>

using namespace strata;

// Keras' names and Keras' rules. `Input` closes the chain: from here on every shape follows.
struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

// Keras' count_params(). A convolution has 3 * 3 * in * out weights and a bias per filter; of the four numbers that
// normalisation has per channel, two are trained and two are moving averages.
static_assert(Net::param_count == 10'400);
static_assert(Net::trainable_param_count == 10'272);
static_assert(Net::non_trainable_param_count == 128);
static_assert(Net::output_shape == Shape{32, 32, 32});

// A budget, held by the compiler: 32 x 32 x 32 floats between the two convolutions, with a cell of zeros around them for
// what `Same` pads, and nothing else, because normalisation folds into the weights and sigmoids are applied while results
// are still in registers.
static_assert(Net::inference_arena_bytes<> == 34 * 34 * 32 * sizeof(float));

// A chain without `Input` is a block. With ordinary C++ templates, blocks take arguments.
template <int Filters>
using ConvBNSigmoid = Sequential<Conv2D<Filters, 3, Same>, BatchNorm, Sigmoid>;

struct SameNet : Sequential<Input<32, 32, 3>, ConvBNSigmoid<32>, ConvBNSigmoid<32>> {};

// Blocks cost nothing and leave no trace: this is the same network, down to the names of its layers.
static_assert(SameNet::param_count == Net::param_count);
static_assert(SameNet::layer_count == Net::layer_count);

int main() {
  const std::string table = summary<Net>();
  std::cout << table;
  std::cout << Net::mac_count << " multiply-adds per image, " << Net::inference_arena_bytes<> / 1024
            << " KiB between the layers\n";

  if (summary<SameNet>() != table) {
    std::cerr << "a network of blocks should look like the network written out\n";
    return 1;
  }
  return 0;
}
