// Repeated blocks, found and written once: in a type, the run of layers that saves most text as an alias template is
// taken out, until none saves any. Blocks may differ in numbers, and in the start of their layers' names.
//
//     template <FixedString Name, int Filters>
//     using ConvBlock = Sequential<Residual<Named<Name + "_1_conv", Conv2D<Filters, 1>>, …>, ReLU>;
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/terms.hpp>

namespace strata::importing {

struct Alias {
  std::string name, stem;               ///< the stem without a number
  std::vector<std::string> parameters;  ///< `int Filters`
  Term body;
};

namespace detail {

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

class AliasFinder {
 public:
  explicit AliasFinder(Term& root) : root_(root) {}

  /// In an order in which each uses those before it.
  std::vector<Alias> find() && {
    while (aliases_.size() < max_aliases && take_out_best()) {
    }
    std::vector<Alias> sorted;
    std::set<std::string> done;
    const auto add = [&](auto& self, const std::string& name) -> void {
      const auto found = std::find_if(aliases_.begin(), aliases_.end(), [&](const Alias& a) { return a.name == name; });
      if (found == aliases_.end() || !done.insert(name).second) return;
      Tokens tokens;
      found->body.write(tokens);
      for (const Token& token : tokens) self(self, template_name(token.text));
      sorted.push_back(*found);
    };
    for (const Alias& alias : aliases_) add(add, alias.name);
    number(sorted);
    return sorted;
  }

 private:
  static constexpr std::size_t max_aliases = 24, max_run = 40, max_parameters = 5;

  using Values = std::vector<std::string>;  // of one hole, in each run
  struct Parameters {
    std::vector<std::string> names, types;
    std::vector<Values> arguments;
    Tokens body;
  };

  /// Block, Block2, … in the order in which they stand.
  void number(std::vector<Alias>& sorted) {
    std::map<std::string, std::string> names;
    std::set<std::string> taken;
    for (Alias& alias : sorted) {
      std::string name = alias.stem;
      for (int number = 2; names_layer(name) || !taken.insert(name).second; ++number)
        name = alias.stem + std::to_string(number);
      names[std::exchange(alias.name, name)] = name;
    }
    const auto rename = [&](auto& self, Term& term) -> void {
      for (Token& token : term.head) {
        if (token.kind != Token::Kind::text) continue;
        const std::string stem = template_name(token.text);
        if (const auto found = names.find(stem); found != names.end())
          token.text.replace(0, stem.size(), found->second);
      }
      for (Term& argument : term.arguments) self(self, argument);
    };
    rename(rename, root_);
    for (Alias& alias : sorted) rename(rename, alias.body);
  }

  /// Runs of equal texts but for numbers and names.
  struct Alike {
    std::vector<Run> runs;
    std::size_t length = 0;  ///< of all texts
  };

  bool take_out_best() {
    std::map<std::vector<int>, Alike> alike;
    collect(root_, alike);
    for (Alias& alias : aliases_) collect(alias.body, alike);
    std::vector<const Alike*> promising;  // the most first: a bound ends the search
    for (const auto& [key, runs] : alike)
      if (runs.runs.size() > 1) promising.push_back(&runs);
    std::stable_sort(promising.begin(), promising.end(),
                     [](const Alike* a, const Alike* b) { return a->length > b->length; });
    std::optional<Family> best;
    std::optional<Parameters> best_parameters;
    std::ptrdiff_t best_saving = 0;
    for (const Alike* const runs : promising) {
      if (static_cast<std::ptrdiff_t>(runs->length) <= best_saving) break;
      for (Family& family : families(runs->runs)) {
        std::optional<Parameters> parameters = generalised(family);
        if (!parameters) continue;
        const std::ptrdiff_t saving = saved(family, *parameters);
        if (saving > best_saving)
          best_saving = saving, best = std::move(family), best_parameters = std::move(parameters);
      }
    }
    if (!best) return false;
    take_out(*best, *best_parameters);
    return true;
  }

  void collect(Term& term, std::map<std::vector<int>, Alike>& alike) {
    std::vector<int> kinds;
    std::vector<std::size_t> lengths;
    for (Term& argument : term.arguments) {
      collect(argument, alike);
      Tokens tokens;
      argument.write(tokens);
      std::string text;
      for (const Token& token : tokens)
        text += token.kind == Token::Kind::text ? token.text : token.kind == Token::Kind::number ? "#" : "@";
      kinds.push_back(kinds_.emplace(text, static_cast<int>(kinds_.size())).first->second);
      lengths.push_back(length(tokens) + 2);
    }
    for (std::size_t begin = &term == &root_ ? 1 : 0; begin < kinds.size(); ++begin) {  // 1: behind the Input
      const std::size_t longest = term.form == Term::Form::chain ? std::min(kinds.size(), begin + max_run) : begin + 1;
      std::vector<int> key;
      std::size_t characters = 0;
      for (std::size_t end = begin; end < longest && !term.arguments[end].apart; ++end) {
        key.push_back(kinds[end]);
        Alike& same = alike[key];
        same.runs.push_back({&term, begin, end + 1});
        same.length += characters += lengths[end];
      }
    }
  }

  static Tokens text_of(const Run& run) {
    Tokens tokens;
    for (std::size_t i = run.begin; i < run.end; ++i) {
      if (i > run.begin) tokens.push_back({Token::Kind::text, ", ", {}, {}});
      run.parent->arguments[i].write(tokens);
    }
    return tokens;
  }

  /// Runs of one key whose names end alike, without overlap.
  static std::vector<Family> families(const std::vector<Run>& runs) {
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

  /// Of names that go on, after it, with no letter or digit: `block1` of `block1_conv` and `block1_bn`.
  static std::optional<std::size_t> common_prefix(const std::vector<std::string*>& names, bool may_be_empty) {
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

  static bool is_number(const std::string& text) {
    return !std::isalpha(static_cast<unsigned char>(text[0])) && text.find(' ') == text.npos;
  }
  static std::optional<long> whole(const std::string& text) {
    if (text.empty() || text.size() > 9 ||
        !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return std::nullopt;
    return std::stol(text);
  }
  /// k where each of `values` is k times that of `others`.
  static std::optional<long> factor(const Values& values, const Values& others) {
    std::optional<long> result;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto a = whole(values[i]), b = whole(others[i]);
      if (!a || !b || *b == 0 || *a % *b != 0 || (result && *result != *a / *b)) return std::nullopt;
      result = *a / *b;
    }
    return result;
  }

  /// The text with parameters where the runs differ.
  static std::optional<Parameters> generalised(const Family& family) {
    Parameters made;
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

  static std::size_t length(const Tokens& tokens) {
    std::size_t sum = 0;
    for (const Token& token : tokens) sum += token.written().size();
    return sum;
  }
  static std::size_t layers(const Run& run) {
    std::size_t sum = 0;
    for (std::size_t i = run.begin; i < run.end; ++i) sum += run.parent->arguments[i].layers;
    return sum;
  }

  /// Characters: those of the runs without those of the template and its uses. Of a single layer only what is long and
  /// always the same gets a name.
  static std::ptrdiff_t saved(const Family& family, const Parameters& parameters) {
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
  static std::size_t count_names(const Tokens& tokens) {
    return static_cast<std::size_t>(std::count_if(tokens.begin(), tokens.end(),
                                                  [](const Token& token) { return token.kind == Token::Kind::name; }));
  }

  void take_out(const Family& family, const Parameters& parameters) {
    const Run& first = family.runs[0];
    Alias alias{"alias " + std::to_string(aliases_.size()), stem_of(family), {}, {}};
    for (std::size_t p = 0; p < parameters.names.size(); ++p)
      alias.parameters.push_back(parameters.types[p] + ' ' + parameters.names[p]);
    std::vector<Term> items(first.parent->arguments.begin() + static_cast<std::ptrdiff_t>(first.begin),
                            first.parent->arguments.begin() + static_cast<std::ptrdiff_t>(first.end));
    std::size_t next = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) ++next;
      put(items[i], parameters.body, next);
    }
    alias.body = Term::sequence(std::move(items));

    // Places stay what they are until all calls are in theirs.
    for (std::size_t r = 0; r < family.runs.size(); ++r) {
      const Run& run = family.runs[r];
      Term call{Term::Form::leaf, {}, {}, false, layers(run)};
      call.head.push_back({Token::Kind::text, alias.name + (parameters.names.empty() ? "" : "<"), {}, {}});
      for (std::size_t p = 0; p < parameters.names.size(); ++p) {
        if (p > 0) call.head.push_back({Token::Kind::text, ", ", {}, {}});
        if (p == 0 && family.named)
          call.head.push_back(name_token(parameters.arguments[p][r]));
        else
          call.head.push_back({Token::Kind::number,
                               parameters.arguments[p][r],
                               {},
                               parameters.names[p],
                               parameters.types[p] == "Number"});
      }
      if (!parameters.names.empty()) call.head.push_back({Token::Kind::text, ">", {}, {}});
      for (std::size_t i = run.begin; i < run.end; ++i) run.parent->arguments[i] = {};
      run.parent->arguments[run.begin] = std::move(call);
    }
    simplify(root_, true);
    for (Alias& other : aliases_) simplify(other.body, false);
    aliases_.push_back(std::move(alias));
  }

  /// Overwrites a term's tokens with those of its generalised text.
  static void put(Term& term, const Tokens& text, std::size_t& next) {
    for (Token& token : term.head) token = text[next++];
    if (term.form == Term::Form::leaf) return;
    ++next;
    for (std::size_t i = 0; i < term.arguments.size(); ++i) {
      if (i > 0) ++next;
      put(term.arguments[i], text, next);
    }
    ++next;
  }

  /// `"block1"`, `Name`, `Name + "_1"`
  static Token name_token(const std::string& written) {
    const std::size_t quote = written.find('"');
    Token token{Token::Kind::name, {}, {}, {}};
    if (quote != written.npos) token.text = written.substr(quote + 1, written.size() - quote - 2);
    token.base = written.substr(0, written.find_first_of(" \""));
    return token;
  }

  /// What was taken out goes; a Sequential of one layer is that layer.
  static void simplify(Term& term, bool whole) {
    std::erase_if(term.arguments, [](const Term& argument) { return argument.head.empty(); });
    for (Term& argument : term.arguments) simplify(argument, false);
    if (whole || term.form != Term::Form::chain || term.arguments.size() != 1 || term.head[0].text != "Sequential" ||
        term.arguments[0].apart)
      return;
    Term only = std::move(term.arguments[0]);
    term = std::move(only);
  }

  /// From the names of the layers where they agree but for numbers, else from the layers.
  std::string stem_of(const Family& family) const {
    std::string stem;
    if (family.named)
      for (const std::string& prefix : family.prefixes) {
        std::string words;
        for (const char c : prefix)
          if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') words += c;
        words = prefix.find('"') == 0 ? camel_case(words) : "";
        if (&prefix != &family.prefixes[0] && words != stem) words.clear();
        stem = words;
        if (stem.empty()) break;
      }
    if (stem.size() < 3 || stem.size() > 20) stem = composed(family.runs[0]);
    return names_layer(stem) || names_layer(stem + "2D") ? stem + "Block" : stem;
  }

  std::string composed(const Run& run) const {
    std::string name;
    if (run.end - run.begin > 3) return "Block";
    for (std::size_t i = run.begin; i < run.end; ++i) {
      const Term* item = &run.parent->arguments[i];
      if (item->head[0].text == "Named") item = &item->arguments[1];
      std::string stem = template_name(item->head[0].text);
      for (const Alias& alias : aliases_)
        if (alias.name == stem) stem = alias.stem;
      for (const char* ending : {"1D", "2D", "With", "Block", "Batch"})
        if (const std::size_t found = stem.find(ending); found != stem.npos)
          stem.erase(found, std::string_view(ending).size());
      name += stem;
    }
    return name.size() > 24 ? "Block" : name;
  }

  Term& root_;
  std::vector<Alias> aliases_;
  std::map<std::string, int> kinds_;
};

}  // namespace detail

/// Takes repeated blocks out of a type.
inline std::vector<Alias> find_aliases(Term& root) { return detail::AliasFinder(root).find(); }

}  // namespace strata::importing
