// Text that the compiler can write: error sentences, layer names, option names.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <strata/core/shape.hpp>

namespace strata {

/// A string literal as a template argument: `model.get<"conv2d/kernel">()`.
template <std::size_t N>
struct FixedString {
  char data[N + 1]{};

  constexpr FixedString(const char (&literal)[N + 1]) {
    for (std::size_t i = 0; i < N; ++i) data[i] = literal[i];
  }
  constexpr explicit FixedString(std::string_view text) {
    for (std::size_t i = 0; i < N; ++i) data[i] = text[i];
  }
  constexpr operator std::string_view() const { return {data, N}; }
};
template <std::size_t N>
FixedString(const char (&)[N]) -> FixedString<N - 1>;

/// A name in a template: `Block + "_conv"`.
template <std::size_t N, std::size_t Size>
constexpr FixedString<N + Size - 1> operator+(const FixedString<N>& name, const char (&ending)[Size]) {
  std::array<char, N + Size - 1> text{};
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = i < N ? name.data[i] : ending[i - N];
  return FixedString<N + Size - 1>{std::string_view(text.data(), text.size())};
}

/// A template argument that is spelled like `Example`: compilers show this where they refuse another kind, such as a
/// type for a value (`Conv2D<8, 3, ReLU>`).
template <class T, FixedString Example>
concept Spelled = !std::is_same_v<T, const char*>;
/// The same for a list of layers, of any length. g++ shows it.
template <FixedString Example>
inline constexpr bool layers_are_spelled = true;

/// A string of bounded length that ordinary constexpr code can append to; what does not fit is cut.
template <std::size_t Capacity>
struct BasicText {
  static constexpr std::size_t capacity = Capacity;

  std::array<char, capacity> data{};
  std::size_t length = 0;

  constexpr BasicText() = default;
  constexpr BasicText(std::string_view text) { *this << text; }
  constexpr BasicText(const char* text) { *this << std::string_view(text); }
  template <std::size_t Other>
  constexpr BasicText(const BasicText<Other>& text) : BasicText(std::string_view(text)) {}

  constexpr bool empty() const { return length == 0; }
  constexpr operator std::string_view() const { return {data.data(), length}; }

  constexpr BasicText& operator<<(char c) {
    if (length < capacity) data[length++] = c;
    return *this;
  }
  constexpr BasicText& operator<<(std::string_view text) {
    for (char c : text) *this << c;
    return *this;
  }
  constexpr BasicText& operator<<(const char* text) { return *this << std::string_view(text); }
  constexpr BasicText& operator<<(std::integral auto number) {
    if (number < 0) *this << '-';
    std::array<char, 24> digits{};
    std::size_t count = 0;
    do {
      const int digit = static_cast<int>(number % 10);
      digits[count++] = static_cast<char>('0' + (digit < 0 ? -digit : digit));
      number /= 10;
    } while (number != 0);
    while (count > 0) *this << digits[--count];
    return *this;
  }
  /// 32x32x3
  constexpr BasicText& operator<<(const Shape& shape) {
    for (int axis = 0; axis < shape.rank; ++axis) {
      if (axis > 0) *this << 'x';
      *this << shape[axis];
    }
    return *this;
  }

  friend constexpr bool operator==(const BasicText& a, std::string_view b) { return std::string_view(a) == b; }
};

using Text = BasicText<480>;

/// Equal literals: one step of constant evaluation, where `==` takes one for each character.
constexpr bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && __builtin_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Keras' name of a layer of class `BatchNormalization` is `batch_normalization`; of `ReLU`, `re_lu`. `name` takes it
/// character by character.
template <class Out>
constexpr void write_snake_case(std::string_view class_name, Out& name) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    const char c = class_name[i];
    if (!upper(c)) {
      name << c;
      continue;
    }
    const bool starts_word = i + 1 < class_name.size() && (lower(class_name[i + 1]) || digit(class_name[i + 1]));
    if (i > 0 && (starts_word || lower(class_name[i - 1]))) name << '_';
    name << static_cast<char>(c - 'A' + 'a');
  }
}
constexpr Text snake_case(std::string_view class_name) {
  Text name;
  write_snake_case(class_name, name);
  return name;
}

}  // namespace strata
