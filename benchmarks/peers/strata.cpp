// strata DIRECTORY THREADS: this library as a peer of others; see server.hpp.
#include <strata/parallel/threads.hpp>

#include "../networks.hpp"
#include "server.hpp"

namespace strata::benchmarks {

struct Options {
  std::filesystem::path directory;
  int threads;
};

template <class Net, class Engine>
class Inference : public Runner {
 public:
  template <class... Arguments>
  Inference(const Model<Net>& model, std::vector<float> input, std::size_t batch, Arguments... arguments)
      : engine_{model, arguments...}, input_(std::move(input)), output_(batch * Net::output_shape.size()) {}

  void run() override { engine_(input_, output_); }
  std::vector<float> output() override { return output_; }

 private:
  Engine engine_;
  std::vector<float> input_, output_;
};

template <class Net>
std::unique_ptr<Runner> make_inference(const Options& options, const std::string& name, std::size_t batch) {
  Model<Net> model;
  load_weights(model, options.directory / (name + ".safetensors"));
  std::vector<float> input = NetworkFiles(options.directory, name).input(batch);
  if (options.threads == 1) return std::make_unique<Inference<Net, Engine<Net>>>(model, std::move(input), batch);
  return std::make_unique<Inference<Net, Engine<Net, Threads<>>>>(model, std::move(input), batch);  // those it may use
}

/// One step of plain gradient descent a run; sample n has label n mod 10.
template <class Parallel>
class Training : public Runner {
 public:
  Training(const Options& options, std::size_t batch, Parallel parallel)
      : input_(NetworkFiles(options.directory, training_name).input(batch)),
        trainer_{model_, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = training_rate},
                 Seed{}, parallel} {
    load_weights(model_, options.directory / (std::string(training_name) + ".safetensors"));
    for (std::size_t n = 0; n < batch; ++n) labels_.push_back(static_cast<int>(n % 10));
  }

  void run() override { losses_.add(trainer_.step(input_, labels_)); }
  std::vector<float> output() override { return losses_.values(); }

 private:
  Model<LessonClassifier> model_;
  std::vector<float> input_;
  std::vector<int> labels_;
  Trainer<LessonClassifier, SparseCategoricalCrossentropy, SGD, simd::Vector<float>, Parallel> trainer_;
  Losses losses_;
};

std::unique_ptr<Runner> make(const Options& options, const std::string& name, std::size_t batch) {
  if (name == training_name) {
    if (options.threads == 1) return std::make_unique<Training<Serial>>(options, batch, Serial{});
    return std::make_unique<Training<Threads<>>>(options, batch, Threads<>{});
  }
  std::unique_ptr<Runner> runner;
  for_each_network([&]<class Net>(const char* candidate) {
    if (name == candidate) runner = make_inference<Net>(options, name, batch);
  });
  if (runner == nullptr) throw std::runtime_error("no network called " + name);
  return runner;
}

}  // namespace strata::benchmarks

int main(int, char** arguments) {
  using namespace strata::benchmarks;
  const Options options{arguments[1], std::stoi(arguments[2])};
  return serve([&](const std::string& name, std::size_t batch) { return make(options, name, batch); });
}
