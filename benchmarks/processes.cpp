// What training in processes costs on this network, beside the model of docs/mpi.md, all measured in one run:
//
//     mpirun -n 2 processes resnet20 32         the samples of each process in a step
//     mpirun -n 2 processes pauses 1            the network alone: backward is 80 pauses of so many milliseconds
//     mpirun -n 2 processes drift               how far rounding leads ResNet-20 in float: no times
//
// Alone: a step of one process, while the others wait. Compute: the same while they work, too. Then steps together,
// each beside what the model says: in one piece after backward, in buckets during it, and with synchronised batch
// normalisation.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <strata/data/synthetic.hpp>
#include <strata/parallel/mpi.hpp>
#include <strata/strata.hpp>

#include "../examples/zoo/resnet_cifar.hpp"

using namespace strata;

namespace {

struct Lesson : Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid, Conv2D<32, 3, Same>, BatchNorm,
                           Sigmoid, MaxPooling2D<>, Flatten, Dense<10, activation<Softmax>>> {};

/// All gradients after backward.
struct InOnePiece {
  static constexpr bool synchronized = false;
  Mpi<> mpi{};

  std::size_t threads() const { return 1; }
  void run(const auto& f) const { mpi.run(f); }
  std::size_t members() const { return mpi.members(); }
  std::size_t rank() const { return mpi.rank(); }
  void all_reduce(auto values) const { mpi.all_reduce(values); }
};

/// The median seconds of f(), which every process calls as often; of the slowest process.
double seconds(const Mpi<>& mpi, int times, auto f) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> all;
  for (int i = 0; i < times; ++i) {
    double none = 0;
    mpi.all_reduce(std::span(&none, 1));  // all begin together
    const auto start = Clock::now();
    f();
    all.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::ranges::nth_element(all, all.begin() + times / 2);
  std::vector<double> medians(mpi.members());
  medians[mpi.rank()] = all[static_cast<std::size_t>(times / 2)];
  mpi.all_reduce(std::span(medians));
  return std::ranges::max(medians);
}

/// What buckets hide of a sum behind backward, of which so much lies between two messages that wait behind a bucket: as
/// in scaling.py.
double hidden(double exchange, double backward, std::size_t buckets, double messages = 0) {
  const double parts = static_cast<double>(buckets);
  return (parts - 1) * (std::min)(exchange / parts, backward / (std::max)(parts, messages));
}

template <class Net>
void measure(std::size_t batch) {
  const Mpi<> mpi;
  const double members = static_cast<double>(mpi.members());
  std::vector<float> images(batch * Net::input_shape.size());
  std::vector<int> labels(batch);
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<float>(Random(Seed{mpi.rank()}).uniform(i));
  for (std::size_t i = 0; i < batch; ++i) labels[i] = static_cast<int>(i % 10);
  const auto step = [&](auto parallel, std::size_t working) {
    Model<Net> model{Seed{1}};
    Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.01f}, Seed{2}, parallel};
    trainer.step(images, labels);
    return seconds(mpi, 15, [&] {
      if (mpi.rank() < working) trainer.step(images, labels);
    });
  };
  double one = 1;
  std::vector<float> gradients(Net::trainable_param_count);
  const double alone = step(Serial{}, 1), compute = step(Serial{}, mpi.members());
  constexpr int messages = 20;  // of a single one each process would see another time
  const double message = seconds(mpi, 9,
                                 [&] {
                                   for (int i = 0; i < messages; ++i) mpi.all_reduce(std::span(&one, 1));
                                 }) /
                         messages;
  const double exchange = seconds(mpi, 9, [&] { mpi.all_reduce(std::span(gradients)); });

  std::size_t norms = 0;
  for (std::size_t n = 0; n < Net::network().node_count; ++n) norms += Net::network().nodes[n].gathers();
  const double bytes = static_cast<double>(gradients.size() * sizeof(float));
  const double in_one_piece = compute + 3 * message + exchange;  // sizes, loss, moves of the state
  const std::size_t buckets = norms == 0 ? 1 : (std::max)(std::size_t{1}, gradients.size() / 65'536);
  const double all_norms = static_cast<double>(norms), backward = compute * 2 / 3;
  const double in_buckets = in_one_piece - hidden(exchange, backward, buckets);
  const double synchronised = in_one_piece - hidden(exchange, backward, buckets, all_norms) + 2 * all_norms * message;
  const auto tell = [&](const char* what, double measured, double model) {
    if (mpi.rank() == 0)
      std::printf("%-34s %9.2f ms  model %9.2f ms  %7.0f samples/s, %.2f times one's\n", what, 1e3 * measured,
                  1e3 * model, members * static_cast<double>(batch) / measured, members * alone / measured);
  };
  if (mpi.rank() == 0)
    std::printf(
        "%zu processes, %zu samples each\nalone %.2f ms, compute %.2f ms, a message %.3f ms, the gradients' %.0f KB "
        "%.2f ms\n",
        mpi.members(), batch, 1e3 * alone, 1e3 * compute, 1e3 * message, bytes / 1e3, 1e3 * exchange);
  tell("in one piece", step(InOnePiece{}, mpi.members()), in_one_piece);
  tell("in buckets during backward", step(Unsynchronized{mpi}, mpi.members()), in_buckets);
  tell("synchronised batch normalisation", step(mpi, mpi.members()), synchronised);
}

/// What four buckets of ResNet-20's gradients hide behind pauses: on a network of namespaces, the processor is not in
/// its way.
void measure_pauses(double milliseconds) {
  const Mpi<> mpi;
  std::vector<float> gradients(zoo::ResNet20::trainable_param_count);
  const auto backward = [&](auto ready) {
    for (std::size_t part = 0; part < 4; ++part) {
      for (int layer = 0; layer < 20; ++layer) {
        std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(milliseconds));
        mpi.progress();
      }
      const detail::Share share(gradients.size(), part, 4);
      ready(std::span(gradients).subspan(share.begin, share.size()));
    }
  };
  const double compute = seconds(mpi, 7, [&] { backward([](auto) {}); });
  const double exchange = seconds(mpi, 7, [&] { mpi.all_reduce(std::span(gradients)); });
  const double in_one_piece = seconds(mpi, 7, [&] { backward([](auto) {}), mpi.all_reduce(std::span(gradients)); });
  const double in_buckets = seconds(mpi, 7, [&] { backward([&](auto bucket) { mpi.start(bucket); }), mpi.finish(); });
  const double model = compute + exchange - hidden(exchange, compute, 4);
  if (mpi.rank() == 0)
    std::printf(
        "backward %.0f ms, sum %.0f ms; in one piece %.0f ms, model %.0f ms; in buckets %.0f ms, model %.0f ms\n",
        1e3 * compute, 1e3 * exchange, 1e3 * in_one_piece, 1e3 * (compute + exchange), 1e3 * in_buckets, 1e3 * model);
}

/// 50 steps of batches of 8 by all processes, and by one that has each batch in the opposite order: by the same
/// mathematics as by one process, added in another order.
void measure_drift() {
  using Net = zoo::ResNet20;
  const Mpi<> mpi;
  const Dataset images = synthetic_images(60, Seed{1});
  const auto trained = [&](auto parallel, bool reversed) {
    Batches batches(images, {.batch_size = 8,
                             .augmentation = {RandomFlip{}, RandomCrop{}},
                             .members = detail::members_of(parallel),
                             .member = detail::rank_of(parallel)});
    Model<Net> model{Seed{3}};
    Trainer trainer{model, SparseCategoricalCrossentropy{},
                    SGD{.learning_rate = 0.01f, .momentum = 0.9f, .global_clipnorm = 1}, Seed{4}, parallel};
    for (std::uint64_t epoch = 0; trainer.iterations() < 50; ++epoch) {
      batches.start_epoch(Random(Seed{5}).split(epoch));
      for (Batch batch; trainer.iterations() < 50 && batches.next(batch);) {
        std::vector<float> inputs(batch.inputs.begin(), batch.inputs.end());
        std::vector<int> labels(batch.labels.begin(), batch.labels.end());
        if (reversed) {
          std::ranges::reverse(inputs), std::ranges::reverse(labels);
          for (std::size_t i = 0; i < labels.size(); ++i)
            std::ranges::reverse(std::span(inputs).subspan(i * Net::input_shape.size(), Net::input_shape.size()));
        }
        trainer.step(inputs, labels);
      }
    }
    return std::vector<float>(model.parameters().begin(), model.parameters().end());
  };
  const std::vector<float> one = trained(Serial{}, false);
  const auto tell = [&](const char* what, const std::vector<float>& parameters) {
    double square = 0, whole = 0;
    for (std::size_t i = 0; i < one.size(); ++i)
      square += std::pow(parameters[i] - one[i], 2), whole += std::pow(one[i], 2);
    if (mpi.rank() == 0) std::printf("%-40s off by %.2g of the parameters\n", what, std::sqrt(square / whole));
  };
  const Model<Net> untrained{Seed{3}};
  tell("50 steps themselves", {untrained.parameters().begin(), untrained.parameters().end()});
  tell("one process, batches in opposite order", trained(Serial{}, true));
  tell("all processes", trained(mpi, false));
}

}  // namespace

int main(int count, char** arguments) {
  const std::string network = count > 1 ? arguments[1] : "resnet20";
  if (network == "pauses") return measure_pauses(count > 2 ? std::atof(arguments[2]) : 1), 0;
  if (network == "drift") return measure_drift(), 0;
  const std::size_t batch = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 32;
  network == "lesson" ? measure<Lesson>(batch) : measure<zoo::ResNet20>(batch);
}
