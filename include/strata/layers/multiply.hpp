// Multiply: the product of tensors, element by element. A vector of channels scales every pixel of an image, as in
// squeeze-and-excitation (Hu et al. 2017, arXiv 1709.01507).
//
//     Multiply<Sequential<>,
//              Sequential<GlobalAveragePooling2D, Dense<4, activation<ReLU>>, Dense<16, activation<Sigmoid>>>>
//     Multiply<>                                         the layer itself, for a named graph
//
// Keras: Multiply. ONNX: Mul.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <boost/mp11/list.hpp>

#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/part.hpp>
#include <strata/core/text.hpp>
#include <strata/kernels/map.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Multiply {  // of the node's operands: Multiply<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Multiply<>;
};

template <>
struct Multiply<> {
  static constexpr Schema schema{.spelling = "Multiply<>", .keras = "Multiply", .onnx = "Mul"};
  static void onnx(auto& out) {
    const auto factors = out.broadcast();
    std::string product = factors[0];
    for (std::size_t i = 1; i < factors.size(); ++i) product = out(schema.onnx, {product, factors[i]});
  }
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = true, .output = false};

  static constexpr Problem check(Shapes in) {
    for (const Shape& shape : in)
      if (shape != output_shape(in) && shape.size() != static_cast<std::size_t>(output_shape(in).channels()))
        return {"Multiply needs branches of one shape, or vectors of as many channels",
                Text() << output_shape(in) << " or " << output_shape(in).channels() << " from every branch",
                "end a scaling branch with Dense<channels>", Text() << shape};
    return {};
  }
  /// The largest.
  static constexpr Shape output_shape(Shapes in) {
    Shape largest = in[0];
    for (const Shape& shape : in)
      if (shape.size() > largest.size()) largest = shape;
    return largest;
  }

  static constexpr bool strided = true, in_place = true, shares = true;

  template <class Call>
  static void forward(const Call& call) {
    [&]<std::size_t... I, std::size_t... K>(std::index_sequence<I...>, std::index_sequence<K...>) {
      constexpr auto images = operands<Call, false>;
      [[maybe_unused]] constexpr auto scales = operands<Call, true>;
      for (std::size_t n = 0; n < call.batch; ++n)
        kernels::map_images<typename Call::Vector, Call::output_shape, Call::output_border,
                            Call::input_borders[images[I]]...>(
            1, [](auto... x) STRATA_INLINE_LAMBDA { return (... * x); },
            call.output + n * bordered_size(Call::output_shape, Call::output_border),
            std::array{image<Call, images[I]>(call, n)...},
            std::array<const typename Call::Scalar*, sizeof...(K)>{image<Call, scales[K]>(call, n)...},
            detail::part_of(call));
    }(std::make_index_sequence<operands<Call, false>.size()>{}, std::make_index_sequence<operands<Call, true>.size()>{});
  }
  template <class Call>
  static void backward(const Call& call) {
    for (std::size_t operand = 0; operand < Call::input_count; ++operand) {
      auto* const gradient = call.input_gradients[operand];
      if (gradient == nullptr) continue;
      std::fill_n(gradient, call.batch * Call::input_shapes[operand].size(), 0);
      each_row<Call>(call.batch, [&](std::size_t row, std::size_t sample, std::size_t c) {
        auto product = call.output_gradient[row * channels<Call> + c];
        for (std::size_t i = 0; i < Call::input_count; ++i)
          if (i != operand) product *= element<Call>(call, i, row, sample, c);
        gradient[(is_scale<Call>(operand) ? sample : row) * channels<Call> + c] += product;
      });
    }
  }

 private:
  template <class Call>
  static constexpr std::size_t channels = static_cast<std::size_t>(Call::output_shape.channels());

  /// One value a channel for all pixels of a sample.
  template <class Call>
  static constexpr bool is_scale(std::size_t operand) {
    return Call::input_shapes[operand].size() < Call::output_shape.size();
  }
  /// The operands that are a scale, or those that are not.
  template <class Call, bool scale>
  static constexpr auto operands = [] {
    std::array<std::size_t, static_cast<std::size_t>(std::count_if(
                                Call::input_shapes.begin(), Call::input_shapes.end(),
                                [](Shape in) { return (in.size() < Call::output_shape.size()) == scale; }))>
        chosen{};
    for (std::size_t i = 0, next = 0; i < Call::input_count; ++i)
      if (is_scale<Call>(i) == scale) chosen[next++] = i;
    return chosen;
  }();
  template <class Call, std::size_t operand>
  static const auto* image(const Call& call, std::size_t sample) {
    return call.inputs[operand] +
           sample * bordered_size(Call::input_shapes[operand], Call::input_borders[operand]);
  }

  template <class Call>
  static auto element(const Call& call, std::size_t operand, std::size_t row, std::size_t sample, std::size_t c) {
    return call.inputs[operand][(is_scale<Call>(operand) ? sample : row) * channels<Call> + c];
  }
  /// f(row, sample, channel)
  template <class Call, class F>
  static STRATA_INLINE void each_row(std::size_t batch, F f) {
    constexpr std::size_t positions = Call::output_shape.positions();
    for (std::size_t sample = 0; sample < batch; ++sample)
      for (std::size_t p = 0; p < positions; ++p)
        for (std::size_t c = 0; c < channels<Call>; ++c) f(sample * positions + p, sample, c);
  }
};

}  // namespace strata
