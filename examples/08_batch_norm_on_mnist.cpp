// Lesson 8: the first experiment of the paper on batch normalisation (Ioffe & Szegedy 2015, §4.1 and Figure 1). Three
// hidden layers of 100 sigmoids read handwritten digits, with and without normalisation, in steps of 60 images. The
// picture shows the accuracy on the test images, and the inputs of one sigmoid of the last hidden layer.
//
//     08_batch_norm_on_mnist PICTURE.svg STEPS DIRECTORY       MNIST, unpacked; without a directory images are drawn
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <strata/data/mnist.hpp>
#include <strata/data/synthetic.hpp>
#include <strata/plot/chart.hpp>
#include <strata/plot/save.hpp>
#include <strata/strata.hpp>

using namespace strata;

/// `Normalisation` is a pack of no layer or one: Net<> and Net<BatchNorm>. The second output is to look at.
template <class... Normalisation>
struct Net : Graph<
    Node<"image", Input<28, 28, 1>>,
    Node<"sigmoid_input", Sequential<Flatten, Dense<100>, Normalisation..., Sigmoid,
                                     Dense<100>, Normalisation..., Sigmoid,
                                     Dense<100>, Normalisation...>, "image">,
    Node<"digit", Sequential<Sigmoid, Dense<10>>, "sigmoid_input">,
    Outputs<"digit", "sigmoid_input">> {};

/// The middle 28x28 pixels in black and white, as the paper's.
Dataset binary(const Dataset& images) {
  const auto side = static_cast<std::size_t>(images.shape()[0]), channels = images.shape().size() / (side * side);
  const std::size_t edge = (side - 28) / 2;
  Samples samples{.shape = {28, 28, 1}, .labels = {images.labels().begin(), images.labels().end()}};
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::vector<float> image = images.sample(i);
    for (std::size_t y = edge; y < edge + 28; ++y)
      for (std::size_t x = edge; x < edge + 28; ++x)
        samples.inputs.push_back(image[(y * side + x) * channels] > 0.5f ? 1.0f : 0.0f);
  }
  return Dataset(std::move(samples));
}

/// What Figure 1 shows: over steps, the test accuracy, and the 15th, 50th and 85th percentile of a sigmoid's inputs.
struct Curves {
  std::vector<double> steps, accuracy;
  std::array<std::vector<double>, 3> percentiles;
};

/// Adds what a network says of the test images.
template <class N>
void measure(const Model<N>& model, const Dataset& test, double steps, Curves& curves) {
  const Engine<N> engine{model};
  std::vector<float> digits(10 * test.size()), inputs(100 * test.size()), unit(test.size());
  engine(test.inputs(), {digits, inputs});
  std::size_t right = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const auto first = digits.begin() + static_cast<std::ptrdiff_t>(10 * i);
    right += std::max_element(first, first + 10) - first == test.labels()[i];
    unit[i] = inputs[100 * i];
  }
  std::ranges::sort(unit);
  curves.steps.push_back(steps);
  curves.accuracy.push_back(100 * static_cast<double>(right) / static_cast<double>(test.size()));
  for (std::size_t p = 0; p < 3; ++p)
    curves.percentiles[p].push_back(static_cast<double>(unit[unit.size() * (15 + 35 * p) / 100]));
}

template <class N>
Curves train(const Dataset& images, const Dataset& test, int steps, Seed seed) {
  Model<N> model{seed};
  std::uint64_t stream = 0;  // of random numbers
  model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> weights) {
    if (parameter.name != "kernel") return;
    const Random random = Random(seed).split(++stream);  // small Gaussian values
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(0.1 * random.normal(i));
  });
  Trainer trainer{model, Losses{{1, 0}, SparseCategoricalCrossentropy{.from_logits = true}, MeanSquaredError{}},
                  SGD{.learning_rate = 0.1}, seed};
  const std::vector<float> anything(60 * 100);  // the second output's loss counts nothing
  Batches batches(images, {.batch_size = 60, .shuffle = true});
  const auto start_epoch = [&] { batches.start_epoch(Random(seed).split(++stream)); };
  start_epoch();
  Curves curves;
  Batch batch;
  for (int step = 1; step <= steps; ++step) {
    if (!batches.next(batch)) start_epoch(), batches.next(batch);
    trainer.step(batch.inputs, {batch.labels, std::span(anything).first(100 * batch.size)});
    if (step % (steps / 50) == 0) measure(model, test, step, curves);
  }
  return curves;
}

/// Five runs, from five seeds.
template <class N>
std::vector<Curves> train(const Dataset& images, const Dataset& test, int steps) {
  std::vector<Curves> runs;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) runs.push_back(train<N>(images, test, steps, Seed{seed}));
  return runs;
}

/// The mean accuracy of all runs in a band from the lowest to the highest.
plot::Line accuracy(const std::string& name, const std::vector<Curves>& runs) {
  plot::Line line{name, {}, runs[0].steps};
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    double sum = 0, low = 100, high = 0;
    for (const Curves& run : runs) {
      sum += run.accuracy[i];
      low = std::min(low, run.accuracy[i]), high = std::max(high, run.accuracy[i]);
    }
    line.y.push_back(sum / static_cast<double>(runs.size()));
    line.low.push_back(low), line.high.push_back(high);
  }
  return line;
}

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "batch_norm_on_mnist.svg";
  const int steps = argc > 2 ? std::max(50, std::stoi(argv[2])) : 5'000;

  const TrainTest all = argc > 3 ? load_mnist(argv[3])
                                 : TrainTest{synthetic_images(6'000, Seed{1}), synthetic_images(1'000, Seed{2})};
  const Dataset images = binary(all.train), test = binary(all.test);
  const std::vector<Curves> plain = train<Net<>>(images, test, steps);
  const std::vector<Curves> normalised = train<Net<BatchNorm>>(images, test, steps);

  const std::string with = "with batch normalisation", without = "without";
  const plot::Line lines[] = {accuracy(with, normalised), accuracy(without, plain)};
  std::printf("test accuracy, %%: mean of five seeds (lowest, highest)\n  steps   without                with\n");
  for (std::size_t i = 4; i < lines[0].y.size(); i += 5)
    std::printf("%7.0f   %.2f (%.2f, %.2f)   %.2f (%.2f, %.2f)\n", lines[0].x[i], lines[1].y[i], lines[1].low[i],
                lines[1].high[i], lines[0].y[i], lines[0].low[i], lines[0].high[i]);

  const auto percentiles = [](const std::string& name, const Curves& run) {
    return plot::Line{name, run.percentiles[1], run.steps, run.percentiles[0], run.percentiles[2]};
  };
  plot::Chart right{.title = "Right", .x_title = "step", .y_title = "% of the test images"}, wrong = right;
  right.lines = {lines[0], lines[1]};
  wrong.title = "Wrong";
  wrong.logarithmic = true;
  for (plot::Line line : lines) {
    for (std::vector<double>* column : {&line.y, &line.low, &line.high})
      for (double& percent : *column) percent = 100 - percent;
    wrong.lines.push_back(line);
  }
  plot::Chart input{.x_title = "step", .y_title = "15th, 50th, 85th percentile"};
  std::vector<plot::Chart> charts{right, wrong, input, input};
  charts[2].title = "A sigmoid's input, without";
  charts[2].lines = {percentiles(without, plain[0])};
  charts[3].title = "A sigmoid's input, with";
  charts[3].lines = {percentiles(with, normalised[0])};
  plot::save(path, plot::charts("Digits, with and without batch normalisation", charts));

  for (std::size_t run = 0; run < plain.size(); ++run)
    if (normalised[run].accuracy.back() <= plain[run].accuracy.back()) return 1;
}
