// ONNX's operators that go element by element, in plain code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/import/onnx_arguments.hpp>

namespace strata::importing::semantics {

/// f(x) of floats.
template <class F>
Tensors map(Arguments& in, F f) {
  OnnxTensor y = in.floats();
  for (float& element : y.floats) element = static_cast<float>(f(static_cast<double>(element)));
  return one(std::move(y));
}
/// f(x) of any numbers.
template <class F>
Tensors map_any(Arguments& in, F f) {
  OnnxTensor y = in[0];
  with_elements(
      [&](auto& elements) {
        for (auto& e : elements) e = static_cast<std::decay_t<decltype(e)>>(f(e));
      },
      y);
  return one(std::move(y));
}

/// f(a, b), broadcast as numpy does. Before version 7 only with `broadcast`, b from `axis` on.
template <class F>
OnnxTensor combine(Arguments& in, const OnnxTensor& a, OnnxTensor b, F f, bool is_condition = false) {
  if (in.opset() < 7) {
    const std::int64_t broadcasts = in.integer("broadcast", 0), axis = in.integer("axis", -1);
    if (broadcasts != 0 && axis >= 0) b.dims.resize(a.dims.size() - static_cast<std::size_t>(axis), 1);
    in.ignore({"consumed_inputs"});
  }
  bool fits = true;
  const OnnxDims dims = broadcast(a.dims, b.dims, fits);
  in.expect(fits && a.is_float() == b.is_float(), "operands of one type that numpy can broadcast", "others");
  const OnnxTensor wide_a = broadcast_to(a, dims), wide_b = broadcast_to(b, dims);
  OnnxTensor y = tensor_of(dims, is_condition ? OnnxType::boolean : a.type);
  with_elements(
      [&](const auto& left, const auto& right) {
        for (std::size_t i = 0; i < left.size(); ++i) {
          if (y.is_float())
            y.floats[i] = static_cast<float>(f(left[i], right[i]));
          else
            y.ints[i] = static_cast<std::int64_t>(f(left[i], right[i]));
        }
      },
      wide_a, wide_b);
  return y;
}
/// f(…f(f(x0, x1), x2)…)
template <class F>
OnnxTensor accumulate(Arguments& in, F f) {
  in.ignore({"consumed_inputs"});
  OnnxTensor y = in[0];
  for (std::size_t i = 1; i < in.size(); ++i) y = combine(in, y, in[i], f);
  return y;
}

inline Tensors power(Arguments& in) {
  OnnxTensor exponent = in[1];
  const OnnxTensor& x = in[0];
  if (exponent.is_float() != x.is_float()) {  // the result is as x
    if (x.is_float())
      exponent.floats.assign(exponent.ints.begin(), exponent.ints.end());
    else
      for (const float e : exponent.floats) exponent.ints.push_back(static_cast<std::int64_t>(e));
    exponent.type = x.type;
  }
  return one(combine(in, x, exponent, [](auto a, auto b) { return std::pow(a, b); }));
}

inline Tensors clip(Arguments& in) {
  constexpr double most = std::numeric_limits<double>::infinity();
  double low = -most, high = most;
  if (in.opset() >= 11)
    low = in.number(1, low), high = in.number(2, high);
  else
    low = static_cast<double>(in.real("min", -HUGE_VALF)), high = static_cast<double>(in.real("max", HUGE_VALF));
  in.ignore({"consumed_inputs"});
  return map_any(in, [&](auto x) { return std::min(std::max(static_cast<double>(x), low), high); });
}

/// Slopes broadcast to x, also (channels) in version 1.
inline Tensors p_relu(Arguments& in) {
  OnnxTensor slope = in[1];
  in.ignore({"consumed_inputs"});
  if (in.opset() < 7 && slope.dims.size() == 1 && in[0].dims.size() > 1) slope.dims.resize(in[0].dims.size() - 1, 1);
  return one(combine(in, in[0], slope, [](auto x, auto s) { return x < 0 ? s * x : x; }));
}

inline Tensors gelu(Arguments& in) {
  const bool is_tanh = in.text("approximate", "none") == "tanh";
  return map(in, [&](double x) {
    return 0.5 * x *
           (1 + (is_tanh ? std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x))
                         : std::erf(x / std::sqrt(2.0))));
  });
}

inline Tensors where(Arguments& in) {
  bool fits = true;
  const OnnxDims dims = broadcast(broadcast(in[1].dims, in[2].dims, fits), in[0].dims, fits);
  in.expect(fits && in[1].is_float() == in[2].is_float(), "operands of one type that numpy can broadcast", "others");
  const OnnxTensor condition = broadcast_to(in[0], dims), otherwise = broadcast_to(in[2], dims);
  OnnxTensor y = broadcast_to(in[1], dims);
  with_elements(
      [&](auto& to, const auto& from) {
        for (std::size_t i = 0; i < to.size(); ++i)
          if (condition.ints[i] == 0) to[i] = from[i];
      },
      y, otherwise);
  return one(std::move(y));
}

/// A number as the type holds it.
inline std::int64_t wrapped(std::int64_t value, OnnxType type) {
  switch (type) {
    case OnnxType::boolean:
      return value != 0;
    case OnnxType::uint8:
      return static_cast<std::uint8_t>(value);
    case OnnxType::int8:
      return static_cast<std::int8_t>(value);
    case OnnxType::uint16:
      return static_cast<std::uint16_t>(value);
    case OnnxType::int16:
      return static_cast<std::int16_t>(value);
    case OnnxType::uint32:
      return static_cast<std::uint32_t>(value);
    case OnnxType::int32:
      return static_cast<std::int32_t>(value);
    default:
      return value;
  }
}

inline OnnxTensor cast_to(const OnnxTensor& x, OnnxType type) {
  OnnxTensor y = tensor_of(x.dims, type);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (y.is_float())
      y.floats[i] = x.is_float() ? x.floats[i] : static_cast<float>(x.ints[i]);
    else if (type == OnnxType::boolean)
      y.ints[i] = x.is_float() ? x.floats[i] != 0 : x.ints[i] != 0;
    else
      y.ints[i] = wrapped(x.is_float() ? static_cast<std::int64_t>(x.floats[i]) : x.ints[i], type);
  }
  return y;
}

inline Tensors cast(Arguments& in) {
  const auto to = static_cast<OnnxType>(in.integer("to", 0));
  in.ignore({"saturate"});
  const bool is_known = is_float(to) || (to >= OnnxType::uint8 && to <= OnnxType::uint64 && to != OnnxType::text);
  in.expect(is_known, "a type of numbers", strata::detail::join("type ", static_cast<int>(to)));
  return one(cast_to(in[0], to));
}

/// y = f(x)
template <class F>
Operator unary(F f) {
  return [f](Arguments& in) { return in.ignore({"consumed_inputs"}), map(in, f); };
}
/// y = f(x, the attribute)
template <class F>
Operator unary(const char* attribute, float otherwise, F f) {
  return [=](Arguments& in) {
    const double number = static_cast<double>(in.real(attribute, otherwise));
    return in.ignore({"consumed_inputs"}), map(in, [&](double x) { return f(x, number); });
  };
}
/// Also of integers.
template <class F>
Operator unary_of_any(F f) {
  return [f](Arguments& in) { return in.ignore({"consumed_inputs"}), map_any(in, f); };
}
template <class F>
Operator binary(F f, bool is_condition = false) {
  return [=](Arguments& in) { return one(combine(in, in[0], in[1], f, is_condition)); };
}
template <class F>
Operator variadic(F f) {
  return [f](Arguments& in) { return one(accumulate(in, f)); };
}

inline Tensors selu(Arguments& in) {
  const bool is_old = in.opset() < 6;
  const double alpha = static_cast<double>(in.real("alpha", is_old ? 1.6732f : 1.67326319217681884765625f));
  const double gamma = static_cast<double>(in.real("gamma", is_old ? 1.0507f : 1.05070102214813232421875f));
  in.ignore({"consumed_inputs"});
  return map(in, [=](double x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); });
}
inline Tensors hard_sigmoid(Arguments& in) {
  const double alpha = static_cast<double>(in.real("alpha", 0.2f)), beta = static_cast<double>(in.real("beta", 0.5f));
  in.ignore({"consumed_inputs"});
  return map(in, [=](double x) { return std::clamp(alpha * x + beta, 0.0, 1.0); });
}
inline Tensors shrink(Arguments& in) {
  const double bias = static_cast<double>(in.real("bias", 0)), lambd = static_cast<double>(in.real("lambd", 0.5f));
  return map_any(in, [=](auto number) {
    const auto x = static_cast<double>(number);
    return x < -lambd ? x + bias : x > lambd ? x - bias : 0;
  });
}
inline Tensors divide(Arguments& in) {
  in.expect(in[1].is_float() || std::count(in[1].ints.begin(), in[1].ints.end(), 0) == 0,
            "integers other than 0 to divide by", "0");
  return one(combine(in, in[0], in[1], std::divides<>()));
}
inline Tensors mean(Arguments& in) {
  OnnxTensor y = accumulate(in, std::plus<>());
  for (float& element : y.floats) element /= static_cast<float>(in.size());
  return one(std::move(y));
}

inline const Operators& elementwise_operators() {
  static const Operators all{
      {"Identity", [](Arguments& in) { return one(in[0]); }},
      {"Abs", unary_of_any([](auto x) { return std::abs(x); })},
      {"Neg", unary_of_any(std::negate<>())},
      {"Sign", unary_of_any([](auto x) { return (x > 0) - (x < 0); })},
      {"Not", unary_of_any([](auto x) { return x == 0; })},
      {"Relu", unary_of_any([](auto x) { return x < 0 ? 0 : x; })},
      {"Sigmoid", unary([](double x) { return 1 / (1 + std::exp(-x)); })},
      {"Tanh", unary([](double x) { return std::tanh(x); })},
      {"Softplus", unary([](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); })},
      {"Softsign", unary([](double x) { return x / (1 + std::abs(x)); })},
      {"Erf", unary([](double x) { return std::erf(x); })},
      {"Exp", unary([](double x) { return std::exp(x); })},
      {"Log", unary([](double x) { return std::log(x); })},
      {"Sqrt", unary([](double x) { return std::sqrt(x); })},
      {"Sin", unary([](double x) { return std::sin(x); })},
      {"Cos", unary([](double x) { return std::cos(x); })},
      {"Reciprocal", unary([](double x) { return 1 / x; })},
      {"Floor", unary([](double x) { return std::floor(x); })},
      {"Ceil", unary([](double x) { return std::ceil(x); })},
      {"Round", unary([](double x) { return std::nearbyint(x); })},
      {"HardSwish", unary([](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); })},
      {"Mish", unary([](double x) { return x * std::tanh(std::log1p(std::exp(x))); })},
      {"LeakyRelu", unary("alpha", 0.01f, [](double x, double alpha) { return x < 0 ? alpha * x : x; })},
      {"ThresholdedRelu", unary("alpha", 1, [](double x, double alpha) { return x > alpha ? x : 0; })},
      {"Elu", unary("alpha", 1, [](double x, double alpha) { return x < 0 ? alpha * std::expm1(x) : x; })},
      {"Celu", unary("alpha", 1, [](double x, double alpha) { return x < 0 ? alpha * std::expm1(x / alpha) : x; })},
      {"Swish", unary("alpha", 1, [](double x, double alpha) { return x / (1 + std::exp(-alpha * x)); })},
      {"Selu", selu},
      {"HardSigmoid", hard_sigmoid},
      {"Shrink", shrink},
      {"Gelu", gelu},
      {"PRelu", p_relu},
      {"Clip", clip},
      {"Pow", power},
      {"Where", where},
      {"Cast", cast},
      {"CastLike", [](Arguments& in) { return in.ignore({"saturate"}), one(cast_to(in[0], in[1].type)); }},
      {"Add", binary(std::plus<>())},
      {"Sub", binary(std::minus<>())},
      {"Mul", binary(std::multiplies<>())},
      {"Div", divide},
      {"Equal", binary(std::equal_to<>(), true)},
      {"Greater", binary(std::greater<>(), true)},
      {"GreaterOrEqual", binary(std::greater_equal<>(), true)},
      {"Less", binary(std::less<>(), true)},
      {"LessOrEqual", binary(std::less_equal<>(), true)},
      {"And", binary(std::logical_and<>(), true)},
      {"Or", binary(std::logical_or<>(), true)},
      {"Min", variadic([](auto a, auto b) { return b < a || b != b ? b : a; })},
      {"Max", variadic([](auto a, auto b) { return b > a || b != b ? b : a; })},
      {"Sum", variadic(std::plus<>())},
      {"Mean", mean}};
  return all;
}

}  // namespace strata::importing::semantics
