// Affine: y = gamma x + beta, with a gamma and a beta to learn for each channel, or for each element. LayerScale: gamma
// alone, small at first (Touvron et al. 2021, arXiv 2103.17239), as in ConvNeXt.
//
//     Affine                              folds into a convolution or Dense before it
//     AffineWith<NoCenter>                without beta; NoScale: without gamma
//     AffineWith<NoScale, PerElement>     a learned image is added: position embedding
//     LayerScale<96>, LayerScale<96, 0.1> of so many channels; gamma starts at 1e-6, or 0.1
//
// Defaults: gamma 1, beta 0. Keras: LayerScale of keras.applications. ONNX: Mul and Add.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>

#include <strata/core/options.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/layers/bias_gradient.hpp>
#include <strata/layers/channel_affine.hpp>

namespace strata {

enum class AffineWeights { per_channel, per_element };
/// A gamma and a beta for each element of the input.
inline constexpr AffineWeights PerElement = AffineWeights::per_element;
constexpr auto choices(AffineWeights) {
  return Choices<2>{"PerElement", {"AffineWeights::per_channel", "PerElement"}, {"false", "true"}};
}

struct AffineConfig {
  static constexpr Schema schema{.spelling = "Affine", .keras = "Affine", .with_options = "AffineWith", .module = ""};
  static constexpr const char* weight_names = "gamma:scale beta:center";
  Centering center = Centering::on;
  Scaling scale = Scaling::on;
  AffineWeights per_element = AffineWeights::per_channel;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("center", c.center...), f("scale", c.scale...), f("per_element", c.per_element...);
  }
  void onnx(auto& out) const {
    const bool scales = scale == Scaling::on;
    const auto weight = [&](const char* name, std::size_t index) {
      return per_element == PerElement ? out.weight(index) : out.per_channel(name, 0);
    };
    const std::string scaled = scales ? out("Mul", {out.x(), weight("gamma", 0)}) : out.x();
    if (center == Centering::on) out("Add", {scaled, weight("beta", scales)});
  }
};

struct LayerScaleConfig {
  static constexpr Schema schema{.spelling = "LayerScale<>", .keras = "LayerScale", .arguments = 2,
                                 .module = "keras.src.applications.convnext"};
  static constexpr const char* weight_names = "gamma";
  int projection_dim = 0;
  Number init_values = 1e-6;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("projection_dim", c.projection_dim...), f("init_values", c.init_values...);
  }
  void onnx(auto& out) const { out("Mul", {out.x(), out.per_channel("gamma", 0)}); }
};

namespace detail {

/// The weights that Affine and LayerScale have.
template <class Derived, bool scaling, bool centering>
struct TrainedAffine : ChannelAffine<Derived> {
  static constexpr Needs backward_needs{.input = scaling, .output = false};

  static constexpr Parameters parameters(Shape in) { return of_shape({in.channels()}); }

  template <class T>
  static void affine(Shape in, const T* const* parameters, T* scale, T* shift) {
    const auto channels = static_cast<std::size_t>(in.channels());
    if constexpr (scaling) std::copy_n(parameters[0], channels, scale);
    else std::fill_n(scale, channels, T(1));
    if constexpr (centering) std::copy_n(parameters[scaling], channels, shift);
    else std::fill_n(shift, channels, T(0));
  }

  template <class Call>
  static void backward(const Call& call) {
    if constexpr (scaling) {
      using Runs = kernels::ImageRuns<Call::input_shape, Call::input_border, Call::output_gradient_border>;
      Runs::each(call.batch, detail::Whole{}, [&](typename Runs::Run r) {
        kernels::add_channel_sums<typename Call::Vector, Call::input_shape.channels(), kernels::ProductSum>(
            r.pixels,
            std::array{call.output_gradient + r.template offset<Call::output_gradient_border>(),
                       call.input + r.template offset<Call::input_border>()},
            std::array<const typename Call::Scalar*, 0>{}, std::array{call.parameter_gradients[0]});
      });
    }
    if constexpr (centering) add_bias_gradient(call, call.parameter_gradients[scaling]);
    ChannelAffine<Derived>::backward(call);
  }

 protected:
  static constexpr Parameters of_shape(Shape shape) {
    Parameters list;
    if (scaling) list.add({"gamma", shape, Derived::initial_gamma});
    if (centering) list.add({"beta", shape, {Initializer::zeros}});
    return list;
  }
};

/// The same with weights of the input's shape.
template <class Derived, bool scaling, bool centering>
struct ElementAffine : TrainedAffine<Derived, scaling, centering> {
  static constexpr Kind kind = Kind::other;
  static constexpr Views views = Views::none;
  static constexpr bool in_place = true;

  static constexpr Parameters parameters(Shape in) { return ElementAffine::of_shape(in); }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    constexpr std::size_t size = Call::input_shape.size();
    for (std::size_t n = 0; n < call.batch; ++n) {
      const auto* const x = call.input + n * size;
      auto* const y = call.output + n * size;
      if constexpr (scaling && centering)
        kernels::map<V>(size, [](V v, V gamma, V beta) STRATA_INLINE_LAMBDA { return V(simd::fma(gamma, v, beta)); }, y,
                        x, call.parameters[0], call.parameters[1]);
      else
        kernels::map<V>(size, [](V v, V weight) STRATA_INLINE_LAMBDA { return V(scaling ? v * weight : v + weight); },
                        y, x, call.parameters[0]);
    }
  }
  template <class Call>
  static void backward(const Call& call) {
    constexpr std::size_t size = Call::input_shape.size();
    for (std::size_t n = 0; n < call.batch; ++n)
      for (std::size_t i = 0; i < size; ++i) {
        const auto dy = call.output_gradient[n * size + i];
        if constexpr (scaling) call.parameter_gradients[0][i] += dy * call.input[n * size + i];
        if constexpr (centering) call.parameter_gradients[scaling][i] += dy;
        if (call.input_gradient != nullptr)
          call.input_gradient[n * size + i] = scaling ? dy * call.parameters[0][i] : dy;
      }
  }
};

/// `Options` is a LayerOptions.
template <class Derived, class Options>
using AffineOf =
    std::conditional_t<Options::get(AffineWeights::per_channel) == PerElement,
                       ElementAffine<Derived, Options::get(Scaling::on) == Scaling::on,
                                     Options::get(Centering::on) == Centering::on>,
                       TrainedAffine<Derived, Options::get(Scaling::on) == Scaling::on,
                                     Options::get(Centering::on) == Centering::on>>;

}  // namespace detail

template <Spelled<"NoCenter, NoScale, PerElement"> auto... Given>
struct AffineWith : detail::AffineOf<AffineWith<Given...>, LayerOptions<Given...>> {
  static constexpr const char* class_name = AffineConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr AffineConfig config = options::fill(AffineConfig{});
  static constexpr Initializer initial_gamma{Initializer::ones};

  static constexpr Problem check(Shape) {
    if (const Problem problem = options::template check<AffineConfig>()) return problem;
    if (config.scale == Scaling::off && config.center == Centering::off)
      return {"an Affine without gamma and beta does nothing", "at most one of NoScale and NoCenter", "remove one"};
    return {};
  }
};

using Affine = AffineWith<>;

template <int Channels, Number Initial = 1e-6>
struct LayerScale : detail::TrainedAffine<LayerScale<Channels, Initial>, true, false> {
  static constexpr const char* class_name = LayerScaleConfig::schema.keras;
  static constexpr LayerScaleConfig config{.projection_dim = Channels, .init_values = Initial};
  static constexpr Initializer initial_gamma{Initializer::constant, 0, 0, Initial};

  static constexpr Problem check(Shape in) {
    constexpr double most = (std::numeric_limits<float>::max)();
    if (in.channels() != Channels)
      return {"a LayerScale is of another number of channels", Text() << "LayerScale<" << in.channels() << '>',
              "give the channels of the layer before", Text() << "LayerScale<" << Channels << '>'};
    return detail::number_problem("the beginning of a LayerScale is not finite", Initial, -most, "a finite number",
                                  "give a small number, such as 1e-6");
  }
};

}  // namespace strata
