// Lesson 12: transfer learning. A network that others trained gets a new head; first the head alone learns, then all.
//
//     scripts/import mobilenet.keras -o net.hpp      writes a Keras model as such a network, and its weights beside it
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <vector>

#include <strata/data/synthetic.hpp>
#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

using namespace strata;

// As the importer writes it, told to end before the head: --outputs flatten.
struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<8, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, ReLU,
    Conv2D<16, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, ReLU,
    Conv2D<32, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, ReLU,
    Flatten> {};

// BodyOf is the network without its Input, a block. The weights keep their names.
struct Pretrained : Sequential<Input<32, 32, 3>, BodyOf<Net>, Dense<10>> {};                      // on ten classes
struct Transfer : Sequential<Input<32, 32, 3>, Frozen<BodyOf<Net>>, Named<"head", Dense<2>>> {};  // first, a new head
struct FineTune : Sequential<Input<32, 32, 3>, BodyOf<Net>, Named<"head", Dense<2>>> {};          // then, all of it
static_assert(Transfer::trainable_param_count == 512 * 2 + 2);

const SparseCategoricalCrossentropy loss{.from_logits = true};

/// The same images, and whether they show a texture: classes 5 to 9.
Dataset textures(const Dataset& images) {
  std::vector<int> labels(images.labels().begin(), images.labels().end());
  for (int& label : labels) label = label >= 5;
  return Dataset{{.shape = images.shape(), .bytes = {images.bytes().begin(), images.bytes().end()},
                  .divisor = images.divisor(), .labels = std::move(labels)}};
}

int main() {
  // In place of a file from elsewhere.
  const auto path = std::filesystem::temp_directory_path() / "strata_lesson_12.safetensors";
  Model<Pretrained> pretrained{Seed{42}};
  fit(pretrained, synthetic_images(1'500, Seed{1}), Adam{.learning_rate = 2e-3f}, loss, {.epochs = 3, .verbose = 2});
  save_weights(pretrained, path);

  // Few images of the new kind.
  const Dataset train = textures(synthetic_images(200, Seed{3})), test = textures(synthetic_images(500, Seed{4}));
  Model<Transfer> transfer{Seed{7}};
  const WeightMap loaded = load_weights(transfer, path, Partial{});  // what fits; the new head keeps its first weights
  std::filesystem::remove(path);
  std::cout << loaded.size() << " weights loaded\n";
  fit(transfer, train, Adam{.learning_rate = 2e-3f}, loss, {.epochs = 8, .verbose = 0});
  const double head_alone = evaluate(transfer, test, loss).metric;

  // Thawed: another type over the same parameters, with a small learning rate.
  Model<FineTune> tuned;
  std::ranges::copy(transfer.parameters(), tuned.parameters().begin());
  fit(tuned, train, Adam{.learning_rate = 2e-4f}, loss, {.epochs = 8, .verbose = 0});
  const double all = evaluate(tuned, test, loss).metric;

  std::printf("the head alone: %.1f %% right; then all of it: %.1f %%\n", 100 * head_alone, 100 * all);
  if (loaded.size() != 18 || head_alone < 0.7 || all < head_alone) {
    std::cerr << "18 weights should be loaded, 70 % be right with the head alone, and no fewer in the end\n";
    return 1;
  }
  return 0;
}
