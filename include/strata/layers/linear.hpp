// What linear layers share: a kernel, a bias, and how a normalisation after them is folded into both.
#pragma once

#include <cstddef>

#include <strata/core/facts.hpp>
#include <strata/core/options.hpp>
#include <strata/core/shape.hpp>

namespace strata::detail {

/// Keras' defaults: Glorot uniform by the fans, zeros.
constexpr Parameters kernel_and_bias(Shape kernel, double fan_in, double fan_out, L2 regularizer, Bias use,
                                     int outputs) {
  const Parameter weights{.name = "kernel",
                          .shape = kernel,
                          .initializer = {Initializer::glorot_uniform, fan_in, fan_out},
                          .l2 = regularizer.value};
  if (use == Bias::off) return {weights};
  return {weights, Parameter{.name = "bias", .shape = {outputs}}};
}

/// Kernel and bias as inference packs them: by output, times `scale` plus `shift`, which are null where there is no
/// normalisation.
template <class T, Bias use>
struct Folded {
  const T* const* parameters;
  const T *scale, *shift;

  T weight(int index, int output) const { return parameters[0][index] * factor(output); }
  T bias(int output) const {
    const T bias = use == Bias::on ? parameters[1][output] * factor(output) : T(0);
    return bias + (shift != nullptr ? shift[output] : T(0));
  }

 private:
  T factor(int output) const { return scale != nullptr ? scale[output] : T(1); }
};

}  // namespace strata::detail
