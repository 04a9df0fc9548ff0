// Trains ResNet-20 on CIFAR-10 for a few epochs and prints its curve as CSV; progress goes to standard error.
// cifar_curve_pytorch.py does the same in PyTorch; tests/oracle/cifar_curve builds, runs and compares the two.
//
//     g++ -std=c++20 -O2 -march=native -Iinclude -Iexamples/zoo tests/oracle/cifar_curve.cpp -o cifar_curve
//     ./cifar_curve cifar-10-batches-bin 4 1 > seed1.csv        directory, epochs, seed
#include <cstdio>
#include <exception>
#include <string>

#include <strata/data/cifar10.hpp>
#include <strata/strata.hpp>

#include "resnet_cifar.hpp"

using namespace strata;

namespace {

struct Curve {
  void on_train_begin() { std::puts("epoch,loss,accuracy,val_loss,val_accuracy"); }
  void on_batch_end(int batch, const Logs& logs) {
    if ((batch + 1) % 50 == 0)
      std::fprintf(stderr, "  batch %d: loss %.4f, accuracy %.4f\n", batch + 1, logs["loss"], logs["accuracy"]);
  }
  void on_epoch_end(int epoch, const Logs& logs) {
    std::printf("%d,%.6f,%.6f,%.6f,%.6f\n", epoch + 1, logs["loss"], logs["accuracy"], logs["val_loss"],
                logs["val_accuracy"]);
    std::fflush(stdout);
  }
};

void run(const std::string& directory, int epochs, Seed seed) {
  const auto [train, test] = load_cifar10(directory);
  Model<zoo::ResNet20> model{seed};
  fit(model, train, SGD{.learning_rate = 0.05, .momentum = 0.9}, SparseCategoricalCrossentropy{},
      {.epochs = epochs,
       .batch_size = 128,
       .validation = &test,
       .augmentation = {RandomFlip{}, RandomCrop{.padding = 4}},
       .seed = seed,
       .verbose = 0},
      Curve{});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s DIR EPOCHS SEED\n", argv[0]);
    return 2;
  }
  try {
    run(argv[1], std::stoi(argv[2]), Seed{std::stoull(argv[3])});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cifar_curve: %s\n", error.what());
    return 1;
  }
}
