// Networks as Keras configurations; the way back is keras_spelling.hpp.
//
//     keras_config<Net>()                                        what keras.saving.deserialize_keras_object builds
//
// A loop over the layers' descriptions (core/schema.hpp): no layer is named here.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/mp11/algorithm.hpp>

#include <strata/core/schema.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/lower.hpp>
#include <strata/import/keras_spelling.hpp>
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

}  // namespace strata
