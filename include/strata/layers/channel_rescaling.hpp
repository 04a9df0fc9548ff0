// ChannelRescaling: y = Scale[c] x + Offset[c], with constants. For one number, see Rescaling.
//
//     ChannelRescaling<PerChannel{4.37, 4.46, 4.44}>                                what EfficientNet begins with
//     ChannelRescaling<PerChannel{0.5, 0.25}, PerChannel{-1, 1}>
//
// It folds into a convolution or Dense before it. Default: offset 0. Keras: Rescaling with lists. ONNX: Mul and Add.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>

#include <strata/core/options.hpp>
#include <strata/layers/channel_affine.hpp>

namespace strata {

/// A number for each channel, or one for all.
struct PerChannel {
  static constexpr const char* name = "PerChannel";
  static constexpr int capacity = 16;
  std::array<double, capacity> values{};
  int count = 0;

  constexpr PerChannel(std::convertible_to<double> auto... numbers)
    requires(sizeof...(numbers) <= capacity)
      : values{static_cast<double>(numbers)...}, count(static_cast<int>(sizeof...(numbers))) {}
  constexpr double operator[](std::size_t channel) const { return values[count == 1 ? 0 : channel]; }

  std::string arguments() const {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + detail::shortest(values[static_cast<std::size_t>(i)]);
    return text;
  }
};

struct ChannelRescalingConfig {
  static constexpr Schema schema{.spelling = "ChannelRescaling<>", .keras = "Rescaling", .arguments = 2};
  PerChannel scale = 1;
  PerChannel offset = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("scale", c.scale...), f("offset", c.offset...);
  }
  void onnx(auto& out) const {
    const auto scaled = out("Mul", {out.x(), out.per_channel([&](std::size_t c) { return scale[c]; })});
    out("Add", {scaled, out.per_channel([&](std::size_t c) { return offset[c]; })});
  }
};

template <PerChannel Scale, PerChannel Offset = 0>
struct ChannelRescaling : detail::ChannelAffine<ChannelRescaling<Scale, Offset>> {
  static constexpr const char* class_name = ChannelRescalingConfig::schema.keras;
  static constexpr ChannelRescalingConfig config{.scale = Scale, .offset = Offset};
  using itself = ChannelRescaling;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Problem check(Shape in) {
    constexpr double most = (std::numeric_limits<float>::max)();
    for (const PerChannel& numbers : {Scale, Offset}) {
      if (numbers.count != 1 && numbers.count != in.channels())
        return {"a ChannelRescaling has not one number a channel",
                Text() << in.channels() << " numbers, or one for all", "give one number a channel",
                Text() << numbers.count << " numbers"};
      for (const double number : numbers.values)
        if (const Problem problem = detail::number_problem("a number of a ChannelRescaling is not finite", number,
                                                           -most, "finite numbers", "give finite numbers"))
          return problem;
    }
    return {};
  }
  template <class T>
  static void affine(Shape in, const T* const*, T* scale, T* shift) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(in.channels()); ++c)
      scale[c] = static_cast<T>(Scale[c]), shift[c] = static_cast<T>(Offset[c]);
  }
};

}  // namespace strata
