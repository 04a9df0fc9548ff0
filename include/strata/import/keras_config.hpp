// Networks as Keras configurations, and Keras' layers as types.
//
//     keras_config<Net>()                                        what keras.saving.deserialize_keras_object builds
//     spelling_from_keras(json::parse(
//         R"({"class_name": "Dense", "config": {"units": 10}})"))    "Dense<10>"
//
// Both are loops over the layers' descriptions (core/schema.hpp): no layer is named here.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/mp11/algorithm.hpp>

#include <strata/core/schema.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/lower.hpp>
#include <strata/import/keras_values.hpp>

namespace strata {

namespace detail {

/// A layer, or the layer that it is a part of, as a value; of no type that describes itself: nullptr.
template <class L>
constexpr auto description_of() {
  if constexpr (requires { typename L::wraps; }) return description_of<typename L::wraps>();
  else if constexpr (requires { L::config; }) return L::config;
  else if constexpr (Config<L>) return L{};
  else return nullptr;
}

/// Whether that is all of L: a user's class that derives from a layer, under a name of its own, may do more.
template <class L, class Description>
constexpr bool describes() {
  if constexpr (Config<Description>) return std::string_view(Description::schema.keras) == L::class_name;
  else return false;
}

/// Options that Keras' layers have not. Readers of other formats write them into the configurations that they make:
///     "pad": [top, bottom, left, right]           explicit padding; in one dimension [before, after]
///     "ceil_mode": true, "count_padding": true    of poolings
///     "coordinates": "asymmetric", "nearest_mode": "floor"    of Resizing, ONNX's words
constexpr bool is_beyond_keras(std::string_view option) {
  for (const std::string_view beyond : {"pad", "ceil_mode", "count_padding", "coordinates", "nearest_mode"})
    if (option == beyond) return true;
  return false;
}

/// The members that Keras has, and what is always so.
template <Config C>
json members_to_keras(const C& config) {
  json options = json::parse(C::schema.fixed);
  for_each_member(
      [&]<class Member>(bool, const char* name, const Member& member) {
        if (is_beyond_keras(name)) return;
        options[name] = to_keras(member);
        if constexpr (C::schema.dimensions == 1 && std::derived_from<Member, Extent>)
          if (!options[name].is_null()) options[name] = {member.width};
      },
      config);
  if (C::schema.keras == std::string_view("Activation")) options["activation"] = C::schema.activation;
  return options;
}

inline json keras_object(const char* class_name, json options, const std::string& module = "keras.layers") {
  return {{"module", module}, {"class_name", class_name}, {"config", std::move(options)},
          {"registered_name", module == "keras.layers" ? json{} : json(class_name)}};
}

/// As the value of `activation`: by name, where the name alone says it.
template <Config C>
json activation_to_keras(const C& config) {
  if (*C::schema.activation != 0) return C::schema.activation;
  return keras_object(C::schema.keras, members_to_keras(config), C::schema.module);
}

/// Of a node: a layer; the value of the option `activation` of the layer before; or nothing, as part of that layer.
struct KerasNode {
  bool known = false;
  json value{};
  json padding{};  ///< zeros before and after the cells of each axis: a layer before this one
};

/// A layer of its own. Of what is beyond Keras only a convolution's padding can be said.
template <class L, Config C>
KerasNode layer_to_keras(const C& config) {
  KerasNode node{true, keras_object(C::schema.keras, members_to_keras(config), C::schema.module)};
  for_each_member(
      [&](bool, const char* name, const auto& member, const auto& standard) {
        if (!is_beyond_keras(name) || to_keras(member) == to_keras(standard)) return;
        if constexpr (requires { L::pads_input; member.top; })
          node.padding = C::schema.dimensions == 1 ? json::array({{member.top, member.left}}) : to_keras(member);
        else node.known = false;
      },
      config, default_config<C>);
  return node;
}
template <class L>
KerasNode node_to_keras() {
  constexpr auto description = description_of<L>();
  if constexpr (!describes<L, std::remove_const_t<decltype(description)>>()) return {};
  else if constexpr (*description.schema.module == 0) return {};
  else if constexpr (!requires { L::hidden; }) return layer_to_keras<L>(description);
  else if constexpr (description.schema.activated) return {true, {}};
  else return {true, activation_to_keras(description)};
}

inline json shape_with_batch(Shape shape) {
  json extents{nullptr};
  for (const json& extent : to_keras(shape)) extents.push_back(extent);
  return extents;
}

/// The layers of a network, given what to say of each node, and the output of a tensor's layer.
template <class Network>
struct KerasNetwork {
  const Network& network;
  json layers = json::array();

  std::string name_of(std::size_t node) const {
    return std::string(std::string_view(Text(network.nodes[node].name)));
  }
  json history(int tensor) const {
    return {name_of(static_cast<std::size_t>(network.tensor(tensor).producer)), 0, 0};
  }
  static json operand(json shape, json history) {
    return {{"class_name", "__keras_tensor__"},
            {"config", {{"shape", std::move(shape)}, {"dtype", "float32"}, {"keras_history", std::move(history)}}}};
  }
  json operand(int tensor) const { return operand(shape_with_batch(network.tensor(tensor).shape), history(tensor)); }

  static json inbound(json operands) {
    json nodes = json::array();
    nodes.push_back({{"args", {std::move(operands)}}, {"kwargs", json::object()}});
    return nodes;
  }

  /// Zeros around what a node reads: a layer of its own, whose output it returns.
  json padded(std::size_t n, const json& padding) {
    const std::string name = name_of(n) + "_pad";
    json shape = shape_with_batch(network.tensor(network.input_of(n)).shape);
    for (std::size_t axis = 0; axis < padding.size(); ++axis)
      shape[axis + 1] = shape[axis + 1].get<int>() + padding[axis][0].get<int>() + padding[axis][1].get<int>();
    const std::string class_name = "ZeroPadding" + std::to_string(padding.size()) + 'D';
    json layer = keras_object(class_name.c_str(),
                              {{"name", name}, {"padding", padding.size() == 1 ? padding[0] : padding}});
    layer["name"] = name;
    layer["inbound_nodes"] = inbound(operand(network.input_of(n)));
    layers.push_back(std::move(layer));
    return operand(std::move(shape), {name, 0, 0});
  }

  void add(std::size_t n, KerasNode node) {
    const auto& rules = *network.nodes[n].rules;
    if (!rules.visible) {
      if (!node.value.is_null()) layers.back()["config"]["activation"] = std::move(node.value);
      return;
    }
    json inbound_nodes = json::array(), operands = json::array();
    if (rules.kind == Kind::input) {
      const json shape = shape_with_batch(network.tensor(network.nodes[n].output).shape);
      node.value = keras_object("InputLayer", {{"batch_shape", shape}});
    } else {
      for (int o = 0; o < network.nodes[n].operand_count; ++o) operands.push_back(operand(network.input_of(n, o)));
      if (!rules.merge) operands = node.padding.is_null() ? operands[0] : padded(n, node.padding);
      inbound_nodes = inbound(std::move(operands));
    }
    node.value["config"]["name"] = node.value["name"] = name_of(n);
    if (network.nodes[n].frozen) node.value["config"]["trainable"] = false;
    node.value["inbound_nodes"] = std::move(inbound_nodes);
    layers.push_back(std::move(node.value));
  }

  /// Every node reads the one before, the last is the output, and all are layers to Keras, whose Sequential takes no
  /// operations (`keras.ops`).
  bool is_chain() const {
    for (const json& layer : layers)
      if (layer["module"].get<std::string>().find(".ops.") != std::string::npos) return false;
    for (std::size_t n = 1; n < network.node_count; ++n)
      if (network.nodes[n].operand_count != 1 || network.input_of(n) != static_cast<int>(n) - 1) return false;
    return network.output_count == 1 && network.is_output(network.node_count - 1);
  }

  json model(const std::string& name) && {
    json config{{"name", name}, {"trainable", true}};
    const bool chain = is_chain();
    const auto one_or_all = [](json all) { return all.size() == 1 ? json(all[0]) : all; };
    if (chain) {
      for (json& layer : layers) layer.erase("inbound_nodes"), layer.erase("name");
    } else {
      json inputs = json::array(), outputs = json::array();
      for (std::size_t i = 0; i < network.input_count; ++i) inputs.push_back(history(static_cast<int>(i)));
      for (std::size_t k = 0; k < network.output_count; ++k) outputs.push_back(history(network.output(k)));
      config["input_layers"] = one_or_all(inputs), config["output_layers"] = one_or_all(outputs);
    }
    config["layers"] = std::move(layers);
    return {{"module", chain ? "keras" : "keras.src.models.functional"},
            {"class_name", chain ? "Sequential" : "Functional"},
            {"config", std::move(config)},
            {"registered_name", chain ? json{} : json("Functional")}};
  }
};

}  // namespace detail

/// The configuration of a network: of Keras' `Sequential` if it is a chain, else of a `Functional` model. Throws
/// InvalidArgument with the list of all layers that Keras has not.
template <class Net>
nlohmann::json keras_config(const std::string& name = "model") {
  detail::KerasNetwork<std::remove_cvref_t<decltype(Net::network())>> made{Net::network()};
  const auto describe = []<class... L>(boost::mp11::mp_list<L...>) {
    return std::array{&detail::node_to_keras<L>...};
  }(typename Net::leaves{});
  std::string unknown;
  for (std::size_t n = 0; n < made.network.node_count; ++n) {
    const LayerRules& rules = *made.network.nodes[n].rules;
    detail::KerasNode node = describe[n]();
    if (!node.known && rules.kind != Kind::input)
      unknown += (unknown.empty() ? "" : ", ") + made.name_of(n) + " (" +
                 std::string(std::string_view(rules.type())) + ')';
    else made.add(n, std::move(node));
  }
  if (!unknown.empty()) detail::raise<InvalidArgument>("expected layers that Keras has, received " + unknown);
  return std::move(made).model(name);
}

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
