/// @file
/// A model as a file of ONNX (opset 17, standard operators only). Needs protozero (CMake: strata::protozero).
///
///     export_onnx(model, "net.onnx");
///     export_onnx(model, "net.onnx", {.batch = 1, .fold_normalization = true});
///
/// Images are (batch, channels, height, width), as in PyTorch's exports: where the network has NHWC, the file has NCHW,
/// inside with no Transpose but those of Permute and Reshape; the rows of a Dense behind a Flatten are reordered.
/// Layers that compute nothing at inference are left out (noise, random moves) but for Dropout, an operator of ONNX.
/// Inputs, outputs and weights have the names of the network, operators the layer's and their own: `conv2d/Conv`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/mp11/list.hpp>

#include <strata/core/error.hpp>
#include <strata/core/schema.hpp>
#include <strata/graph/lower.hpp>
#include <strata/import/onnx_layer.hpp>
#include <strata/import/onnx_writer.hpp>

namespace strata {

struct OnnxOptions {
  int batch = 0;                    ///< samples of a call; 0: any number, the axis `N`
  bool fold_normalization = false;  ///< batch normalisation goes into the weights of the layer before it
  bool channels_last = false;       ///< inputs and outputs as in Strata, (batch, height, width, channels)
};

namespace detail {

/// What describes a layer in ONNX: its configuration or, where it has none, itself. A user's class that derives from a
/// layer, under a name of its own, may do more.
template <class L>
constexpr auto onnx_description() {
  if constexpr (requires { L::config; })
    return L::config;
  else
    return L{};
}

/// Whether a description writes its operators.
template <class D>
inline constexpr bool writes_onnx = requires(importing::OnnxLayer& out, const D& description) {
  description.onnx(out);
};
/// Whether its schema's operator says all.
template <class D>
inline constexpr bool is_onnx_operator = false;
template <Config D>
requires(!requires { D::members([](auto&&...) {}); }) inline constexpr bool is_onnx_operator<D> = *D::schema.onnx != 0;

/// A layer's rules for the way to ONNX, without its type.
struct OnnxRules {
  bool known;
  void (*write)(importing::OnnxLayer& out);
  void (*affine)(Shape in, const float* const* parameters, float* scale, float* shift);  ///< null: it is not
};

template <class L>
constexpr OnnxRules onnx_rules() {
  using Description = std::remove_const_t<decltype(onnx_description<L>())>;
  constexpr bool is_described = [] {
    if constexpr (requires { typename L::wraps; } || !Config<Description>)
      return true;
    else
      return std::string_view(Description::schema.keras) == L::class_name;
  }();
  OnnxRules rules{};
  if constexpr (is_described && writes_onnx<Description>)
    rules = {true, [](importing::OnnxLayer& out) { onnx_description<L>().onnx(out); }, nullptr};
  else if constexpr (is_described && is_onnx_operator<Description> && strata::rules<L>::kind != Kind::view)
    rules = {true, [](importing::OnnxLayer& out) { out(Description::schema.onnx); }, nullptr};
  if constexpr (strata::rules<L>::kind == Kind::affine)
    rules.affine = [](Shape in, const float* const* parameters, float* scale, float* shift) {
      L::affine(in, parameters, scale, shift);
    };
  return rules;
}

/// The graph of a network, operator by operator.
template <class Network>
class OnnxExport {
 public:
  OnnxExport(const Network& network, std::span<const OnnxRules> rules, std::span<const float> parameters,
             const OnnxOptions& options)
      : network_(network),
        rules_(rules),
        parameters_(parameters),
        options_(options),
        places_(network.node_count),
        outputs_(network.node_count) {}

  importing::OnnxGraph graph() && {
    refuse_unknown();
    for (std::size_t n = 0; n < network_.node_count; ++n) add(n);
    for (std::size_t k = 0; k < network_.output_count; ++k) {
      const auto output = static_cast<std::size_t>(network_.output(k));
      graph_.outputs.push_back(value(outputs_[output], network_.tensors[output].shape));
    }
    return std::move(graph_);
  }

 private:
  /// At inference.
  bool computes_nothing(std::size_t n) const {
    return network_.nodes[n].rules->kind == Kind::view &&
           network_.nodes[n].input == network_.tensor(network_.nodes[n].output).shape;
  }
  std::string name_of(std::size_t n) const { return std::string(std::string_view(Text(network_.nodes[n].name))); }
  bool is_last_of_layer(std::size_t n) const {
    return n + 1 == network_.node_count || network_.nodes[n + 1].layer != network_.nodes[n].layer;
  }

  void refuse_unknown() const {
    std::string unknown;
    for (std::size_t n = 0; n < network_.node_count; ++n)
      if (!rules_[n].known && network_.nodes[n].rules->kind != Kind::input && !computes_nothing(n))
        unknown +=
            join(unknown.empty() ? "" : ", ", name_of(n), " (", std::string_view(network_.nodes[n].rules->type()), ")");
    if (!unknown.empty())
      raise<InvalidArgument>(join("expected layers with a form in ONNX, received ", unknown,
                                  "; give them a member onnx(out), see strata/import/onnx_layer.hpp"));
  }

  importing::OnnxValue value(const std::string& name, Shape shape) const {
    importing::OnnxValue value{name, importing::OnnxType::float32, true, {}};
    value.shape.push_back({options_.batch > 0 ? options_.batch : -1, "N"});
    std::vector<int> order = importing::channels_first(shape.rank);
    if (options_.channels_last) std::sort(order.begin(), order.end());
    for (const int axis : order) value.shape.push_back({shape[axis]});
    return value;
  }

  /// The one node that reads a tensor; -1: none or several.
  int only_reader(int tensor) const {
    if (network_.tensor(tensor).consumers != 1 || network_.is_output(static_cast<std::size_t>(tensor))) return -1;
    for (std::size_t n = 0; n < network_.node_count; ++n)
      for (int o = 0; o < network_.nodes[n].operand_count; ++o)
        if (network_.input_of(n, o) == tensor) return static_cast<int>(n);
    return -1;
  }
  /// Whether all that reads a vector can do with its elements in another order: dense layers, behind what goes element
  /// by element.
  bool is_open(int tensor) const {
    if (network_.is_output(static_cast<std::size_t>(tensor))) return false;
    for (std::size_t n = 0; n < network_.node_count; ++n)
      for (int o = 0; o < network_.nodes[n].operand_count; ++o) {
        if (network_.input_of(n, o) != tensor) continue;
        const NodeInfo& reader = network_.nodes[n];
        const bool passes = reader.rules->kind == Kind::elementwise || computes_nothing(n);
        if (passes ? !is_open(reader.output) : reader.rules->kind != Kind::linear) return false;
      }
    return true;
  }

  /// What the affine layer behind a linear one does, which is left out then.
  importing::OnnxFold fold(std::size_t n) {
    const NodeInfo& node = network_.nodes[n];
    const int reader = only_reader(node.output);
    if (!options_.fold_normalization || node.rules->kind != Kind::linear || reader < 0) return {};
    const auto r = static_cast<std::size_t>(reader);
    if (rules_[r].affine == nullptr) return {};
    const auto channels = static_cast<std::size_t>(network_.nodes[r].input.channels());
    importing::OnnxFold folded{std::vector<float>(channels), std::vector<float>(channels)};
    std::array<const float*, Parameters::capacity> pointers{};
    const auto offsets = network_.nodes[r].offsets();
    for (std::size_t p = 0; p < pointers.size(); ++p) pointers[p] = parameters_.data() + offsets[p];
    rules_[r].affine(network_.nodes[r].input, pointers.data(), folded.scale.data(), folded.shift.data());
    folded_.push_back(r);
    return folded;
  }

  void add(std::size_t n) {
    const NodeInfo& node = network_.nodes[n];
    const auto output = static_cast<std::size_t>(node.output);
    const Shape shape = network_.tensor(node.output).shape;
    if (node.rules->kind == Kind::input) {
      graph_.inputs.push_back(value(name_of(n), shape));
      places_[output] = {name_of(n), shape, importing::channels_first(shape.rank), {}};
      if (options_.channels_last) std::sort(places_[output].order.begin(), places_[output].order.end());
      return;
    }
    std::vector<importing::OnnxPlace> operands;
    for (int o = 0; o < node.operand_count; ++o)
      operands.push_back(places_[static_cast<std::size_t>(network_.input_of(n, o))]);
    importing::OnnxLayer layer(graph_, name_of(n), std::move(operands), shape, node, parameters_, fold(n),
                               is_open(node.output));
    const bool is_output = network_.is_output(output);
    if (!rules_[n].known || std::find(folded_.begin(), folded_.end(), n) != folded_.end())
      layer.skip();
    else
      rules_[n].write(layer);
    const auto [place, made] = layer.finish(is_last_of_layer(n), is_output, options_.channels_last);
    places_[output] = place;
    if (!is_output) return;
    outputs_[output] = made.value;
    if (!is_taken(made.value)) return;
    importing::OnnxNode& copy = graph_.nodes.emplace_back();
    copy.op_type = "Identity", copy.name = name_of(n) + "/Identity";
    copy.inputs = {made.value}, copy.outputs = {outputs_[output] = name_of(n)};
  }
  /// Of an output of the network: as one of its inputs, or as another output.
  bool is_taken(const std::string& name) const {
    return std::count(outputs_.begin(), outputs_.end(), name) > 1 ||
           std::any_of(graph_.inputs.begin(), graph_.inputs.end(),
                       [&](const auto& input) { return input.name == name; });
  }

  const Network& network_;
  std::span<const OnnxRules> rules_;
  std::span<const float> parameters_;
  const OnnxOptions& options_;
  std::vector<importing::OnnxPlace> places_;  // by tensor
  std::vector<std::string> outputs_;          // by tensor: the network's
  std::vector<std::size_t> folded_;           // nodes
  importing::OnnxGraph graph_;
};

}  // namespace detail

/// A model as ONNX has it. Throws InvalidArgument with the list of all layers that have no form there.
template <class Model>
importing::OnnxModel onnx_model(const Model& model, const OnnxOptions& options = {}) {
  static_assert(std::is_same_v<typename Model::value_type, float>, "files of ONNX hold float: use Model<Net>");
  using Net = typename Model::network_type;
  const auto rules = []<class... L>(boost::mp11::mp_list<L...>) {
    return std::array{detail::onnx_rules<L>()...};
  }(typename Net::leaves{});
  importing::OnnxModel made;
  made.ir_version = 8, made.producer = "Strata", made.opsets = {{"", 17}};
  made.graph = detail::OnnxExport(Net::network(), rules, model.parameters(), options).graph();
  made.graph.name = "model";
  return made;
}

/// Replaces the file at once: after a failure the old one is unchanged. Throws FileError, and InvalidArgument with the
/// list of all layers that have no form in ONNX.
template <class Model>
void export_onnx(const Model& model, const std::filesystem::path& path, const OnnxOptions& options = {}) {
  importing::write_onnx_model(onnx_model(model, options), path);
}

}  // namespace strata
