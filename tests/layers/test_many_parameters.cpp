// A user's own layer with as many parameters as a layer may have.
#include <cstddef>
#include <string_view>

#include "harness/catch.hpp"
#include "harness/check_layer.hpp"

#include <strata/strata.hpp>

using namespace strata;

namespace {

constexpr int terms = static_cast<int>(Parameters::capacity);

/// y[c] = sum over k of w_k[c] x[c]^k.
struct Polynomial {
  static constexpr const char* class_name = "Polynomial";
  static constexpr std::string_view names = "abcdefgh";
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    Parameters all;
    for (std::size_t k = 0; k < terms; ++k)
      all.add({.name = names.substr(k, 1), .shape = {in.channels()}, .initializer = {Initializer::glorot_uniform, 4, 4}});
    return all;
  }
  static constexpr std::size_t macs(Shape in) { return in.size() * terms; }

  template <class Call>
  static void forward(const Call& call) {
    for (std::size_t i = 0; i < call.batch * Call::input_shape.size(); ++i) {
      typename Call::Scalar sum = 0, power = 1;
      for (int k = 0; k < terms; ++k, power *= call.input[i]) sum += call.parameters[k][channel<Call>(i)] * power;
      call.output[i] = sum;
    }
  }
  template <class Call>
  static void backward(const Call& call) {
    using T = typename Call::Scalar;
    for (std::size_t i = 0; i < call.batch * Call::input_shape.size(); ++i) {
      const std::size_t c = channel<Call>(i);
      T slope = 0, power = 1;
      for (int k = 0; k < terms; ++k, power *= call.input[i]) {
        call.parameter_gradients[k][c] += call.output_gradient[i] * power;
        if (k + 1 < terms) slope += T(k + 1) * call.parameters[k + 1][c] * power;
      }
      if (call.input_gradient != nullptr) call.input_gradient[i] = call.output_gradient[i] * slope;
    }
  }

 private:
  template <class Call>
  static constexpr std::size_t channel(std::size_t i) {
    return i % static_cast<std::size_t>(Call::input_shape.channels());
  }
};

}  // namespace

TEST_CASE("a layer may have eight parameters") {
  static_assert(terms == 8);
  test::check_layer<Polynomial, Shape{3, 2, 5}>({.output = {3, 2, 5}, .trainable = 40, .macs = 240});
}
