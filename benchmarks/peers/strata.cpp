// strata_NAME DIRECTORY 1|2: this library as a peer of others, with one network, on so many threads; see server.hpp.
#include <strata/io/safetensors.hpp>
#include <strata/parallel/threads.hpp>
#include <strata/strata.hpp>

#include NETWORK_HEADER
#include "../profile.hpp"
#include "server.hpp"

namespace strata::benchmarks {

using Net = NETWORK;

std::filesystem::path file(const std::filesystem::path& directory, const char* ending) {
  return directory / (std::string(NETWORK_NAME) + ending);
}
std::vector<float> read_input(const std::filesystem::path& directory, std::size_t batch) {
  return read_array(file(directory, ".input"), batch * Net::input_shape.size());
}

template <class Engine>
class Inference : public Runner {
 public:
  Inference(const std::filesystem::path& directory, std::size_t batch)
      : input_(read_input(directory, batch)), output_(batch * Net::output_shape.size()) {
    Model<Net> model;
    load_weights(model, file(directory, ".safetensors"));
    engine_.emplace(model);
  }

  void run() override { (*engine_)(input_, output_); }
  std::vector<float> output() override { return output_; }
  void profile([[maybe_unused]] double seconds, [[maybe_unused]] std::ostream& out) override {
    if constexpr (std::is_same_v<Engine, strata::Engine<Net>>) benchmarks::profile(*engine_, input_, seconds, out);
  }

 private:
  std::optional<Engine> engine_;
  std::vector<float> input_, output_;
};

/// One step of plain gradient descent a run; sample n has label n mod 10.
template <class Parallel>
class Training : public Runner {
 public:
  Training(const std::filesystem::path& directory, std::size_t batch) : input_(read_input(directory, batch)) {
    load_weights(model_, file(directory, ".safetensors"));
    for (std::size_t n = 0; n < batch; ++n) labels_.push_back(static_cast<int>(n % 10));
  }

  void run() override { losses_.add(trainer_.step(input_, labels_)); }
  std::vector<float> output() override { return losses_.values(); }

 private:
  static constexpr const auto& network = Net::network();
  static constexpr bool ends_in_softmax = network.nodes[network.node_count - 1].rules->type() == "Softmax";

  Model<Net> model_;
  std::vector<float> input_;
  std::vector<int> labels_;
  Trainer<Net, SparseCategoricalCrossentropy, SGD, simd::Vector<float>, Parallel> trainer_{
      model_, SparseCategoricalCrossentropy{.from_logits = !ends_in_softmax}, SGD{.learning_rate = training_rate},
      Seed{}, Parallel{}};
  Losses losses_;
};

template <class EngineOrParallel>
std::unique_ptr<Runner> make(const std::filesystem::path& directory, std::size_t batch) {
  if constexpr (NETWORK_TRAINS)
    return std::make_unique<Training<EngineOrParallel>>(directory, batch);
  else
    return std::make_unique<Inference<EngineOrParallel>>(directory, batch);
}

}  // namespace strata::benchmarks

int main(int, char** arguments) {
  using namespace strata;
  using namespace strata::benchmarks;
  const std::filesystem::path directory = arguments[1];
  using One = std::conditional_t<NETWORK_TRAINS, Serial, Engine<Net>>;
#ifdef NETWORK_ONE_THREAD
  using Two = One;  // compiles sooner
#else
  using Two = std::conditional_t<NETWORK_TRAINS, Threads<2>, Engine<Net, Threads<2>>>;
#endif
  const auto make = arguments[2] == std::string("1") ? &benchmarks::make<One> : &benchmarks::make<Two>;
  return serve([&](const std::string&, std::size_t batch) { return make(directory, batch); });
}
