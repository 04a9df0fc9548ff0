// The structure of a network: chains, and branches over one input, as far as it nests.
//
// Two steps are taken until none is left: a layer joins the only reader of its output to a chain; a merge takes chains
// that start at one layer as its branches. A network that ends as one chain is a Sequential, another a Graph of chains.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/import/network.hpp>

namespace strata::importing {

/// A layer of a chain, or a merge with its branches, each a chain.
struct Block {
  std::size_t node = 0;
  std::vector<std::vector<Block>> branches;
};
using Chain = std::vector<Block>;

/// A chain with what it reads: the input of the network, one unit, or as a merge alone, several.
struct Unit {
  Chain chain;
  std::vector<std::size_t> reads;  ///< units; none: an input
  int depth = 0;                   ///< of branches in branches

  std::size_t last() const { return chain.back().node; }
};

/// f(node) in the order in which Strata numbers the layers of such a type.
template <class F>
void for_each_layer(const Chain& chain, F&& f) {
  for (const Block& block : chain) {
    for (const Chain& branch : block.branches) for_each_layer(branch, f);
    f(block.node);
  }
}

namespace detail {

class Nester {
 public:
  explicit Nester(const Network& network) : network_(network) {
    for (std::size_t n = 0; n < network.nodes.size(); ++n) units_.push_back({{{n, {}}}, network.nodes[n].inputs, 0});
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t u = 0; u < units_.size(); ++u)
        if (!units_[u].chain.empty()) {
          while (join_before(u)) changed = true;
          changed |= take_branches(u);
        }
    }
  }

  /// In an order in which each reads what comes before.
  std::vector<Unit> units() && {
    std::vector<std::size_t> place(units_.size());
    std::vector<Unit> all;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (units_[u].chain.empty()) continue;
      place[u] = all.size();
      all.push_back(std::move(units_[u]));
      for (std::size_t& read : all.back().reads) read = place[read];
    }
    return all;
  }

 private:
  static constexpr int max_depth = 50;

  /// Only `reader` reads it, once.
  bool belongs_to(std::size_t unit, std::size_t reader) const {
    std::size_t reads = 0;
    for (const Unit& other : units_)
      if (!other.chain.empty())
        reads += static_cast<std::size_t>(std::count(other.reads.begin(), other.reads.end(), unit));
    const auto& outputs = network_.outputs;
    return reads == 1 && std::count(units_[reader].reads.begin(), units_[reader].reads.end(), unit) == 1 &&
           std::find(outputs.begin(), outputs.end(), units_[unit].last()) == outputs.end();
  }

  bool join_before(std::size_t u) {
    Unit& unit = units_[u];
    if (unit.reads.size() != 1) return false;
    const std::size_t before = unit.reads[0];
    if (units_[before].reads.size() != 1 || !belongs_to(before, u)) return false;
    Chain chain = std::move(units_[before].chain);
    std::move(unit.chain.begin(), unit.chain.end(), std::back_inserter(chain));
    unit = {std::move(chain), units_[before].reads, std::max(unit.depth, units_[before].depth)};
    units_[before] = {};
    return true;
  }

  bool take_branches(std::size_t u) {
    const std::vector<std::size_t> reads = units_[u].reads;
    if (reads.size() < 2 || !std::string_view(network_.nodes[units_[u].last()].spelling).ends_with("<>")) return false;
    const auto starts_at = [&](std::size_t unit, std::size_t source) {
      return unit == source ||
             (units_[unit].depth < max_depth && units_[unit].reads == std::vector{source} && belongs_to(unit, u));
    };
    std::vector<std::size_t> sources{reads[0]};
    if (units_[reads[0]].reads.size() == 1) sources.push_back(units_[reads[0]].reads[0]);
    for (const std::size_t source : sources) {
      if (!std::all_of(reads.begin(), reads.end(), [&](std::size_t unit) { return starts_at(unit, source); })) continue;
      Unit merged{{{units_[u].last(), {}}}, {source}, 0};
      for (const std::size_t read : reads) {
        Unit branch = read == source ? Unit{} : std::exchange(units_[read], {});
        merged.depth = std::max(merged.depth, branch.depth + 1);
        merged.chain[0].branches.push_back(std::move(branch.chain));
      }
      if (auto& branches = merged.chain[0].branches; network_.nodes[merged.last()].spelling == "Add<>" &&
                                                     branches.size() == 2 &&
                                                     layers_in(branches[0]) < layers_in(branches[1]))
        std::swap(branches[0], branches[1]);  // the body of a Residual, then its shortcut
      units_[u] = std::move(merged);
      return true;
    }
    return false;
  }

  static std::size_t layers_in(const Chain& chain) {
    std::size_t count = 0;
    for_each_layer(chain, [&](std::size_t) { ++count; });
    return count;
  }

  const Network& network_;
  std::vector<Unit> units_;  // of an empty chain: part of another
};

}  // namespace detail

/// The inputs are units of their own.
inline std::vector<Unit> units_of(const Network& network) { return detail::Nester(network).units(); }

}  // namespace strata::importing
