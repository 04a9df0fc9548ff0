// The options of layers: small values, given in any order, each at most once.
#pragma once

#include <cstddef>
#include <limits>
#include <type_traits>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/problem.hpp>
#include <strata/core/type_name.hpp>

namespace strata {

/// Height and width; one number means a square.
struct Extent {
  int height, width;
  constexpr Extent(int side) : height(side), width(side) {}
  constexpr Extent(int h, int w) : height(h), width(w) {}
  friend constexpr bool operator==(const Extent&, const Extent&) = default;
};

/// Kernel or pool size (Keras `kernel_size`, `pool_size`), in cells.
struct Kernel : Extent {
  using Extent::Extent;
};
/// Cells from one window to the next (Keras `strides`).
struct Strides : Extent {
  using Extent::Extent;
};
/// Cells from one tap of the kernel to the next (Keras `dilation_rate`).
struct Dilation : Extent {
  using Extent::Extent;
};
/// Keras `groups`: channels are split into this many convolutions side by side.
struct Groups {
  int count;
  constexpr Groups(int n) : count(n) {}
};
/// L2 weight decay of the kernel (Keras `kernel_regularizer=L2(factor)`): adds factor * sum(kernel^2) to the loss.
struct L2 {
  double factor;
  constexpr L2(double f) : factor(f) {}
  constexpr Problem check() const {
    return detail::number_problem("the factor of an L2 is negative or not finite", factor, 0, "a factor of 0 or more",
                                  "give a factor of 0 or more, such as L2{1e-4}");
  }
};

/// Keras `epsilon`: added to the variance.
struct Epsilon {
  double value;
  constexpr Epsilon(double v) : value(v) {}
  constexpr Problem check() const {
    return detail::number_problem("the epsilon is not positive", value, (std::numeric_limits<float>::min)(),
                                  "a positive Epsilon", "give a small positive Epsilon");
  }
};

enum class Padding { valid, same };
/// Keras `padding='same'`: output = ceil(input / stride); an odd cell of padding goes after.
inline constexpr Padding Same = Padding::same;
/// Keras `padding='valid'`: windows lie inside the input.
inline constexpr Padding Valid = Padding::valid;

/// Of Winograd's convolution, 0 for direct sums: what a choice of algorithms gives a layer, no option of users.
struct LargestTile {
  int side;
};

enum class Bias { off, on };
/// Keras `use_bias=False`.
inline constexpr Bias NoBias = Bias::off;

/// Keras `activation=...`: any element-wise layer, or Softmax.
template <class Layer>
struct Activation {
  using layer = Layer;
};
template <Spelled<"ReLU, LeakyReLU<>"> Layer>
inline constexpr Activation<Layer> activation{};

/// A number as a template argument: `LeakyReLU<0.3>`, `Dropout<0.5>`.
struct Number {
  double value;
  constexpr Number(double v) : value(v) {}
  constexpr Number(int v) : value(v) {}
  constexpr operator double() const { return value; }
};

template <class T>
inline constexpr bool is_activation = false;
template <class Layer>
inline constexpr bool is_activation<Activation<Layer>> = true;

/// The options of one layer as given. `get<Strides>(fallback)` finds one by its type.
template <auto... Given>
struct LayerOptions {
  template <class T>
  static constexpr T get(T fallback) {
    (assign(fallback, Given), ...);
    return fallback;
  }

  /// The problem with the first option that the layer does not take, that is given twice, or that finds one in itself.
  template <class... Allowed>
  static constexpr Problem check([[maybe_unused]] const char* allowed) {
    Problem problem;
    (test<std::remove_cvref_t<decltype(Given)>, Allowed...>(problem, allowed), ...);
    (check_value(problem, Given), ...);
    return problem;
  }

 private:
  template <class Option, class... Allowed>
  static constexpr void test(Problem& problem, const char* allowed) {
    if (problem) return;
    constexpr std::size_t count = (std::size_t{0} + ... + same_kind<Option, std::remove_cvref_t<decltype(Given)>>);
    // A layer that takes an activation stands for itself without it, so one comes here only if it takes none.
    if (!(std::is_same_v<Option, Allowed> || ...) && !(is_activation<Option> && count > 1))
      problem = {"unknown option", allowed, "remove it or spell it as listed", type_name<Option>()};
    else if (count > 1)
      problem = {"repeated option", "each option at most once", "keep one of them", type_name<Option>()};
  }

  template <class Option>
  static constexpr void check_value(Problem& problem, const Option& option) {
    if constexpr (requires { option.check(); })
      if (!problem) problem = option.check();
  }

  template <class A, class B>
  static constexpr bool same_kind = std::is_same_v<A, B> || (is_activation<A> && is_activation<B>);

  template <class T>
  static constexpr void assign(T& target, const T& value) {
    target = value;
  }
  template <class T, class U>
  static constexpr void assign(T&, const U&) {}
};

namespace detail {

template <auto V>
struct Value {
  static constexpr auto value = V;
};
template <class Option>
using IsActivation = std::bool_constant<is_activation<std::remove_cvref_t<decltype(Option::value)>>>;

/// The options without `activation<...>`, and the activation's layer if there is exactly one.
template <auto... Given>
struct SplitActivation {
  using options = boost::mp11::mp_remove_if<boost::mp11::mp_list<Value<Given>...>, IsActivation>;
  using activations = boost::mp11::mp_copy_if<boost::mp11::mp_list<Value<Given>...>, IsActivation>;
  static constexpr bool found = boost::mp11::mp_size<activations>::value == 1;
};

}  // namespace detail

}  // namespace strata
