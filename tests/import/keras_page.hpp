// docs/keras-layers.md: what Strata has of each layer of Keras, from the registry and Keras' own list of layers.
#pragma once

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <strata/import/keras_config.hpp>

namespace strata::test {

/// What the registry says of a class of Keras.
struct KerasClass {
  std::string spellings;                       ///< of its layers, the templates alone
  std::map<std::string, std::string> options;  ///< and to what they are limited
  nlohmann::json fixed = nlohmann::json::object();
};

/// The values that an option may have where these are few.
template <class T>
std::string limits_of(const T& value) {
  std::string text;
  if constexpr (std::is_same_v<T, L2>) return "L2";
  if constexpr (std::is_enum_v<T>) {
    for (const std::string choice : choices(value).keras) {
      if (choice == "false" || choice == "true") continue;
      text += (text.empty() ? "" : ", ") + std::string(choice == "causal" ? "in one dimension " : "") + choice;
    }
  }
  return text;
}

inline std::map<std::string, KerasClass> registered_classes() {
  std::map<std::string, KerasClass> classes;
  strata::detail::for_each_description([&]<class C>(std::type_identity<C>) {
    constexpr Schema schema = C::schema;
    if (schema.keras == std::string_view("Activation")) return;
    KerasClass& known = classes[schema.keras];
    const std::string_view spelling = schema.spelling;
    const std::string code = '`' + std::string(spelling.substr(0, spelling.find('<'))) + '`';
    if (known.spellings.find(code) == std::string::npos)
      known.spellings += (known.spellings.empty() ? "" : ", ") + code;
    known.fixed = nlohmann::json::parse(schema.fixed);
    detail::for_each_member(
        [&](bool, const char* name, const auto& value) { known.options[name] = limits_of(value); },
        detail::default_config<C>);
    if (schema.activated) known.options["activation"] = "";
  });
  return classes;
}

/// `layers`: tests/oracle/keras/fixtures/all_layers.txt.
inline std::string keras_page(const std::vector<nlohmann::json>& layers) {
  std::ostringstream page, missing;
  page << R"(# Keras' layers in Strata

Written from Strata's registry of layers and real Keras' list of its own by `tests/import/keras_page.hpp`; a test holds
the page to them. How a layer and its options are written: [Keras to Strata](keras-to-strata.md).

- **Options**: taken, with the values in parentheses where not all are.
- **Only as**: read where they have this value. Channels are the last axis (`data_format="channels_last"`) everywhere.
- **Not**: refused by the importer, with the option's name, unless they are `None` or `False`.

Names, data types, seeds and initialisers are passed over: weights come from the file, and a new type starts with Keras'
defaults.

| Keras | Strata | Options | Only as | Not |
| --- | --- | --- | --- | --- |
)";
  const std::map<std::string, KerasClass> classes = registered_classes();
  const auto add = [](std::string& list, const std::string& what) { list += (list.empty() ? "" : ", ") + what; };
  const auto code = [](const std::string& text) { return '`' + text + '`'; };
  for (const nlohmann::json& layer : layers) {
    if (!layer.contains("class_name") || layer["class_name"] == "Activation" || layer["class_name"] == "InputLayer")
      continue;
    const std::string name = layer["class_name"];
    const auto known = classes.find(name);
    if (known == classes.end()) {
      missing << (missing.tellp() > 0 ? ", " : "") << code(name);
      continue;
    }
    std::string options, only, never;
    for (const std::string option : layer["options"]) {
      const auto member = known->second.options.find(option);
      if (member != known->second.options.end())
        add(options, code(option) + (member->second.empty() ? "" : " (" + member->second + ")"));
      else if (known->second.fixed.contains(option)) add(only, code(option + '=' + known->second.fixed[option].dump()));
      else if (option != "data_format" && !detail::is_silent(option)) add(never, code(option));
    }
    page << "| " << code(name) << " | " << known->second.spellings << " | " << options << " | " << only << " | "
         << never << " |\n";
  }
  page << "\n## Activations\n\n| `activation=` | Strata |\n| --- | --- |\n";
  for (const std::string name : layers.back()["activations"]) {
    std::string spelling = "not";
    try {
      spelling = code(detail::spelling_of_keras({"Activation", {{"activation", name}}}));
    } catch (const InvalidArgument&) {
    }
    page << "| `" << name << "` | " << spelling << " |\n";
  }
  page << "\n## Layers that Strata has not\n\n" << missing.str() << ".\n" << R"(
A network that ends before one of them can be imported (`--outputs`); [a layer of your
own](../examples/04_your_own_layer.cpp) is a `struct`. Weights that two places share, a layer or a model
called twice, cannot be expressed.

## Files of Keras 2

Read as Keras 2 computes them, and what differs from Keras 3:

| Keras 2 | here |
| --- | --- |
| `swish`, `hard_swish` | `SiLU`, `HardSwish` |
| `hard_sigmoid`: 0.2 x + 0.5 | refused: `HardSigmoid` is Keras 3's x / 6 + 0.5 |
| `LeakyReLU(alpha=)` | `negative_slope` |
| `axis` as a list, or counted from the front where it is the last | the last |
| `BatchNormalization` on images moves its variance by n / (n - 1) of the batch's | by the batch's, in training |
| `x + y`, `x * 3` (`TFOpLambda`) | `Add`, `Rescaling` |
| weights of 16 or 64 bits, TensorFlow.js' of one or two bytes | converted to `float` |
)";
  return page.str();
}

}  // namespace strata::test
