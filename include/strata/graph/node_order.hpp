// The nodes of a Graph by name, before any layer is known: who reads whom, in which order, and what is wrong with that.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <strata/core/problem.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/chain.hpp>

namespace strata::detail {

/// A Graph's nodes, inputs first and each after those it reads, without the outputs of one that nobody reads; a node's
/// operands are `reads[first[n]]` to `reads[first[n + 1] - 1]`.
template <std::size_t N, std::size_t Reads, std::size_t Results>
struct NodeOrder {
  Problem problem{};
  std::size_t count = 0;
  std::array<std::size_t, N> order{};
  std::array<std::size_t, Reads> reads{};
  std::array<std::size_t, N + 1> first{};
  std::array<std::size_t, Results> results{};  ///< nodes
};

/// What is known of a Graph before its layers are. A node with several outputs is one for each, `s:0` and `s:1`.
template <std::size_t N, std::size_t Reads, std::size_t Results>
struct NodeNames {
  std::array<std::string_view, N> names;
  std::array<std::size_t, N> counts;  ///< how many nodes each reads
  std::array<bool, N> inputs;         ///< is an Input
  std::array<bool, N> merges;         ///< may read several
  std::array<std::size_t, N> several;  ///< of how many outputs of its node it is one; 0: it has the node's name
  std::array<std::string_view, Reads> reads;
  std::array<std::string_view, Results> results;
};

/// Finds names in linear-logarithmic time; compilers count every step.
template <std::size_t N>
class NameIndex {
 public:
  constexpr explicit NameIndex(const std::array<std::string_view, N>& names) : names_(names) {
    for (std::size_t n = 0; n < N; ++n) sorted_[n] = n;
    std::sort(sorted_.begin(), sorted_.end(), [&](std::size_t a, std::size_t b) { return names_[a] < names_[b]; });
  }
  /// The node of this name, or N.
  constexpr std::size_t find(std::string_view name) const {
    const auto place = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                        [&](std::size_t node, std::string_view key) { return names_[node] < key; });
    return place != sorted_.end() && names_[*place] == name ? *place : N;
  }
  /// A node with the name of another, or N.
  constexpr std::size_t repeated() const {
    for (std::size_t i = 1; i < N; ++i)
      if (names_[sorted_[i - 1]] == names_[sorted_[i]]) return sorted_[i];
    return N;
  }

 private:
  const std::array<std::string_view, N>& names_;
  std::array<std::size_t, N> sorted_{};
};

template <std::size_t N, std::size_t Reads, std::size_t Results>
class NodeSorter {
 public:
  constexpr explicit NodeSorter(const NodeNames<N, Reads, Results>& nodes) : nodes_(nodes), index_(nodes.names) {
    resolve();
    if (!sorted_.problem) check_arities();
    for (const bool inputs : {true, false})
      for (std::size_t n = 0; n < N && !sorted_.problem; ++n)
        if (nodes_.inputs[n] == inputs) visit(n);
    if (!sorted_.problem) check_reach();
  }
  constexpr const NodeOrder<N, Reads, Results>& result() const { return sorted_; }

 private:
  enum class Mark { unseen, open, done };

  /// Of the node, in the name of its output.
  constexpr std::size_t name_length(std::size_t n) const {
    return nodes_.several[n] == 0 ? nodes_.names[n].size() : nodes_.names[n].rfind(':');
  }

  constexpr void resolve() {
    for (std::size_t n = 0; n < N; ++n) sorted_.first[n + 1] = sorted_.first[n] + nodes_.counts[n];
    if (const std::size_t n = index_.repeated(); n < N) {
      sorted_.problem = {"a name is used twice", Text("nodes of different names"), "rename one of them",
                         Text("two nodes ") << nodes_.names[n]};
      return;
    }
    for (const std::string_view name : nodes_.names)
      if ((sorted_.problem = name_problem(name))) return;
    for (std::size_t n = 0; n < N; ++n)
      for (std::size_t r = sorted_.first[n]; r < sorted_.first[n + 1]; ++r)
        if ((sorted_.reads[r] = index_.find(nodes_.reads[r])) == N)
          return refuse_reading(nodes_.reads[r], Text("node ") << nodes_.names[n]);
    for (std::size_t k = 0; k < Results; ++k) {
      const std::string_view name = nodes_.results[k];
      if ((sorted_.results[k] = index_.find(name)) == N) return refuse_reading(name, Text("Outputs"));
      const auto before = sorted_.results.begin() + static_cast<std::ptrdiff_t>(k);
      if (std::find(sorted_.results.begin(), before, sorted_.results[k]) != before)
        sorted_.problem = {"an output is named twice", Text("different names in Outputs"), "remove one of them",
                           Text("two outputs ") << name};
      else if (Results > 1 && nodes_.inputs[sorted_.results[k]])
        sorted_.problem = {"an output is an Input", Text("names of nodes with layers in Outputs"), "remove it",
                           Text("output ") << name};
      if (sorted_.problem) return;
    }
  }

  /// Of a name that no node has.
  constexpr void refuse_reading(std::string_view name, const Text& reader) {
    const auto refuse = [&](const char* rule, const Text& expected, const char* remedy) {
      sorted_.problem = {rule, expected, remedy, Text(name) << ", read by " << reader};
    };
    const auto refuse_output = [&](const char* rule, std::string_view node) {
      const std::size_t first = index_.find(Text(node) << ":0"), count = first < N ? nodes_.several[first] : 0;
      Text outputs;
      for (std::size_t k = 0; k < count; ++k)
        outputs << (k == 0 ? "" : k + 1 < count ? ", " : " or ") << nodes_.names[first + k];
      if (count > 0) refuse(rule, outputs, "read an output by its number, from 0");
      return count > 0;
    };
    const std::string_view node = name.substr(0, name.rfind(':'));
    if (refuse_output("a node has several outputs", name)) return;
    if (node != name && refuse_output("a node has fewer outputs", node)) return;
    if (index_.find(node) < N) return refuse("a node has one output", Text(node), "read it by the node's name");
    refuse("no node has this name", "the name of a node", "add the node, or look at the spelling");
  }

  constexpr void check_arities() {
    std::size_t inputs = 0;
    for (std::size_t n = 0; n < N; ++n) {
      const std::size_t count = nodes_.counts[n];
      inputs += nodes_.inputs[n];
      if (nodes_.inputs[n] ? count > 0 : count == 0)
        sorted_.problem = {nodes_.inputs[n] ? "an Input reads no node" : "a node reads nothing",
                           Text(nodes_.inputs[n] ? "no name after an Input" : "after the layer, the name of a node"),
                           nodes_.inputs[n] ? "remove the names" : "name the nodes that it reads",
                           Text("node ") << nodes_.names[n] << " with " << count << (count == 1 ? " name" : " names")};
      else if (count > 1 && !nodes_.merges[n])
        sorted_.problem = {"only a merge reads several nodes", Text("one name after the layer"),
                           "join them first in a node Concatenate<>, Add<> or the like",
                           Text("node ") << nodes_.names[n] << " with " << count << " names"};
      if (sorted_.problem) return;
    }
    if (inputs == 0)
      sorted_.problem = {"a Graph starts with an Input", Text("a node with an Input"), "add one", Text("none")};
  }

  /// Depth first, with a stack of its own: compilers limit the depth of recursion.
  constexpr void visit(std::size_t start) {
    if (marks_[start] != Mark::unseen) return;
    std::array<std::size_t, N> path{};
    std::size_t depth = 0;
    const auto enter = [&](std::size_t node) {
      marks_[node] = Mark::open;
      next_[node] = sorted_.first[node];
      path[depth++] = node;
    };
    enter(start);
    while (depth > 0) {
      const std::size_t node = path[depth - 1];
      if (next_[node] == sorted_.first[node + 1]) {
        marks_[node] = Mark::done;
        sorted_.order[sorted_.count++] = node;
        --depth;
        continue;
      }
      const std::size_t read = sorted_.reads[next_[node]++];
      if (marks_[read] == Mark::unseen) enter(read);
      else if (marks_[read] == Mark::open) {
        Text cycle(nodes_.names[read]);
        std::size_t place = 0;
        while (path[place] != read) ++place;
        for (++place; place < depth; ++place) cycle << " reads " << nodes_.names[path[place]];
        sorted_.problem = {"nodes form a cycle", Text("nodes that read what comes before them"),
                           "remove one of these readings", cycle << " reads " << nodes_.names[read]};
        return;
      }
    }
  }

  /// Outputs of a node that reach nothing are left out, but not all of them.
  constexpr void check_reach() {
    std::array<bool, N> reaches{};
    for (const std::size_t node : sorted_.results) reaches[node] = true;
    for (std::size_t i = N; i-- > 0;) {
      const std::size_t node = sorted_.order[i];
      if (reaches[node])
        for (std::size_t r = sorted_.first[node]; r < sorted_.first[node + 1]; ++r) reaches[sorted_.reads[r]] = true;
    }
    for (std::size_t first = 0, next = 0; first < N; first = next) {
      next = first + std::max<std::size_t>(nodes_.several[first], 1);
      const auto begin = reaches.begin(), from = begin + static_cast<std::ptrdiff_t>(first),
                 to = begin + static_cast<std::ptrdiff_t>(next);
      if (std::find(from, to, true) == to)
        sorted_.problem = {"a node reaches no output", Text("a way from every node to Outputs"),
                           "remove the node, or let another read it",
                           Text("node ") << nodes_.names[first].substr(0, name_length(first))};
    }
    const auto end =
        std::remove_if(sorted_.order.begin(), sorted_.order.end(), [&](std::size_t node) { return !reaches[node]; });
    sorted_.count = static_cast<std::size_t>(end - sorted_.order.begin());
  }

  const NodeNames<N, Reads, Results>& nodes_;
  NameIndex<N> index_;
  NodeOrder<N, Reads, Results> sorted_{};
  std::array<Mark, N> marks_{};
  std::array<std::size_t, N> next_{};  ///< reading to be looked at
};

}  // namespace strata::detail
