// Lesson 11: training in several processes, on one machine or on many. The run may be killed at any time; started
// again, it goes on from the last epoch that was saved.
//
//     mpirun -n 4 11_processes run.safetensors 20 cifar-10-batches-bin      without a directory images are drawn
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <strata/data/cifar10.hpp>
#include <strata/data/synthetic.hpp>
#include <strata/io/model_checkpoint.hpp>
#include <strata/parallel/mpi.hpp>
#include <strata/strata.hpp>

using namespace strata;

struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<8, 3, Same, Strides{2}, NoBias>, BatchNormWith<Momentum{0.9}>, ReLU,
    Conv2D<16, 3, Same, Strides{2}, NoBias>, BatchNormWith<Momentum{0.9}>, ReLU,
    Flatten, Dropout<0.1>, Dense<10>> {};

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: mpirun -n PROCESSES " << argv[0] << " CHECKPOINT EPOCHS [DIRECTORY OF CIFAR-10]\n";
    return 2;
  }
  const std::filesystem::path checkpoint = argv[1];
  const int epochs = std::atoi(argv[2]);

  // All processes see the same data set and the same model; each computes its share of every batch.
  const auto [train, test] = argc > 3 ? load_cifar10(argv[3])
                                      : TrainTest{synthetic_images(1'000, Seed{1}), synthetic_images(250, Seed{2})};
  Model<Net> model{Seed{42}};
  const Mpi processes;
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true},
                  SGD{.learning_rate = 0.05f, .momentum = 0.9f}, Seed{42}, processes};

  // A batch has 64 samples, of whatever number of processes: the model is the same to rounding.
  const int share = 64 / static_cast<int>(processes.members());
  const int done = std::filesystem::exists(checkpoint) ? load_checkpoint(trainer, checkpoint) : 0;
  fit(trainer, train,
      {.epochs = epochs, .batch_size = share, .augmentation = {RandomFlip{}, RandomCrop{.padding = 2}},
       .initial_epoch = done, .verbose = 2},
      ModelCheckpoint{.path = checkpoint.string()});  // process 0 writes, and tells how it goes

  const Evaluation result = evaluate(trainer, test, share);  // each evaluates its share, all get the means
  if (trainer.leads())
    std::printf("%zu processes, %zu steps: %.1f %% of the test images right\n", processes.members(),
                trainer.iterations(), 100 * result.metric);
  if (result.metric < 0.3) {
    std::cerr << "at least 30 % of the test images should be right\n";
    return 1;
  }
  return 0;
}
