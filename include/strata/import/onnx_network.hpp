// A network while it is made from a graph of ONNX: what each value is, and the layers that the operators ask for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/import/keras_semantics.hpp>
#include <strata/import/keras_spelling.hpp>
#include <strata/import/network.hpp>
#include <strata/import/network_builder.hpp>
#include <strata/import/onnx_functions.hpp>
#include <strata/import/onnx_model.hpp>
#include <strata/import/onnx_names.hpp>
#include <strata/import/onnx_semantics.hpp>
#include <strata/import/onnx_shuffles.hpp>
#include <strata/import/onnx_view.hpp>
#include <strata/layers/registry.hpp>

namespace strata::importing {

/// Which value of the file a node's output is; of a node that only prepares one, none.
struct OnnxOrigin {
  std::string value;
  detail::OnnxView view;
};

namespace detail {

using strata::detail::join;

inline std::string written(const std::vector<std::int64_t>& numbers) {
  std::string text = "[";
  for (const std::int64_t number : numbers) text += (text.size() > 1 ? ", " : "") + std::to_string(number);
  return text + ']';
}
inline std::string written(const Extents& numbers) {
  return written(std::vector<std::int64_t>(numbers.begin(), numbers.end()));
}

/// A value that is computed: which elements of which node.
struct OnnxLive {
  std::size_t node = 0;
  OnnxView view;
  bool known = true;  ///< false: behind something that cannot be expressed
};

/// Why a node cannot be expressed.
struct OnnxRefusal {
  std::string sentence;  ///< empty: something before it cannot
};

class OnnxNetwork : public NetworkBuilder {
 public:
  OnnxNetwork(const OnnxModel& file, const ReadOptions& options) : model(file), options_(options) {
    network_.source = file.path.filename().string();
    for (const OnnxTensor& tensor : model.graph.initializers) constants_[tensor.name] = &tensor;
    for (const OnnxNode& node : model.graph.nodes)
      for (const std::string& output : node.outputs) producers_[output] = &node;
  }

  const OnnxModel& model;

  /// Null where the value is none.
  const OnnxTensor* constant(const std::string& value) const {
    const auto found = constants_.find(value);
    return found == constants_.end() ? nullptr : found->second;
  }
  const OnnxLive* live(const std::string& value) const {
    const auto found = lives_.find(value);
    return found == lives_.end() ? nullptr : &found->second;
  }
  const OnnxNode* producer(const std::string& value) const {
    const auto found = producers_.find(value);
    return found == producers_.end() ? nullptr : found->second;
  }
  void set_constant(const std::string& value, OnnxTensor tensor) {
    constants_[value] = &evaluated_.emplace_back(std::move(tensor));
  }
  void set_live(const std::string& value, OnnxLive live) {
    origins_.try_emplace(live.node, OnnxOrigin{value, live.view});
    lives_[value] = std::move(live);
  }

  const Node& node(std::size_t n) const { return network_.nodes[n]; }
  const Extents& shape(std::size_t n) const { return network_.nodes[n].shape; }

  /// A layer behind these nodes. Throws OnnxRefusal.
  std::size_t add(const std::string& name, json layer, std::vector<std::size_t> inputs, Extents shape,
                  std::vector<Tensor> weights = {}) {
    Node node{{}, std::move(layer), {}, std::move(inputs), std::move(shape), std::move(weights)};
    if (std::any_of(node.shape.begin(), node.shape.end(), [](int extent) { return extent < 1; }))
      throw OnnxRefusal{join("expected an output of positive extents, received ", written(node.shape),
                             "; give the sizes that the network was made for: --input")};
    try {
      node.spelling = spelling_from_keras(node.layer);
    } catch (const InvalidArgument& error) {
      throw OnnxRefusal{join(error.what(), "; end the network before it with --outputs")};
    }
    const std::vector<std::string> names = weight_names_from_keras(node.layer);
    for (std::size_t w = 0; w < node.weights.size(); ++w) node.weights[w].name = w < names.size() ? names[w] : "weight";
    node.name = next_name(name, node);
    network_.nodes.push_back(std::move(node));
    return network_.nodes.size() - 1;
  }
  /// One that the file has no node for: where it is there already, that one.
  std::size_t add_once(const std::string& name, const char* kind, json config, std::size_t input, Extents shape) {
    const json layer{{"class_name", kind}, {"config", std::move(config)}};
    const auto [found, is_new] = made_.try_emplace({layer.dump(), input});
    if (is_new) found->second = add(name, layer, {input}, std::move(shape));
    return found->second;
  }

  /// In place of what cannot be expressed, of this shape where it is known.
  std::size_t add_unknown(const OnnxNode& from, std::vector<std::size_t> inputs, const std::string& sentence,
                          const Extents& shape = {}) {
    if (!sentence.empty()) problem_of_next_node(join(label(from), ": ", sentence));
    network_.nodes.push_back({unique("unknown"), {{"class_name", from.op_type}}, {}, std::move(inputs), shape, {}});
    return network_.nodes.size() - 1;
  }
  static std::string label(const OnnxNode& node) {
    const std::string& name = !node.name.empty() ? node.name : !node.outputs.empty() ? node.outputs[0] : node.name;
    return join(name, " (", node.op_type, ")");
  }

  /// Along an axis as Keras counts; where some of the first are concatenated already, those go before.
  std::size_t add_concatenation(const std::string& name, int axis, const std::vector<std::size_t>& inputs,
                                const Extents& shape) {
    std::vector<std::size_t> shorter = inputs;
    for (std::size_t count = inputs.size(); count-- > 2 && shorter.size() == inputs.size();)
      if (const auto found =
              concatenations_.find({axis, {inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(count)}});
          found != concatenations_.end()) {
        shorter.erase(shorter.begin(), shorter.begin() + static_cast<std::ptrdiff_t>(count - 1));
        shorter[0] = found->second;
      }
    const std::size_t made = add(name, {{"class_name", "Concatenate"}, {"config", {{"axis", axis}}}}, shorter, shape);
    concatenations_.try_emplace({axis, inputs}, made);
    return made;
  }

  /// The node with its elements in another shape; as a vector by this kind of layer.
  std::size_t reshaped(const std::string& name, std::size_t n, const Extents& shape,
                       const char* to_vector = "Flatten") {
    if (this->shape(n) == shape) return n;
    if (shape.size() == 1 && is_global_pooling(n)) return as_vector(n);
    // Reshapes of a Reshape, which do not need it.
    if (const std::string kind = node(n).class_name(); kind == "Reshape" || kind == "Flatten")
      return reshaped(name, node(n).inputs[0], shape);
    if (shape.size() > Shape::max_rank)
      throw OnnxRefusal{join("expected a tensor of at most five axes behind the batch, received ", written(shape),
                             "; end the network before it with --outputs")};
    if (shape.size() == 1 && to_vector == std::string_view("Flatten"))
      return add_once(name + "_flatten", "Flatten", json::object(), n, shape);
    return add_once(name + "_reshape", "Reshape", {{"target_shape", shape}}, n, shape);
  }

  /// A global pooling without the axes of positions; another node as it is.
  std::size_t as_vector(std::size_t n) {
    if (!is_global_pooling(n) || shape(n).size() == 1) return n;
    const Node pooling = node(n);
    return add_once(pooling.name, pooling.class_name().c_str(), json::object(), pooling.inputs[0],
                    {pooling.shape.back()});
  }
  bool is_global_pooling(std::size_t n) const { return node(n).class_name().starts_with("Global"); }
  /// Whether it is a vector, or has one position only.
  bool is_one_position(std::size_t n) const {
    return std::all_of(shape(n).begin(), shape(n).end() - 1, [](int extent) { return extent == 1; });
  }

  /// A node of this shape with a tensor's axes in this order. Throws OnnxRefusal.
  std::size_t arranged(const std::string& name, const OnnxLive& x, const Extents& order, const Extents& shape) {
    const Extents sequence = x.view.sequence(order);
    if (x.view.stands(order)) return reshaped(name, x.node, shape);
    const OnnxView::Runs runs = x.view.runs(sequence);
    if (const auto shuffle = shuffle_of(this->shape(x.node), runs))
      return reshaped(name, add_once(name + "_shuffle", shuffle->kind, shuffle->config, x.node, shuffle->shape), shape);
    if (runs.extents.size() > Shape::max_rank)
      throw OnnxRefusal{join("expected elements that a Permute of five axes brings into order, received ",
                             runs.extents.size(), " axes; end the network before it with --outputs")};
    Extents before(runs.extents.size()), dims(runs.extents.size());
    for (std::size_t i = 0; i < dims.size(); ++i) {
      before[static_cast<std::size_t>(runs.places[i])] = runs.extents[i];
      dims[i] = runs.places[i] + 1;
    }
    const std::size_t split = reshaped(name, x.node, before);
    const std::size_t permuted = add_once(name + "_permute", "Permute", {{"dims", dims}}, split, runs.extents);
    return reshaped(name, permuted, shape);
  }

  /// The order in which the node holds the axes of the tensor, each whole; axes of extent 1 stand where it suits.
  static std::optional<Extents> order_of(const OnnxView& view) {
    if (view.axes.empty()) return Extents{};
    for (const Extents& order : orders_of_axes(view.axes.size(), view.extent(0) != 1))
      if (view.stands(order)) return order;
    return std::nullopt;
  }
  static Extents in_order(const Extents& dims, const Extents& order) {
    Extents shape;
    for (const int axis : order) shape.push_back(dims[static_cast<std::size_t>(axis)]);
    return shape;
  }
  /// Channels last, the others as they stand.
  static Extents with_last(std::size_t rank, int last) {
    Extents order;
    for (int axis = 1; axis < static_cast<int>(rank); ++axis)
      if (axis != last) order.push_back(axis);
    if (last > 0) order.push_back(last);
    return order;
  }
  /// The tensor with this axis as the node's last.
  OnnxLive with_axis_last(const std::string& name, const OnnxLive& x, int axis) {
    const Extents& own = x.view.axes[static_cast<std::size_t>(axis)];
    const int extent = x.view.extent(static_cast<std::size_t>(axis));
    bool last = shape(x.node).back() == extent;
    for (std::size_t i = 0; i < own.size(); ++i)
      last &= own[i] == static_cast<int>(x.view.atoms.size() - own.size() + i);
    if (last) return x;
    const Extents dims = x.view.dims(), order = with_last(dims.size(), axis);
    if (dims[0] != 1) throw OnnxRefusal{join("expected a batch of 1, received ", written(dims))};
    return {arranged(name, x, order, in_order(dims, order)), OnnxView::of(dims, order)};
  }

  /// Functions of one number: of which nodes a node's elements are functions, and their values at the sample points.
  using Functions = std::map<std::size_t, Samples>;
  Functions functions(std::size_t n) const {
    Functions all;
    if (const auto found = functions_.find(n); found != functions_.end()) all = found->second;
    all[n] = sample_points();
    return all;
  }
  void set_functions(std::size_t n, Functions functions) {
    functions.erase(n);
    while (functions.size() > 8) functions.erase(std::prev(functions.end()));
    functions_.try_emplace(n, std::move(functions));
  }

  /// x * scale + offset, one of each or one a channel: of what, so that another one behind it joins in.
  struct Affine {
    std::size_t input = 0;
    std::vector<double> scale, offset;
    std::string module;  ///< of the file
  };
  const Affine* affine(std::size_t n) const {
    const auto found = affines_.find(n);
    return found == affines_.end() ? nullptr : &found->second;
  }
  void set_affine(std::size_t n, Affine affine) { affines_.try_emplace(n, std::move(affine)); }

  using NetworkBuilder::add_input;
  using NetworkBuilder::cut;
  using NetworkBuilder::finished;
  using NetworkBuilder::problem;

  void note(const std::string& sentence) {
    if (std::find(network_.notes.begin(), network_.notes.end(), sentence) == network_.notes.end())
      network_.notes.push_back(sentence);
  }
  /// What took the name of a layer that the cut has left out gets it.
  void restore_names() {
    std::set<std::string> taken;
    for (const Node& node : network_.nodes) taken.insert(node.name);
    for (Node& node : network_.nodes) {
      const std::size_t end = node.name.rfind("_call");
      if (end != node.name.npos && end > 0 && node.name.find_first_not_of("0123456789", end + 5) == node.name.npos &&
          taken.insert(node.name.substr(0, end)).second)
        node.name.erase(end);
    }
  }

  /// Of the nodes that the cut has left.
  std::vector<OnnxOrigin> origins() const {
    std::vector<OnnxOrigin> all(network_.nodes.size());
    for (const auto& [node, origin] : origins_)
      if (place_[node] < all.size()) all[place_[node]] = origin;
    return all;
  }
  bool is_sound() const { return problems_.empty(); }
  void end_at(std::size_t node) { network_.outputs.push_back(node); }
  std::size_t count() const { return network_.nodes.size(); }
  const ReadOptions& options() const { return options_; }

 private:
  /// A name that Keras would count for layers of another class: `conv2d_3` of a Dense.
  static bool is_counted_elsewhere(std::string name, const std::string& stem) {
    static const std::set<std::string> stems = [] {
      std::set<std::string> all;
      strata::detail::for_each_description(
          [&]<class C>(std::type_identity<C>) { all.emplace(std::string_view(snake_case(C::schema.keras))); });
      return all;
    }();
    const std::size_t end = name.find_last_not_of("0123456789");
    if (end != name.npos && name[end] == '_') name.erase(end);
    return name != stem && stems.contains(name);
  }
  /// Of a file without names, as Keras counts.
  std::string next_name(const std::string& name, const Node& node) {
    const std::string stem(std::string_view(snake_case(node.class_name())));
    if (!name.empty() && name[0] != '_' && !is_counted_elsewhere(name, stem)) return unique(name);
    const int number = counts_[stem]++;
    return unique(number == 0 ? stem : stem + '_' + std::to_string(number));
  }

  const ReadOptions& options_;
  std::map<std::string, const OnnxTensor*> constants_;
  std::deque<OnnxTensor> evaluated_;
  std::map<std::string, OnnxLive> lives_;
  std::map<std::size_t, OnnxOrigin> origins_;
  std::map<std::string, const OnnxNode*> producers_;
  std::map<std::pair<std::string, std::size_t>, std::size_t> made_;  // by what they are and read
  std::map<std::pair<int, std::vector<std::size_t>>, std::size_t> concatenations_;
  std::map<std::size_t, Functions> functions_;
  std::map<std::size_t, Affine> affines_;
  std::map<std::string, int> counts_;
};

}  // namespace detail
}  // namespace strata::importing
