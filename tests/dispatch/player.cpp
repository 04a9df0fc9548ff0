#include "player.hpp"

int initialised = 0;

namespace {

using namespace strata;

// Static initialisers that the compiler vectorises: they may run on no lesser processor.
std::vector<float> start{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
struct Counter {
  Counter() { initialised += sum(doubled(start)) == 544; }
} counter;

const std::vector<float>& scores() {
  static const std::vector<float> values(32, 0.5f);
  return values;
}
thread_local std::string memory = "long enough to be allocated on the heap";

class Network : public Player, public WithName {
 public:
  explicit Network(const Model<Net>& model) : engine_(model) {}
  void operator()(std::span<const float> board, std::span<float> moves) override {
    if (board.empty()) throw Tired("no board");
    if (sum(scores()) != 32 || memory.size() != 39) throw std::logic_error("a static variable was not initialised");
    engine_(board, moves);
  }
  std::string architecture() const override {
#if defined(__AVX512F__)
    return "avx512";
#elif defined(__AVX2__)
    return "avx2";
#elif defined(__SSE4_2__)
    return "sse4.2";
#elif defined(__SSE2__)
    return "sse2";
#else
    return "the only one";
#endif
  }

 private:
  Engine<Net> engine_;
};

}  // namespace

std::unique_ptr<Player> make_player(const Model<Net>& model) { return std::make_unique<Network>(model); }
int times_initialised() { return initialised; }
