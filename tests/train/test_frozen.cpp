// Frozen: what stays as it is, what is still trained, and that thawing is another type over the same weights.
// tests/oracle/test_keras.cpp has a fit of Keras with frozen layers.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <strata/io/checkpoint.hpp>
#include <strata/strata.hpp>

#include "harness/catch.hpp"
#include "harness/check_network.hpp"
#include "harness/files.hpp"
#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;

namespace {

template <class A, class B>
constexpr bool same_layout() {
  const auto &a = A::network(), &b = B::network();
  if (a.node_count != b.node_count || a.parameter_count() != b.parameter_count()) return false;
  for (std::size_t n = 0; n < a.node_count; ++n)
    if (a.nodes[n].rules != b.nodes[n].rules || a.nodes[n].offsets() != b.nodes[n].offsets() ||
        Text(a.nodes[n].name) != std::string_view(Text(b.nodes[n].name)))
      return false;
  return true;
}

// A body that another network has learnt, and a new head.
struct Body : Sequential<Conv2D<4, 3, Same>, BatchNorm, ReLU, Residual<Conv2D<4, 3, Same>, BatchNorm>> {};
struct Tune : Sequential<Input<6, 6, 2>, Body, GlobalAveragePooling2D, Dense<3>> {};
struct Transfer : Sequential<Input<6, 6, 2>, Frozen<Body>, GlobalAveragePooling2D, Dense<3>> {};
struct Features : Sequential<Input<6, 6, 2>, Body, GlobalAveragePooling2D> {};
struct Head : Sequential<Input<4>, Dense<3>> {};

static_assert(same_layout<Transfer, Tune>());
static_assert(Transfer::trainable_param_count == 4 * 3 + 3 && Transfer::param_count == Tune::param_count);
static_assert(Transfer::non_trainable_param_count == Tune::param_count - 15);
static_assert(Transfer::training_arena_bytes<32> < Tune::training_arena_bytes<32>);
// All that is kept for a batch is Dense's input, its output and the gradient of that.
static_assert(Transfer::training_plan().whole_size == 3 * aligned_size<float>(4));
static_assert(Transfer::inference_arena_bytes<> == Tune::inference_arena_bytes<>);

// In a graph, in a branch, in another.
struct Branches : Graph<Node<"x", Input<6, 6, 2>>, Node<"body", Frozen<Body>, "x">,
                        Node<"side", Residual<Frozen<Frozen<Conv2D<2, 1>>, BatchNorm>, Conv2D<2, 1>>, "x">,
                        Node<"both", Frozen<Concatenate<>>, "body">, Node<"y", Concatenate<>, "both", "side">,
                        Outputs<"y">> {};
struct Thawed : Graph<Node<"x", Input<6, 6, 2>>, Node<"body", Body, "x">,
                      Node<"side", Residual<Conv2D<2, 1>, BatchNorm, Conv2D<2, 1>>, "x">,
                      Node<"both", Concatenate<>, "body">, Node<"y", Concatenate<>, "both", "side">, Outputs<"y">> {};
static_assert(same_layout<Branches, Thawed>());
static_assert(Branches::trainable_param_count == 2 * 2 + 2);

/// A user's layer that does not know of Frozen: its batch norm normalises by the batch, frozen or not.
struct OwnNorm : BatchNorm {
  static constexpr bool freezes = false;
};
/// Frozen layers of every kind above, below and between trained ones.
struct Mixed
    : Sequential<Input<6, 6, 2>, Frozen<Conv2D<3, 3, Same>, BatchNorm, Sigmoid>, Conv2D<4, 3, Same, L2{0.1}>,
                 Frozen<Residual<Conv2D<4, 3, Same, L2{0.1}>, BatchNorm>, PReLU<>, Dropout<0.2>, LayerNormalization,
                        OwnNorm, Conv2DTranspose<2, 2, Strides{2}>, DepthwiseConv2D<3>>,
                 BatchNorm, Flatten, Frozen<Dense<9>>, Tanh, Dense<4>> {};
static_assert(Mixed::trainable_param_count == (27 * 4 + 4) + 4 + (9 * 4 + 4));

constexpr std::size_t batch = 7;
const std::vector<double> images = normal<double>(batch * Mixed::input_shape.size(), 1);
const std::vector<int> classes = labels(batch, 3, 2);
const SparseCategoricalCrossentropy from_logits{.from_logits = true};

template <class Parallel>
void check_bits(const auto& optimizer) {
  INFO(std::string(type_name<std::remove_cvref_t<decltype(optimizer)>>()));
  Model<Mixed, double> model{Seed{3}};
  const Model<Mixed, double> before = model;
  Trainer trainer{model, from_logits, optimizer, Seed{4}, Parallel{}};
  for (int step = 0; step < 3; ++step) trainer.step(images, classes);
  CHECK(trainer.gradients().size() == Mixed::trainable_param_count);
  CHECK(trainer.slots().size() == optimizer.slots * Mixed::trainable_param_count);
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<const double> now) {
    INFO(detail::parameter_name(node, parameter));
    const double* const then = before.parameters().data() + (now.data() - model.parameters().data());
    for (std::size_t i = 0; i < now.size(); ++i) REQUIRE((now[i] == then[i]) == node.frozen);
  });
}

template <class Net>
std::vector<float> floats(const Model<Net>& model) {
  return {model.parameters().begin(), model.parameters().end()};
}

}  // namespace

TEST_CASE("what is frozen keeps its bits, the rest is trained", "[train]") {
  check_bits<Serial>(SGD{.momentum = 0.9, .global_clipnorm = 1});
  check_bits<Serial>(Adam{.clipvalue = 0.1});
  check_bits<test::Turns>(AdamW{.weight_decay = 0.1, .clipnorm = 0.1});
  check_bits<test::Turns>(RMSprop{.momentum = 0.5});
}

TEST_CASE("gradients through frozen layers are those of the loss", "[train]") {
  Model<Mixed, double> model{Seed{3}};
  const auto loss_of = [&](Model<Mixed, double> copy) {
    return Trainer{copy, from_logits, SGD{.learning_rate = 0}}.step(images, classes);
  };
  Trainer trainer{model, from_logits, SGD{.learning_rate = 0}};
  Trainer in_threads{model, from_logits, SGD{.learning_rate = 0}, {}, test::Turns{}};
  trainer.step(images, classes);
  in_threads.step(images, classes);
  std::vector<double> slopes;
  Mixed::network().for_each_trained_run([&](std::size_t offset, std::size_t gradient, std::size_t size) {
    CHECK(gradient == slopes.size());
    for (std::size_t i = offset; i < offset + size; ++i) {
      Model<Mixed, double> above = model, below = model;
      above.parameters()[i] += 1e-6;
      below.parameters()[i] -= 1e-6;
      slopes.push_back((loss_of(above) - loss_of(below)) / 2e-6);
    }
  });
  CHECK(difference(trainer.gradients(), slopes) < 1e-8);
  CHECK(difference(in_threads.gradients(), slopes) < 1e-8);
  CHECK(trainer.gradient<"conv2d_1/kernel">().data() == trainer.gradients().data());
  CHECK(trainer.gradient<"dense_1/bias">().data() + 4 == trainer.gradients().data() + trainer.gradients().size());

  // Clipping sees them alone: with a rate of 1 a step is as long as the limit, in all or of each tensor.
  const auto lengths = [&](const SGD& optimizer) {
    Model<Mixed, double> moved = model;
    Trainer{moved, from_logits, optimizer}.step(images, classes);
    std::vector<double> each;
    double all = 0;
    moved.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<const double> now) {
      if (node.role(parameter) != Role::trained) return;
      const double* const then = model.parameters().data() + (now.data() - moved.parameters().data());
      double squares = 0;
      for (std::size_t i = 0; i < now.size(); ++i) squares += std::pow(now[i] - then[i], 2);
      each.push_back(std::sqrt(squares));
      all += squares;
    });
    each.push_back(std::sqrt(all));
    return each;
  };
  CHECK(lengths({.learning_rate = 1, .global_clipnorm = 1e-3}).back() == Approx(1e-3));
  const auto clipped = lengths({.learning_rate = 1, .clipnorm = 1e-4});
  CHECK(clipped.size() == 6 + 1);
  for (std::size_t i = 0; i < 6; ++i) CHECK(clipped[i] == Approx(1e-4));
}

TEST_CASE("a head on a frozen body learns as on the body's outputs", "[train]") {
  const Model<Features> body = test::random_model<Features>();
  Model<Transfer> model{Seed{5}};
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> values) {
    if (!node.frozen) return;
    body.for_each_parameter([&](const NodeInfo& from, const Parameter& of, std::span<const float> given) {
      if (Text(from.name) == std::string_view(Text(node.name)) && of.name == parameter.name)
        std::ranges::copy(given, values.begin());
    });
  });
  Model<Head> head;
  std::ranges::copy(model.get<"dense/kernel">(), head.get<"dense/kernel">().begin());
  const std::vector<float> inputs = normal(batch * Transfer::input_shape.size(), 1);
  const std::vector<float> features = predict(body, inputs, batch);
  Trainer whole{model, from_logits, Adam{}};
  Trainer alone{head, from_logits, Adam{}};
  for (int step = 0; step < 3; ++step) {
    CHECK(whole.step(inputs, classes) == alone.step(features, classes));
    CHECK(std::ranges::equal(whole.gradients(), alone.gradients()));
  }
}

TEST_CASE("thawing is another type over the same weights", "[train]") {
  const test::Directory directory;
  const auto path = directory.path / "run.safetensors";
  const std::vector<float> inputs = normal(batch * Transfer::input_shape.size(), 1);
  Model<Transfer> frozen{Seed{5}};
  Model<Tune> thawed{Seed{5}};
  CHECK(floats(frozen) == floats(thawed));  // seeds, too, mean the same weights
  Trainer first{frozen, from_logits, Adam{}};
  Trainer then{thawed, from_logits, Adam{}};
  for (int step = 0; step < 3; ++step) first.step(inputs, classes);

  save_checkpoint(first, path, 3);
  CHECK(load_checkpoint(then, path) == 3);
  CHECK(floats(thawed) == floats(frozen));
  constexpr std::size_t all = Tune::trainable_param_count, trained = Transfer::trainable_param_count;
  for (const std::size_t slot : {0, 1}) {
    const auto of_head = then.slots().subspan(slot * all + all - trained, trained);
    CHECK(std::ranges::equal(of_head, first.slots().subspan(slot * trained, trained)));
    CHECK(std::ranges::count(then.slots().subspan(slot * all, all - trained), 0.0f) == all - trained);
  }
  const auto before = floats(thawed);
  then.step(inputs, classes);
  CHECK(std::ranges::mismatch(before, floats(thawed)).in1 == before.begin());  // from the first weight on

  // And back: the run goes on to the same bits with the body as it is.
  save_checkpoint(then, path);
  Model<Transfer> again, twin;
  Trainer one{again, from_logits, Adam{}};
  load_checkpoint(one, path);
  load_weights(twin, path);
  CHECK(floats(again) == floats(thawed));
  CHECK(floats(twin) == floats(thawed));
  CHECK(one.iterations() == 4);
  CHECK(std::ranges::equal(one.slots().first(trained), then.slots().subspan(all - trained, trained)));
}
