// The zoo: published networks as types. Their headers hold each to its count of parameters with a static_assert; this
// program prints what else the compiler knows of them: layers, multiply-adds, memory between the steps of inference.
#include <cstdio>
#include <string>
#include <string_view>

#include <strata/types.hpp>

#include "all.hpp"

namespace {

template <class Net>
void print(const char* name) {
  const std::string input{std::string_view(strata::Text() << Net::input_shape)};
  std::printf("%-14s %10s %7zu %12zu %10.1f %11.1f\n", name, input.c_str(), Net::layer_count, Net::param_count,
              static_cast<double>(Net::mac_count) / 1e6,
              static_cast<double>(Net::template inference_arena_bytes<>) / 1024);
}

}  // namespace

int main() {
  std::printf("%-14s %10s %7s %12s %10s %11s\n", "network", "input", "layers", "parameters", "MMACs", "arena, KiB");
  zoo::for_each_network([]<class Net>(const char* name) { print<Net>(name); });
  return 0;
}
