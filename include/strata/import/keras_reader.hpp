// A Keras model as a network of plain values: Sequential and Functional, of Keras 2 and 3, models in models.
//
//     Network network = read_network(read_tensors("net.keras"), {.input = {224, 224, 3}});
//
// A file is its configuration (JSON, the metadata `model_config`) and its tensors by the paths that Keras gives them:
// `layers/conv2d/vars/0` (Keras 3), `model_weights/conv2d/conv2d/kernel:0` (older). No layer is known here: what one is
// called in C++, and which weights it has, the registry says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/core/text.hpp>
#include <strata/import/keras_model.hpp>
#include <strata/import/keras_semantics.hpp>
#include <strata/import/keras_spelling.hpp>
#include <strata/import/keras_versions.hpp>
#include <strata/import/keras_weights.hpp>
#include <strata/import/network.hpp>
#include <strata/import/network_builder.hpp>

namespace strata::importing {

namespace detail {

using strata::detail::join;
using strata::detail::printable;

/// Builds a Network; collects what does not fit instead of stopping.
class KerasReader : NetworkBuilder {
 public:
  KerasReader(const TensorFile& file, const ReadOptions& options) : weights_(file), options_(options) {
    network_.source = file.path().filename().string();
    const auto config = file.metadata().find("model_config");
    if (config == file.metadata().end())
      throw_file_error(file.path(), 0, "a model with its configuration", "a file without one",
                       "save the whole model: model.save('net.keras')");
    model_ = strata::detail::parse_json(config->second, max_depth, file.path(), 0);
    for (const char* key : {"keras_version", "keras_metadata"})
      if (const auto version = file.metadata().find(key); version != file.metadata().end()) {
        const std::size_t digit = version->second.find_first_of("0123456789");
        is_keras_2_ |= digit != std::string::npos && version->second[digit] < '3';
      }
  }

  Network read() && {
    network_.outputs = read_model(model_, {}, {});
    if (problems_.empty()) cut();
    if (problems_.empty() && options_.outputs.empty())
      for (const std::string& name : weights_.unused())
        problem(name + ": expected weights of layers of the model, received a tensor that belongs to none");
    return finished();
  }

 private:
  static constexpr int max_depth = 100;
  static constexpr std::size_t max_nodes = 20'000;
  using Nodes = std::vector<std::size_t>;

  bool expected(bool met, const std::string& where, const std::string& what, const json& received) {
    if (!met)
      problem(join(where, ": expected ", what, ", received ", printable(received),
                   "; the file is damaged, or of a Keras that is not known"));
    return met;
  }

  /// The nodes of the outputs, given those of the inputs (none: it is the whole network).
  Nodes read_model(const json& model, const Nodes& given, const LayerPlace& place) {
    const json name = model.value("class_name", json{});
    json config = model.value("config", json{});
    if (config.is_array()) config = {{"layers", config}};  // a Sequential of old
    if (!expected(config.is_object() && config.value("layers", json{}).is_array(), "the model",
                  "a Sequential or functional model with a list of layers", name))
      return {};
    const json layers = config["layers"];
    for (const json& layer : layers)
      if (!expected(layer.is_object() && layer.value("class_name", json{}).is_string() &&
                        layer.value("config", json{}).is_object(),
                    "the model", "layers with class_name and config", layer))
        return {};
    const std::vector<LayerPlace> places = weights_.places(place, layers);
    if (name == "Sequential") return read_chain(config, layers, given, places);
    if (expected(name == "Functional" || name == "Model", "the model", "Sequential or Functional", name))
      return read_graph(config, layers, given, places);
    return {};
  }

  Nodes read_chain(const json& config, const json& layers, Nodes current, const std::vector<LayerPlace>& places) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const bool input = layers[i]["class_name"] == "InputLayer";
      if (current.empty())
        current = {add_open_input(input ? name_of(layers[i]) : "input", input_shape(layers, config))};
      if (!input) current = add_call(layers[i], current, {}, 0, places[i]);
      if (current.size() != 1) return {};
    }
    expected(!current.empty(), "the model", "at least one layer", layers);
    return current;
  }

  Nodes read_graph(const json& config, const json& layers, const Nodes& given, const std::vector<LayerPlace>& places) {
    std::map<std::pair<std::string, std::size_t>, Nodes> made;  // by layer and call of it
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < layers.size(); ++i) index[name_of(layers[i])] = i;
    const auto reads_of_model = [&](const char* key) {
      std::vector<KerasRead> reads;
      collect_reads(config.value(key, json{}), reads);
      expected(!reads.empty(), key, "a list of [layer, call, output]", config.value(key, json{}));
      return reads;
    };
    const std::vector<KerasRead> inputs = reads_of_model("input_layers");
    std::vector<KerasRead> outputs = reads_of_model("output_layers");
    if (!problems_.empty()) return {};
    if (!given.empty() && given.size() != inputs.size()) {
      problem(join(config.value("name", json("a model")).dump(), ": expected ", inputs.size(), " inputs, received ",
                   given.size()));
      return {};
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto layer = index.find(inputs[i].layer);
      if (!expected(layer != index.end(), "input_layers", "the names of layers", inputs[i].layer)) return {};
      const json options = layers[layer->second]["config"];
      made[{inputs[i].layer, 0}] = {
          !given.empty()
              ? given[i]
              : add_open_input(inputs[i].layer,
                               options.value("batch_shape", options.value("batch_input_shape", json{})))};
    }

    struct Pending {
      std::size_t layer, number;
      KerasCall call;
    };
    std::vector<Pending> pending;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string name = name_of(layers[i]);
      const json calls = layers[i].value("inbound_nodes", json::array());
      if (!expected(calls.is_array(), name, "a list inbound_nodes", calls)) return {};
      for (std::size_t c = 0; c < calls.size(); ++c) pending.push_back({i, c, read_call(calls[c], name)});
    }
    // Keras counts the making of a model as its first call: Keras 3 where it lists outputs, older ones everywhere.
    const auto model_of = [&](const KerasRead& read) {
      const auto layer = index.find(read.layer);
      return layer != index.end() && is_model(layers[layer->second]) ? &layers[layer->second] : nullptr;
    };
    const auto for_each_read = [&](auto action) {
      for (Pending& one : pending) std::ranges::for_each(one.call.reads, action);
      std::ranges::for_each(outputs, action);
    };
    for (KerasRead& output : outputs)
      if (const json* const model = model_of(output); model != nullptr && !is_keras_2_ && output.call > 0)
        output.call -= (*model)["class_name"] == "Functional";
    std::set<std::string> counted;
    for_each_read([&](const KerasRead& read) {
      if (const json* const model = model_of(read))
        if (read.call == model->value("inbound_nodes", json::array()).size()) counted.insert(read.layer);
    });
    for_each_read([&](KerasRead& read) { read.call -= read.call > 0 && counted.contains(read.layer); });
    const auto find = [&](const KerasRead& read) -> const Nodes* {
      const auto found = made.find({read.layer, read.call});
      return found == made.end() ? nullptr : &found->second;
    };
    const auto take = [&](const KerasRead& read, const std::string& reader, Nodes& nodes) {
      const Nodes& all = *find(read);
      if (read.output < all.size())
        nodes.push_back(all[read.output]);
      else if (problems_.empty())
        problem(join(reader, ": expected an output of ", read.layer, " below ", all.size(), ", received ", read.output,
                     "; a layer has one output"));
    };
    // Each call when what it reads is there; Keras writes them nearly in this order.
    while (!pending.empty()) {
      std::vector<Pending> waiting;
      for (Pending& one : pending) {
        const std::string name = name_of(layers[one.layer]);
        const auto& reads = one.call.reads;
        if (!std::all_of(reads.begin(), reads.end(), [&](const KerasRead& read) { return find(read) != nullptr; })) {
          waiting.push_back(std::move(one));
          continue;
        }
        Nodes operands;
        for (const KerasRead& read : reads) take(read, name, operands);
        made[{name, one.number}] = add_call(layers[one.layer], operands, one.call, one.number, places[one.layer]);
        if (network_.nodes.size() > max_nodes) return problem(join("expected at most ", max_nodes, " layers")), Nodes{};
      }
      if (waiting.size() == pending.size()) {
        problem(join(name_of(layers[pending[0].layer]),
                     ": expected to read layers that come before it, received a cycle or the name of no layer (",
                     pending[0].call.reads.empty() ? "" : pending[0].call.reads[0].layer, "); the file is damaged"));
        return {};
      }
      pending = std::move(waiting);
    }
    Nodes results;
    for (const KerasRead& output : outputs) {
      if (!expected(find(output) != nullptr, "output_layers", "the names of layers", output.layer)) return {};
      take(output, "output_layers", results);
    }
    return results;
  }

  KerasCall read_call(const json& from, const std::string& layer) {
    KerasCall call = read_keras_call(from);
    for (const auto& [key, value] : call.unknown)
      problem(join(layer, ": expected a call without ", key, ", received ", printable(value),
                   "; give it to the layer when it is made"));
    expected(!call.reads.empty(), layer, "a call that reads a layer", from);
    return call;
  }

  std::size_t add_open_input(const std::string& name, const json& with_batch) {
    std::vector<int> shape;
    const std::size_t index = network_.inputs.size();
    if (index < options_.inputs.size()) {
      shape = options_.inputs[index];
    } else {
      bool open = !with_batch.is_array() || with_batch.size() < 2;
      for (std::size_t axis = 1; !open && axis < with_batch.size(); ++axis) {
        const bool known = with_batch[axis].is_number_integer() && with_batch[axis] > 0 && with_batch[axis] < (1 << 24);
        open |= !known;
        if (known) shape.push_back(with_batch[axis].get<int>());
      }
      if (open) {
        problem(join(name, ": expected an input of known sizes, received ", printable(with_batch),
                     "; give them: --input 1x224x224x3"));
        shape.clear();
      }
    }
    return add_input(name, shape);
  }

  std::string unique_in(const LayerPlace& place, const std::string& name) {
    return unique(name, place.models.size() > 1 ? place.models.front() : std::string());
  }

  Nodes add_call(const json& layer, const Nodes& operands, const KerasCall& call, std::size_t number,
                 const LayerPlace& place) {
    const std::string name = name_of(layer);
    if (operands.empty()) return {};
    if (is_model(layer)) {
      if (number > 0 && weights_.has_any(place))
        problem(join(name,
                     ": expected a model that is called once, received a second call; weights that two places "
                     "share cannot be expressed: give each place a model of its own"));
      return read_model(layer, operands, place);
    }
    if (layer["class_name"] == "CustomScaleLayer" && operands.size() == 2) {  // of keras.applications: x + scale * y
      const auto part = [&](const char* class_name, const char* ending, const json& config, const Nodes& reads) {
        return add_call({{"class_name", class_name}, {"name", name + ending}, {"config", config}}, reads, {}, 0, place);
      };
      const json scale{{"scale", layer["config"].value("scale", json{})}, {"offset", 0}};
      return part("Add", "", json::object(), {operands[0], part("Rescaling", "_scale", scale, {operands[1]})[0]});
    }
    json modern = modernised(layer, network_.nodes[operands[0]].shape, call);
    if (modern.is_null()) return {operands[0]};
    if (modern["config"].contains("noise_shape") && !modern["config"]["noise_shape"].is_null()) {
      network_.notes.push_back(join(name, " (", layer["class_name"].get<std::string>(), " with noise_shape ",
                                    printable(modern["config"]["noise_shape"]),
                                    ") is left out: the identity at inference"));
      return {operands[0]};
    }
    Node node{unique_in(place, name), modern, {}, operands, {}, {}};
    try {
      node.spelling = spelling_from_keras(modern);
    } catch (const InvalidArgument& error) {
      const bool unknown = std::string_view(error.what()).starts_with("expected a layer");
      problem_of_next_node(
          join(name, " (", layer["class_name"].get<std::string>(), "): ", error.what(),
               unknown ? "; end the network before it with --outputs, or write it as a layer of your own"
                       : "; build the model with what is expected, or end it before this layer with --outputs"));
    }
    if (is_keras_2_ && modern["config"].value("activation", json{}) == "hard_sigmoid")
      problem_of_next_node(join(name,
                                ": expected hard_sigmoid of Keras 3, x / 6 + 0.5, received that of Keras 2, "
                                "0.2 x + 0.5; end the network before it with --outputs"));
    std::vector<std::vector<int>> shapes;
    for (const std::size_t operand : operands) shapes.push_back(network_.nodes[operand].shape);
    node.shape = keras_output_shape(modern, shapes);
    read_weights(node, number, place);
    network_.nodes.push_back(std::move(node));
    return {network_.nodes.size() - 1};
  }

  void read_weights(Node& node, std::size_t number, const LayerPlace& place) {
    const std::vector<std::string> expected_names = weight_names_from_keras(node.layer);
    node.weights = weights_.of(place);
    const auto list = [](std::string text, const std::string& one) { return text + (text.empty() ? "" : ", ") + one; };
    std::string wanted;
    for (const std::string& name : expected_names) wanted = list(wanted, name);
    if (node.weights.size() != expected_names.size() && !node.spelling.empty())
      problem_of_next_node(join(node.name, " (", node.class_name(), "): expected ",
                                wanted.empty() ? std::string("no weights") : "the weights " + wanted, ", received ",
                                node.weights.size(),
                                " tensors; the file is damaged, or has another layer's weights here"));
    else if (number > 0 && !node.weights.empty())
      problem_of_next_node(
          join(node.name, " (", node.class_name(),
               "): expected a layer that is called once, received a second "
               "call; weights that two places share cannot be expressed: give each place a layer of its own"));
    for (std::size_t w = 0; w < std::min(node.weights.size(), expected_names.size()); ++w)
      node.weights[w].name = expected_names[w];
  }

  /// Ends the network at options_.outputs; drops what reaches no output.
  void cut() {
    if (!options_.outputs.empty()) network_.outputs.clear();
    for (const std::string& name : options_.outputs) {
      const auto found = std::find_if(network_.nodes.begin(), network_.nodes.end(),
                                      [&](const Node& node) { return node.name == name; });
      if (found == network_.nodes.end())
        return problem(join("--outputs: expected names of layers, received ", printable(name)));
      network_.outputs.push_back(static_cast<std::size_t>(found - network_.nodes.begin()));
    }
    NetworkBuilder::cut();
  }

  KerasWeights weights_;
  const ReadOptions& options_;
  json model_;
  bool is_keras_2_ = false;
};

}  // namespace detail

/// Throws ImportError with everything that cannot be expressed, and FileError.
inline Network read_network(const TensorFile& file, const ReadOptions& options = {}) {
  try {
    return detail::KerasReader(file, options).read();
  } catch (const json::exception& error) {
    throw_file_error(file.path(), 0, "a configuration that Keras has written", error.what(), "the file is damaged");
  }
}

}  // namespace strata::importing
