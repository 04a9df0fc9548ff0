// Keras' layers as types.
//
//     spelling_from_keras(json::parse(
//         R"({"class_name": "Dense", "config": {"units": 10}})"))    "Dense<10>"
//
// A loop over the layers' descriptions (core/schema.hpp): no layer is named here.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/schema.hpp>
#include <strata/import/keras_values.hpp>

namespace strata {

namespace detail {

/// Keys that say nothing of what a layer computes.
inline bool is_silent(const std::string& key) {
  constexpr std::string_view initializer = "_initializer";
  for (const std::string_view silent : {"name", "trainable", "dtype", "seed", "renorm_momentum"})
    if (key == silent) return true;
  return key.size() > initializer.size() && key.ends_with(initializer);
}

inline json plain_axis(const json& value) { return value.is_array() && value.size() == 1 ? value[0] : value; }

/// Of a Keras layer's options: those not read yet, and what does not fit. As a visitor it reads a member.
struct KerasOptions {
  json unread;
  bool reads_options = false;  ///< or arguments
  std::vector<std::string> wrong{};

  template <class Member>
  void operator()(bool is_option, const char* name, Member& member) {
    if (is_option != reads_options) return;
    const auto found = unread.find(name);
    if (found == unread.end()) {
      if (!is_option) wrong.push_back(std::string(name) + ": expected a value, received none");
      return;
    }
#if __cpp_exceptions
    try {
      from_keras(*found, member);
    } catch (const InvalidArgument& error) {
      wrong.push_back(std::string(name) + ": " + error.what());
    }
#else
    from_keras(*found, member);
#endif
    unread.erase(found);
  }

  void expect(const std::string& key, const json& wanted) {
    const auto found = unread.find(key);
    if (found == unread.end()) return;
    if (const json value = plain_axis(*found); value != plain_axis(wanted))
      wrong.push_back(key + ": expected " + printable(wanted) + ", received " + printable(value));
    unread.erase(found);
  }

  /// What is always so, and what the members leave.
  void expect_rest(const json& fixed) {
    for (const auto& [key, wanted] : fixed.items()) expect(key, wanted);
    expect("data_format", "channels_last");
    for (const auto& [key, value] : unread.items())
      if (!is_silent(key) && !value.is_null() && value != false)
        wrong.push_back(key + ": expected null, received " + printable(value));
  }
};

/// Reads a Keras layer's options into a description; returns what does not fit.
template <Config C>
std::vector<std::string> fill_from_keras(const json& options, C& config) {
  KerasOptions from{options};
  for_each_member<KerasOptions&>(from, config);
  config = without_options(config);
  from.reads_options = true;
  for_each_member<KerasOptions&>(from, config);
  from.expect_rest(json::parse(C::schema.fixed));
  return std::move(from.wrong);
}

struct KerasLayer {
  std::string class_name;
  json options;
};
inline KerasLayer keras_layer(const json& layer) {
  if (!layer.is_object() || !layer.value("class_name", json{}).is_string() ||
      !layer.value("config", json{}).is_object())
    refuse_keras("an object with class_name and config", layer);
  return {layer["class_name"], layer["config"]};
}

std::string spelling_of_keras(KerasLayer layer);

/// The layer of `activation="relu"`, or of an activation that is a layer itself; empty: none.
inline std::string activation_from_keras(const json& activation) {
  if (activation.is_null() || activation == "linear") return {};
  return spelling_of_keras(activation.is_object() ? keras_layer(activation)
                                                  : KerasLayer{"Activation", {{"activation", activation}}});
}

/// Functions that are layers with options here, with the function's own defaults.
inline json layer_of_function(const json& activation) {
  if (activation == "elu") return keras_object("ELU", {{"alpha", 1}});
  if (activation == "leaky_relu") return keras_object("LeakyReLU", {{"negative_slope", 0.2}});
  return activation;
}

/// The description that fits a Keras layer, searched for among all.
struct KerasMatch {
  KerasLayer layer;
  json activation;  ///< taken from the layer's options
  std::string spelling{}, mismatches{};

  bool is_activation() const { return layer.class_name == "Activation"; }

  /// Whether the options decide; an activation is known by its name.
  bool asks(const Schema& schema) {
    if (!spelling.empty()) return false;
    if (!is_activation()) return layer.class_name == schema.keras;
    if (*schema.activation != 0 && activation == schema.activation) spelling = schema.spelling;
    return false;
  }

  void take(const Schema& schema, const std::vector<std::string>& wrong, std::string spelled) {
    mismatches.clear();  // of the most general of the class, which comes last
    for (const std::string& one : wrong) mismatches += (mismatches.empty() ? "" : "; ") + one;
    if (!wrong.empty()) return;
    spelling = std::move(spelled);
    if (!schema.activated) return;
    if (const std::string option = activation_from_keras(activation); !option.empty())
      spelling.replace(spelling.size() - 1, 1, ", activation<" + option + ">>");
  }
};

inline std::string spelling_of_keras(KerasLayer layer) {
  const json activation = layer_of_function(layer.options.value("activation", json{}));
  if (layer.class_name == "Activation" && activation.is_object()) return spelling_of_keras(keras_layer(activation));
  layer.options.erase("activation");
  KerasMatch match{std::move(layer), activation};
  for_each_description([&]<class C>(std::type_identity<C>) {
    if (!match.asks(C::schema)) return;
    C config{};
    const std::vector<std::string> wrong = fill_from_keras(match.layer.options, config);
    match.take(C::schema, wrong, wrong.empty() ? spelling(config) : std::string());
  });
  const std::string& class_name = match.layer.class_name;
  if (!match.spelling.empty()) return match.spelling;
  if (!match.mismatches.empty()) raise<InvalidArgument>(class_name + ": " + match.mismatches);
  raise<InvalidArgument>("expected a layer that Strata has, received " + class_name +
                         (match.is_activation() ? " " + printable(activation) : ""));
}

/// "kernel bias:use_bias": the names of the weights that the options leave.
inline std::vector<std::string> weight_names(const char* listed, const json& options) {
  std::vector<std::string> names;
  std::istringstream words(listed);
  for (std::string name, option; words >> name;) {
    const std::size_t colon = (std::min)(name.find(':'), name.size());
    option = name.substr((std::min)(colon + 1, name.size()));
    if (option.empty() || options.value(option, json(true)) == true) names.push_back(name.substr(0, colon));
  }
  return names;
}

}  // namespace detail

/// The type, as a person would write it, of a layer in a Keras configuration. Throws InvalidArgument with all options
/// that it has not.
inline std::string spelling_from_keras(const nlohmann::json& layer) {
  return detail::spelling_of_keras(detail::keras_layer(layer));
}

/// The names of the weights of a layer in a Keras configuration, in the order of Keras' files. Throws InvalidArgument.
inline std::vector<std::string> weight_names_from_keras(const nlohmann::json& layer) {
  const detail::KerasLayer known = detail::keras_layer(layer);
  const char* listed = "";
  detail::for_each_description([&]<class C>(std::type_identity<C>) {
    if constexpr (requires { C::weight_names; })
      if (known.class_name == C::schema.keras && *listed == 0) listed = C::weight_names;
  });
  return detail::weight_names(listed, known.options);
}

}  // namespace strata
