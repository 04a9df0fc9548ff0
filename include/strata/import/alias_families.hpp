// Runs of layers that one alias template can make, and what that template is: where they differ it has parameters.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/terms.hpp>

namespace strata::importing::detail {

/// Neighbours among the arguments of a term.
struct Run {
  Term* parent;
  std::size_t begin, end;
};

/// Runs that one template can make.
struct Family {
  std::vector<Run> runs;
  std::vector<Tokens> texts;
  std::vector<std::string> prefixes;  ///< of the names in each
  bool named = false;
};

/// Of one hole, in each run.
using Values = std::vector<std::string>;
/// What the runs of a family differ in, and the text with that as parameters.
struct FamilyParameters {
  std::vector<std::string> names, types;
  std::vector<Values> arguments;
  Tokens body;
};

inline std::size_t count_names(const Tokens& tokens) {
  return static_cast<std::size_t>(std::count_if(tokens.begin(), tokens.end(),
                                                [](const Token& token) { return token.kind == Token::Kind::name; }));
}

inline std::size_t length(const Tokens& tokens) {
  std::size_t sum = 0;
  for (const Token& token : tokens) sum += token.written().size();
  return sum;
}

inline std::size_t layers(const Run& run) {
  std::size_t sum = 0;
  for (std::size_t i = run.begin; i < run.end; ++i) sum += run.parent->arguments[i].layers;
  return sum;
}

inline Tokens text_of(const Run& run) {
  Tokens tokens;
  for (std::size_t i = run.begin; i < run.end; ++i) {
    if (i > run.begin) tokens.push_back({Token::Kind::text, ", ", {}, {}});
    run.parent->arguments[i].write(tokens);
  }
  return tokens;
}

/// Of names that go on, after it, with no letter or digit: `block1` of `block1_conv` and `block1_bn`.
inline std::optional<std::size_t> common_prefix(const std::vector<std::string*>& names, bool may_be_empty) {
  std::size_t length = names[0]->size();
  for (const std::string* name : names) {
    length = std::min(length, name->size());
    length = static_cast<std::size_t>(
        std::mismatch(name->begin(), name->begin() + static_cast<std::ptrdiff_t>(length), names[0]->begin()).first -
        name->begin());
  }
  const auto ends = [&](const std::string* name) {
    return name->size() == length || !std::isalnum(static_cast<unsigned char>((*name)[length]));
  };
  while (length > 0 && !std::all_of(names.begin(), names.end(), ends)) --length;
  if (length > 0 || (may_be_empty && std::all_of(names.begin(), names.end(), ends))) return length;
  return std::nullopt;
}

/// Runs of one key whose names end alike, without overlap.
inline std::vector<Family> families(const std::vector<Run>& runs) {
  std::map<std::vector<std::string>, Family> by_endings;
  for (const Run& run : runs) {
    Tokens text = text_of(run);
    std::vector<std::string*> names;
    std::vector<std::string> endings;
    std::string base, prefix;
    bool one_base = true;
    for (Token& token : text) {
      if (!token.is_name()) continue;
      one_base = one_base && (names.empty() || token.base == base);
      base = token.base;
      names.push_back(&token.text);
    }
    const bool named = count_names(text) > 0;
    if (named) {
      if (!one_base) continue;
      const auto length = common_prefix(names, !base.empty());
      if (!length) continue;
      prefix = names[0]->substr(0, *length);
      for (std::string* name : names) endings.push_back(*name = name->substr(*length));
      for (Token& token : text)
        if (token.is_name()) token.base = "Name";
      prefix = Token{Token::Kind::name, prefix, base, {}}.written();
    }
    Family& family = by_endings[endings];
    const auto overlaps = [&](const Run& other) { return other.parent == run.parent && other.end > run.begin; };
    if (!family.runs.empty() && overlaps(family.runs.back())) continue;
    family.named = named;
    family.runs.push_back(run);
    family.texts.push_back(std::move(text));
    family.prefixes.push_back(prefix);
  }
  std::vector<Family> all;
  for (auto& [endings, family] : by_endings)
    if (family.runs.size() > 1) all.push_back(std::move(family));
  return all;
}

inline bool is_number(const std::string& text) {
  return !std::isalpha(static_cast<unsigned char>(text[0])) && text.find(' ') == text.npos;
}

inline std::optional<long> whole(const std::string& text) {
  if (text.empty() || text.size() > 9 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return std::stol(text);
}

/// k where each of `values` is k times that of `others`.
inline std::optional<long> factor(const Values& values, const Values& others) {
  std::optional<long> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto a = whole(values[i]), b = whole(others[i]);
    if (!a || !b || *b == 0 || *a % *b != 0 || (result && *result != *a / *b)) return std::nullopt;
    result = *a / *b;
  }
  return result;
}

/// The text with parameters where the runs differ.
inline std::optional<FamilyParameters> generalised(const Family& family) {
  constexpr std::size_t max_parameters = 5;
  FamilyParameters made;
  made.body = family.texts[0];
  if (family.named) {
    made.names.push_back("Name"), made.types.push_back("FixedString"), made.arguments.push_back(family.prefixes);
  }
  const std::size_t first_number = made.names.size();
  for (std::size_t t = 0; t < made.body.size(); ++t) {
    Token& token = made.body[t];
    if (token.kind != Token::Kind::number) continue;
    Values values;
    for (const Tokens& text : family.texts) {
      values.push_back(text[t].text);
      token.real |= text[t].real;
    }
    // Equal numbers stay; equal expressions may mean another template's parameter.
    if (std::equal(values.begin() + 1, values.end(), values.begin()) && is_number(values[0])) continue;
    std::string expression;
    for (std::size_t p = first_number; p < made.names.size() && expression.empty(); ++p) {
      if (made.arguments[p] == values)
        expression = made.names[p];
      else if (const auto times = factor(values, made.arguments[p]))
        expression = std::to_string(*times) + " * " + made.names[p];
      else if (const auto part = factor(made.arguments[p], values))
        expression = made.names[p] + " / " + std::to_string(*part);
    }
    if (expression.empty()) {
      expression = token.role;
      for (int number = 2; std::count(made.names.begin(), made.names.end(), expression) > 0; ++number)
        expression = token.role + std::to_string(number);
      made.names.push_back(expression);
      made.types.push_back(token.real ? "Number" : "int");
      made.arguments.push_back(values);
      if (made.names.size() > max_parameters) return std::nullopt;
    }
    token.text = expression;
  }
  return made;
}

/// Characters: those of the runs without those of the template and its uses. Of a single layer only what is long and
/// always the same gets a name.
inline std::ptrdiff_t saved(const Family& family, const FamilyParameters& parameters) {
  const bool single = family.runs[0].end - family.runs[0].begin == 1 && layers(family.runs[0]) <= 1;
  if (single && (!parameters.names.empty() || length(parameters.body) < 20)) return 0;
  constexpr std::ptrdiff_t name = 14;
  std::ptrdiff_t saving = -static_cast<std::ptrdiff_t>(length(parameters.body)) - 40;
  for (std::size_t r = 0; r < family.runs.size(); ++r) {
    saving += static_cast<std::ptrdiff_t>(length(family.texts[r])) - name;
    if (family.named)
      saving += static_cast<std::ptrdiff_t>(family.prefixes[r].size() * (count_names(family.texts[r]) - 1));
    for (const Values& values : parameters.arguments) saving -= static_cast<std::ptrdiff_t>(values[r].size()) + 2;
  }
  return saving - static_cast<std::ptrdiff_t>(14 * parameters.names.size());
}

}  // namespace strata::importing::detail
