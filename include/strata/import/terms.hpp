// A type as it is written: layers with their arguments, as text with holes for numbers and names, so that two blocks
// that differ only in those are seen to be one template.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/schema.hpp>
#include <strata/layers/registry.hpp>

namespace strata::importing {

/// A piece of a type's text. A layer without weights keeps its name unwritten: it tells which block it belongs to.
struct Token {
  enum class Kind { text, number, name, unwritten_name };
  Kind kind = Kind::text;
  std::string text;               ///< of a number an expression: `64`, `4 * Filters`; of a name what comes after `base`
  std::string base;               ///< of a name in a template: the parameter that it starts with
  std::string role;               ///< of a number: Filters, Stride, …
  bool real = false;              ///< of a number: not an integer, or a parameter that may be one that is not
  std::string before{}, after{};  ///< of a number in an option that may be left out: `, Strides{` and `}`
  std::string standard{};         ///< its value where it is left out

  bool is_name() const { return kind == Kind::name || kind == Kind::unwritten_name; }

  std::string written() const {
    if (kind == Kind::unwritten_name) return {};
    if (kind != Kind::name) return !standard.empty() && text == standard ? "" : before + text + after;
    if (base.empty()) return '"' + text + '"';
    return text.empty() ? base : base + " + \"" + text + '"';
  }
};
using Tokens = std::vector<Token>;

/// A type: `Conv2D<64, 3>`, whole in its head, or `Residual<…>` with its arguments.
struct Term {
  enum class Form { leaf, chain, list };  ///< whether neighbours among the arguments form a chain
  Form form = Form::leaf;
  Tokens head;
  std::vector<Term> arguments;
  bool apart = false;      ///< no layer by itself: a name, a Projection
  std::size_t layers = 1;  ///< that it stands for

  static Term name(std::string text) {
    return {Form::leaf, {{Token::Kind::name, std::move(text), {}, {}}}, {}, true, 0};
  }
  static Term plain(std::string text, bool apart = false) {
    return {Form::leaf, {{Token::Kind::text, std::move(text), {}, {}}}, {}, apart, 1};
  }
  static Term of(Form form, std::string head, std::vector<Term> arguments) {
    Term term{form, {{Token::Kind::text, std::move(head), {}, {}}}, std::move(arguments), false, 0};
    for (const Term& argument : term.arguments) term.layers += argument.layers;
    return term;
  }
  /// Layers as one: a Sequential but where there is only one.
  static Term sequence(std::vector<Term> items) {
    if (items.size() == 1 && !items[0].apart) return std::move(items[0]);
    return of(Form::chain, "Sequential", std::move(items));
  }

  void write(Tokens& to) const {
    to.insert(to.end(), head.begin(), head.end());
    if (form == Form::leaf) return;
    to.push_back({Token::Kind::text, "<", {}, {}});
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (i > 0) to.push_back({Token::Kind::text, ", ", {}, {}});
      arguments[i].write(to);
    }
    to.push_back({Token::Kind::text, ">", {}, {}});
  }
  std::string written() const {
    Tokens tokens;
    write(tokens);
    std::string text;
    for (const Token& token : tokens) text += token.written();
    return text;
  }
};

namespace detail {

/// kernel_size: KernelSize
inline std::string camel_case(std::string_view words) {
  std::string result;
  bool starts = true;
  for (const char c : words) {
    if (c == '_' || c == '-' || c == '.')
      starts = true;
    else
      result += starts ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c, starts = false;
  }
  return result;
}

/// `Conv2D` of `Conv2D<8, 3>`
inline std::string template_name(std::string_view spelling) {
  return std::string(spelling.substr(0, spelling.find('<')));
}

/// What the arguments of a layer's template are called: Filters, KernelSize.
inline std::vector<std::string> argument_names(const std::string& layer) {
  std::vector<std::string> names;
  strata::detail::for_each_description([&]<class C>(std::type_identity<C>) {
    if (template_name(C::schema.spelling) != layer || !names.empty()) return;
    const C config{};
    strata::detail::for_each_member(
        [&](bool is_option, const char* name, const auto&) {
          if (!is_option) names.push_back(camel_case(name));
        },
        config);
  });
  return names;
}

/// Whether a layer of Strata is called so.
inline bool names_layer(const std::string& name) {
  bool found = false;
  strata::detail::for_each_description([&]<class C>(std::type_identity<C>) {
    found |= template_name(C::schema.spelling) == name || C::schema.with_options == name;
  });
  for (const char* other : {"Input", "Sequential", "Residual", "Projection", "Split", "Graph", "Node", "Outputs",
                            "Named", "Kernel", "Frozen", "Model", "Engine", "Shape", "Network"})
    found |= name == other;
  return found;
}

/// What a number in an option is called where the option's own name is taken: Stride of Strides{2}.
inline std::string value_of(const std::string& option) {
  if (option.ends_with('s')) return option.substr(0, option.size() - 1);
  return option + (option == "Kernel" ? "Size" : "Value");
}

/// Whether a layer's strides are 1 where none are given.
inline bool has_strides_of_one(const std::string& layer) {
  bool found = false;
  strata::detail::for_each_description([&]<class C>(std::type_identity<C>) {
    if (template_name(C::schema.spelling) != layer || requires(C c) { c.set_dependent_defaults(); }) return;
    const C config{};
    strata::detail::for_each_member(
        [&](bool is_option, const char* name, const auto& value) {
          found |= is_option && name == std::string_view("strides") &&
                   strata::detail::spelling_of(value) == "Strides{1}";
        },
        config);
  });
  return found;
}

/// With the strides, also where they are 1, so that layers which differ in them are of one form.
inline std::string with_strides(std::string spelling, std::size_t arguments) {
  if (spelling.find("Strides{") != spelling.npos || !has_strides_of_one(template_name(spelling))) return spelling;
  int depth = 0;
  for (std::size_t i = 0; i < spelling.size(); ++i) {
    const char c = spelling[i];
    if (c == '<' || c == '{') ++depth;
    const bool ends = (c == ',' && depth == 1) || (c == '>' && depth == 1);
    if (c == '>' || c == '}') --depth;
    if (!ends || --arguments > 0) continue;
    if (spelling.compare(i, 6, ", Same") == 0) i += 6;
    return spelling.insert(i, ", Strides{1}");
  }
  return spelling;
}

/// An option's number takes the option's text with it.
inline Tokens with_optional_strides(Tokens tokens) {
  constexpr std::string_view before = ", Strides{", after = "}";
  for (std::size_t t = 1; t + 1 < tokens.size(); ++t) {
    Token &number = tokens[t], &left = tokens[t - 1], &right = tokens[t + 1];
    if (number.kind != Token::Kind::number || !left.text.ends_with(before) || !right.text.starts_with(after)) continue;
    number.before = before, number.after = after, number.standard = "1";
    left.text.erase(left.text.size() - before.size());
    right.text.erase(0, after.size());
  }
  return tokens;
}

/// The numbers in a layer's spelling become holes: `Conv2D<[Filters], [KernelSize], Same, Strides{[Strides]}>`.
inline Tokens tokens_of(const std::string& plain) {
  const std::vector<std::string> names = argument_names(template_name(plain));
  const std::string spelling = with_strides(plain, names.size());
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  Tokens tokens;
  std::string text, word;
  std::size_t argument = 0;
  int depth = 0;
  std::string brace;  // whose value it is: `Strides` within Strides{…}
  for (std::size_t i = 0; i < spelling.size();) {
    const char c = spelling[i];
    const bool starts_word = i == 0 || !is_word(spelling[i - 1]);
    const bool number =
        starts_word && (is_digit(c) || (c == '-' && i + 1 < spelling.size() && is_digit(spelling[i + 1])));
    if (!number) {
      if (c == '<') ++depth;
      if (c == '>') --depth;
      if (c == '{') brace = word;
      if (c == '}') brace.clear();
      if (c == ',' && depth == 1 && brace.empty()) ++argument;
      if (is_word(c)) word = starts_word ? std::string(1, c) : word + c;
      text += c;
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < spelling.size() && (is_digit(spelling[end]) || spelling[end] == '.' || spelling[end] == 'e' ||
                                     (spelling[end] == '-' && spelling[end - 1] == 'e')))
      ++end;
    if (!text.empty()) tokens.push_back({Token::Kind::text, std::exchange(text, {}), {}, {}});
    const std::string role = !brace.empty()                          ? value_of(brace)
                             : depth == 1 && argument < names.size() ? names[argument]
                                                                     : "Size";
    const std::string digits = spelling.substr(i, end - i);
    tokens.push_back({Token::Kind::number, digits, {}, role, digits.find_first_of(".e") != digits.npos});
    i = end;
  }
  if (!text.empty()) tokens.push_back({Token::Kind::text, text, {}, {}});
  return has_strides_of_one(template_name(plain)) ? with_optional_strides(std::move(tokens)) : tokens;
}

}  // namespace detail
}  // namespace strata::importing
