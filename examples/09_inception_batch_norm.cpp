// Lesson 9: what batch normalisation is good for (Ioffe & Szegedy 2015, §4.2, Figures 2 and 3), at the size of a
// laptop. A small network in the manner of Inception learns to tell small pictures apart: as it is, with batch
// normalisation, with that and 5 and 30 times the learning rate, and with sigmoids in place of ReLU.
//
//     09_inception_batch_norm PICTURE.svg STEPS SEEDS DIRECTORY     CIFAR-10; without a directory images are drawn
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <strata/data/cifar10.hpp>
#include <strata/data/synthetic.hpp>
#include <strata/plot/chart.hpp>
#include <strata/plot/save.hpp>
#include <strata/strata.hpp>

using namespace strata;

/// `Layers` is what comes after a convolution: an activation, with or without a normalisation before it.
template <int Filters, class... Layers>
using Inception = Concatenate<
    Sequential<Conv2D<Filters, 1>, Layers...>,
    Sequential<Conv2D<Filters / 2, 1>, Layers..., Conv2D<Filters, 3, Same>, Layers...>,
    Sequential<MaxPooling2D<3, Strides{1}, Same>, Conv2D<Filters, 1>, Layers...>>;

template <class... Layers>
struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<48, 3, Same, Strides{2}>, Layers..., MaxPooling2D<>,
    Inception<16, Layers...>, Inception<16, Layers...>, Inception<16, Layers...>, Inception<16, Layers...>,
    GlobalAveragePooling2D, Dense<10>> {};

/// Test accuracy over steps, a run from each seed.
struct Result {
  std::string name;
  std::vector<double> steps{};
  std::vector<std::vector<double>> runs{};

  /// The mean of all runs in a band from the lowest to the highest.
  plot::Line line() const {
    plot::Line line{name, {}, steps};
    for (std::size_t i = 0; i < steps.size(); ++i) {
      double sum = 0, low = 100, high = 0;
      for (const std::vector<double>& run : runs)
        sum += run[i], low = std::min(low, run[i]), high = std::max(high, run[i]);
      line.y.push_back(sum / static_cast<double>(runs.size()));
      line.low.push_back(low), line.high.push_back(high);
    }
    return line;
  }
};

struct Experiment {
  Dataset train, test;
  int steps;
  std::uint64_t seeds;

  template <class N>
  Result run(const std::string& name, double learning_rate) const {
    Result result{name};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      Model<N> model{Seed{seed}};
      Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true},
                      SGD{.learning_rate = learning_rate, .momentum = 0.9}, Seed{seed}};
      Batches batches(train, {.batch_size = 32, .shuffle = true});
      std::uint64_t epoch = 0;
      const auto start_epoch = [&] { batches.start_epoch(Random(Seed{seed}).split(epoch++)); };
      start_epoch();
      result.steps.clear();
      std::vector<double>& accuracy = result.runs.emplace_back();
      Batch batch;
      for (int step = 1; step <= steps; ++step) {
        if (!batches.next(batch)) start_epoch(), batches.next(batch);
        trainer.step(batch.inputs, batch.labels);
        if (step % (steps / 30) != 0) continue;
        result.steps.push_back(step);
        accuracy.push_back(100 * evaluate(trainer, test).metric);
      }
    }
    return result;
  }
};

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "inception_batch_norm.svg";
  const int steps = argc > 2 ? std::max(30, std::stoi(argv[2])) : 600;
  const int seeds = argc > 3 ? std::max(1, std::stoi(argv[3])) : 1;
  const TrainTest images = argc > 4 ? load_cifar10(argv[4])
                                    : TrainTest{synthetic_images(10'000, Seed{1}), synthetic_images(500, Seed{2})};
  const Experiment experiment{images.train, images.test.take(2'000), steps, static_cast<std::uint64_t>(seeds)};

  constexpr double rate = 0.01;
  const Result results[] = {experiment.run<Net<ReLU>>("Inception", rate),
                            experiment.run<Net<BatchNorm, ReLU>>("BN-Baseline", rate),
                            experiment.run<Net<BatchNorm, ReLU>>("BN-x5", 5 * rate),
                            experiment.run<Net<BatchNorm, ReLU>>("BN-x30", 30 * rate),
                            experiment.run<Net<BatchNorm, Sigmoid>>("BN-x5-Sigmoid", 5 * rate),
                            experiment.run<Net<Sigmoid>>("Inception-Sigmoid", rate)};

  // The paper's table: when each reaches the best that Inception does without normalisation, and how far it comes.
  plot::Chart chart{.title = "Inception with and without batch normalisation",
                    .x_title = "step",
                    .y_title = "% of the test images"};
  for (const Result& result : results) chart.lines.push_back(result.line());
  const auto highest = [](const std::vector<double>& y) { return *std::ranges::max_element(y); };
  const double best = highest(chart.lines[0].y);
  std::printf("                    steps to %.1f %%   highest accuracy (of each seed)\n", best);
  for (std::size_t i = 0; i < std::size(results); ++i) {
    const plot::Line& line = chart.lines[i];
    const auto reached = std::ranges::find_if(line.y, [&](double y) { return y >= best; });
    const auto place = static_cast<std::size_t>(reached - line.y.begin());
    const std::string when = place == line.y.size() ? "-" : std::to_string(std::lround(line.x[place]));
    std::printf("%-18s  %15s   %.1f %% (", line.name.c_str(), when.c_str(), highest(line.y));
    for (const std::vector<double>& run : results[i].runs) std::printf(" %.1f", highest(run));
    std::printf(" )\n");
  }
  plot::save(path, plot::chart(chart));
  return highest(chart.lines[2].y) > best && highest(chart.lines[4].y) > highest(chart.lines[5].y) ? 0 : 1;
}
