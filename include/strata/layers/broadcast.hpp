// What the element-wise merges share. Their operands are of one shape, or have 1 in place of some of its extents; a
// vector of channels counts as 1x1xchannels.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>
#include <strata/kernels/map.hpp>

namespace strata::detail {

/// The largest extents, axes counted from the last; of no rank where others than these and 1 are among them.
constexpr Shape broadcast_shape(Shapes shapes) {
  Shape all;
  for (const Shape& shape : shapes)
    if (shape.rank > all.rank) all = shape;
  for (const Shape& shape : shapes)
    for (int axis = 1; axis <= shape.rank; ++axis) {
      int& extent = all.extents[static_cast<std::size_t>(all.rank - axis)];
      const int own = shape[shape.rank - axis];
      if (own != extent && own != 1 && extent != 1) return {};
      extent = (std::max)(extent, own);
    }
  return all;
}

/// The row of an operand that stands for a row of the result, rows being those of all axes but the last two.
template <Shape own, Shape all>
constexpr std::size_t row_for(std::size_t row) {
  if constexpr (own.height() == 1) return 0;
  if constexpr (own.height() == all.height()) return row;
  std::size_t found = 0, step = 1;
  for (int axis = 3; axis <= own.rank; ++axis) {
    const auto extent = static_cast<std::size_t>(all[all.rank - axis]);
    if (own[own.rank - axis] > 1) found += row % extent * step, step *= extent;
    row /= extent;
  }
  return found;
}

constexpr Problem two_problem(const char* rule, Shapes in) {
  if (in.size() == 2) return {};
  return {rule, "two branches", "give it two branches, or use another merge",
          Text() << in.size() << (in.size() == 1 ? " branch" : " branches")};
}

/// Where this operand, and none before, has the result, or NaN.
template <std::size_t operand, class V>
STRATA_INLINE auto is_first_to_have(const V* x, V y) {
  const auto has = [=](std::size_t i) STRATA_INLINE_LAMBDA { return (x[i] == y) | simd::unordered(x[i], x[i]); };
  auto first = has(operand);
  for (std::size_t before = 0; before < operand; ++before) first = first & !has(before);
  return first;
}

/// `Derived::apply(V...)` is the merge of elements of each operand; `Derived::gradient<i, operands>(dy, x, y)` the
/// gradient by operand i of y = apply(x...), from those that `backward_needs` names; `Derived::rule` what it needs.
template <class Derived>
struct Broadcast {
  static constexpr Views views = Views::inference;
  static constexpr bool in_place = true, shares = true;

  static constexpr Problem check(Shapes in) {
    if (broadcast_shape(in).rank > 0) return {};
    Shape odd = in[0];
    for (const Shape& shape : in)
      if (odd == in[0] && broadcast_shape(std::array{in[0], shape}).rank == 0) odd = shape;
    return {Derived::rule, Text() << in[0] << " from every branch",
            "change the branch, or give the shortcut a Projection<Conv2D<filters, 1, Strides{...}>>", Text() << odd};
  }
  static constexpr Shape output_shape(Shapes in) { return broadcast_shape(in); }
  static void onnx(auto& out) { out(Derived::schema.onnx, out.broadcast()); }

  template <class Call>
  static void forward(const Call& call) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      if constexpr (((is_whole<Call, I> || is_vector<Call, I>) && ...)) merge_rows(call);
      else merge_pixels<Call, I...>(call);
    }(std::make_index_sequence<Call::input_count>{});
  }

  template <class Call>
  static void backward(const Call& call) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (differentiate<I, Call, I...>(call), ...);
    }(std::make_index_sequence<Call::input_count>{});
  }

 private:
  template <class Call, std::size_t i>
  static constexpr Shape shape = Call::input_shapes[i];
  template <class Call, std::size_t i>
  static constexpr bool is_whole = shape<Call, i>.size() == Call::output_shape.size();
  /// One number a channel for all pixels of a sample.
  template <class Call, std::size_t i>
  static constexpr bool is_vector = !is_whole<Call, i> &&
                                    shape<Call, i>.size() == static_cast<std::size_t>(Call::output_shape.channels()) &&
                                    shape<Call, i>.channels() == Call::output_shape.channels();

  /// Elements from an operand's first cell to the one for the output's cell (row, column).
  template <Shape own, Shape out, Border border = Border{}>
  static constexpr std::size_t place(std::size_t row, std::size_t column) {
    return row_for<own, out>(row) * static_cast<std::size_t>(row_of(own, border)) +
           (own.width() > 1 ? column * static_cast<std::size_t>(pixel_of(own, border)) : 0);
  }

  /// The operands that are whole, or the vectors.
  template <class Call, bool whole>
  static constexpr auto chosen = []<std::size_t... I>(std::index_sequence<I...>) {
    std::array<std::size_t, ((is_whole<Call, I> == whole) + ...)> operands{};
    std::size_t next = 0;
    ((is_whole<Call, I> == whole ? static_cast<void>(operands[next++] = I) : void()), ...);
    return operands;
  }(std::make_index_sequence<Call::input_count>{});

  /// All of the output's shape, or constants per channel: of the whole batch at once where there are none.
  template <class Call>
  static void merge_rows(const Call& call) {
    [&]<std::size_t... I, std::size_t... K>(std::index_sequence<I...>, std::index_sequence<K...>) {
      using V = typename Call::Vector;
      constexpr auto wholes = chosen<Call, true>;
      [[maybe_unused]] constexpr auto vectors = chosen<Call, false>;
      const auto f = [](auto... x) STRATA_INLINE_LAMBDA {
        if constexpr (sizeof...(K) == 0) return Derived::apply(x...);
        else return in_order<V, chosen<Call, true>[I]..., chosen<Call, false>[K]...>(x...);
      };
      const std::size_t samples = sizeof...(K) == 0 ? call.batch : 1;
      for (std::size_t n = 0; n < call.batch; n += samples)
        kernels::map_images<V, Call::output_shape, Call::output_border, Call::input_borders[wholes[I]]...>(
            samples, f, call.output + n * bordered_size(Call::output_shape, Call::output_border),
            std::array{sample<wholes[I]>(call, n)...},
            std::array<const typename Call::Scalar*, sizeof...(K)>{sample<vectors[K]>(call, n)...}, part_of(call));
    }(std::make_index_sequence<chosen<Call, true>.size()>{}, std::make_index_sequence<chosen<Call, false>.size()>{});
  }
  /// apply, given operand `Operand`s in this order.
  template <class V, std::size_t... Operand>
  static STRATA_INLINE V in_order(auto... x) {
    V sorted[sizeof...(x)];
    ((sorted[Operand] = x), ...);
    return [&]<std::size_t... I>(std::index_sequence<I...>) STRATA_INLINE_LAMBDA {
      return Derived::apply(sorted[I]...);
    }(std::make_index_sequence<sizeof...(x)>{});
  }
  template <std::size_t i, class Call>
  static const auto* sample(const Call& call, std::size_t n) {
    return call.inputs[i] + n * bordered_size(shape<Call, i>, Call::input_borders[i]);
  }

  /// Pixel by pixel, each operand's own, with its channels or one number for all.
  template <class Call, std::size_t... I>
  static void merge_pixels(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape out = Call::output_shape;
    const auto rows = part_of(call).share(call.batch * static_cast<std::size_t>(out.height()));
    for (std::size_t r = rows.begin; r < rows.end; ++r) {
      const std::size_t n = r / static_cast<std::size_t>(out.height()), y = r % static_cast<std::size_t>(out.height());
      for (std::size_t x = 0; x < static_cast<std::size_t>(out.width()); ++x) {
        const std::array pixels{sample<I>(call, n) + place<shape<Call, I>, out, Call::input_borders[I]>(y, x)...};
        auto* const to = call.output + n * bordered_size(out, Call::output_border) +
                         y * static_cast<std::size_t>(row_of(out, Call::output_border)) +
                         x * static_cast<std::size_t>(pixel_of(out, Call::output_border));
        kernels::for_each_channel_vector<V, out.channels()>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
          lanes.store(to + c, V(Derived::apply(load<V, shape<Call, I>.channels() == out.channels()>(
                                  pixels[I], c, lanes)...)));
        });
      }
    }
  }
  template <class V, bool each>
  static STRATA_INLINE V load(const typename V::value_type* pixel, int c, auto lanes) {
    if constexpr (each) return lanes.load(pixel + c);
    else return V(*pixel);
  }

  /// One pass where all are of the output's shape, which threads share, else pixel by pixel.
  template <std::size_t operand, class Call, std::size_t... I>
  static void differentiate(const Call& call) {
    using V = typename Call::Vector;
    using T = typename Call::Scalar;
    static constexpr Shape in = shape<Call, operand>, out = Call::output_shape;
    T* const gradient = call.input_gradients[operand];
    if (gradient == nullptr) return;
    const auto of = [](V dy, V y, auto... x) STRATA_INLINE_LAMBDA {
      const V values[]{x...};
      return V(Derived::template gradient<operand, sizeof...(I)>(dy, values, y));
    };
    // What is not needed may not be there: dy stands for it.
    constexpr bool reads_inputs = Derived::backward_needs.input;
    const T* const dy = call.output_gradient;
    const T* const y = Derived::backward_needs.output ? call.output : dy;
    const std::array inputs{(reads_inputs ? call.inputs[I] : dy)...};
    if constexpr ((is_whole<Call, I> && ...)) {
      const auto own = part_of(call).share(call.batch * out.size());
      kernels::map<V>(own.size(), of, gradient + own.begin, dy + own.begin, y + own.begin, (inputs[I] + own.begin)...);
    } else if (part_of(call).leads()) {
      if constexpr (in != out) std::fill_n(gradient, call.batch * in.size(), T(0));
      for (std::size_t n = 0; n < call.batch; ++n)
        for (std::size_t row = 0; row < static_cast<std::size_t>(out.height()); ++row)
          for (std::size_t column = 0; column < static_cast<std::size_t>(out.width()); ++column) {
            const auto pixel = [&]<Shape own>(auto* elements) {
              return elements + n * own.size() + place<own, out>(row, column);
            };
            T* const to = pixel.template operator()<in>(gradient);
            kernels::for_each_channel_vector<V, out.channels()>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
              const V one = of(lanes.load(pixel.template operator()<out>(dy) + c),
                               lanes.load(pixel.template operator()<out>(y) + c),
                               load<V, read<Call, I>.channels() == out.channels()>(
                                   pixel.template operator()<read<Call, I>>(inputs[I]), c, lanes)...);
              if constexpr (in == out) lanes.store(to + c, one);
              else if constexpr (in.channels() == out.channels()) lanes.store(to + c, lanes.load(to + c) + one);
              else *to += simd::reduce_add(lanes.keep(one, T(0)));
            });
          }
    }
  }
  /// The shape of what stands for an operand there.
  template <class Call, std::size_t i>
  static constexpr Shape read = Derived::backward_needs.input ? shape<Call, i> : Call::output_shape;
};

}  // namespace strata::detail
