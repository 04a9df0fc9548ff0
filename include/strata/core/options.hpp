// The options of layers: small values, given in any order, each at most once.
//
// An option is a struct with a `name` and a `value` (or `arguments()`, what stands between its braces), or an enum with
// `choices`. It may have a `check`.
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/problem.hpp>
#include <strata/core/schema.hpp>
#include <strata/core/type_name.hpp>

namespace strata {

/// A number as a template argument: `LeakyReLU<0.3>`, `Dropout<0.5>`.
struct Number {
  double value;
  constexpr Number(double v) : value(v) {}
  constexpr Number(int v) : value(v) {}
  constexpr operator double() const { return value; }
};

/// Height and width; one number means a square. (What derives from it inherits no constructor: in a function template
/// g++ 12 does not know that one before its first use.)
struct Extent {
  int height, width;
  constexpr Extent(int side) : height(side), width(side) {}
  constexpr Extent(int h, int w) : height(h), width(w) {}
  friend constexpr bool operator==(const Extent&, const Extent&) = default;

  std::string arguments() const {
    return std::to_string(height) + (width == height ? "" : ", " + std::to_string(width));
  }
};

/// Kernel or pool size (Keras `kernel_size`, `pool_size`), in cells.
struct Kernel : Extent {
  static constexpr const char* name = "Kernel";
  constexpr Kernel(int side) : Extent(side) {}
  constexpr Kernel(int h, int w) : Extent(h, w) {}
};
/// Cells from one window to the next (Keras `strides`).
struct Strides : Extent {
  static constexpr const char* name = "Strides";
  constexpr Strides(int side) : Extent(side) {}
  constexpr Strides(int h, int w) : Extent(h, w) {}
};
/// Cells from one tap of the kernel to the next (Keras `dilation_rate`).
struct Dilation : Extent {
  static constexpr const char* name = "Dilation";
  constexpr Dilation(int side) : Extent(side) {}
  constexpr Dilation(int h, int w) : Extent(h, w) {}
};
/// Cells on each side of an image; two numbers mean rows and columns, or of a sequence before and after.
struct Sides {
  int top, bottom, left, right;
  constexpr Sides(int all) : Sides(all, all) {}
  constexpr Sides(int rows, int columns) : Sides(rows, rows, columns, columns) {}
  constexpr Sides(int t, int b, int l, int r) : top(t), bottom(b), left(l), right(r) {}
  friend constexpr bool operator==(const Sides&, const Sides&) = default;

  std::string arguments() const {
    std::string text = std::to_string(top);
    const auto add = [&](int cells) { text += ", " + std::to_string(cells); };
    if (*this == Sides(top)) return text;
    if (*this == Sides(top, left)) return add(left), text;
    return add(bottom), add(left), add(right), text;
  }
};

/// Explicit padding, as PyTorch's and ONNX's: instead of what Keras' `padding` says.
struct Pad : Sides {
  static constexpr const char* name = "Pad";
  constexpr Pad(int all) : Sides(all) {}
  constexpr Pad(int rows, int columns) : Sides(rows, columns) {}
  constexpr Pad(int t, int b, int l, int r) : Sides(t, b, l, r) {}
};
/// Keras `groups`: channels are split into this many convolutions side by side.
struct Groups {
  static constexpr const char* name = "Groups";
  int value;
  constexpr Groups(int n) : value(n) {}
};
/// L2 weight decay of the kernel (Keras `kernel_regularizer=L2(factor)`): adds factor * sum(kernel^2) to the loss.
struct L2 {
  static constexpr const char* name = "L2";
  double value;
  constexpr L2(double factor) : value(factor) {}
  constexpr Problem check() const {
    return detail::number_problem("the factor of an L2 is negative or not finite", value, 0, "a factor of 0 or more",
                                  "give a factor of 0 or more, such as L2{1e-4}");
  }
};

/// Keras `epsilon`: added to the variance.
struct Epsilon {
  static constexpr const char* name = "Epsilon";
  double value;
  constexpr Epsilon(double v) : value(v) {}
  constexpr Problem check() const {
    return detail::number_problem("the epsilon is not positive", value, (std::numeric_limits<float>::min)(),
                                  "a positive Epsilon", "give a small positive Epsilon");
  }
};

enum class Padding { valid, same, causal };
/// Keras `padding='same'`: output = ceil(input / stride); an odd cell of padding goes after.
inline constexpr Padding Same = Padding::same;
/// Keras `padding='valid'`: windows lie inside the input.
inline constexpr Padding Valid = Padding::valid;
/// Keras `padding='causal'`, of 1-D convolutions: as many cells as the input, none of a later one.
inline constexpr Padding Causal = Padding::causal;
constexpr auto choices(Padding) {
  return Choices<3>{"Same or Valid", {"Valid", "Same", "Causal"}, {"valid", "same", "causal"}};
}

enum class Rounding { down, up };
/// PyTorch's and ONNX's `ceil_mode`, of poolings: the last window may reach over the edge, if it starts before it.
inline constexpr Rounding CeilMode = Rounding::up;
constexpr auto choices(Rounding) {
  return Choices<2>{"CeilMode", {"Rounding::down", "CeilMode"}, {"false", "true"}};
}

enum class CountedPadding { off, on };
/// PyTorch's and ONNX's `count_include_pad`, of average poolings: cells of explicit padding count, as zeros.
inline constexpr CountedPadding CountPadding = CountedPadding::on;
constexpr auto choices(CountedPadding) {
  return Choices<2>{"CountPadding", {"CountedPadding::off", "CountPadding"}, {"false", "true"}};
}

/// Of Winograd's convolution, 0 for direct sums: what a choice of algorithms gives a layer, no option of users.
struct LargestTile {
  int side;
};

enum class Bias { off, on };
/// Keras `use_bias=False`.
inline constexpr Bias NoBias = Bias::off;
constexpr auto choices(Bias) { return Choices<2>{"NoBias", {"NoBias", "Bias::on"}, {"false", "true"}}; }

/// Keras `scale`: whether there is a gamma.
enum class Scaling { off, on };
inline constexpr Scaling NoScale = Scaling::off;
constexpr auto choices(Scaling) { return Choices<2>{"NoScale", {"NoScale", "Scaling::on"}, {"false", "true"}}; }

/// Keras `center`: whether there is a beta.
enum class Centering { off, on };
inline constexpr Centering NoCenter = Centering::off;
constexpr auto choices(Centering) { return Choices<2>{"NoCenter", {"NoCenter", "Centering::on"}, {"false", "true"}}; }

enum class KeptDims { off, on };
/// Keras `keepdims=True`: an axis that is reduced stays, with one cell.
inline constexpr KeptDims KeepDims = KeptDims::on;
constexpr auto choices(KeptDims) { return Choices<2>{"KeepDims", {"KeptDims::off", "KeepDims"}, {"false", "true"}}; }

/// Keras `activation=...`: any element-wise layer, or Softmax.
template <class Layer>
struct Activation {
  using layer = Layer;
};
template <Spelled<"ReLU, LeakyReLU<>"> Layer>
inline constexpr Activation<Layer> activation{};

template <class T>
inline constexpr bool is_activation = false;
template <class Layer>
inline constexpr bool is_activation<Activation<Layer>> = true;

namespace detail {

/// Sentences list the options that a layer takes: "Same or Valid, Strides, NoBias, activation<...>".
template <Config C>
inline constexpr BasicText<200> options_of = [] {
  BasicText<200> text;
  for_each_member(
      [&]<class Option>(bool is_option, const char*, const Option& option) {
        if (!is_option) return;
        if (!text.empty()) text << ", ";
        if constexpr (std::is_enum_v<Option>) text << choices(option).name;
        else if constexpr (requires { Option::name; }) text << Option::name;
      },
      default_config<C>);
  if (C::schema.activated) text << (text.empty() ? "" : ", ") << "activation<...>";
  return text;
}();

template <Config C, class Option>
inline constexpr bool takes_option = [] {
  bool taken = false;
  for_each_member(
      [&]<class Member>(bool is_option, const char*, const Member&) {
        taken |= is_option && std::is_same_v<Member, Option>;
      },
      default_config<C>);
  return taken;
}();

/// What an option is called: Same, Strides, activation<ReLU>.
template <class Option>
constexpr Text spelled(const Option& option) {
  if constexpr (requires { choices(option); }) return choices(option).spellings[static_cast<std::size_t>(option)];
  else if constexpr (requires { Option::name; }) return Option::name;
  else return type_name<Option>();
}

/// A config as of an image: in one dimension it has a single row.
template <Config C>
constexpr C on_image(C config) {
  if constexpr (C::schema.dimensions == 1)
    for_each_member(
        []<class Member>(bool, const char*, Member& member) {
          if constexpr (std::derived_from<Member, Extent>) member.height = 1;
          if constexpr (std::is_same_v<Member, Pad>) member = {0, 0, member.top, member.left};
        },
        config);
  return config;
}

}  // namespace detail

/// The options of one layer as given.
template <auto... Given>
struct LayerOptions {
  /// The one option of a type.
  template <class T>
  static constexpr T get(T fallback) {
    (assign(fallback, Given), ...);
    return fallback;
  }
  /// A config of such arguments with each option in its place; what has none is for `check` to find.
  template <Config C>
  static constexpr C fill(const C& arguments) {
    C config = detail::without_options(arguments);
    (place(config, Given), ...);
    return config;
  }

  /// The problem with the first option that the layer does not take, that is given twice, or that finds one in itself.
  template <Config C>
  static constexpr Problem check() {
    Problem problem;
    (test<C>(problem, Given), ...);
    (check_value(problem, Given), ...);
    return problem;
  }

 private:
  template <Config C, class Option>
  static constexpr void place(C& config, const Option& option) {
    detail::for_each_member(
        [&]<class Member>(bool is_option, const char*, Member& member) {
          if constexpr (std::is_same_v<Member, Option>)
            if (is_option) member = option;
        },
        config);
  }

  template <Config C, class Option>
  static constexpr void test(Problem& problem, const Option& option) {
    if (problem) return;
    constexpr std::size_t count = (std::size_t{0} + ... + same_kind<Option, std::remove_cvref_t<decltype(Given)>>);
    // A layer that takes an activation stands for itself without it, so one comes here only if it takes none.
    if (!detail::takes_option<C, Option> && !(is_activation<Option> && count > 1))
      problem = {"unknown option", detail::options_of<C>, "remove it or spell it as listed", detail::spelled(option)};
    else if (count > 1)
      problem = {"repeated option", "each option at most once", "keep one of them", detail::spelled(option)};
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
