// What the tests of io/ share: a network with every kind of tensor, a directory of their own, bytes.
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/core/random.hpp>
#include <strata/runtime/model.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"

namespace io_test {

using strata::test::Directory;
using strata::test::missing;
using strata::test::read_text;
using strata::test::write_text;

/// kernel (2, 3, in, 4), bias; state of another rank. No arithmetic: files see only parameters.
struct Filter {
  static constexpr const char* class_name = "Filter";
  static constexpr strata::Shape output_shape(strata::Shape in) { return {in.height(), in.width(), 4}; }
  static constexpr strata::Parameters parameters(strata::Shape in) {
    return {{"moving_mean", strata::Shape{4}, {strata::Initializer::zeros}, false},
            {"kernel", strata::Shape{2, 3, in.channels(), 4}, {strata::Initializer::glorot_uniform, 6, 24}},
            {"bias", strata::Shape{4}}};
  }
};
/// kernel (in, 3)
struct Project {
  static constexpr const char* class_name = "Project";
  static constexpr strata::Shape output_shape(strata::Shape in) { return {in.height(), in.width(), 3}; }
  static constexpr strata::Parameters parameters(strata::Shape in) {
    return {{"kernel", strata::Shape{in.channels(), 3}, {strata::Initializer::glorot_uniform, 4, 3}}};
  }
};

struct Net : strata::Sequential<strata::Input<5, 5, 2>, Filter, Project, Filter> {};
struct ShorterNet : strata::Sequential<strata::Input<5, 5, 2>, Filter, Project> {};
struct WiderNet : strata::Sequential<strata::Input<5, 5, 7>, Filter, Project, Filter> {};
static_assert(Net::param_count == 56 + 12 + 80);

/// A safetensors file put together by hand, so that any part can be wrong.
inline std::string container(std::string_view header, std::string_view data = {}) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8).append(header).append(data);
}

/// Equal to the last bit; NaN equals NaN.
template <class Span>
std::string bits(const Span& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(*values.data())};
}

/// The sentence of the FileError that `call` must throw.
template <class Call>
std::string file_error(Call&& call) {
  try {
    call();
  } catch (const strata::FileError& error) {
    return error.what();
  }
  return "no FileError";
}

}  // namespace io_test
