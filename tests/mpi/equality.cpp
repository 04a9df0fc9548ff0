/// @file
/// Trains a network for 50 steps under mpirun, and writes its parameters, or compares them with those of another run.
/// Steps after the first must not allocate.
///
///     equality lesson|threads|resnet20 write FILE              threads: lesson, with two threads in each process
///     equality lesson|threads|resnet20 near|same FILE [CHECKPOINT]      near: within 1e-5 of them, same: to the bit
///     equality lesson|threads pause CHECKPOINT                 the first 24 steps, for another run to go on from
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include <strata/io/checkpoint.hpp>
#include <strata/parallel/mpi.hpp>
#include <strata/parallel/openmp.hpp>
#include <strata/strata.hpp>

#include "../../examples/zoo/resnet_cifar.hpp"
#include "harness/allocations.hpp"
#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;

namespace {

struct Lesson : Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid, Conv2D<32, 3, Same>, BatchNorm,
                           Sigmoid, Dropout<0.25>, MaxPooling2D<8>, Flatten, Dense<10, L2{1e-3}>> {};

/// 60 samples in batches of 8, of which the last has 4; eight processes have one each, or none. The numbers are of type
/// `T`: in float one of ResNet-20's millions of ReLUs changes sides by rounding, and 50 steps later the parameters are
/// off by a percent, as they are where one process has the samples in another order (docs/mpi.md); in double none does.
template <class Net, class T, class Parallel>
std::vector<double> trained(Parallel parallel, bool logits, const std::string& checkpoint, bool pause) {
  const Dataset images({.shape = {32, 32, 3}, .inputs = normal(60 * 32 * 32 * 3, 1), .labels = labels(60, 10, 2)});
  Batches batches(images, {.batch_size = 8,
                           .shuffle = true,
                           .augmentation = {RandomFlip{}, RandomCrop{}},
                           .members = detail::members_of(parallel),
                           .member = detail::rank_of(parallel)});
  Model<Net, T> model{Seed{3}};
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = logits},
                  SGD{.learning_rate = 0.01f, .momentum = 0.9f, .global_clipnorm = 1}, Seed{4}, parallel};
  std::size_t allocations = 0, own_steps = 0;
  int epoch = 0;
  if constexpr (std::is_same_v<T, float>)  // which is what checkpoints hold
    if (!pause && !checkpoint.empty()) epoch = load_checkpoint(trainer, checkpoint);
  for (; trainer.iterations() < 50; ++epoch) {
    if constexpr (std::is_same_v<T, float>)
      if (pause && epoch == 3) return save_checkpoint(trainer, checkpoint, epoch), std::vector<double>{};
    batches.start_epoch(Random(Seed{5}).split(static_cast<std::uint64_t>(epoch)));
    for (Batch batch; trainer.iterations() < 50 && batches.next(batch);) {
      const std::vector<T> inputs(batch.inputs.begin(), batch.inputs.end());
      const std::size_t before = test::allocations();
      trainer.step(inputs, batch.labels);
      if (++own_steps > 1) allocations += test::allocations() - before;
    }
  }
  if (allocations > 0) std::printf("%zu allocations in %zu steps\n", allocations, own_steps), std::exit(1);
  return {model.parameters().begin(), model.parameters().end()};
}

/// |a - b| / |b|
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double square = 0, whole = 0;
  for (std::size_t i = 0; i < b.size(); ++i) square += (a[i] - b[i]) * (a[i] - b[i]), whole += b[i] * b[i];
  return std::sqrt(square / whole);
}

/// Whether numbers of every process, few or many, come out as their sum, the same for all.
template <class T>
bool adds(const Mpi<>& mpi) {
  for (const std::size_t size : {0ul, 1ul, 5ul, 1000ul, 10'007ul}) {
    std::vector<T> values(size), expected(size);
    for (std::size_t member = 0; member < mpi.members(); ++member) {
      const auto own = normal<T>(size, member);
      for (std::size_t i = 0; i < size; ++i) expected[i] = member == 0 ? own[i] : expected[i] + own[i];
      if (member == mpi.rank()) values = own;
    }
    mpi.all_reduce(std::span(values));
    if (values != expected) return false;
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string network = arguments[1], how = arguments[2], file = arguments[3];
  const bool pause = how == "pause";
  const std::string checkpoint = pause ? file : count > 4 ? arguments[4] : "";
  const Mpi mpi;
  if (!adds<float>(mpi) || !adds<double>(mpi)) return std::puts("all_reduce: wrong sums"), 1;
  const std::vector<double> parameters =
      network == "resnet20" ? trained<zoo::ResNet20, double>(mpi, false, checkpoint, pause)
      : mpi.members() == 1  ? trained<Lesson, float>(Serial{}, true, checkpoint, pause)
                           : trained<Lesson, float>(Mpi{OpenMP{network == "threads" ? 2 : 1}}, true, checkpoint, pause);
  if (pause) return 0;
  const auto bytes = static_cast<std::streamsize>(parameters.size() * sizeof(double));
  if (how == "write") {
    if (mpi.rank() == 0)
      std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(parameters.data()), bytes);
    return 0;
  }
  std::vector<double> expected(parameters.size());
  std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(expected.data()), bytes);
  const double off = distance(parameters, expected);
  if (mpi.rank() == 0) std::printf("%zu processes: parameters off by %.2g\n", mpi.members(), off);
  return (how == "same" ? parameters == expected : off < 1e-5) ? 0 : 1;
}
