// A team of four trainers in four threads, each with its share of every batch, trains as one on the whole batch.
#include <array>
#include <barrier>
#include <cstddef>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <strata/strata.hpp>

#include "harness/catch.hpp"
#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class... Noise>
using Layers = Sequential<Input<5, 4, 2>, Conv2D<3, 3, Same>, BatchNorm, Sigmoid,
                          Residual<Conv2D<3, 3, Same>, BatchNorm>, Noise..., Flatten, Dense<4, L2{0.01}>>;
struct Net : Layers<> {};
struct Noisy : Layers<RandomFlipLayer<>, Dropout<0.25>, GaussianNoise<0.1>> {};  // drawn for each sample

struct Meeting {
  std::barrier<> barrier{4};
  std::array<std::vector<double>, 4> brought{};
};

struct Member {
  Meeting* meeting;
  std::size_t number;

  static constexpr std::size_t threads() { return 2; }
  void run(const auto& f) const { f(std::size_t{0}), f(std::size_t{1}); }
  static constexpr std::size_t members() { return 4; }
  std::size_t rank() const { return number; }
  template <class T>
  void all_reduce(std::span<T> values) const {
    meeting->brought[number].assign(values.begin(), values.end());
    meeting->barrier.arrive_and_wait();
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = 0;
      for (const auto& others : meeting->brought) values[i] += static_cast<T>(others[i]);
    }
    meeting->barrier.arrive_and_wait();
  }
};

/// f(member) in a thread for each of four; what they return.
template <class F>
auto each_member(F f) {
  Meeting meeting;
  std::array<decltype(f(Member{})), 4> results;
  std::array<std::thread, 4> threads;
  for (std::size_t m = 0; m < 4; ++m) threads[m] = std::thread([&, m] { results[m] = f(Member{&meeting, m}); });
  for (std::thread& thread : threads) thread.join();
  return results;
}

constexpr std::array<std::size_t, 5> shares{0, 5, 11, 12, 12};  // of 12 samples: 5, 6, 1 and none
const std::vector<double> images = normal<double>(12 * Net::input_shape.size(), 1);
const std::vector<int> classes = labels(12, 4, 2);
const SGD clipped{.learning_rate = 0.5, .momentum = 0.5, .global_clipnorm = 1}, plain{.learning_rate = 0.5};

/// The parameters after so many steps on samples [begin, end), and the last loss, -1 where it is not finite.
template <class Net>
std::vector<double> trained(auto parallel, std::size_t begin, std::size_t end, int steps, const SGD& optimizer,
                            const std::vector<double>& inputs = images) {
  constexpr std::size_t size = Net::input_shape.size();
  Model<Net, double> model{Seed{3}};
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, optimizer, Seed{4}, parallel};
  const auto share = [&](const auto& of_all, std::size_t each) {
    return std::span(of_all).subspan(begin * each, (end - begin) * each);
  };
  double loss = 0;
  try {
    for (int step = 0; step < steps; ++step) loss = trainer.step(share(inputs, size), share(classes, 1));
  } catch (const NonFiniteLoss&) {
    loss = -1;
  }
  std::vector<double> result(model.parameters().begin(), model.parameters().end());
  result.push_back(loss);
  return result;
}

template <class Net, template <class> class Kind>
std::vector<double> team(int steps, const SGD& optimizer, const std::vector<double>& inputs = images) {
  const auto results = each_member([&](Member member) {
    const std::size_t m = member.number;
    return trained<Net>(Kind<Member>{member}, shares[m], shares[m + 1], steps, optimizer, inputs);
  });
  for (const auto& result : results) CHECK(result == results[0]);  // to the bit
  return results[0];
}
template <class M>
using Synchronized = std::type_identity_t<M>;

/// What f(member) throws, in each.
auto refusals(auto f) {
  return each_member([&](Member member) -> std::string {
    try {
      f(member);
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "nothing";
  });
}

}  // namespace

TEST_CASE("a team of four ends where one trainer does", "[train]") {
  CHECK(difference(team<Noisy, Synchronized>(4, clipped), trained<Noisy>(Serial{}, 0, 12, 4, clipped)) < 1e-12);
}

TEST_CASE("without synchronisation each member of a team normalises its own samples", "[train]") {
  std::vector<double> mean(Net::param_count + 1);  // of what each does alone, by samples
  for (std::size_t m = 0; m < 3; ++m) {
    const auto alone = trained<Net>(Serial{}, shares[m], shares[m + 1], 1, plain);
    const double share = static_cast<double>(shares[m + 1] - shares[m]) / 12;
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += alone[i] * share;
  }
  CHECK(difference(team<Net, Unsynchronized>(1, plain), mean) < 1e-12);
  CHECK(difference(trained<Net>(Serial{}, 0, 12, 1, plain), mean) > 1e-3);
}

TEST_CASE("what one member of a team finds not to be finite, all refuse", "[train]") {
  std::vector<double> spoilt = images, before = trained<Net>(Serial{}, 0, 12, 0, plain);
  spoilt[10 * Net::input_shape.size()] = std::numeric_limits<double>::infinity();
  before.back() = -1;
  CHECK(team<Net, Synchronized>(1, plain, spoilt) == before);
  CHECK(team<Net, Unsynchronized>(1, plain, spoilt) == before);
}

TEST_CASE("a batch that one member of a team refuses is refused by all", "[train]") {
  const auto sentences = refusals([](Member member) {
    Model<Net, double> model{Seed{3}};
    Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, plain, Seed{4}, member};
    std::vector<int> some = labels(3, 4, 2);
    if (member.number == 2) some[1] = 7;
    trainer.step(std::span(images).first(3 * Net::input_shape.size()), some);
  });
  for (const std::size_t m : {0, 1, 3})
    CHECK(sentences[m] ==
          "team: member 2 of 4 refused its share of the batch; it says why");
  CHECK_THAT(sentences[2], ContainsSubstring("label 1 of the batch: expected a class from 0 to 3, received 7"));

  for (const auto& sentence : refusals([](Member member) {
         Model<Net, double> model{Seed{3}};
         Trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, plain, Seed{4}, member}.step(
             std::span<const double>(), std::span<const int>());
       }))
    CHECK_THAT(sentence, ContainsSubstring("a sample for at least one member"));
}

TEST_CASE("members of a team that differ refuse to start, with the difference", "[train]") {
  struct Other : Sequential<Input<5, 4, 2>, Conv2D<3, 3, Same>, ReLU, Flatten, Dense<4>> {};
  struct Wider : Sequential<Input<5, 4, 2>, Conv2D<3, 3, Same>, BatchNorm, Flatten, Dense<4>> {};
  const SparseCategoricalCrossentropy loss{.from_logits = true};
  const auto start = [&]<class N>(Model<N> model, auto optimizer, Seed seed, Member member) {
    Trainer{model, loss, optimizer, seed, member};
  };
  const auto all_say = [](const auto& sentences, const std::string& sentence) {
    for (const auto& said : sentences) CHECK_THAT(said, ContainsSubstring(sentence));
  };
  all_say(refusals([&](Member member) {
            if (member.number == 3)
              start(Model<Wider>{Seed{1}}, SGD{}, Seed{1}, member);
            else
              start(Model<Other>{Seed{1}}, SGD{}, Seed{1}, member);
          }),
          "team of 4: expected the network of member 0 in all, re_lu: ReLU of 5x4x3, received "
          "batch_normalization: BatchNorm of 5x4x3 in member 3; start the same program everywhere");
  all_say(
      refusals([&](Member member) {
        start(Model<Wider>{Seed{1}}, SGD{.momentum = member.number == 1 ? 0.5 : 0.75}, Seed{1}, member);
      }),
      "expected the optimiser of member 0 in all, SGD{.momentum = 0.75}, received SGD{.momentum = 0.5} in member 1");
  all_say(refusals([&](Member member) { start(Model<Wider>{Seed{1}}, SGD{}, Seed{member.number}, member); }),
          "expected the seed of member 0 in all, Seed{0}, received Seed{1} in member 1");
  all_say(refusals([&](Member member) { start(Model<Wider>{Seed{member.number / 2}}, SGD{}, Seed{}, member); }),
          "expected the parameters of member 0 in all, values whose hash is ");
}

namespace {

struct Points : Sequential<Input<2>, Dense<8, activation<Tanh>>, BatchNorm, Dropout<0.125>, Dense<2>> {};

/// In one member, asks all to stop.
struct Impatient {
  std::size_t rank;
  template <class Trainer>
  void on_epoch_end(Trainer& trainer, int epoch, const Logs&) {
    if (rank == 0 && epoch == 2) trainer.stop();
  }
};

struct Told {
  std::vector<double> numbers;  // all that fit told, in the order of its telling
  std::string shown;
};

/// fit of 27 samples in batches of 8: 8, 8, 8 and 3.
template <class Parallel>
Told fitted(Parallel parallel, std::size_t rank = 0, const Dataset& train = circle(27, 5)) {
  const Dataset test = circle(6, 6);
  Model<Points> model{Seed{3}};
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{.learning_rate = 0.01f}, Seed{4},
                  parallel};
  Told told;
  std::ostringstream output;
  const LambdaCallback batches{.on_batch_end = [&](int, const Logs& logs) {
    for (const auto& entry : logs) told.numbers.push_back(entry.value);
  }};
  const int batch_size = 8 / static_cast<int>(detail::members_of(parallel));
  const History history =
      fit(trainer, train, {.epochs = 5, .batch_size = batch_size, .validation = &test, .output = &output},
          SparseCategoricalAccuracy{}, Impatient{rank}, batches);
  for (const auto* column : {&history.loss, &history.metric, &history.val_loss, &history.val_metric})
    told.numbers.insert(told.numbers.end(), column->begin(), column->end());
  told.numbers.push_back(evaluate(trainer, test, batch_size).loss);
  told.numbers.insert(told.numbers.end(), model.parameters().begin(), model.parameters().end());
  told.shown = output.str();
  return told;
}

}  // namespace

TEST_CASE("fit in a team of four tells and trains what one does", "[train]") {
  const Told one = fitted(Serial{});
  const auto team = each_member([](Member member) { return fitted(member, member.number); });
  for (const Told& member : team) CHECK(member.numbers == team[0].numbers);  // to the bit
  CHECK(one.numbers.size() > 3 * 4 * 2);
  CHECK(difference(team[0].numbers, one.numbers) < 1e-5);
  CHECK(std::ranges::count(team[0].shown, '\n') == 3);
  for (const std::size_t m : {1, 2, 3}) CHECK(team[m].shown.empty());
}

TEST_CASE("members of a team with other data refuse to start", "[train]") {
  for (const auto& said : refusals([](Member member) { fitted(member, 0, circle(27, 5 + member.number / 3)); }))
    CHECK_THAT(said, ContainsSubstring("expected the training data of member 0 in all, inputs whose hash is ") &&
                         ContainsSubstring("in member 3; give all members the same data"));
  for (const auto& said : refusals([](Member member) { fitted(member, 0, circle(27 + member.number / 3, 5)); }))
    CHECK_THAT(said,
               ContainsSubstring("member 0 in all, 27 samples of 2, 1 label(s) and 0 target(s) each, received "
                                 "28 samples"));
}

TEST_CASE("members of a team with other callbacks refuse to start", "[train]") {
  for (const auto& said : refusals([](Member member) {
         Model<Points> model{Seed{3}};
         Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{}, Seed{4}, member};
         EarlyStopping stopping{.patience = 1 + static_cast<int>(member.number), .monitor = "loss"};
         fit(trainer, circle(8, 5), {.epochs = 3, .verbose = 0}, stopping);
       }))
    CHECK_THAT(said, ContainsSubstring("expected the callbacks and metrics of member 0 in all, EarlyStopping{.patience = "
                                       "1, .monitor = \"loss\"}, received EarlyStopping{.patience = 2"));
}

TEST_CASE("a callback that decides otherwise in one member of a team stops all", "[train]") {
  for (const auto& said : refusals([](Member member) {
         Model<Points> model{Seed{3}};
         Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{}, Seed{4}, member};
         fit(trainer, circle(8, 5), {.epochs = 3, .verbose = 0},
             LearningRateScheduler{[&](int epoch, double) { return epoch == 1 && member.number == 2 ? 0.5 : 0.25; }});
       }))
    CHECK_THAT(said,
               ContainsSubstring("expected the learning rate of member 0 in all, 0.25, received 0.5 in member 2; "
                                 "callbacks must decide alike in all members"));
}
