// How bench.py talks to a peer: one command a line on its standard input, one line of answer.
//
//   output NETWORK BATCH RUNS FILE        makes the network, runs it RUNS times, writes its output: ok
//   time NETWORK BATCH SECONDS            microseconds of each of many runs
//   profile NETWORK BATCH SECONDS FILE    writes a table of its steps (profile.hpp), of Strata's: ok
//   peak                                  GFLOP/s of FMA that one core reaches now
//   round_trip                            nanoseconds that a cache line takes to another core and back now
//
// An answer that begins with `error` says what was wrong.
#pragma once

#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../fma_peak.hpp"
#include "../round_trip.hpp"
#include "../timing.hpp"
#include "files.hpp"

namespace strata::benchmarks {

/// A network with its input, ready to run.
struct Runner {
  virtual ~Runner() = default;
  virtual void run() = 0;
  /// Of the last run, (batch, output_shape) with channels last; where a run is a training step, the loss of each step.
  virtual std::vector<float> output() = 0;
  virtual void profile(double, std::ostream&) { throw std::runtime_error("no profile of this"); }
};

/// The first losses of a training, which may go on for long.
class Losses {
 public:
  Losses() { values_.reserve(64); }
  void add(float loss) {
    if (values_.size() < values_.capacity()) values_.push_back(loss);
  }
  const std::vector<float>& values() const { return values_; }

 private:
  std::vector<float> values_;
};

/// Serves until the end of the input. `make(network, batch)` gives a Runner.
template <class Make>
int serve(Make&& make) {
  std::map<std::pair<std::string, std::size_t>, std::unique_ptr<Runner>> runners;
  const auto answer = [&](std::istringstream line) {
    std::string command, network, path;
    std::size_t batch = 0, runs = 0;
    double seconds = 0;
    line >> command >> network >> batch;
    if (command == "peak") {
      std::cout << fma_peak(0.02) / 1e9;
    } else if (command == "round_trip") {
      std::cout << round_trip() * 1e9;
    } else if (command == "output" && line >> runs >> path) {
      const std::unique_ptr<Runner> runner = make(network, batch);
      for (; runs > 0; --runs) runner->run();
      write_array(path, runner->output());
      std::cout << "ok";
    } else if (command == "time" && line >> seconds) {
      auto& runner = runners[{network, batch}];
      if (runner == nullptr) runner = make(network, batch);
      for (const double time : time_calls(seconds, [&] { runner->run(); })) std::cout << time * 1e6 << ' ';
    } else if (command == "profile" && line >> seconds >> path) {
      std::ofstream file(path);
      make(network, batch)->profile(seconds, file);
      std::cout << "ok";
    } else {
      std::cout << "error: unknown command";
    }
  };
  for (std::string line; std::getline(std::cin, line); std::cout << std::endl) try {
      answer(std::istringstream(line));
    } catch (const std::exception& error) {
      std::cout << "error: " << error.what();
    }
  return 0;
}

}  // namespace strata::benchmarks
