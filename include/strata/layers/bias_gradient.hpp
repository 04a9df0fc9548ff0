// What convolutions share: the gradient by the bias.
#pragma once

#include <cstddef>

#include <strata/core/border.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/reduce.hpp>

namespace strata::detail {

/// Adds the sums of the output's gradient over all pixels to `bias`, in a Backward call.
template <class Call>
void add_bias_gradient(const Call& call, typename Call::Scalar* bias) {
  constexpr Border border = Call::output_gradient_border;
  using Runs = kernels::ImageRuns<Call::output_shape, border>;
  for (std::size_t r = 0; r < Runs::count(call.batch); ++r)
    kernels::add_channel_sums<typename Call::Vector, Call::output_shape.channels()>(
        Runs::pixels(call.batch), call.output_gradient + Runs::template offset<border>(r), bias);
}

}  // namespace strata::detail
