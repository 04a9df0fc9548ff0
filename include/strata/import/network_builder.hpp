// A network while a reader makes it: names, outputs, and all that does not fit, collected instead of stopping.
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/import/network.hpp>

namespace strata::importing {

struct ReadOptions {
  std::vector<std::vector<int>> inputs;  ///< shapes without the batch, where the file leaves sizes open
  std::vector<std::string> outputs;      ///< names of layers where the network shall end; empty: as in the file
};

namespace detail {

class NetworkBuilder {
 protected:
  void problem(std::string sentence) {
    if (std::find(problems_.begin(), problems_.end(), sentence) == problems_.end())
      problems_.push_back(std::move(sentence));
  }
  /// Counts only where the node reaches an output.
  void problem_of_next_node(std::string sentence) {
    node_problems_.emplace_back(network_.nodes.size(), std::move(sentence));
  }

  std::size_t add_input(const std::string& name, const std::vector<int>& shape) {
    std::string extents;
    for (const int extent : shape) extents += (extents.empty() ? "" : ", ") + std::to_string(extent);
    network_.inputs.push_back(network_.nodes.size());
    network_.nodes.push_back({unique(name), {{"class_name", "InputLayer"}}, "Input<" + extents + '>', {}, shape, {}});
    return network_.nodes.size() - 1;
  }

  /// A name that a node may have, and no other has; `model`: what comes before it where it is taken.
  std::string unique(std::string name, const std::string& model = {}) {
    for (char& c : name)
      if (c == '/' || c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = '_';
    if (name.empty()) name = "layer";
    if (names_.contains(name) && !model.empty()) name = model + '_' + name;
    std::string free = name;
    for (int number = 1; names_.contains(free); ++number) free = name + "_call" + std::to_string(number);
    return *names_.insert(free).first;
  }

  /// Drops what reaches no output.
  void cut() {
    std::vector<bool> reached(network_.nodes.size());
    for (const std::size_t output : network_.outputs) reached[output] = true;
    for (std::size_t n = network_.nodes.size(); n-- > 0;)
      if (reached[n])
        for (const std::size_t input : network_.nodes[n].inputs) reached[input] = true;
    for (auto& [node, sentence] : node_problems_)
      if (reached[node]) problem(std::move(sentence));
    place_.assign(network_.nodes.size(), network_.nodes.size());
    std::vector<Node> kept;
    for (std::size_t n = 0; n < network_.nodes.size(); ++n) {
      if (!reached[n]) continue;
      place_[n] = kept.size();
      kept.push_back(std::move(network_.nodes[n]));
      for (std::size_t& input : kept.back().inputs) input = place_[input];
    }
    std::erase_if(network_.inputs, [&](std::size_t input) { return !reached[input]; });
    for (std::size_t& input : network_.inputs) input = place_[input];
    for (std::size_t& output : network_.outputs) output = place_[output];
    network_.nodes = std::move(kept);
  }

  /// Throws ImportError with all problems.
  Network finished() {
    if (!problems_.empty()) {
      std::string all = strata::detail::join(network_.source, " cannot be imported:");
      for (const std::string& one : problems_) all += "\n  " + one;
      strata::detail::raise<ImportError>(all);
    }
    return std::move(network_);
  }

  Network network_;
  std::vector<std::string> problems_;
  std::vector<std::size_t> place_;  ///< of each node after the cut

 private:
  std::set<std::string> names_;
  std::vector<std::pair<std::size_t, std::string>> node_problems_;
};

}  // namespace detail
}  // namespace strata::importing
