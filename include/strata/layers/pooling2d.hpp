// What all poolings share: from a layer's options to the geometry of a kernel. The layers are in max_pooling2d.hpp,
// average_pooling2d.hpp, global_max_pooling2d.hpp and global_average_pooling2d.hpp.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/window.hpp>
#include <strata/kernels/pool.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <const Schema& kind>
struct Pooling2DConfig {
  static constexpr const Schema& schema = kind;
  Kernel pool_size = 2;
  Padding padding = Valid;
  Strides strides = 2;
  Pad pad = 0;
  Rounding ceil_mode = Rounding::down;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("pool_size", c.pool_size...), f("padding", c.padding...), f("strides", c.strides...), f("pad", c.pad...),
        f("ceil_mode", c.ceil_mode...);
  }
  constexpr void set_dependent_defaults() { strides = {pool_size.height, pool_size.width}; }
  auto onnx(auto& out) const {
    auto step = out(schema.onnx);
    step.windows(pool_size, strides, 1, padding, pad, ceil_mode);
    return step;
  }
};

template <const Schema& kind>
struct AveragePoolingConfig : Pooling2DConfig<kind> {
  CountedPadding count_padding = CountedPadding::off;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    Pooling2DConfig<kind>::members(f, c...);
    f("count_padding", c.count_padding...);
  }
  auto onnx(auto& out) const {
    auto step = Pooling2DConfig<kind>::onnx(out);
    if (count_padding == CountPadding) step.with("count_include_pad", 1);
    return step;
  }
};

template <const Schema& kind>
struct GlobalPooling2DConfig {
  static constexpr const Schema& schema = kind;
  KeptDims keepdims = KeptDims::off;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("keepdims", c.keepdims...);
  }
  void onnx(auto& out) const {
    const auto pooled = out(schema.onnx, {out.x()});
    if (keepdims == KeptDims::off) out("Flatten", {pooled});
  }
};

}  // namespace strata

namespace strata::detail {

/// `Derived::geometry(in)` says which windows, `Pool` what to do with their cells.
template <class Derived, class Pool>
struct Pooling {
  static constexpr Views views = Views::inference;
  static constexpr bool keeps_probabilities = true, shares = true;
  static constexpr Needs backward_needs{.input = Pool::backward_reads_input, .output = false};

  static constexpr Problem check(Shape in) {
    constexpr auto config = Derived::config;
    if (const Problem problem = Derived::options::template check<std::remove_const_t<decltype(config)>>())
      return problem;
    return dimensions_problem(config, "pooling needs an image", "1-D pooling needs a sequence", in);
  }
  template <class Call>
  static void forward(const Call& call) {
    constexpr kernels::PoolGeometry g = [] {
      kernels::PoolGeometry geometry = Derived::geometry(Call::input_shape);
      geometry.row = row_of(Call::input_shape, Call::input_border);
      geometry.pixel = pixel_of(Call::input_shape, Call::input_border);
      if (Call::output_shape.rank == Call::input_shape.rank) {
        geometry.out_row = row_of(Call::output_shape, Call::output_border);
        geometry.out_pixel = pixel_of(Call::output_shape, Call::output_border);
      }
      return geometry;
    }();
    kernels::pool<typename Call::Vector, g, Pool>(call.batch, call.input, call.output, part_of(call));
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient != nullptr)
      kernels::pool_backward<typename Call::Vector, Derived::geometry(Call::input_shape), Pool>(
          call.batch, call.input, call.output_gradient, call.input_gradient, part_of(call));
  }
};

/// The windows of `Derived::config`.
template <class Derived, class Pool>
struct Pooling2D : Pooling<Derived, Pool> {
  static constexpr Problem check(Shape in) {
    constexpr auto config = on_image(Derived::config);
    constexpr Kernel pool = config.pool_size;
    if (const Problem problem = Pooling<Derived, Pool>::check(in)) return problem;
    if (config.padding == Causal) return {"causal padding of a pooling", "Same or Valid", "choose one", "Causal"};
    if (const Problem problem = extent_problem("the pool size is not positive", in, pool)) return problem;
    if (const Problem problem = extent_problem("the strides are not positive", in, config.strides)) return problem;
    if (const Problem problem = padding_problem(config.padding, in, config.pad)) return problem;
    if (config.padding != Valid && config.ceil_mode == CeilMode)
      return {"CeilMode together with Same", "one of them", "keep one of them", "both"};
    constexpr Pad pad = config.pad;
    if ((std::max)(pad.top, pad.bottom) >= pool.height || (std::max)(pad.left, pad.right) >= pool.width)
      return {"a window of the pooling would lie in the padding",
              Text() << "less padding than the pool of " << pool.height << 'x' << pool.width, "give a smaller Pad",
              Text() << pad.top << ", " << pad.bottom << ", " << pad.left << ", " << pad.right};
    return fit_problem("the pool is larger than the input", "use Same padding or a smaller pool", in, window(in));
  }
  static constexpr Shape output_shape(Shape in) {
    const Window w = window(in);
    return image_like(in, w.out.height, w.out.width, in.channels());
  }
  static constexpr kernels::PoolGeometry geometry(Shape in) {
    constexpr auto config = on_image(Derived::config);
    const Window w = window(in);
    constexpr Kernel pool = config.pool_size;
    return {{in.height(), w.out.height, pool.height, config.strides.height, w.before.height, w.after.height},
            {in.width(), w.out.width, pool.width, config.strides.width, w.before.width, w.after.width},
            in.channels()};
  }

 private:
  static constexpr Window window(Shape in) {
    constexpr auto config = on_image(Derived::config);
    return window_over(in, config.pool_size, config.strides, 1, config.padding, config.pad, config.ceil_mode);
  }
};

template <class Derived, auto... Given>
using AveragePooling =
    Pooling2D<Derived, kernels::MeanPool<LayerOptions<Given...>::get(CountedPadding::off) == CountPadding>>;

/// One window over the whole image.
template <class Derived, class Pool>
struct GlobalPooling2D : Pooling<Derived, Pool> {
  static constexpr Shape output_shape(Shape in) {
    if (Derived::config.keepdims == KeepDims) return image_like(in, 1, 1, in.channels());
    return {in.channels()};
  }

  static constexpr kernels::PoolGeometry geometry(Shape in) {
    return {{in.height(), 1, in.height(), 1, 0}, {in.width(), 1, in.width(), 1, 0}, in.channels()};
  }
};

}  // namespace strata::detail
