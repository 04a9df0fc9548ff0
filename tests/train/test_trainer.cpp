#include "harness/catch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include <strata/graph/graph.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/average.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/cropping2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_average_pooling2d.hpp>
#include <strata/layers/layer_normalization.hpp>
#include <strata/layers/multiply.hpp>
#include <strata/layers/permute.hpp>
#include <strata/layers/rescaling.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

#include "train/support.hpp"

using namespace strata;
using Catch::Matchers::ContainsSubstring;
using namespace strata::train_test;

namespace {

struct Net : Sequential<Input<5, 4, 2>, Conv2D<6, 3, Same>, BatchNorm, Sigmoid, Dropout<0.3>, Flatten, Dense<4>> {};
struct Plain : Sequential<Input<3>, Dense<5>, Tanh, Dense<4>> {};
struct WithSoftmax : Sequential<Input<3>, Dense<5>, Tanh, Dense<4>, Softmax> {};
struct WithActivation : Sequential<Input<3>, Dense<5, activation<Tanh>>, Dense<4, activation<Softmax>>> {};
struct WithSigmoid : Sequential<Input<3>, Dense<5>, Tanh, Dense<4, activation<Sigmoid>>> {};
struct Decayed : Sequential<Input<3>, Dense<5, L2{0.05}>, Tanh, Dense<4>> {};
struct Regression : Sequential<Input<3>, Dense<2>> {};
struct Pixels : Sequential<Input<4, 3, 2>, Conv2D<3, 3, Same>, Softmax> {};

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return std::bit_cast<int>(x) == std::bit_cast<int>(y); });
}

std::string message(auto&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no exception";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::vector<float> images = normal(6 * 40, 5);
const std::vector<int> classes = labels(6, 4, 6);

}  // namespace

TEST_CASE("both spellings make a trainer", "[train]") {
  Model<Plain> model{Seed{1}};
  Trainer deduced{model, SparseCategoricalCrossentropy{.from_logits = true},
                  SGD{.learning_rate = 0.05f, .momentum = 0.9f}, Seed{7}};
  Trainer<Plain, SparseCategoricalCrossentropy, SGD> named{model, SparseCategoricalCrossentropy{.from_logits = true},
                                                           SGD{}};
  static_assert(std::is_same_v<decltype(deduced), decltype(named)>);
  CHECK(deduced.seed().value == 7);
  CHECK(deduced.iterations() == 0);
  CHECK(deduced.slots().size() == Plain::trainable_param_count);
  Model<Plain, double> doubles{Seed{1}};
  Trainer in_double{doubles, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}};
  static_assert(std::is_same_v<decltype(in_double.step({}, std::span<const int>{})), double>);
}

TEST_CASE("the gradient of a whole network is that of the loss", "[train]") {
  Model<Decayed, double> model{Seed{2}};
  const std::vector<double> inputs = normal<double>(7 * 3, 1);
  const std::vector<int> wanted = labels(7, 4, 2);
  const auto loss_of = [&](Model<Decayed, double> copy) {
    return Trainer{copy, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0}}.step(inputs,
                                                                                                           wanted);
  };
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0}};
  const double loss = trainer.step(inputs, wanted);
  CHECK(loss == loss_of(model));
  std::vector<double> slopes(model.trainable().size());
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    Model<Decayed, double> above = model, below = model;
    above.trainable()[i] += 1e-5;
    below.trainable()[i] -= 1e-5;
    slopes[i] = (loss_of(above) - loss_of(below)) / 2e-5;
  }
  CHECK(difference(trainer.gradients(), slopes) < 1e-8);
  CHECK(trainer.gradient<"dense/kernel">().shape == Shape{3, 5});
  CHECK(trainer.gradient<"dense_1/bias">().data() == trainer.gradients().data() + 20 + 20);

  // the penalty is part of the loss
  Model<Plain, double> plain{Seed{2}};
  double squares = 0;
  for (const double w : model.get<"dense/kernel">()) squares += w * w;
  Trainer without{plain, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0}};
  CHECK(loss == Approx(without.step(inputs, wanted) + 0.05 * squares).epsilon(1e-12));
}

TEST_CASE("a softmax or sigmoid at the end trains as if on logits", "[train]") {
  const std::vector<float> inputs = normal(8 * 3, 1, 3.0);
  const std::vector<int> wanted = labels(8, 4, 2), bits = labels(8 * 4, 2, 3);
  const std::vector<float> soft = distributions(8, 4, 4);
  const auto train = [&]<class Net>(Model<Net> model, auto loss, const auto& targets) {
    Trainer trainer{model, loss, Adam{}};
    float last = 0;
    for (int step = 0; step < 5; ++step) last = trainer.step(inputs, targets);
    auto parameters = copy(model.parameters());
    parameters.push_back(last);
    return parameters;
  };
  const Model<Plain> plain{Seed{3}};
  const auto with_values = [&]<class Net>(Model<Net> model) {
    std::copy(plain.parameters().begin(), plain.parameters().end(), model.parameters().begin());
    return model;
  };
  const auto logits = train(plain, SparseCategoricalCrossentropy{.from_logits = true}, wanted);
  CHECK(same_bits(train(with_values(Model<WithSoftmax>{}), SparseCategoricalCrossentropy{}, wanted), logits));
  CHECK(same_bits(train(with_values(Model<WithActivation>{}), SparseCategoricalCrossentropy{}, wanted), logits));
  const auto rows = train(plain, CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.1}, soft);
  CHECK(same_bits(train(with_values(Model<WithActivation>{}), CategoricalCrossentropy{.label_smoothing = 0.1}, soft),
                  rows));
  const auto yes_or_no = train(plain, BinaryCrossentropy{.from_logits = true}, bits);
  CHECK(same_bits(train(with_values(Model<WithSigmoid>{}), BinaryCrossentropy{}, bits), yes_or_no));
  // the wrong link is not undone: a softmax output under a binary loss stays probabilities
  CHECK(!same_bits(train(with_values(Model<WithSoftmax>{}), BinaryCrossentropy{}, bits), yes_or_no));
}

TEST_CASE("logits far outside still train through a softmax", "[train]") {
  Model<WithSoftmax> model{Seed{4}};
  for (float& w : model.trainable()) w *= 3000.0f;
  Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0}};
  const float loss = trainer.step(normal(8 * 3, 1), labels(8, 4, 2));
  CHECK(loss > 100.0f);
  double largest = 0;
  for (const float g : trainer.gradients()) largest = std::max(largest, std::abs(static_cast<double>(g)));
  CHECK(largest > 0.01);
}

TEST_CASE("one label for each position", "[train]") {
  Model<Pixels> model{Seed{5}};
  Trainer trainer{model, SparseCategoricalCrossentropy{}, Adam{.learning_rate = 0.05f}};
  const std::vector<float> inputs = normal(2 * 24, 1);
  const std::vector<int> wanted = labels(2 * 12, 3, 2);
  const float first = trainer.step(inputs, wanted);
  for (int step = 0; step < 200; ++step) trainer.step(inputs, wanted);
  CHECK(trainer.step(inputs, wanted) < 0.7f * first);
  CHECK(contains(message([&] { trainer.step(inputs, labels(2, 3, 2)); }),
                 "targets: expected 12 for each of 2 samples, as the output is 4x3x3, received 2 in all"));
}

TEST_CASE("the same seed gives the same bits, another does not", "[train]") {
  const auto train = [](Seed seed) {
    Model<Net> model{Seed{1}};
    Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}, seed};
    for (int step = 0; step < 4; ++step) trainer.step(images, classes);
    return copy(model.parameters());
  };
  CHECK(same_bits(train(Seed{1}), train(Seed{1})));
  CHECK(!same_bits(train(Seed{1}), train(Seed{2})));  // dropout

  Model<Net> model{Seed{1}};
  Trainer still{model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0}};
  CHECK(still.step(images, classes) != still.step(images, classes));  // a new mask each step
}

TEST_CASE("a run goes on to the same bits from parameters, slots and iterations", "[train]") {
  Model<Net> model{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}, Seed{9}};
  for (int step = 0; step < 3; ++step) trainer.step(images, classes);

  Model<Net> second = model;
  Trainer resumed{second, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}, Seed{9}};
  std::copy(trainer.slots().begin(), trainer.slots().end(), resumed.slots().begin());
  resumed.set_iterations(trainer.iterations());
  for (int step = 0; step < 3; ++step) CHECK(trainer.step(images, classes) == resumed.step(images, classes));
  CHECK(same_bits(model.parameters(), second.parameters()));
}

TEST_CASE("NaN stops before anything changes", "[train]") {
  Model<Net> model{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{.learning_rate = 0.25f}};
  trainer.step(images, classes);
  const auto parameters = copy(model.parameters()), slots = copy(trainer.slots());
  const auto unchanged = [&] {
    return same_bits(model.parameters(), parameters) && same_bits(trainer.slots(), slots) && trainer.iterations() == 1;
  };
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto inputs = images;
    inputs[77] = bad;
    const std::string text = message([&] { trainer.step(inputs, classes); });
    CHECK(contains(text, "step 1: the loss became"));
    CHECK(contains(text, "smaller learning rate (now 0.25)"));
    CHECK_THROWS_AS(trainer.step(inputs, classes), NonFiniteLoss);
    CHECK(unchanged());
  }
  auto wrong = classes;
  wrong[3] = 4;
  CHECK(contains(message([&] { trainer.step(images, wrong); }),
                 "label 3 of the batch: expected a class from 0 to 3, received 4"));
  CHECK(unchanged());
  CHECK(contains(message([&] { trainer.step(std::span(images).first(39), classes); }),
                 "inputs: expected a batch of 5x4x2 samples, a multiple of 40 values, received 39 values"));
  CHECK(contains(message([&] { trainer.step(images, std::span(classes).first(5)); }),
                 "targets: expected 1 for each of 6 samples"));
  CHECK_THROWS_AS(trainer.step({}, std::span<const int>{}), InvalidArgument);
  CHECK(unchanged());
}

TEST_CASE("a gradient that overflows is found and named", "[train]") {
  Model<Regression> model;
  std::ranges::fill(model.trainable(), 0.0f);
  model.get<"dense/kernel">()(0, 0) = 1.0f;
  const auto parameters = copy(model.parameters());
  Trainer trainer{model, MeanSquaredError{}, SGD{}};
  // prediction 1e19, loss 1e38 / 2: finite; kernel gradient 1e19 * 1e25: not
  const std::vector<float> inputs{1e19f, 1e25f, 0};
  const std::string text = message([&] { trainer.step(inputs, std::vector<float>{0, 0}); });
  CHECK(contains(text, "the gradient of dense/kernel has values that are not finite"));
  CHECK(same_bits(model.parameters(), parameters));
}

TEST_CASE("clipping limits what the optimiser sees", "[train]") {
  const std::vector<float> inputs = normal(8 * 3, 1, 100.0), wanted = normal(8 * 2, 2, 100.0);
  const auto gradients = [&](SGD sgd) {
    Model<Regression> model{Seed{1}};
    Trainer trainer{model, MeanSquaredError{}, sgd};
    trainer.step(inputs, wanted);
    return copy(trainer.gradients());  // kernel 6, bias 2
  };
  const auto norm = [](std::span<const float> values) {
    double sum = 0;
    for (const float v : values) sum += static_cast<double>(v) * static_cast<double>(v);
    return std::sqrt(sum);
  };
  const auto raw = gradients({});
  const std::span<const float> all(raw);
  REQUIRE(norm(all.first(6)) > 1000);
  REQUIRE(norm(all.last(2)) > 10);
  const auto value = gradients({.clipvalue = 5});
  for (std::size_t i = 0; i < 8; ++i) CHECK(value[i] == std::clamp(raw[i], -5.0f, 5.0f));
  const auto tensor = gradients({.clipnorm = 10});
  CHECK(norm(std::span(tensor).first(6)) == Approx(10));
  CHECK(norm(std::span(tensor).last(2)) == Approx(10));
  const auto global = gradients({.global_clipnorm = 10});
  CHECK(norm(global) == Approx(10));
  CHECK(global[1] / global[0] == Approx(raw[1] / raw[0]));
  CHECK(gradients({.clipnorm = 1e9}) == raw);
  CHECK_THROWS_AS(gradients({.clipnorm = 1, .clipvalue = 1}), InvalidArgument);
  CHECK_THROWS_AS(gradients({.clipnorm = -1}), InvalidArgument);
}

TEST_CASE("gradients of any size are clipped to the length", "[train]") {
  // kernel gradients 2 error x / 2 outputs, of which the first two are 0.6 and 0.8 of their length
  Model<Regression> model;
  const auto clipped = [&](double size, auto optimizer) {
    std::ranges::fill(model.parameters(), 0.0f);
    Trainer trainer{model, MeanSquaredError{}, optimizer};
    const float scale = static_cast<float>(size);
    trainer.step(std::vector<float>{0.6f * scale, 0.8f * scale, 0}, std::vector<float>{-1, 0});
    return copy(trainer.gradients());
  };
  for (const double size : {1e-22, 1.0, 1e17, 1e19, 1e20, 3e38}) {
    CAPTURE(size);
    for (const double limit : {1e-25, 1e-3, 1e3}) {
      CAPTURE(limit);
      const auto tensor = clipped(size, SGD{.learning_rate = 0, .clipnorm = limit});
      const double length = std::min(size, limit);
      CHECK(tensor[0] == Approx(0.6 * length).epsilon(1e-5));
      CHECK(tensor[2] == Approx(0.8 * length).epsilon(1e-5));
      const auto global = clipped(size, SGD{.learning_rate = 0, .global_clipnorm = limit});  // the bias' gradient is 1
      const double expected = 0.6 * size * std::min(1.0, limit / std::hypot(size, 1.0));
      CHECK(global[0] == Approx(expected).epsilon(1e-5).margin(2e-45));  // the smallest float is 1.4e-45
    }
    CHECK(clipped(size, SGD{.learning_rate = 0, .clipvalue = 0.5})[0] ==
          std::min(0.5f, 0.6f * static_cast<float>(size)));
  }
  // Adam remembers squares: they must be finite, after clipping
  CHECK_THROWS_WITH(clipped(1e20, Adam{}), ContainsSubstring("the square of the gradient of dense/kernel"));
  CHECK(copy(model.parameters()) == std::vector<float>(8));
  CHECK_NOTHROW(clipped(1e20, Adam{.clipnorm = 1}));
  CHECK_NOTHROW(clipped(1e19, Adam{}));
}

TEST_CASE("moving averages stay finite", "[train]") {
  struct Normalised : Sequential<Input<2>, BatchNorm, Dense<1>> {};
  Model<Normalised> model{Seed{1}};
  const auto parameters = copy(model.parameters());
  Trainer trainer{model, MeanSquaredError{}, Adam{}};
  const std::vector<float> targets{1, 2, 3, 4};
  const std::string text = message([&] {
    trainer.step(std::vector<float>{1, 1e20f, 2, -1e20f, 3, 2e20f, 4, -2e20f}, targets);
  });
  CHECK(contains(text, "step 0: batch_normalization/moving_variance would get values that are not finite"));
  CHECK(same_bits(model.parameters(), parameters));
  CHECK(trainer.iterations() == 0);
  CHECK(std::ranges::all_of(trainer.slots(), [](float slot) { return slot == 0; }));
  trainer.step(std::vector<float>{1, 1e18f, 2, -1e18f, 3, 1e18f, 4, -1e18f}, targets);
  CHECK(model.get<"batch_normalization/moving_variance">()(1) == Approx(0.99 + 0.01 * 1e36));
}

TEST_CASE("numbers out of range are refused before anything changes", "[train]") {
  Model<Plain> model{Seed{1}};
  const auto parameters = copy(model.parameters());
  const std::vector<float> inputs = normal(8 * 3, 1);
  const std::vector<int> wanted = labels(8, 4, 2);
  const SparseCategoricalCrossentropy loss{.from_logits = true};
  CHECK_THROWS_AS((Trainer{model, loss, SGD{.learning_rate = NAN}}), InvalidArgument);
  CHECK_THROWS_AS((Trainer{model, loss, Adam{.learning_rate = CosineDecay{0.1, 0}}}), InvalidArgument);
  CHECK_THROWS_AS((Trainer{model, loss, Adam{.beta_1 = 1}}), InvalidArgument);
  CHECK_THROWS_AS((Trainer{model, CategoricalCrossentropy{.from_logits = true, .label_smoothing = 2}, Adam{}}),
                  InvalidArgument);
  Trainer trainer{model, loss, Adam{.learning_rate = [](std::size_t step) { return step == 0 ? 0.0 : 1.0 / 0.0; }}};
  trainer.step(inputs, wanted);
  const auto slots = copy(trainer.slots());
  CHECK_THROWS_WITH(trainer.step(inputs, wanted), ContainsSubstring("learning rate of step 1"));
  trainer.optimizer() = Adam{.beta_2 = 1};
  CHECK_THROWS_WITH(trainer.step(inputs, wanted), ContainsSubstring("beta_2"));
  CHECK(same_bits(model.parameters(), parameters));
  CHECK(same_bits(trainer.slots(), slots));
  CHECK(trainer.iterations() == 1);
}

namespace {

/// A layer of one's own that says it makes probabilities, and one that says nothing.
struct Bounded : Elementwise<Bounded> {
  static constexpr bool makes_probabilities = true;
  template <class V>
  static V apply(V x) {
    return simd::min(V(1), simd::max(V(0), x));
  }
  template <class V>
  static V derivative(V, V) {
    return V(1);
  }
};
struct Cube : Elementwise<Cube> {
  template <class V>
  static V apply(V x) {
    return x * x * x;
  }
  template <class V>
  static V derivative(V x, V) {
    return V(3) * x * x;
  }
};

enum class Refused { never, logits, probabilities };

/// Whether losses that take probabilities, or logits, refuse the end of a network. Nothing runs.
template <class... End>
bool refuses(Refused expected) {
  using Ending = Sequential<Input<4, 4, 2>, End...>;
  const auto refused = [](const auto& loss) {
    try {
      detail::validate_losses<Ending>(loss);
    } catch (const InvalidArgument& error) {
      return contains(error.what(), "from_logits");
    }
    return false;
  };
  const auto agree = [&](bool from_logits, bool wanted) {
    return refused(SparseCategoricalCrossentropy{from_logits}) == wanted &&
           refused(CategoricalCrossentropy{from_logits}) == wanted &&
           refused(BinaryCrossentropy{from_logits}) == wanted;
  };
  return agree(false, expected == Refused::logits) && agree(true, expected == Refused::probabilities);
}

}  // namespace

TEST_CASE("a loss refuses logits for probabilities and probabilities for logits", "[train]") {
  using Scores = Conv2D<3, 1>;
  CHECK(refuses<Scores>(Refused::logits));
  CHECK(refuses<Flatten, Dense<3>>(Refused::logits));
  CHECK(refuses<Scores, BatchNorm>(Refused::logits));
  CHECK(refuses<Flatten, Dense<3>, Dropout<0.5>>(Refused::logits));
  CHECK(refuses<Scores, Flatten>(Refused::logits));
  CHECK(refuses<Scores, GlobalAveragePooling2D>(Refused::logits));
  CHECK(refuses<Concatenate<Scores, Scores>>(Refused::logits));
  CHECK(refuses<Scores, Residual<Scores>>(Refused::logits));
  CHECK(refuses<Scores, LayerNormalization>(Refused::logits));
  CHECK(refuses<Scores, Softmax>(Refused::probabilities));
  CHECK(refuses<Conv2D<3, 1, activation<Softmax>>>(Refused::probabilities));
  CHECK(refuses<Scores, Sigmoid>(Refused::probabilities));
  CHECK(refuses<Scores, HardSigmoid>(Refused::probabilities));
  CHECK(refuses<Scores, Bounded>(Refused::probabilities));
  CHECK(refuses<Scores, Softmax, Flatten>(Refused::probabilities));
  CHECK(refuses<Scores, Softmax, Cropping2D<1>, Permute<2, 1, 3>>(Refused::probabilities));
  CHECK(refuses<Scores, Softmax, GlobalAveragePooling2D>(Refused::probabilities));
  CHECK(refuses<Average<Sequential<Scores, Softmax>, Sequential<Scores, Sigmoid>>>(Refused::probabilities));
  // what may be either
  CHECK(refuses<Scores, ReLU>(Refused::never));
  CHECK(refuses<Scores, Tanh>(Refused::never));
  CHECK(refuses<Scores, Cube>(Refused::never));
  CHECK(refuses<Scores, Softmax, Rescaling<0.5>>(Refused::never));
  CHECK(refuses<Concatenate<Scores, Sequential<Scores, Sigmoid>>>(Refused::never));
  CHECK(refuses<Multiply<Scores, Sequential<Scores, Sigmoid>>>(Refused::never));
  CHECK(refuses<Residual<Conv2D<2, 1>>>(Refused::never));
  CHECK(refuses<Scores, Softmax, Add<Sequential<>, Sequential<>>>(Refused::never));
  CHECK(refuses<>(Refused::never));

  Model<WithSoftmax> model{Seed{1}};
  CHECK(contains(message([&] { Trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{}}; }),
                 "SparseCategoricalCrossentropy: the network ends in Softmax (softmax), whose output is probabilities: "
                 "expected .from_logits = false, received true; leave it out, or take the Softmax away"));
  Model<Plain> plain{Seed{1}};
  CHECK(contains(message([&] { Trainer{plain, BinaryCrossentropy{}, SGD{}}; }),
                 "BinaryCrossentropy: the network ends in Dense<4> (dense_1), whose output is logits: expected "
                 ".from_logits = true, received false; set it, or put Sigmoid at the end"));
  // each output by its own loss
  struct TwoHeads : Graph<Node<"x", Input<3>>, Node<"policy", Dense<3, activation<Softmax>>, "x">,
                          Node<"value", Dense<1>, "x">, Outputs<"policy", "value">> {};
  const SparseCategoricalCrossentropy first{};
  CHECK_NOTHROW(detail::validate_losses<TwoHeads>(Losses{first, BinaryCrossentropy{.from_logits = true}}));
  CHECK_THROWS_WITH(detail::validate_losses<TwoHeads>(Losses{first, BinaryCrossentropy{}}),
                    ContainsSubstring("Dense<1> (value)"));
}

TEST_CASE("observers see the outputs and the gradients of each step", "[train]") {
  struct Watch {
    std::size_t outputs = 0, seen = 0;
    double norm = 0;
    void on_forward(std::span<const float> values, std::span<const int> targets) {
      outputs = values.size(), seen = targets.size();
      for (std::size_t i = 0; i < values.size(); i += 4)
        CHECK(values[i] + values[i + 1] + values[i + 2] + values[i + 3] == Approx(1));
    }
    void on_backward(Trainer<WithActivation, SparseCategoricalCrossentropy, SGD>& trainer) {
      for (const float g : trainer.gradients()) norm += std::abs(static_cast<double>(g));
    }
  } watch;
  const std::vector<float> inputs = normal(8 * 3, 1);
  const std::vector<int> wanted = labels(8, 4, 2);
  Model<WithActivation> model{Seed{1}}, unwatched{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{}};
  Trainer other{unwatched, SparseCategoricalCrossentropy{}, SGD{}};
  CHECK(trainer.step(inputs, wanted, watch) == other.step(inputs, wanted));
  CHECK(same_bits(model.parameters(), unwatched.parameters()));
  CHECK(watch.outputs == 32);
  CHECK(watch.seen == 8);
  CHECK(watch.norm > 0);
}
