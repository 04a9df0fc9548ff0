// Lesson 6: a network that is no chain, and a device with 256 KB of memory.
#include <cmath>
#include <iostream>
#include <vector>

#include <strata/plot/save.hpp>
#include <strata/strata.hpp>

using namespace strata;

template <int Filters>
using Unit = Sequential<DepthwiseConv2D<3, Same, NoBias>, BatchNorm, ReLU, Conv2D<Filters, 1, NoBias>, BatchNorm, ReLU>;

// A little U-Net: what goes down comes up again and meets what it was. Nodes say what they read; their order is free.
struct Net : Graph<
    Node<"image", Input<48, 48, 1>>,
    Node<"stem", Sequential<Conv2D<8, 3, Same, Strides{2}, NoBias>, BatchNorm, ReLU>, "image">,
    Node<"half", Unit<8>, "stem">,
    Node<"quarter", Sequential<MaxPooling2D<>, Unit<16>>, "half">,
    Node<"eighth", Sequential<MaxPooling2D<>, Unit<32>>, "quarter">,
    Node<"up_quarter", UpSampling2D<>, "eighth">,
    Node<"joined_quarter", Concatenate<>, "up_quarter", "quarter">,
    Node<"back_quarter", Unit<16>, "joined_quarter">,
    Node<"up_half", UpSampling2D<>, "back_quarter">,
    Node<"joined_half", Concatenate<>, "up_half", "half">,
    Node<"mask", Conv2D<1, 1, activation<Sigmoid>>, "joined_half">,
    Outputs<"mask">> {};

// The budget: beyond it the program does not compile. Try Input<96, 96, 1>.
static_assert(Net::inference_arena_bytes<> <= 256 * 1024, "the network does not fit the device");
static_assert(Engine<Net>::workspace_bytes() + Engine<Net>::packed_bytes() <= 256 * 1024,
              "nor do its weights and working memory");
static_assert(Net::output_shape == Shape{24, 24, 1});

int main(int argc, char** argv) {
  std::cout << summary<Net>() << '\n' << explain<Net>() << '\n'
            << "training needs " << Net::training_arena_bytes<32> / 1024 << " KiB of activations for 32 images\n";
  if (argc == 3) {  // pictures
    plot::save(argv[1], graph_svg<Net>());
    plot::save(argv[2], memory_svg<Net>());
  }

  const Model<Net> model{Seed{1}};
  const Engine<Net> engine{model};
  std::vector<float> image(Net::input_shape.size()), mask(Net::output_shape.size());
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = std::sin(0.05f * static_cast<float>(i));
  engine(image, mask);
  for (const float probability : mask)
    if (!(probability > 0 && probability < 1)) {
      std::cerr << "a mask should hold probabilities\n";
      return 1;
    }
}
