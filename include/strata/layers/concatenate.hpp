// Concatenate: images of one size side by side in their channels, or vectors one after the other.
//
//     Concatenate<Conv2D<8, 1>, Sequential<Conv2D<4, 1>, Conv2D<8, 3, Same>>, MaxPooling2D<3, Strides{1}, Same>>
//     Concatenate<>                                      the layer itself, for a named graph
//
// Keras: Concatenate (of the last axis). ONNX: Concat.
#pragma once

#include <algorithm>
#include <cstddef>

#include <boost/mp11/list.hpp>

#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Concatenate {  // of the node's operands: Concatenate<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Concatenate<>;
};

template <>
struct Concatenate<> {
  static constexpr Schema schema{.spelling = "Concatenate<>", .keras = "Concatenate", .onnx = "Concat",
                                 .fixed = R"({"axis": -1})"};
  static void onnx(auto& out) { out(schema.onnx).with("axis", 1); }
  static constexpr const char* class_name = schema.keras;
  static constexpr Kind kind = Kind::concatenation;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Problem check(Shapes in) {
    for (const Shape& shape : in)
      if (with_channels(shape, 1) != with_channels(in[0], 1))
        return {"Concatenate needs branches that differ in their channels only",
                without_channels(in[0]) << " and any number of channels from every branch",
                "give every branch the same strides and padding", Text() << shape};
    return {};
  }
  static constexpr Shape output_shape(Shapes in) {
    long long channels = 0;
    for (const Shape& shape : in) channels += shape.channels();
    return with_channels(in[0], size_or_too_many(channels));
  }

  template <class Call>
  static void forward(const Call& call) {
    each_slice<Call>([&](std::size_t operand, std::size_t first, std::size_t channels, std::size_t all) {
      const auto* from = call.inputs[operand];
      auto* to = call.output + first;
      for (std::size_t row = 0; row < call.batch * Call::output_shape.positions(); ++row, from += channels, to += all)
        std::copy_n(from, channels, to);
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    each_slice<Call>([&](std::size_t operand, std::size_t first, std::size_t channels, std::size_t all) {
      auto* to = call.input_gradients[operand];
      if (to == nullptr) return;
      const auto* from = call.output_gradient + first;
      for (std::size_t row = 0; row < call.batch * Call::output_shape.positions(); ++row, from += all, to += channels)
        std::copy_n(from, channels, to);
    });
  }

 private:
  static constexpr Text without_channels(Shape shape) {
    if (shape.rank == 1) return "a vector";
    --shape.rank;
    return Text() << shape;
  }
  static constexpr Shape with_channels(Shape shape, int channels) {
    if (shape.rank > 0) shape.extents[static_cast<std::size_t>(shape.rank - 1)] = channels;
    return shape;
  }

  /// f(operand, its first channel in the output, its channels, the output's channels)
  template <class Call, class F>
  static void each_slice(F f) {
    const std::size_t all = static_cast<std::size_t>(Call::output_shape.channels());
    std::size_t first = 0;
    for (std::size_t operand = 0; operand < Call::input_count; ++operand) {
      const std::size_t channels = static_cast<std::size_t>(Call::input_shapes[operand].channels());
      f(operand, first, channels, all);
      first += channels;
    }
  }
};

}  // namespace strata
