// expect: layer 1 (mixture, Mixture<9>): a layer has too many parameters: expected at most 8, received 9 parameters; join some of them to one, or make two layers of it
#include <string_view>

#include <strata/graph/sequential.hpp>

using namespace strata;

constexpr std::string_view names = "abcdefghi";

template <int Count>
struct Mixture {
  static constexpr const char* class_name = "Mixture";
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    Parameters all;
    for (std::size_t p = 0; p < Count; ++p) all.add({.name = names.substr(p, 1), .shape = in});
    return all;
  }
};

#ifdef STRATA_WRONG
struct Net : Sequential<Input<4>, Mixture<9>> {};
#else
struct Net : Sequential<Input<4>, Mixture<8>> {};
static_assert(Net::param_count == 32);
#endif
