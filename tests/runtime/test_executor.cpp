// The executor's gradients against finite differences, on networks with branches, and its threads against one.
#include <cmath>
#include <cstddef>
#include <vector>

#include <strata/strata.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {

/// Three threads, one after the other.
struct Three {
  static constexpr std::size_t threads() { return 3; }
  template <class F>
  void run(F&& f) const {
    for (std::size_t t = 0; t < 3; ++t) f(t);
  }
};

/// Identity and projection shortcuts, a tensor with three readers, one of them behind a view, a sum of the same twice.
struct Branches
    : Sequential<Input<7, 6, 3>, Conv2D<8, 3, Same>, BatchNorm, Softplus,
                 Residual<Conv2D<8, 3, Same>, BatchNorm, Tanh, Conv2D<8, 3, Same>, BatchNorm>, Sigmoid,
                 Residual<Conv2D<12, 3, Same, Strides{2}>, BatchNorm, Projection<Conv2D<12, 1, Strides{2}>, BatchNorm>>, Tanh,
                 Add<Sequential<Conv2D<12, 1>, GELU>, Sequential<Conv2D<12, 3, Same>, BatchNorm>, Sequential<Dropout<0.0>, SiLU>>,
                 Flatten, Residual<Dense<144>, Tanh, Dense<144>>, Dense<5>> {};
struct Doubled : Sequential<Input<3, 4, 9>, Conv2D<9, 3, Same>, Tanh, Add<Sequential<Dropout<0.0>>, Sequential<Dropout<0.0>>>,
                            Residual<>, Flatten, Dense<3>> {};

template <class T>
std::vector<T> noise(std::size_t size, std::uint64_t seed) {
  std::vector<T> values(size);
  const Random random{Seed{seed}};
  for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<T>(2 * random.uniform(i) - 1);
  return values;
}

/// sum(output * weights) and its gradient by the parameters.
template <class Net, class T, class Parallel = Serial>
class Objective {
 public:
  static constexpr std::size_t batch = 5;

  double value(const Model<Net, T>& model) {
    const T* output = executor_.forward_training(model.parameters().data(), input_.data(), batch, Random{Seed{1}});
    double sum = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) sum += static_cast<double>(output[i]) * static_cast<double>(weights_[i]);
    return sum;
  }
  std::vector<T> gradient(const Model<Net, T>& model) {
    value(model);
    std::copy(weights_.begin(), weights_.end(), executor_.output_gradient());
    std::vector<T> gradients(Net::trainable_param_count, T(77));
    executor_.backward(model.parameters().data(), gradients.data());
    return gradients;
  }

 private:
  Executor<Net, simd::Vector<T>, Parallel> executor_;
  std::vector<T> input_ = noise<T>(batch * Net::input_shape.size(), 2);
  std::vector<T> weights_ = noise<T>(batch * Net::output_shape.size(), 3);
};

template <class Net>
void check_gradients() {
  Model<Net, double> model{Seed{4}};
  Objective<Net, double> objective;
  const auto gradients = objective.gradient(model);
  const auto in_threads = Objective<Net, double, Three>{}.gradient(model);
  const auto parameters = model.trainable();
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < parameters.size(); ++i) REQUIRE(in_threads[i] == Approx(gradients[i]).margin(1e-11));
  for (std::size_t i = 0; i < parameters.size(); i += 1 + parameters.size() / 300) {
    const double before = parameters[i];
    parameters[i] = before + step;
    const double above = objective.value(model);
    parameters[i] = before - step;
    const double slope = (above - objective.value(model)) / (2 * step);
    parameters[i] = before;
    CAPTURE(i);
    REQUIRE(gradients[i] == Approx(slope).margin(2e-7).epsilon(2e-7));
  }
}

}  // namespace

TEST_CASE("gradients of networks with branches are right, in any number of threads", "[runtime]") {
  check_gradients<Branches>();
  check_gradients<Doubled>();
}

TEST_CASE("float gradients agree with double", "[runtime]") {
  Model<Branches, double> exact{Seed{4}};
  Model<Branches> model{Seed{4}};
  std::copy(exact.parameters().begin(), exact.parameters().end(), model.parameters().begin());
  const auto expected = Objective<Branches, double>{}.gradient(exact);
  const auto gradients = Objective<Branches, float>{}.gradient(model);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    CAPTURE(i);
    REQUIRE(gradients[i] == Approx(expected[i]).margin(1e-4).epsilon(1e-4));
  }
}

TEST_CASE("the same number of threads gives the same bits, and a batch smaller than the threads works", "[runtime]") {
  Model<Branches> model{Seed{4}};
  CHECK(Objective<Branches, float, Three>{}.gradient(model) == Objective<Branches, float, Three>{}.gradient(model));
  Executor<Branches, simd::Vector<float>, Three> threads;
  Executor<Branches, simd::Vector<float>> one;
  const auto input = noise<float>(2 * Branches::input_shape.size(), 5);
  const float* a = threads.forward_training(model.parameters().data(), input.data(), 2, Random{Seed{1}});
  const float* b = one.forward_training(model.parameters().data(), input.data(), 2, Random{Seed{1}});
  for (std::size_t i = 0; i < 2 * Branches::output_shape.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-5));
}
