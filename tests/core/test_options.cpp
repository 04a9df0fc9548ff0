// strata/core/options.hpp: options where they are spelled.

#include <strata/core/options.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {

// The first use of each in this file: g++ 12 does not know inherited constructors here.
template <int side>
constexpr Extent strides_in_a_template() {
  using Given = LayerOptions<Strides{2}, Kernel{side, 3}, Dilation{4}>;
  return Given::template get<Strides>(1);
}

}  // namespace

TEST_CASE("options may be spelled in a function template", "[options]") {
  CHECK(strides_in_a_template<5>() == Extent(2, 2));
}
