// What Softmax and LogSoftmax share: functions of the channels of a position, whose gradient needs the result only.
#pragma once

#include <strata/core/layer.hpp>

namespace strata::detail {

/// `Derived` has forward_rows<V, channels>(rows, x, y) and backward_rows<V, channels>(rows, y, dy, dx).
template <class Derived>
struct OverChannels {
  using itself = Derived;
  static constexpr Needs backward_needs{.input = false, .output = true};

  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Call>
  static void forward(const Call& call) {
    constexpr Shape in = Call::input_shape;
    Derived::template forward_rows<typename Call::Vector, in.channels()>(call.batch * in.positions(), call.input,
                                                                         call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    constexpr Shape in = Call::input_shape;
    if (call.input_gradient != nullptr)
      Derived::template backward_rows<typename Call::Vector, in.channels()>(
          call.batch * in.positions(), call.output, call.output_gradient, call.input_gradient);
  }
};

}  // namespace strata::detail
