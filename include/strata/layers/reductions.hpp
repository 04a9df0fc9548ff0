// ReduceMean, ReduceSum, ReduceMax, ReduceMin: one number for all cells of an axis.
//
//     ReduceMean<-1, KeepDims>       of the channels: 8x8x3 becomes 8x8x1; without KeepDims 8x8
//     ReduceMax<1>                   of the rows: 8x6x3 becomes 6x3
//
// Axes count from 1, without the batch, -1 being the last. Equal largest (least) cells share the gradient, as in Keras.
// For both axes of an image see GlobalAveragePooling2D. Keras: keras.ops.mean, … ONNX: ReduceMean, …
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/options.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

namespace detail {

struct ReductionOptions {
  int axis = 0;
  KeptDims keepdims = KeptDims::off;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("axis", c.axis...), f("keepdims", c.keepdims...);
  }
};

/// What all of them share.
template <class Layer, class C, int Axis, auto... Given>
struct Reduction {
  static constexpr const char* class_name = C::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(C{{.axis = Axis}});

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<C>()) return problem;
    if (const Problem problem = axis_problem(Axis, in)) return problem;
    if (in.rank == 1 && !keeps)
      return {"nothing is left of a vector", "KeepDims where the input is a vector", "add KeepDims"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    const auto reduced = static_cast<std::size_t>(index_of_axis(Axis, in));
    if (keeps) {
      in.extents[reduced] = 1;
      return in;
    }
    std::copy(in.extents.begin() + reduced + 1, in.extents.end(), in.extents.begin() + reduced);
    in.extents.back() = 0;
    --in.rank;
    return in;
  }

 protected:
  static constexpr bool keeps = config.keepdims == KeepDims;

  /// f(first element of the input, element of the output) for each of a batch; their cells are `inner` elements apart.
  template <class Call, class F>
  static void each(std::size_t batch, F f) {
    for (std::size_t outer = 0; outer < batch * Call::output_shape.size() / inner<Call>; ++outer)
      for (std::size_t i = 0; i < inner<Call>; ++i)
        f(outer * extent<Call> * inner<Call> + i, outer * inner<Call> + i);
  }
  template <class Call>
  static constexpr std::size_t extent =
      static_cast<std::size_t>(Call::input_shape[index_of_axis(Axis, Call::input_shape)]);
  template <class Call>
  static constexpr std::size_t inner = [] {
    std::size_t size = 1;
    for (int axis = index_of_axis(Axis, Call::input_shape) + 1; axis < Call::input_shape.rank; ++axis)
      size *= static_cast<std::size_t>(Call::input_shape[axis]);
    return size;
  }();
};

/// In double.
template <class Layer, class C, bool mean, int Axis, auto... Given>
struct AddingReduction : Reduction<Layer, C, Axis, Given...> {
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool makes_probabilities = false;

  template <class Call>
  static void forward(const Call& call) {
    Layer::template each<Call>(call.batch, [&](std::size_t in, std::size_t out) {
      double sum = 0;
      for (std::size_t k = 0; k < Layer::template extent<Call>; ++k)
        sum += call.input[in + k * Layer::template inner<Call>];
      call.output[out] = static_cast<typename Call::Scalar>(sum * share<Call>);
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    Layer::template each<Call>(call.batch, [&](std::size_t in, std::size_t out) {
      for (std::size_t k = 0; k < Layer::template extent<Call>; ++k)
        call.input_gradient[in + k * Layer::template inner<Call>] =
            call.output_gradient[out] * static_cast<typename Call::Scalar>(share<Call>);
    });
  }

 private:
  template <class Call>
  static constexpr double share = mean ? 1.0 / static_cast<double>(Layer::template extent<Call>) : 1.0;
};

/// The largest (sign 1) or least (sign -1); NaN where one of the cells is.
template <class Layer, class C, int sign, int Axis, auto... Given>
struct ChoosingReduction : Reduction<Layer, C, Axis, Given...> {
  template <class Call>
  static void forward(const Call& call) {
    Layer::template each<Call>(call.batch, [&](std::size_t in, std::size_t out) {
      auto best = call.input[in];
      for (std::size_t k = 1; k < Layer::template extent<Call>; ++k) {
        const auto x = call.input[in + k * Layer::template inner<Call>];
        if (x * sign > best * sign || x != x) best = x;
      }
      call.output[out] = best;
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    Layer::template each<Call>(call.batch, [&](std::size_t in, std::size_t out) {
      const auto has = [&](std::size_t k) {
        const auto x = call.input[in + k * Layer::template inner<Call>];
        return x == call.output[out] || x != x;
      };
      std::size_t count = 0;
      for (std::size_t k = 0; k < Layer::template extent<Call>; ++k) count += has(k);
      for (std::size_t k = 0; k < Layer::template extent<Call>; ++k)
        call.input_gradient[in + k * Layer::template inner<Call>] =
            has(k) ? call.output_gradient[out] / static_cast<typename Call::Scalar>(count) : 0;
    });
  }
};

}  // namespace detail

struct ReduceMeanConfig : detail::ReductionOptions {
  static constexpr Schema schema{.spelling = "ReduceMean<>", .keras = "Mean", .onnx = "ReduceMean", .arguments = 1,
                                 .module = "keras.src.ops.numpy"};
  void onnx(auto& out) const { out.reduce(schema.onnx, axis, keepdims == KeepDims); }
};
template <int Axis, Spelled<"KeepDims"> auto... Given>
struct ReduceMean : detail::AddingReduction<ReduceMean<Axis, Given...>, ReduceMeanConfig, true, Axis, Given...> {};

struct ReduceSumConfig : detail::ReductionOptions {
  static constexpr Schema schema{.spelling = "ReduceSum<>", .keras = "Sum", .onnx = "ReduceSum", .arguments = 1,
                                 .module = "keras.src.ops.numpy"};
  void onnx(auto& out) const { out.reduce(schema.onnx, axis, keepdims == KeepDims); }
};
template <int Axis, Spelled<"KeepDims"> auto... Given>
struct ReduceSum : detail::AddingReduction<ReduceSum<Axis, Given...>, ReduceSumConfig, false, Axis, Given...> {};

struct ReduceMaxConfig : detail::ReductionOptions {
  static constexpr Schema schema{.spelling = "ReduceMax<>", .keras = "Max", .onnx = "ReduceMax", .arguments = 1,
                                 .module = "keras.src.ops.numpy"};
  void onnx(auto& out) const { out.reduce(schema.onnx, axis, keepdims == KeepDims); }
};
template <int Axis, Spelled<"KeepDims"> auto... Given>
struct ReduceMax : detail::ChoosingReduction<ReduceMax<Axis, Given...>, ReduceMaxConfig, 1, Axis, Given...> {};

struct ReduceMinConfig : detail::ReductionOptions {
  static constexpr Schema schema{.spelling = "ReduceMin<>", .keras = "Min", .onnx = "ReduceMin", .arguments = 1,
                                 .module = "keras.src.ops.numpy"};
  void onnx(auto& out) const { out.reduce(schema.onnx, axis, keepdims == KeepDims); }
};
template <int Axis, Spelled<"KeepDims"> auto... Given>
struct ReduceMin : detail::ChoosingReduction<ReduceMin<Axis, Given...>, ReduceMinConfig, -1, Axis, Given...> {};

}  // namespace strata
