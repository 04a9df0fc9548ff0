// A team of four trainers in four threads, each with its share of every batch, trains as one on the whole batch.
#include <array>
#include <barrier>
#include <cstddef>
#include <limits>
#include <span>
#include <thread>
#include <vector>

#include <strata/strata.hpp>

#include "harness/catch.hpp"
#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;

namespace {

struct Net : Sequential<Input<5, 4, 2>, Conv2D<3, 3, Same>, BatchNorm, Sigmoid, Residual<Conv2D<3, 3, Same>, BatchNorm>,
                        Flatten, Dense<4, L2{0.01}>> {};

struct Meeting {
  std::barrier<> barrier{4};
  std::array<std::vector<double>, 4> brought{};
};

template <bool Synchronized>
struct Member {
  static constexpr bool synchronized = Synchronized;
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

constexpr std::array<std::size_t, 5> shares{0, 5, 9, 11, 12};  // of 12 samples: 5, 4, 2 and 1
const std::vector<double> images = normal<double>(12 * Net::input_shape.size(), 1);
const std::vector<int> classes = labels(12, 4, 2);
const SGD clipped{.learning_rate = 0.5, .momentum = 0.5, .global_clipnorm = 1}, plain{.learning_rate = 0.5};

/// The parameters after so many steps on samples [begin, end), and the last loss, -1 where it is not finite.
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

template <bool Synchronized>
std::vector<double> team(int steps, const SGD& optimizer, const std::vector<double>& inputs = images) {
  Meeting meeting;
  std::array<std::vector<double>, 4> results;
  std::array<std::thread, 4> threads;
  for (std::size_t m = 0; m < 4; ++m)
    threads[m] = std::thread([&, m] {
      results[m] = trained(Member<Synchronized>{&meeting, m}, shares[m], shares[m + 1], steps, optimizer, inputs);
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == results[0]);  // to the bit
  return results[0];
}

}  // namespace

TEST_CASE("a team of four ends where one trainer does", "[train]") {
  CHECK(difference(team<true>(4, clipped), trained(Serial{}, 0, 12, 4, clipped)) < 1e-12);
}

TEST_CASE("without synchronisation each member of a team normalises its own samples", "[train]") {
  std::vector<double> mean(Net::param_count + 1);  // of what each does alone; the averages of all count alike
  for (std::size_t m = 0; m < 4; ++m) {
    const auto alone = trained(Serial{}, shares[m], shares[m + 1], 1, plain);
    const double share = static_cast<double>(shares[m + 1] - shares[m]) / 12;
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i] += alone[i] * (i >= Net::trainable_param_count && i < Net::param_count ? 0.25 : share);
  }
  CHECK(difference(team<false>(1, plain), mean) < 1e-12);
  CHECK(difference(trained(Serial{}, 0, 12, 1, plain), mean) > 1e-3);
}

TEST_CASE("what one member of a team finds not to be finite, all refuse", "[train]") {
  std::vector<double> spoilt = images, before = trained(Serial{}, 0, 12, 0, plain);
  spoilt[10 * Net::input_shape.size()] = std::numeric_limits<double>::infinity();
  before.back() = -1;
  CHECK(team<true>(1, plain, spoilt) == before);
  CHECK(team<false>(1, plain, spoilt) == before);
}
