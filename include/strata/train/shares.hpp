// A batch's shares among the members of a team.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>

namespace strata::detail {

/// Allocates when it is made.
template <class Parallel>
class Shares {
 public:
  explicit Shares(const Parallel& parallel) : sizes_(Team<Parallel> ? members_of(parallel) : 0) {}

  /// The samples that `check()` counts. What it throws in one member of a team, all refuse.
  template <class Check>
  Portion agree(const Parallel& parallel, Check check) {
    if constexpr (Team<Parallel>) {
      constexpr double refused = -1;
      struct Answer {
        Shares& shares;
        const Parallel& parallel;
        double size = refused;
        void tell() const {
          std::fill(shares.sizes_.begin(), shares.sizes_.end(), 0.0);
          shares.sizes_[parallel.rank()] = size;
          parallel.all_reduce(std::span(shares.sizes_));
        }
        ~Answer() {
          if (size == refused) tell();  // check has thrown
        }
      } answer{*this, parallel};
      answer.size = static_cast<double>(check());
      answer.tell();
      return portion(parallel.rank());
    } else {
      return check();
    }
  }

 private:
  Portion portion(std::size_t rank) const {
    Portion portion(static_cast<std::size_t>(sizes_[rank]), 0, 0);
    for (std::size_t member = 0; member < sizes_.size(); ++member) {
      if (sizes_[member] < 0)
        raise<InvalidArgument>("team: member " + std::to_string(member) + " of " + std::to_string(sizes_.size()) +
                               " refused its share of the batch; it says why");
      if (member < rank) portion.first += static_cast<std::size_t>(sizes_[member]);
      portion.total += static_cast<std::size_t>(sizes_[member]);
    }
    if (portion.total == 0)
      raise<InvalidArgument>("team: expected a batch with a sample for at least one member, received none");
    return portion;
  }

  std::vector<double> sizes_;
};

}  // namespace strata::detail
