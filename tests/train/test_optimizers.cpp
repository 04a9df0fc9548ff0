#include "harness/catch.hpp"

#include <cmath>
#include <functional>

#include <strata/train/callbacks.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/optimizers.hpp>

#include "train/support.hpp"

using namespace strata;
using Catch::Matchers::ContainsSubstring;
using namespace strata::train_test;

namespace {

/// Keras 3's formulas, one number at a time, in double.
struct Reference {
  double p = 0, m = 0, v = 0;
};

/// Six steps over arrays of many sizes, against the reference.
template <class Optimizer>
void check_optimizer(const Optimizer& optimizer,
                     const std::function<void(Reference&, double g, double lr, double t)>& step) {
  for (const std::size_t size : {1, 7, 8, 15, 16, 17, 40}) {
    CAPTURE(size);
    std::vector<float> parameters = normal(size, 1), slots(Optimizer::slots * size);
    std::vector<double> doubles(parameters.begin(), parameters.end()), double_slots(Optimizer::slots * size);
    std::vector<Reference> reference(size);
    for (std::size_t i = 0; i < size; ++i) reference[i].p = static_cast<double>(parameters[i]);
    for (std::size_t t = 0; t < 6; ++t) {
      const std::vector<float> gradients = normal(size, 10 + t, t % 2 == 0 ? 1 : 0.01);
      const std::vector<double> double_gradients(gradients.begin(), gradients.end());
      apply_gradients<simd::Vector<float>>(optimizer, t, std::span(parameters), std::span<const float>(gradients),
                                           std::span(slots));
      apply_gradients<simd::Vector<double>>(optimizer, t, std::span(doubles), std::span<const double>(double_gradients),
                                            std::span(double_slots));
      for (std::size_t i = 0; i < size; ++i)
        step(reference[i], static_cast<double>(gradients[i]), optimizer.learning_rate(t), static_cast<double>(t + 1));
    }
    std::vector<double> expected;
    for (const Reference& one : reference) expected.push_back(one.p);
    CHECK(difference(parameters, expected) < 1e-6);
    CHECK(difference(doubles, expected) < 1e-14);
  }
}

}  // namespace

TEST_CASE("optimisers follow Keras' formulas", "[train]") {
  check_optimizer(SGD{}, [](Reference& r, double g, double lr, double) { r.p -= lr * g; });
  check_optimizer(SGD{.learning_rate = 0.05f, .momentum = 0.9}, [](Reference& r, double g, double lr, double) {
    r.m = 0.9 * r.m - lr * g;
    r.p += r.m;
  });
  check_optimizer(SGD{.learning_rate = 0.05, .momentum = 0.9, .nesterov = true},
                  [](Reference& r, double g, double lr, double) {
                    r.m = 0.9 * r.m - lr * g;
                    r.p += 0.9 * r.m - lr * g;
                  });
  const auto adam = [](Reference& r, double g, double lr, double t) {
    r.m += (g - r.m) * (1 - 0.9);
    r.v += (g * g - r.v) * (1 - 0.999);
    r.p -= r.m * lr * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t)) / (std::sqrt(r.v) + 1e-7);
  };
  check_optimizer(Adam{}, adam);
  check_optimizer(Adam{.learning_rate = ExponentialDecay{0.01, 2, 0.5}}, adam);
  check_optimizer(AdamW{.learning_rate = 0.01f}, [&](Reference& r, double g, double lr, double t) {
    r.p -= r.p * 0.004 * lr;
    adam(r, g, lr, t);
  });
  check_optimizer(RMSprop{.momentum = 0.5}, [](Reference& r, double g, double lr, double) {
    r.v = 0.9 * r.v + (1 - 0.9) * g * g;
    r.m = 0.5 * r.m + lr * g / std::sqrt(r.v + 1e-7);
    r.p -= r.m;
  });
  const auto lion = [](double beta_1, double beta_2) {
    return [=](Reference& r, double g, double lr, double) {
      const double mean = beta_1 * r.m + (1 - beta_1) * g;
      r.p -= lr * ((mean > 0) - (mean < 0));
      r.m = beta_2 * r.m + (1 - beta_2) * g;
    };
  };
  check_optimizer(Lion{}, lion(0.9, 0.99));
  check_optimizer(Lion{.learning_rate = 0.1, .beta_1 = 0.5, .beta_2 = 0.8}, lion(0.5, 0.8));
}

TEST_CASE("Lion leaves a parameter without a gradient where it is", "[train]") {
  std::vector<float> parameters(9, 5.0f), slots(9);
  std::vector<float> gradients(9);
  gradients[3] = 1e-30f, gradients[8] = -1e30f;
  apply_gradients<simd::Vector<float>>(Lion{.learning_rate = 0.5}, 0, std::span(parameters),
                                       std::span<const float>(gradients), std::span(slots));
  CHECK(parameters == std::vector<float>{5, 5, 5, 4.5f, 5, 5, 5, 5, 5.5f});
}

TEST_CASE("hyperparameters out of range are refused by their names", "[train]") {
  const double nan = std::nan(""), infinity = HUGE_VAL;
  const auto refused = [](const auto& optimizer, const char* sentence) {
    CHECK_THROWS_WITH(optimizer.validate(), ContainsSubstring(sentence));
  };
  for (const double bad : {-0.1, 1.0, 1.5, nan}) {
    refused(Adam{.beta_1 = bad}, "Adam: expected .beta_1 from 0 to below 1, received ");
    refused(Adam{.beta_2 = bad}, "Adam: expected .beta_2 ");
    refused(AdamW{.beta_1 = bad}, "AdamW: expected .beta_1 ");
  }
  for (const double bad : {-0.1, 1.1, nan}) {  // Keras' SGD: ValueError
    refused(SGD{.momentum = bad}, "SGD: expected .momentum from 0 to 1, received ");
    refused(RMSprop{.momentum = bad}, "RMSprop: expected .momentum ");
    refused(RMSprop{.rho = bad}, "RMSprop: expected .rho ");
    refused(Lion{.beta_2 = bad}, "Lion: expected .beta_2 from 0 to 1, received ");
  }
  for (const double bad : {0.0, -0.1, 1.1, nan})  // Keras' Lion: ValueError
    refused(Lion{.beta_1 = bad}, "Lion: expected .beta_1 above 0 to 1, received ");
  for (const double bad : {0.0, -1e-7, 1e-60, 1e39, infinity, nan}) {  // 0 / (sqrt(0) + 0) would be the step
    refused(Adam{.epsilon = bad}, "Adam: expected .epsilon above 0, received ");
    refused(RMSprop{.epsilon = bad}, "RMSprop: expected .epsilon ");
  }
  for (const double bad : {-0.1, 1e39, infinity, nan})
    refused(AdamW{.weight_decay = bad}, "AdamW: expected .weight_decay ");
  SGD{.momentum = 1}.validate();
  Adam{.beta_1 = 0, .beta_2 = 0}.validate();
  AdamW{.weight_decay = 0}.validate();
}

TEST_CASE("the update stays within its arrays", "[train]") {
  std::vector<float> parameters(24, 5.0f), slots(2 * 24, 0.0f);
  const std::vector<float> gradients(24, 1.0f);
  apply_gradients<simd::Vector<float>>(Adam{}, 0, std::span(parameters).first(19), std::span(gradients).first(19),
                                       std::span(slots).first(2 * 19));
  for (std::size_t i = 0; i < 24; ++i) CHECK((parameters[i] == 5.0f) == (i >= 19));
  for (std::size_t i = 0; i < 48; ++i) CHECK((slots[i] == 0.0f) == (i >= 38));
}

TEST_CASE("the defaults are Keras'", "[train]") {
  CHECK(SGD{}.learning_rate(0) == 0.01);
  CHECK(Adam{}.learning_rate(0) == 0.001);
  CHECK(AdamW{}.weight_decay == 0.004);
  CHECK(RMSprop{}.rho == 0.9);
  CHECK((Lion{}.learning_rate(0) == 0.001 && Lion{}.beta_1 == 0.9 && Lion{}.beta_2 == 0.99));
  const Adam clipped{.learning_rate = 1e-3f, .clipnorm = 1.0f};
  CHECK(clipped.clipnorm == 1.0);
  CHECK(clipped.beta_2 == 0.999);
  CHECK(clipped.epsilon == 1e-7);
}

TEST_CASE("optimisers, schedules and losses are spelled as they are written") {
  CHECK(spelling(Adam{}) == "Adam{}");
  CHECK(spelling(Adam{.learning_rate = 0.01, .beta_1 = 0.8}) == "Adam{.learning_rate = 0.01, .beta_1 = 0.8}");
  CHECK(spelling(SGD{.learning_rate = CosineDecay{.initial_learning_rate = 0.5, .decay_steps = 100, .warmup_target = 1},
                     .nesterov = true}) ==
        "SGD{.learning_rate = CosineDecay{.initial_learning_rate = 0.5, .decay_steps = 100, .warmup_target = 1}, "
        ".nesterov = true}");
  CHECK(spelling(RMSprop{.learning_rate = PiecewiseConstantDecay{{10, 20}, {0.5, 0.25, 0.125}}, .clipnorm = 1}) ==
        "RMSprop{.learning_rate = PiecewiseConstantDecay{.boundaries = {10, 20}, .values = {0.5, 0.25, 0.125}}, "
        ".clipnorm = 1}");
  CHECK(spelling(AdamW{.learning_rate = [](std::size_t) { return 0.5; }}) == "AdamW{.learning_rate = a function}");
  CHECK(spelling(CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.25}) ==
        "CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.25}");
  CHECK(spelling(MeanSquaredError{}) == "MeanSquaredError{}");
  CHECK(spelling(Lion{.beta_2 = 0.95, .clipvalue = 2}) == "Lion{.beta_2 = 0.95, .clipvalue = 2}");
  CHECK(spelling(Huber{.delta = 0.5}) == "Huber{.delta = 0.5}");
  CHECK(spelling(EarlyStopping{.patience = 3, .monitor = "val_accuracy", .mode = Monitor::max}) ==
        "EarlyStopping{.patience = 3, .monitor = \"val_accuracy\", .mode = Monitor::max}");
  CHECK(spelling(CSVLogger{.path = "run.csv", .separator = ';'}) == "CSVLogger{.path = \"run.csv\", .separator = ';'}");
}
