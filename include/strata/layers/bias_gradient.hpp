// What convolutions share: the gradient by the bias.
#pragma once

#include <cstddef>

#include <strata/core/border.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/reduce.hpp>

namespace strata::detail {

/// Adds the sums of the output's gradient over all pixels to `bias`, in a Backward call: of several threads the leader.
template <class Call>
void add_bias_gradient(const Call& call, typename Call::Scalar* bias) {
  constexpr Border border = Call::output_gradient_border;
  if (!part_of(call).leads()) return;
  using Runs = kernels::ImageRuns<Call::output_shape, border>;
  Runs::each(call.batch, Whole{}, [&](typename Runs::Run r) {
    kernels::add_channel_sums<typename Call::Vector, Call::output_shape.channels()>(
        r.pixels, call.output_gradient + r.template offset<border>(), bias);
  });
}

}  // namespace strata::detail
