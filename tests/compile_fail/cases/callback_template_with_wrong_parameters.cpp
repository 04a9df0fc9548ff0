// expect: a callback has a member of the right name that cannot be called with these arguments
#include <strata/layers/dense.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

struct Printer {
  void on_train_begin() {}
  template <class Trainer>
#ifdef STRATA_WRONG
  void on_epoch_end(Trainer&, int) {}
#else
  void on_epoch_end(Trainer&, int, const Logs&) {}
#endif
};

void train(Model<Net>& model, const Dataset& data) {
  fit(model, data, SGD{}, MeanSquaredError{}, {.epochs = 2}, Printer{});
}
