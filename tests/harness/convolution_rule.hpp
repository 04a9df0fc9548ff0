/// @file
/// What a convolution layer says that it computes, carried out in the few loops that define it: proves the rules of
/// many configurations without compiling a kernel for each.
#pragma once

#include <string>

#include <strata/core/window.hpp>

namespace strata::test {

struct ConvolutionRule {
  Shape in, out;
  Window window;
  Extent kernel, strides, dilation;
  int groups;
};

/// Output and gradients by the loops are those of the fixture.
void check_rule(const ConvolutionRule& rule, const std::string& fixture);

template <class L, Shape In>
void check_rule(const std::string& fixture) {
  static_assert(!L::check(In));
  constexpr auto config = L::config;
  check_rule({.in = In,
              .out = L::output_shape(In),
              .window = window_over(In, config.kernel_size, config.strides, config.dilation_rate, config.padding,
                                    config.pad),
              .kernel = config.kernel_size,
              .strides = config.strides,
              .dilation = config.dilation_rate,
              .groups = L::groups(In)},
             fixture);
}

}  // namespace strata::test
