// What the merges of tensors of one shape share: one pass over all operands.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <strata/kernels/map.hpp>

namespace strata::detail {

/// output[i] = f(operands[i]...) for the samples of a Forward call, whose images may have borders.
template <class Call, class F>
void map_operands(const Call& call, F f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    kernels::map_images<typename Call::Vector, Call::output_shape, Call::output_border, Call::input_borders[I]...>(
        call.batch, f, call.output, std::array{call.inputs[I]...}, std::array<const typename Call::Scalar*, 0>{},
        part_of(call));
  }(std::make_index_sequence<Call::input_count>{});
}

}  // namespace strata::detail
