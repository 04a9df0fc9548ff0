// A network as the header of a type, as a person would have written it.
//
//     TypedHeader header = typed_header(network, {.name = "Net"});
//     std::cout << header.text;
//
// A chain becomes a Sequential, branches combinators, what does not nest a Graph; repeated blocks alias templates.
// Layers with weights keep their names. A name that Keras gave by counting (`conv2d_3`) is left out where Strata counts
// in the same order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/import/aliases.hpp>
#include <strata/import/blocks.hpp>
#include <strata/import/network.hpp>
#include <strata/import/terms.hpp>

namespace strata::importing {

struct HeaderOptions {
  std::string name = "Net";
  std::vector<std::string> head{};  ///< lines of the comment on top
  bool embed = false;               ///< with a function that loads weights which are linked in
};

struct TypedHeader {
  std::string text;
  std::string symbol;                        ///< of embedded weights, without _begin and _end
  std::vector<std::size_t> order;            ///< the nodes as Strata numbers its layers, inputs first
  std::map<std::size_t, std::string> names;  ///< of nodes with weights, in the type: `conv2d_3`
};

namespace detail {

/// Lines of at most 120 columns.
class Layout {
 public:
  static constexpr std::size_t width = 120;

  /// `before` + the type + `after`: on one line, or with its arguments in lines of their own.
  static std::string type(const std::string& before, const Term& term, const std::string& after) {
    const std::string flat = before + term.written() + after;
    if (flat.size() <= width || term.form == Term::Form::leaf) return flat + '\n';
    return before + head(term) + "<\n" + arguments(term, 4) + '>' + after + '\n';
  }
  /// With its arguments in lines of their own.
  static std::string network(const std::string& before, const Term& term, const std::string& after) {
    return before + head(term) + "<\n" + arguments(term, 4) + '>' + after + '\n';
  }

 private:
  static std::string head(const Term& term) { return term.head[0].text; }

  /// As many on a line as fit; a Graph's nodes each on its own.
  static std::string arguments(const Term& term, std::size_t indent) {
    const std::string margin(indent, ' ');
    const bool each = head(term) == "Graph";
    std::string text, line;
    const auto end_line = [&] {
      if (!line.empty()) text += (text.empty() ? "" : "\n") + margin + line;
      line.clear();
    };
    for (std::size_t i = 0; i < term.arguments.size(); ++i) {
      if (i == 1 && term.arguments[0].head[0].text.starts_with("Input<")) end_line();
      const Term& argument = term.arguments[i];
      const std::string comma = i + 1 < term.arguments.size() ? "," : "";
      const std::string flat = argument.written() + comma;
      // Room for the brackets that close what is around.
      const std::size_t room = width - indent - (comma.empty() ? indent / 4 + 4 : 0);
      if (!line.empty() && (each || line.size() + 1 + flat.size() > room)) end_line();
      if (flat.size() <= room || argument.form == Term::Form::leaf) {
        line += (line.empty() ? "" : " ") + flat;
        continue;
      }
      line = head(argument) + "<";
      end_line();
      text += '\n' + arguments(argument, indent + 4) + '>' + comma;
    }
    end_line();
    return text;
  }
};

class HeaderWriter {
 public:
  HeaderWriter(const Network& network, const HeaderOptions& options)
      : network_(network), options_(options), units_(units_of(network)) {
    nests_ =
        units_.size() == 2 && network.inputs.size() == 1 && network.outputs.size() == 1 && units_[1].reads.size() == 1;
    for (const bool inputs : {true, false})
      for (const Unit& unit : units_)
        if (unit.reads.empty() == inputs)
          for_each_layer(unit.chain, [&](std::size_t node) { header_.order.push_back(node); });
    choose_names();
  }

  TypedHeader write() && {
    Term type = nests_ ? sequential() : graph();
    const std::vector<Alias> aliases = find_aliases(type);
    std::string& text = header_.text;
    for (const std::string& line : options_.head) text += "// " + line + '\n';
    text += "#pragma once\n\n#include <strata/strata.hpp>\n";
    if (options_.embed) text += "#include <strata/import/embedded.hpp>\n";
    text += '\n';
    text += "namespace " + space() + " {\nusing namespace strata;\n\n";
    for (const Alias& alias : aliases) {
      std::string parameters;
      for (const std::string& parameter : alias.parameters) parameters += (parameters.empty() ? "" : ", ") + parameter;
      if (!parameters.empty()) text += "template <" + parameters + ">\n";
      text += Layout::type("using " + alias.name + " = ", alias.body, ";") + (parameters.empty() ? "" : "\n");
    }
    if (!aliases.empty() && text.substr(text.size() - 2) != "\n\n") text += '\n';
    text += Layout::network("struct " + options_.name + " : ", type, " {};");
    text += '\n' + asserts() + "\n}  // namespace " + space() + "\n\nusing " + space() + "::" + options_.name + ";\n";
    header_.symbol = std::string(std::string_view(snake_case(options_.name))) + "_weights";
    if (options_.embed)
      text += "\nextern \"C\" const std::byte " + header_.symbol + "_begin[], " + header_.symbol + "_end[];\n\n" +
              "/// The weights of the object that is linked in.\ninline void load_weights(strata::Model<" +
              options_.name + ">& model) {\n  strata::importing::load_embedded(model, " + header_.symbol + "_begin, " +
              header_.symbol + "_end);\n}\n";
    return std::move(header_);
  }

 private:
  std::string space() const { return std::string(std::string_view(snake_case(options_.name))) + "_definition"; }

  /// `conv2d`, `conv2d_3` of class Conv2D: the number, or -1.
  static int counted(const Node& node) {
    const std::string stem(std::string_view(snake_case(node.class_name())));
    if (!node.name.starts_with(stem)) return -1;
    const std::string rest = node.name.substr(stem.size());
    if (rest.empty()) return 0;
    if (rest[0] != '_' || rest.size() < 2 || rest.size() > 8 || rest[1] == '0') return -1;
    return std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; })
               ? std::stoi(rest.substr(1))
               : -1;
  }

  void choose_names() {
    std::map<std::string, std::pair<int, bool>> classes;  // the last number; whether they rise
    for (const std::size_t n : header_.order) {
      const Node& node = network_.nodes[n];
      if (node.weights.empty() || counted(node) < 0) continue;
      const auto [found, first] = classes.try_emplace(node.class_name(), counted(node), nests_);
      if (first) continue;
      found->second.second &= counted(node) > found->second.first;
      found->second.first = counted(node);
    }
    std::map<std::string, int> numbers;
    for (const std::size_t n : header_.order) {
      const Node& node = network_.nodes[n];
      const bool counts = node.weights.empty() || (counted(node) >= 0 && classes[node.class_name()].second);
      const std::string stem(std::string_view(snake_case(node.class_name())));
      const int number = counts ? numbers[stem]++ : 0;
      if (node.weights.empty()) continue;
      header_.names[n] = !counts ? node.name : number == 0 ? stem : stem + '_' + std::to_string(number);
      if (!counts) named_.push_back(n);
    }
    std::sort(named_.begin(), named_.end());
  }

  bool is_named(std::size_t node) const { return std::binary_search(named_.begin(), named_.end(), node); }

  Term layer(const Block& block) const {
    const Node& node = network_.nodes[block.node];
    if (block.branches.empty()) {
      Term term{Term::Form::leaf, tokens_of(node.spelling), {}, false, 1};
      if (!is_named(block.node)) return with_unwritten_name(std::move(term), node);
      return Term::of(Term::Form::list, "Named", {Term::name(node.name), std::move(term)});
    }
    if (node.spelling == "Add<>" && block.branches.size() == 2 && !block.branches[0].empty()) {
      std::vector<Term> body = items(block.branches[0]);
      if (!block.branches[1].empty()) {
        Term projection = Term::of(Term::Form::chain, "Projection", items(block.branches[1]));
        projection.apart = true;
        body.push_back(std::move(projection));
      }
      return with_unwritten_name(Term::of(Term::Form::chain, "Residual", std::move(body)), node);
    }
    std::vector<Term> branches;
    for (const Chain& branch : block.branches) branches.push_back(Term::sequence(items(branch)));
    return with_unwritten_name(Term::of(Term::Form::list, template_name(node.spelling), std::move(branches)), node);
  }
  static Term with_unwritten_name(Term term, const Node& node) {
    if (counted(node) < 0) term.head.push_back({Token::Kind::unwritten_name, node.name, {}, {}});
    return term;
  }
  std::vector<Term> items(const Chain& chain) const {
    std::vector<Term> terms;
    for (const Block& block : chain) terms.push_back(layer(block));
    return terms;
  }

  Term sequential() const {
    std::vector<Term> all{Term::plain(network_.nodes[network_.inputs[0]].spelling, true)};
    for (Term& term : items(units_[1].chain)) all.push_back(std::move(term));
    return Term::of(Term::Form::chain, "Sequential", std::move(all));
  }

  /// A node that is one layer has its name from the node.
  Term graph() const {
    std::vector<Term> nodes;
    const auto name = [&](std::size_t unit) { return Term::name(network_.nodes[units_[unit].last()].name); };
    const auto add = [&](std::size_t u) {
      const Unit& unit = units_[u];
      const bool single = unit.chain.size() == 1 && unit.chain[0].branches.empty();
      Term what = single ? Term{Term::Form::leaf, tokens_of(network_.nodes[unit.last()].spelling), {}, false, 1}
                         : Term::sequence(items(unit.chain));
      std::vector<Term> parts{name(u), std::move(what)};
      for (const std::size_t read : unit.reads) parts.push_back(name(read));
      nodes.push_back(Term::of(Term::Form::list, "Node", std::move(parts)));
      nodes.back().apart = true;
    };
    for (const bool inputs : {true, false})
      for (std::size_t u = 0; u < units_.size(); ++u)
        if (units_[u].reads.empty() == inputs) add(u);
    std::vector<Term> outputs;
    for (const std::size_t output : network_.outputs) outputs.push_back(Term::name(network_.nodes[output].name));
    nodes.push_back(Term::of(Term::Form::list, "Outputs", std::move(outputs)));
    nodes.back().apart = true;
    return Term::of(Term::Form::list, "Graph", std::move(nodes));
  }

  static std::string digits(std::size_t number) {
    std::string text = std::to_string(number);
    for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, 1, '\'');
    return text;
  }
  static std::string braces(const std::vector<int>& shape) {
    std::string text;
    for (const int extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
    return "Shape{" + text + '}';
  }

  std::string asserts() const {
    std::size_t parameters = 0;
    for (const Node& node : network_.nodes)
      for (const Tensor& weight : node.weights) parameters += weight.values.size();
    const auto line = [&](const std::string& fact) { return "static_assert(" + options_.name + "::" + fact + ");\n"; };
    std::string text;
    if (parameters > 0) text += line("param_count == " + digits(parameters));
    const auto shapes = [&](const std::vector<std::size_t>& nodes, const std::string& what) {
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (const auto& shape = network_.nodes[nodes[i]].shape; !shape.empty())
          text += line(what + (nodes.size() == 1 ? "" : "s[" + std::to_string(i) + ']') + " == " + braces(shape));
    };
    shapes(network_.inputs, "input_shape");
    shapes(network_.outputs, "output_shape");
    return text;
  }

  const Network& network_;
  const HeaderOptions& options_;
  std::vector<Unit> units_;
  bool nests_ = false;
  std::vector<std::size_t> named_;  // nodes whose names are written
  TypedHeader header_;
};

}  // namespace detail

inline TypedHeader typed_header(const Network& network, const HeaderOptions& options = {}) {
  return detail::HeaderWriter(network, options).write();
}

}  // namespace strata::importing
