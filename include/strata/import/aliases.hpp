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

#include <strata/import/alias_families.hpp>
#include <strata/import/terms.hpp>

namespace strata::importing {

struct Alias {
  std::string name, stem;               ///< the stem without a number
  std::vector<std::string> parameters;  ///< `int Filters`
  Term body;
};

namespace detail {

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
  static constexpr std::size_t max_aliases = 24, max_run = 40;

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
    std::optional<FamilyParameters> best_parameters;
    std::ptrdiff_t best_saving = 0;
    for (const Alike* const runs : promising) {
      if (static_cast<std::ptrdiff_t>(runs->length) <= best_saving) break;
      for (Family& family : families(runs->runs)) {
        std::optional<FamilyParameters> parameters = generalised(family);
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

  void take_out(const Family& family, const FamilyParameters& parameters) {
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
