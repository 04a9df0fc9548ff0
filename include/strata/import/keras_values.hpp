// What a hyper-parameter is in a Keras configuration: `to_keras(value)` and back, `from_keras(json, value)`, which
// throws InvalidArgument where the JSON is of another kind.
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/io/json.hpp>
#include <strata/layers/registry.hpp>

namespace strata::detail {

using nlohmann::json;

[[noreturn]] inline void refuse_keras(const std::string& expected, const json& received) {
  raise<InvalidArgument>("expected " + expected + ", received " + printable(received));
}

inline json keras_object(const char* class_name, json options, const std::string& module = "keras.layers") {
  return {{"module", module}, {"class_name", class_name}, {"config", std::move(options)},
          {"registered_name", module == "keras.layers" ? json{} : json(class_name)}};
}

/// `count` numbers of JSON, or one for all.
template <class T>
void numbers_of(const json& from, std::initializer_list<T*> to) {
  const bool alone = from.is_number();
  if (!alone && !(from.is_array() && (from.size() == to.size() || from.size() == 1)))
    refuse_keras(to.size() == 1 ? "a number" : std::to_string(to.size()) + " numbers", from);
  std::size_t i = 0;
  for (T* number : to) {
    const json& element = alone ? from : from[from.size() == 1 ? 0 : i++];
    if (!element.is_number() || (std::integral<T> && !element.is_number_integer()))
      refuse_keras(std::integral<T> ? "an integer" : "a number", from);
    *number = element.get<T>();
  }
}

/// A number, or an option that holds one.
template <class T>
json to_keras(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    const std::string name = choices(value).keras[static_cast<std::size_t>(value)];
    return name == "true" || name == "false" ? json(name == "true") : json(name);
  } else if constexpr (std::is_arithmetic_v<T>) return value;
  else return value.value;
}
template <class T>
void from_keras(const json& from, T& value) {
  if constexpr (std::is_enum_v<T>) {
    const std::string name = from.is_string() ? from.get<std::string>() : from.dump();
    std::string known;
    std::size_t i = 0;
    for (const char* choice : choices(value).keras) {
      if (name == choice) return value = static_cast<T>(i), void();
      known += (i++ > 0 ? " or " : "") + std::string(choice);
    }
    refuse_keras(known, from);
  } else if constexpr (std::is_arithmetic_v<T>) numbers_of(from, {&value});
  else numbers_of(from, {&value.value});
}

template <std::derived_from<Extent> T>
json to_keras(const T& value) {
  return {value.height, value.width};
}
template <std::derived_from<Extent> T>
void from_keras(const json& from, T& value) {
  numbers_of(from, {&value.height, &value.width});
}

inline json to_keras(const OutputPadding& value) {
  return value.given() ? json{value.height, value.width} : json{};
}
inline void from_keras(const json& from, OutputPadding& value) {
  if (!from.is_null()) numbers_of(from, {&value.height, &value.width});
}

inline json to_keras(const L2& value) {
  if (value.value == 0) return nullptr;
  return {{"module", "keras.regularizers"}, {"class_name", "L2"}, {"config", {{"l2", value.value}}}};
}
inline void from_keras(const json& from, L2& value) {
  value = 0;
  if (from.is_null()) return;
  const json options = from.is_object() ? from.value("config", json{}) : json{};
  if (!options.is_object() || !options.value("l2", json(0)).is_number() || options.value("l1", json(0)) != 0)
    refuse_keras("null or an L2", from);
  value = options.value("l2", 0.0);
}

inline json to_keras(const MaxValue& value) {
  return value.value < std::numeric_limits<double>::infinity() ? json(value.value) : json{};
}
inline void from_keras(const json& from, MaxValue& value) {
  if (!from.is_null()) numbers_of(from, {&value.value});
}

inline json to_keras(const PerChannel& value) {
  if (value.count == 1) return value[0];
  return std::vector<double>(value.values.begin(), value.values.begin() + value.count);
}
inline void from_keras(const json& from, PerChannel& value) {
  const json list = from.is_array() ? from : json::array({from});
  if (list.size() > PerChannel::capacity) refuse_keras("16 numbers at most", from);
  value.count = 0;
  for (const json& number : list) numbers_of(number, {&value.values[static_cast<std::size_t>(value.count++)]});
}

inline json to_keras(const Shape& value) {
  json extents = json::array();
  for (int axis = 0; axis < value.rank; ++axis) extents.push_back(value[axis]);
  return extents;
}
inline void from_keras(const json& from, Shape& value) {
  if (!from.is_array() || from.size() > Shape::max_rank) refuse_keras("one to five integers", from);
  value = {};
  for (const json& extent : from)
    numbers_of(extent, {&value.extents[static_cast<std::size_t>(value.rank++)]});
}

inline json to_keras(const SharedAxes& value) {
  json axes = json::array();
  for (const int axis : {value.first, value.second, value.third})
    if (axis != 0) axes.push_back(axis);
  return axes.empty() ? json{} : axes;
}
inline void from_keras(const json& from, SharedAxes& value) {
  Shape axes;
  if (!from.is_null()) from_keras(from, axes);
  if (axes.rank > 3) refuse_keras("one to three axes", from);
  value = {axes[0], axes[1], axes[2]};
}

template <std::derived_from<Sides> T>
json to_keras(const T& value) {
  return {{value.top, value.bottom}, {value.left, value.right}};
}
template <std::derived_from<Sides> T>
void from_keras(const json& from, T& value) {
  const bool pair = from.is_array() && from.size() == 2;
  if (from.is_array() && from.size() == 4)
    return numbers_of(from, {&value.top, &value.bottom, &value.left, &value.right});
  numbers_of(pair ? from[0] : from, {&value.top, &value.bottom});
  numbers_of(pair ? from[1] : from, {&value.left, &value.right});
}

inline json to_keras(const MergeAxis& value) { return value.value; }
inline void from_keras(const json& from, MergeAxis& value) {
  numbers_of(from, {&value.value});
  if (value.value == 0 || value.value < -1) refuse_keras("-1, or an axis from 1 on", from);
}

inline json to_keras(const Ends& value) { return {value.before, value.after}; }
inline void from_keras(const json& from, Ends& value) { numbers_of(from, {&value.before, &value.after}); }

inline json to_keras(const Factor& value) { return {value.lower, value.upper}; }
inline void from_keras(const json& from, Factor& value) {
  if (from.is_number()) value = from.get<double>();
  else numbers_of(from, {&value.lower, &value.upper});
}

}  // namespace strata::detail
