// expect: an argument of fit after its options is neither a metric
#include <strata/layers/dense.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

#ifdef STRATA_WRONG
struct Printer {
  void on_end_of_epoch(int, const Logs&) {}
};
#else
struct Printer {
  void on_epoch_end(int, const Logs&) {}
};
#endif

void train(Model<Net>& model, const Dataset& data) {
  fit(model, data, SGD{}, MeanSquaredError{}, {.epochs = 2}, Printer{});
}
