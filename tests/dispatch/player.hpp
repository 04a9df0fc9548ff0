// What the program knows of player.cpp, which strata_dispatch compiles once for each architecture.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <strata/strata.hpp>

struct Net : strata::Sequential<strata::Input<12, 12, 3>, strata::Conv2D<16, 3, strata::Same>, strata::BatchNorm,
                                strata::Sigmoid, strata::Conv2D<16, 3>, strata::ReLU, strata::Flatten,
                                strata::Dense<10>, strata::Softmax> {};

struct Tired : std::runtime_error {
  using runtime_error::runtime_error;
};

struct Player {
  virtual ~Player() = default;
  virtual void operator()(std::span<const float> board, std::span<float> moves) = 0;
};
struct WithName {
  virtual ~WithName() = default;
  virtual std::string architecture() const = 0;
};

std::unique_ptr<Player> make_player(const strata::Model<Net>& model);
int times_initialised();

// Both sides compile these, for their own processors: the linker must not mix them up.
inline float sum(const std::vector<float>& values) {
  float total = 0;
  for (const float value : values) total += value * 2;
  return total;
}
template <class T>
[[gnu::noinline]] std::vector<T> doubled(const std::vector<T>& values) {
  std::vector<T> result;
  for (const T value : values) result.push_back(value * 2);
  return result;
}
