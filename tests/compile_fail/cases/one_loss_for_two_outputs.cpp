// expect: MeanSquaredError: each output has one loss: expected 2, received 1; give Losses{...}, one for each name in Outputs
#include <strata/strata.hpp>

using namespace strata;

struct Net : Graph<Node<"x", Input<3>>, Node<"a", Dense<2>, "x">, Node<"b", Dense<2>, "a">,
#ifdef STRATA_WRONG
                   Outputs<"a", "b">> {};
#else
                   Outputs<"b">> {};
#endif

void use(Model<Net>& model) { Trainer trainer{model, MeanSquaredError{}, SGD{}}; }
