// The spelling of a type as its user wrote it: for error sentences and explanations.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <strata/core/text.hpp>

namespace strata {

namespace detail {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c) { return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Each of the next three appends its reading of the front of `text` and returns how much it read: 0 where it cannot.

constexpr std::size_t tidy_word(std::string_view text, Text& out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 24> words{{
      {"strata::", ""},
      {"Padding::same", "Same"},
      {"Padding::valid", "Valid"},
      {"Padding::causal", "Causal"},
      {"Bias::off", "NoBias"},
      {"CountedPadding::on", "CountPadding"},
      {"Rounding::up", "CeilMode"},
      {"Scaling::off", "NoScale"},
      {"Centering::off", "NoCenter"},
      {"KeptDims::on", "KeepDims"},
      {"AffineWeights::per_element", "PerElement"},
      {"DepthOrder::crd", "CRD"},
      {"Interpolation::nearest", "Nearest"},
      {"Interpolation::bilinear", "Bilinear"},
      {"Coordinates::asymmetric", "Asymmetric"},
      {"Coordinates::align_corners", "AlignCorners"},
      {"Coordinates::pytorch_half_pixel", "PyTorchHalfPixel"},
      {"NearestMode::round_prefer_floor", "RoundPreferFloor"},
      {"NearestMode::floor", "Floor"},
      {"NearestMode::ceil", "Ceil"},
      {"Activation<", "activation<"},
      {" >()", ">"},
      {">()", ">"},
      {" >", ">"},
  }};
  for (const auto& [from, to] : words)
    if (text.starts_with(from)) return out << to, from.size();
  return 0;
}

/// `{Extent{2, 2}}` (g++) and `{{2, 2}}` (clang 14) are {2}; `{Sides{1, 1, 2, 2}}` is {1, 2}.
constexpr std::size_t tidy_extent(std::string_view text, Text& out) {
  for (const std::string_view open : {"{strata::Extent{", "{Extent{", "{strata::Sides{", "{Sides{", "{{"}) {
    const std::size_t close = text.find("}}");
    if (!text.starts_with(open) || close == text.npos) continue;
    const std::string_view all = text.substr(open.size(), close - open.size());
    std::array<std::string_view, 4> numbers{};
    std::size_t count = 0;
    for (std::size_t begin = 0; begin < all.size(); ++count) {
      const std::size_t end = (std::min)(all.find(", ", begin), all.size());
      if (count < numbers.size()) numbers[count] = all.substr(begin, end - begin);
      begin = end + 2;
    }
    if (count < 2) continue;
    const bool pairs = count == 2 || (count == 4 && numbers[0] == numbers[1] && numbers[2] == numbers[3]);
    out << '{' << (pairs ? numbers[0] : all);
    if (pairs && numbers[count - 1] != numbers[0]) out << ", " << numbers[count - 1];
    out << '}';
    return close + 2;
  }
  return 0;
}

/// Six significant digits: 2.9999999999999999e-1 is 0.3.
constexpr std::size_t tidy_number(std::string_view text, Text& out) {
  constexpr int kept = 6;
  const std::size_t mark = text.find_first_not_of("0123456789.");
  if (mark == 0 || mark + 2 >= text.size() || text[mark] != 'e' || is_digit(text[mark + 1])) return 0;
  std::size_t end = mark + 2;
  int exponent = 0;
  for (; end < text.size() && is_digit(text[end]); ++end) exponent = 10 * exponent + (text[end] - '0');
  if (text[mark + 1] == '-') exponent = -exponent;

  std::array<int, kept + 1> digits{};
  int count = 0;
  for (const char c : text.substr(0, mark))
    if (is_digit(c) && count <= kept) digits[static_cast<std::size_t>(count++)] = c - '0';
  bool carry = digits[kept] >= 5;
  for (std::size_t i = kept; i-- > 0;) {
    digits[i] += carry;
    carry = digits[i] == 10;
    if (carry) digits[i] = 0;
  }
  if (carry) digits[0] = 1, ++exponent;
  for (count = kept; count > 1 && digits[static_cast<std::size_t>(count - 1)] == 0;) --count;

  const bool scientific = exponent < -4 || exponent >= kept;
  const int units = scientific ? 0 : exponent;  // the digit before the point
  for (int i = units < 0 ? units : 0; i < count || i <= units; ++i) {
    out << (i < 0 || i >= count ? 0 : digits[static_cast<std::size_t>(i)]);
    if (i == units && i + 1 < count) out << '.';
  }
  if (scientific) out << 'e' << exponent;
  return end;
}

/// A compiler's spelling in the user's words: `strata::Dilation{strata::Extent{2, 2}}` is Dilation{2}.
constexpr Text tidy(std::string_view text) {
  Text out;
  bool in_word = false, in_number = false;
  while (!text.empty()) {
    const bool starts_word = !in_word || !is_word(text[0]);
    std::size_t done = 0;
    if (starts_word && text.starts_with("Number{")) in_number = true, done = 7;
    if (in_number && text[0] == '}') in_number = false, done = 1;
    if (done == 0) done = tidy_extent(text, out);
    if (done == 0 && starts_word) done = tidy_word(text, out);
    if (done == 0 && starts_word) done = tidy_number(text, out);
    if (done == 0) out << text[done++];
    in_word = is_word(text[done - 1]);
    text.remove_prefix(done);
  }
  return out;
}

template <class T>
constexpr std::string_view compiler_spelling() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  return name.substr(0, name.find_first_of(";]"));
}

}  // namespace detail

/// The spelling of a type, without this library's namespace: `type_name<Strides>()` is "Strides".
template <class T>
constexpr Text type_name() {
  return detail::tidy(detail::compiler_spelling<T>());
}

}  // namespace strata
