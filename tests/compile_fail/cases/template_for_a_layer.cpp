// shows: MaxPooling2D<>
#include <strata/strata.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 1>, MaxPooling2D, Flatten, Dense<10>> {};
#else
struct Net : Sequential<Input<8, 8, 1>, MaxPooling2D<>, Flatten, Dense<10>> {};
#endif

void use(Model<Net>& model, std::span<const float> input, std::span<const int> labels, std::span<float> output) {
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{}};
  trainer.step(input, labels);
  const Engine<Net> engine{model};
  engine(input, output);
}

std::string look(Model<Net>& model, const Dataset& data) {
  fit(model, data, Adam{}, SparseCategoricalCrossentropy{.from_logits = true}, {.epochs = 2});
  evaluate(model, data, SparseCategoricalCrossentropy{.from_logits = true});
  predict(model, data.sample(0));
  return summary<Net>() + explain<Net>() + to_dot<Net>() + graph_svg<Net>() + memory_svg<Net>();
}
