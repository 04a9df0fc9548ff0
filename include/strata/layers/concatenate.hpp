// Concatenate: images of one size side by side in their channels, or vectors one after the other.
//
//     Concatenate<Conv2D<8, 1>, Sequential<Conv2D<4, 1>, Conv2D<8, 3, Same>>, MaxPooling2D<3, Strides{1}, Same>>
//     Concatenate<>                                      the layer itself, for a named graph
//     Concatenate<Along<1>>, Concatenate<Along<2>, A, B>   rows, columns: axes count from 1, without the batch
//
// Keras: Concatenate. ONNX: Concat.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <boost/mp11/list.hpp>

#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

/// Keras `axis`, of a merge: a type, as it stands before branches.
template <int Number>
struct Along {};

/// An axis as a value: `Along<1>`.
struct MergeAxis {
  int value;
};
inline std::string spelling(MergeAxis axis) { return "Along<" + std::to_string(axis.value) + '>'; }

struct ConcatenateConfig {
  static constexpr Schema schema{.spelling = "Concatenate<>", .keras = "Concatenate", .onnx = "Concat",
                                 .arguments = 1};
  MergeAxis axis{-1};

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("axis", c.axis...);
  }
  void onnx(auto& out) const { out(schema.onnx).with("axis", out.axis(axis.value)); }
};

namespace detail {

template <int Number>
struct Concatenation {
  static constexpr const char* class_name = ConcatenateConfig::schema.keras;
  static constexpr ConcatenateConfig config{.axis{Number}};
  static constexpr Kind kind = Number == -1 ? Kind::concatenation : Kind::other;
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool keeps_probabilities = true;

  static constexpr Problem check(Shapes in) {
    if (const Problem problem = axis_problem(Number, in[0])) return problem;
    for (const Shape& shape : in) {
      if (shape.rank == in[0].rank && with_extent(shape, 1) == with_extent(in[0], 1)) continue;
      if (Number == -1)
        return {"Concatenate needs branches that differ in their channels only",
                without_channels(in[0]) << " and any number of channels from every branch",
                "give every branch the same strides and padding", Text() << shape};
      return {"Concatenate needs branches that differ in its axis only",
              Text() << in[0] << " with any extent of axis " << Number << " from every branch",
              "give every branch as many channels, and the same strides and padding where they are not joined",
              Text() << shape};
    }
    return {};
  }
  static constexpr Shape output_shape(Shapes in) {
    long long extent = 0;
    for (const Shape& shape : in) extent += shape[index_of_axis(Number, shape)];
    return with_extent(in[0], size_or_too_many(extent));
  }

  template <class Call>
  static void forward(const Call& call) {
    each_slice<Call>([&](std::size_t operand, std::size_t first, std::size_t size, std::size_t all) {
      const auto* from = call.inputs[operand];
      auto* to = call.output + first;
      for (std::size_t row = 0; row < call.batch * rows<Call>; ++row, from += size, to += all)
        std::copy_n(from, size, to);
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    each_slice<Call>([&](std::size_t operand, std::size_t first, std::size_t size, std::size_t all) {
      auto* to = call.input_gradients[operand];
      if (to == nullptr) return;
      const auto* from = call.output_gradient + first;
      for (std::size_t row = 0; row < call.batch * rows<Call>; ++row, from += all, to += size)
        std::copy_n(from, size, to);
    });
  }

 private:
  static constexpr Text without_channels(Shape shape) {
    if (shape.rank == 1) return "a vector";
    --shape.rank;
    return Text() << shape;
  }
  static constexpr Shape with_extent(Shape shape, int extent) {
    if (shape.rank > 0) shape.extents[static_cast<std::size_t>(index_of_axis(Number, shape))] = extent;
    return shape;
  }

  /// Of a sample: along the axes before the one that is joined.
  template <class Call>
  static constexpr std::size_t rows = [] {
    std::size_t count = 1;
    for (int axis = 0; axis < index_of_axis(Number, Call::output_shape); ++axis)
      count *= static_cast<std::size_t>(Call::output_shape[axis]);
    return count;
  }();

  /// f(operand, its first element in a row of the output, its elements there, the output's)
  template <class Call, class F>
  static void each_slice(F f) {
    std::size_t first = 0;
    for (std::size_t operand = 0; operand < Call::input_count; ++operand) {
      const std::size_t size = Call::input_shapes[operand].size() / rows<Call>;
      f(operand, first, size, Call::output_shape.size() / rows<Call>);
      first += size;
    }
  }
};

}  // namespace detail

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Concatenate {  // of the node's operands: Concatenate<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Concatenate<>;
};
template <int Number, class... Branches>
struct Concatenate<Along<Number>, Branches...> {
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Concatenate<Along<Number>>;
};

template <>
struct Concatenate<> : detail::Concatenation<-1> {};
template <int Number>
struct Concatenate<Along<Number>> : detail::Concatenation<Number> {};

}  // namespace strata
