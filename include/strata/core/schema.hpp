// A layer's facts as one value: its hyper-parameters with Keras' names and defaults, listed once.
//
//     struct LeakyReLUConfig {
//       static constexpr Schema schema{.spelling = "LeakyReLU<>", .keras = "LeakyReLU", .arguments = 1};
//       Number negative_slope = 0.3;
//
//       template <class F, class... C>
//       static constexpr void members(F f, C&... c) { f("negative_slope", c.negative_slope...); }
//     };
//
// A layer with weights lists what Keras calls them, in its order, in `weights`: "kernel bias:use_bias", the bias where
// that option is true. A described layer has `static constexpr auto config`, such a value; one without hyper-parameters has the schema
// itself. The options that a layer takes, the sentence on those that it does not, its spelling as C++, its
// configuration in Keras: all are loops over that list. Where a default depends on the arguments,
// `set_dependent_defaults()` puts it in.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <strata/core/number.hpp>
#include <strata/core/shape.hpp>

namespace strata {

/// What a kind of layer, or of anything else that has options, is called.
struct Schema {
  const char* spelling;           ///< in C++, with all defaults: `MaxPooling2D<>`, `BatchNorm`
  const char* keras;              ///< class
  const char* onnx = "";          ///< operator; empty: none, or several
  int arguments = 0;              ///< the first members are template arguments, in this order; the others are options
  const char* with_options = "";  ///< the template, where it is not `spelling` up to its `<`: BatchNormWith
  const char* activation = "";    ///< in Keras, as `activation='...'`
  bool activated = false;         ///< takes an option `activation<...>`
  bool aggregate = false;         ///< spelled `Adam{.beta_1 = 0.8}`, not as a template
  int dimensions = 2;             ///< of images; in one, extents are numbers along the one axis
  const char* module = "keras.layers";  ///< in Keras; empty: it has no such layer, and files of other kinds bring it
  const char* fixed = "{}";       ///< JSON: what Keras' configuration has beside the members, always
};

/// What the values of an enum are called.
template <std::size_t N>
struct Choices {
  const char* name;                      ///< all of them, in a list of options
  std::array<const char*, N> spellings;  ///< in C++
  std::array<const char*, N> keras;
};

template <class C>
concept Config = std::same_as<std::remove_cvref_t<decltype(C::schema)>, Schema>;

namespace detail {

/// f(whether it is an option, name, the member of each config) for each member.
template <class F, class First, class... Rest>
constexpr void for_each_member(F f, First& config, Rest&... others) {
  using C = std::remove_const_t<First>;
  int index = 0;
  const auto visit = [&](const char* name, auto&... member) { f(index++ >= C::schema.arguments, name, member...); };
  if constexpr (requires { C::members(visit, config); }) C::members(visit, config, others...);
}

template <Config C>
inline constexpr C default_config{};

/// The options get their defaults, given the arguments.
template <Config C>
constexpr C without_options(const C& config) {
  C plain{};
  for_each_member([](bool is_option, const char*, auto& to, const auto& from) { if (!is_option) to = from; }, plain,
                  config);
  if constexpr (requires { plain.set_dependent_defaults(); }) plain.set_dependent_defaults();
  return plain;
}

/// As it is written; `alone`: as a template argument, where one number needs no braces.
template <class T>
std::string spelling_of(const T& value, bool alone = false) {
  if constexpr (std::is_same_v<T, bool>) return value ? "true" : "false";
  else if constexpr (std::is_same_v<T, char>) return std::string("'") + value + '\'';
  else if constexpr (std::is_convertible_v<const T&, std::string_view>) return '"' + std::string(value) + '"';
  else if constexpr (requires { spelling(value); }) return spelling(value);
  else if constexpr (requires { value.has_value(); }) return value ? spelling_of(*value) : "std::nullopt";
  else if constexpr (requires { value.begin(); }) {
    std::string list;
    for (const auto& element : value) list += (list.empty() ? "" : ", ") + spelling_of(element);
    return '{' + list + '}';
  }
  else if constexpr (std::is_enum_v<T>) return choices(value).spellings[static_cast<std::size_t>(value)];
  else if constexpr (std::is_arithmetic_v<T>) return shortest(value);
  else if constexpr (std::is_same_v<T, Shape>) {
    std::string text;
    for (int axis = 0; axis < value.rank; ++axis) text += (axis > 0 ? ", " : "") + std::to_string(value[axis]);
    return text;
  } else if constexpr (!requires { T::name; }) return shortest(value.value);
  else {
    const std::string arguments = [&] {
      if constexpr (requires { value.value; }) return shortest(value.value);
      else return value.arguments();
    }();
    return alone && arguments.find(',') == arguments.npos ? arguments : std::string(T::name) + '{' + arguments + '}';
  }
}

/// Visits a description's members, and keeps the words of those that differ from the default.
struct MemberWords {
  bool aggregate;
  std::string said{}, unsaid{};  ///< unsaid: arguments at their defaults, which an argument or option behind them needs

  template <class Member>
  void operator()(bool is_option, const char* name, const Member& value, const Member& standard, const Member& plain) {
    const std::string word = spelling_of(value, !is_option);
    const bool differs = word != spelling_of(is_option ? plain : standard, !is_option);
    if (is_option && !differs) return;
    unsaid += ", " + (aggregate ? '.' + std::string(name) + " = " : "") + word;
    if (differs) said += std::exchange(unsaid, {});
  }

  std::string spelling(const Schema& schema) const {
    if (aggregate) return schema.spelling + ('{' + (said.empty() ? said : said.substr(2)) + '}');
    if (said.empty()) return schema.spelling;
    const std::string_view plainly = schema.spelling, other = schema.with_options;
    return std::string(other.empty() ? plainly.substr(0, plainly.find('<')) : other) + '<' + said.substr(2) + '>';
  }
};

}  // namespace detail

/// As a person would write it: `Conv2D<32, 3, Same>`. Only what differs from the default is said.
template <Config C>
std::string spelling(const C& config) {
  const C standard{}, plain = detail::without_options(config);
  detail::MemberWords words{C::schema.aggregate};
  detail::for_each_member<detail::MemberWords&>(words, config, standard, plain);
  return words.spelling(C::schema);
}

}  // namespace strata
