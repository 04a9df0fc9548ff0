// A small CNN on the real MNIST, where it is at hand: set STRATA_DATA to a directory that holds mnist/.
#include <strata/data/mnist.hpp>
#include <strata/strata.hpp>

#include "data/support.hpp"
#include "harness/catch.hpp"

using namespace strata;

namespace {
struct Net : Sequential<Input<28, 28, 1>,
                        Conv2D<32, 3, Same>, BatchNormWith<Momentum{0.9}>, ReLU, MaxPooling2D<>,
                        Conv2D<64, 3, Same>, BatchNormWith<Momentum{0.9}>, ReLU, MaxPooling2D<>,
                        Flatten, Dropout<0.5>, Dense<10, activation<Softmax>>> {};
}

TEST_CASE("98.5 % of MNIST's test images after two epochs") {
  const auto directory = data_test::real_data("mnist");
  if (!directory) return;
  const auto [train, test] = load_mnist(*directory);
  Model<Net> model{Seed{1}};
  const History history = fit(model, train, Adam{}, SparseCategoricalCrossentropy{},
                              {.epochs = 2, .batch_size = 64, .validation = &test, .seed = Seed{1}});
  CHECK(history["val_accuracy"].back() >= 0.985);
}
