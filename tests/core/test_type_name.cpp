// type_name: types as their user wrote them.

#include <strata/core/options.hpp>
#include <strata/core/type_name.hpp>

#include "harness/catch.hpp"

using namespace strata;

// Spellings of g++ 12 and clang 14 for the same types.
TEST_CASE("tidy undoes what compilers write") {
  const auto tidy = [](std::string_view spelling) { return std::string(std::string_view(detail::tidy(spelling))); };
  CHECK(tidy("strata::Conv2D<32, 3, strata::Padding::same>") == "Conv2D<32, 3, Same>");
  CHECK(tidy("Conv2D<32, Kernel{Extent{3, 5}}, Padding::valid, Strides{Extent{2, 2}}, Groups{4}, Bias::off>") ==
        "Conv2D<32, Kernel{3, 5}, Valid, Strides{2}, Groups{4}, NoBias>");
  CHECK(tidy("strata::Conv2D<32, {{3, 5}}, strata::Padding::valid, {{2, 2}}, {4}, strata::Bias::off>") ==
        "Conv2D<32, {3, 5}, Valid, {2}, {4}, NoBias>");
  CHECK(tidy("strata::X<strata::Kernel{strata::Extent{1, 15}}, strata::Kernel{strata::Extent{15, 1}}>") ==
        "X<Kernel{1, 15}, Kernel{15, 1}>");
  CHECK(tidy("Conv2D<8, 3, Activation<LeakyReLU<Number{2.9999999999999999e-1}> >()>") ==
        "Conv2D<8, 3, activation<LeakyReLU<0.3>>>");
  CHECK(tidy("Conv2D<8, 3, strata::Pad{strata::Sides{1, 1, 1, 1}}, Pad{Sides{1, 1, 2, 2}}, {{0, 1, 2, 1}}, {{3, 3}}>") ==
        "Conv2D<8, 3, Pad{1}, Pad{1, 2}, {0, 1, 2, 1}, {3}>");
  CHECK(tidy("A<B<C<D> > >") == "A<B<C<D>>>");
  CHECK(tidy("strata::BatchNormWith<strata::Momentum{9.0000000000000002e-1}, strata::Epsilon{1.0e-5}>") ==
        "BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>");
  CHECK(tidy("mine::strata_like::X<mine::Number2{1}>") == "mine::strata_like::X<mine::Number2{1}>");
  CHECK(tidy("").empty());
}

TEST_CASE("tidy rounds numbers to what was written") {
  const auto tidy = [](std::string_view spelling) { return std::string(std::string_view(detail::tidy(spelling))); };
  CHECK(tidy("1.0e+0") == "1");
  CHECK(tidy("-1.5e+0") == "-1.5");
  CHECK(tidy("5.0000000000000003e-2") == "0.05");
  CHECK(tidy("1.23456e+2") == "123.456");
  CHECK(tidy("9.9999999999999995e-1") == "1");
  CHECK(tidy("9.9999999e+5") == "1e6");
  CHECK(tidy("1.0e+5") == "100000");
  CHECK(tidy("1.0000000000000001e+300") == "1e300");
  CHECK(tidy("1.6732632423543772e+0") == "1.67326");
  CHECK(tidy("1.0e-4") == "0.0001");
  CHECK(tidy("1.5e-7") == "1.5e-7");
  CHECK(tidy("conv2e-1") == "conv2e-1");
}

TEST_CASE("type_name leaves out this library's namespace") {
  CHECK(type_name<Strides>() == "Strides");
  CHECK(type_name<int>() == "int");
  CHECK(type_name<Activation<Strides>>() == "activation<Strides>");
}
