// expect: a callback has a member of the right name that cannot be called with these arguments
#include <string>

#include <strata/layers/dense.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

#ifdef STRATA_WRONG
using Epoch = std::string;
#else
using Epoch = int;
#endif
struct Printer {
  void on_epoch_end(Epoch, const Logs&) {}
};

void train(Model<Net>& model, const Dataset& data) {
  fit(model, data, SGD{}, MeanSquaredError{}, {.epochs = 2}, Printer{});
}
