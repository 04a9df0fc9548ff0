// Lesson 10: what a network has learned, to look at: its graph and its memory, training curves, a confusion matrix, the
// first layer's filters, an image's feature maps, and what the decision looks at (Grad-CAM, Selvaraju et al. 2017,
// arXiv 1610.02391). The pictures are SVG files.
//
//     10_pictures DIRECTORY EPOCHS IMAGES       images are drawn
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <strata/data/synthetic.hpp>
#include <strata/plot/chart.hpp>
#include <strata/plot/confusion_matrix.hpp>
#include <strata/plot/save.hpp>
#include <strata/plot/tiles.hpp>
#include <strata/strata.hpp>

using namespace strata;

#include "demo_network.hpp"

/// The network up to its feature maps, and from them on.
struct Beginning : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};
struct End : Sequential<Input<32, 32, 32>, MaxPooling2D<>, Flatten, Dense<10>> {};

constexpr Shape map_shape = Beginning::output_shape;  // 32x32, 32 maps
constexpr std::size_t maps = map_shape.channels(), pixels = map_shape.size() / maps;

int best_class(std::span<const float> scores) {
  return static_cast<int>(std::ranges::max_element(scores) - scores.begin());
}

/// Each filter of the first layer as a picture of 3x3 pixels: grey where it weighs nothing.
std::vector<plot::Tile> filters(const Model<Net>& model) {
  const auto kernel = model.get<"conv2d/kernel">();  // (3, 3, 3 colours, 32 filters)
  float largest = 0;
  for (const float weight : kernel) largest = std::max(largest, std::abs(weight));
  std::vector<plot::Tile> tiles;
  for (std::size_t filter = 0; filter < 32; ++filter) {
    plot::Tile& tile = tiles.emplace_back();
    tile.shape = {3, 3, 3};
    for (std::size_t i = filter; i < kernel.size(); i += 32)
      tile.values.push_back(0.5f + 0.5f * kernel.elements[i] / largest);
  }
  return tiles;
}

std::vector<plot::Tile> feature_maps(std::span<const float> features) {
  std::vector<plot::Tile> tiles;
  for (std::size_t map = 0; map < maps; ++map) {
    plot::Tile& tile = tiles.emplace_back();
    tile.shape = {map_shape[0], map_shape[1], 1};
    for (std::size_t i = map; i < features.size(); i += maps) tile.values.push_back(features[i]);
  }
  return tiles;
}

/// Where a decision comes from: the sum of the feature maps, each by how much the score grows when all of it grows. (The
/// paper takes the mean of the gradient; a difference quotient is the same where the score is linear in the map.)
std::vector<float> grad_cam(const Model<End>& end, std::span<const float> features, int decision) {
  constexpr float raise = 0.1f;
  std::vector<float> inputs;  // the feature maps as they are, then with one of them raised
  for (std::size_t copy = 0; copy <= maps; ++copy)
    for (std::size_t i = 0; i < features.size(); ++i)
      inputs.push_back(features[i] + (copy > 0 && i % maps == copy - 1 ? raise : 0));
  const std::vector<float> scores = predict(end, inputs);
  const auto score = [&](std::size_t copy) { return scores[copy * 10 + static_cast<std::size_t>(decision)]; };

  std::vector<float> heat(pixels);
  for (std::size_t i = 0; i < features.size(); ++i)
    heat[i / maps] += (score(i % maps + 1) - score(0)) / raise * features[i];
  return heat;
}

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : ".";
  std::filesystem::create_directories(directory);
  const int epochs = argc > 2 ? std::stoi(argv[2]) : 4;
  const std::size_t count = argc > 3 ? std::stoul(argv[3]) : 10'000;
  const auto write = [&](const std::string& name, const std::string& svg) {
    plot::save(directory + "/" + name + ".svg", svg);
  };

  const Dataset train = synthetic_images(count, Seed{1}), test = synthetic_images(1'000, Seed{2});
  Model<Net> model{Seed{42}};
  const History history = fit(model, train, Adam{.learning_rate = 1e-3f},
                              SparseCategoricalCrossentropy{.from_logits = true},
                              {.epochs = epochs, .validation = &test});

  write("graph", graph_svg<Net>());
  write("memory", memory_svg<Net>());
  write("curves", plot::charts("Training", {{.title = "Loss",
                                             .x_title = "epoch",
                                             .y_title = "mean cross-entropy",
                                             .lines = {{"training", history.loss}, {"test", history.val_loss}}},
                                            {.title = "Accuracy",
                                             .x_title = "epoch",
                                             .y_title = "part of the images",
                                             .lines = {{"training", history.metric}, {"test", history.val_metric}}}}));

  std::vector<float> images;
  for (std::size_t i = 0; i < test.size(); ++i) std::ranges::copy(test.sample(i), std::back_inserter(images));
  const std::vector<float> scores = predict(model, images);
  std::vector<int> decisions;
  for (std::size_t i = 0; i < test.size(); ++i) decisions.push_back(best_class(std::span(scores).subspan(10 * i, 10)));
  write("confusion_matrix",
        plot::confusion_matrix("What is taken for what", test.class_names(), test.labels(), decisions));

  // The beginning of the network has the first of its weights, and all of its state; the end has the rest.
  Model<Beginning> beginning;
  const std::size_t first = beginning.trainable().size(), state = Net::param_count - Net::trainable_param_count;
  std::ranges::copy(model.trainable().first(first), beginning.trainable().begin());
  std::ranges::copy(model.parameters().last(state), beginning.parameters().last(state).begin());
  Model<End> end;
  std::ranges::copy(model.trainable().subspan(first), end.trainable().begin());

  write("filters", plot::tiles("Filters of the first layer", filters(model)));
  std::vector<plot::Tile> seen;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::vector<float> image = test.sample(i), features = predict(beginning, image);
    if (i == 0) write("feature_maps", plot::tiles("Feature maps of the second layer", feature_maps(features)));
    const std::string& name = test.class_names()[static_cast<std::size_t>(decisions[i])];
    seen.push_back({"", test.shape(), image});
    seen.push_back({name, test.shape(), image});
    seen.back().heat_shape = {map_shape[0], map_shape[1]};
    seen.back().heat = grad_cam(end, features, decisions[i]);
  }
  write("grad_cam", plot::tiles("What the decision looks at", seen, {.columns = 4}));

  std::printf("written to %s: graph, memory, curves, confusion_matrix, filters, feature_maps and grad_cam.svg\n",
              directory.c_str());
  return history.metric.back() > 0.3 ? 0 : 1;
}
