// Numbers of a network that ONNX has no place for, in the `doc_string` of a constant: those that float does not hold in
// full, and the weight decay of a kernel.
//
//     0.00392156862745098        of the float 0.003921569
//     L2{0.0001}
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <strata/core/number.hpp>
#include <strata/import/onnx_model.hpp>

namespace strata::importing {

/// The shortest decimal number that is this float: 0.1, where a double would be 0.10000000149.
inline double decimal(float number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  double result = 0;
  std::from_chars(digits, end, result);
  return result;
}

/// Of a constant's numbers; empty where the floats say them.
inline std::string doc_of_numbers(const std::vector<double>& numbers) {
  std::string doc;
  bool needed = false;
  for (const double number : numbers) {
    doc += (doc.empty() ? "" : ", ") + strata::detail::shortest(number);
    needed |= number != decimal(static_cast<float>(number));
  }
  return needed ? doc : std::string();
}
/// A constant's numbers: those of its doc_string where they are its floats in full, else the shortest decimals.
inline std::vector<double> numbers_of(const OnnxTensor& constant) {
  std::vector<double> plain(constant.ints.begin(), constant.ints.end()), full;
  if (constant.is_float()) {
    plain.resize(constant.floats.size());
    std::transform(constant.floats.begin(), constant.floats.end(), plain.begin(), decimal);
  }
  const char *at = constant.doc.data(), *const end = at + constant.doc.size();
  while (at != end && full.size() < constant.floats.size()) {
    double number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc() || static_cast<float>(number) != constant.floats[full.size()]) return plain;
    full.push_back(number);
    at = std::find_if(rest, end, [](char c) { return c != ',' && c != ' '; });
  }
  return at == end && !full.empty() && full.size() == plain.size() ? full : plain;
}

inline std::string doc_of_l2(double factor) {
  return factor == 0 ? std::string() : "L2{" + strata::detail::shortest(factor) + '}';
}
/// 0: none.
inline double l2_of(const OnnxTensor& kernel) {
  constexpr std::string_view begin = "L2{";
  double factor = 0;
  if (kernel.doc.starts_with(begin))
    std::from_chars(kernel.doc.data() + begin.size(), kernel.doc.data() + kernel.doc.size(), factor);
  return factor >= 0 && factor < 1e30 ? factor : 0;
}

}  // namespace strata::importing
