// The dispatched player agrees with this file's own engine, is the one expected, and shares types with this file.
#include "player.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

namespace {

int failures = 0;

void check(bool condition, const char* what) {
  if (condition) return;
  std::cout << "failed: " << what << '\n';
  ++failures;
}

/// The architecture in STRATA_ARCHITECTURE if this processor has it, else the best that it has.
std::string expected() {
  std::vector<std::string> available;
#if defined(STRATA_DISPATCHED)
  available.push_back("sse2");
  if (__builtin_cpu_supports("sse4.2")) available.push_back("sse4.2");
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) available.push_back("avx2");
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) available.push_back("avx512");
#else
  available.push_back("the only one");
#endif
  const char* const wanted = std::getenv("STRATA_ARCHITECTURE");
  return wanted && std::ranges::count(available, wanted) ? wanted : available.back();
}

// A caller from before main, and from before anything was chosen.
const int early = times_initialised();
[[gnu::constructor(101)]] void earliest() { times_initialised(); }

}  // namespace

int main() {
  const strata::Model<Net> model{strata::Seed{7}};
  const std::size_t batch = 3, inputs = Net::input_shape.size(), outputs = Net::output_shape.size();
  std::vector<float> boards(batch * inputs), moves(batch * outputs), reference(batch * outputs);
  for (std::size_t i = 0; i < boards.size(); ++i) boards[i] = static_cast<float>(i % 17) / 17;
  const strata::Engine<Net> engine{model};
  engine(boards, reference);

  const auto player = make_player(model);
  (*player)(boards, moves);
  float difference = 0;
  for (std::size_t i = 0; i < moves.size(); ++i) difference = std::max(difference, std::abs(moves[i] - reference[i]));
  check(difference < 1e-5f, "the player's moves are this file's");

  const auto* const named = dynamic_cast<const WithName*>(player.get());
  check(named != nullptr, "types are known across the files");
  const std::string architecture = named ? named->architecture() : "";
  check(architecture == expected(), "the expected architecture runs");

  const auto raises = [&]<class Error>(std::span<const float> board, const Error*) {
    try {
      (*player)(board, moves);
    } catch (const Error&) {
      return true;
    }
    return false;
  };
  check(raises({}, static_cast<const Tired*>(nullptr)), "an exception of the program passes");
  check(raises(std::span(boards).first(1), static_cast<const strata::InvalidArgument*>(nullptr)),
        "an exception of the library passes");

  check(early <= 1 && times_initialised() == 1, "static variables were initialised once");
  check(sum(doubled(moves)) > 0, "this file's own copies of inline functions");
  std::cout << architecture << ", expected " << expected() << ", largest difference " << difference << '\n';
  return failures != 0;
}
