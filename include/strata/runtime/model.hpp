// The parameters of a network.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include <strata/core/arena.hpp>
#include <strata/core/random.hpp>
#include <strata/core/tensor.hpp>
#include <strata/graph/sequential.hpp>

namespace strata {

namespace detail {

/// A parameter's place: node and index in the node's list.
struct ParameterIndex {
  std::size_t node, parameter;
  bool found;
};

/// Looks up `conv2d_1/kernel`.
template <std::size_t N, std::size_t Operands>
constexpr ParameterIndex find_parameter(const Lowered<N, Operands>& network, std::string_view name) {
  std::size_t slash = 0;  // by hand: g++ 12's undefined-behaviour sanitizer rejects find() in a constant
  while (slash < name.size() && name[slash] != '/') ++slash;
  if (slash == name.size()) return {0, 0, false};
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    if (node.parameter_count() == 0 || Text(node.name) != name.substr(0, slash)) continue;
    const Parameters parameters = node.parameters();
    for (std::size_t p = 0; p < parameters.count; ++p)
      if (parameters.list[p].name == name.substr(slash + 1)) return {n, p, true};
  }
  return {0, 0, false};
}

/// The addresses of a node's parameters in an arena with the layout of `Net`'s parameters.
template <class Net, std::size_t I, class T>
std::array<T*, Parameters::capacity> node_parameters(T* arena) {
  constexpr auto offsets = Net::network().nodes[I].offsets();
  std::array<T*, Parameters::capacity> pointers{};
  for (std::size_t p = 0; p < pointers.size(); ++p) pointers[p] = arena + offsets[p];
  return pointers;
}

/// A view of the parameter called `Name` in an arena with the layout of `Net`'s parameters, or of their gradients.
template <class Net, FixedString Name, bool gradient = false, class T>
constexpr auto parameter_view(T* arena) {
  if constexpr (refused<Net>) {
    return TensorView<T>{};
  } else {
    constexpr ParameterIndex index = find_parameter(Net::network(), Name);
    static_assert(index.found,
                  "no parameter of this name: expected <layer>/<parameter> as in a weight file, for example "
                  "get<\"conv2d_1/kernel\">(); summary<Net>() lists the layers");
    if constexpr (index.found) {
      constexpr const NodeInfo& node = Net::network().nodes[index.node];
      constexpr Shape shape = node.parameters().list[index.parameter].shape;
      constexpr std::size_t place = node.offsets()[index.parameter];
      constexpr std::size_t offset = gradient ? node.gradient_at(place) : place;
      return RankedView<T, shape.rank>{{{arena + offset, shape.size()}, shape}};
    } else {
      return TensorView<T>{};
    }
  }
}

/// Fills one tensor as its initialiser says.
template <class T>
void initialize(std::span<T> elements, const Initializer& initializer, Random random) {
  switch (initializer.kind) {
    case Initializer::zeros:
      return std::fill(elements.begin(), elements.end(), T(0));
    case Initializer::ones:
      return std::fill(elements.begin(), elements.end(), T(1));
    case Initializer::constant:
      return std::fill(elements.begin(), elements.end(), static_cast<T>(initializer.value));
    case Initializer::glorot_uniform: {
      // Glorot & Bengio 2010, eq. 16; Keras GlorotUniform.
      const double limit = std::sqrt(6.0 / (initializer.fan_in + initializer.fan_out));
      for (std::size_t i = 0; i < elements.size(); ++i)
        elements[i] = static_cast<T>((2.0 * random.uniform(i) - 1.0) * limit);
    }
  }
}

}  // namespace detail

/// A network with values: one aligned arena, trainable tensors first, frozen or not, then the state (moving
/// averages).
///
///     Model<Net> model{Seed{42}};
///     model.get<"conv2d_1/kernel">()(0, 0, 3, 7) = 0.5f;      // (kernel_height, kernel_width, in, out)
///
/// `T` is float; double serves gradient checks.
template <class Net, class T = float>
class Model {
 public:
  using network_type = Net;
  using value_type = T;

  /// Initial values by Keras' initialisers; the same for the same seed on every machine.
  explicit Model(Seed seed = {}) : arena_(network().parameter_count()) {
    const Random random{seed};
    for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<T> elements) {
      detail::initialize(elements, parameter.initializer, random.split(stream(elements)));
    });
  }

  /// Every parameter, `Net::param_count` elements: the trainable tensors in Keras' order, then the state.
  std::span<T> parameters() { return arena_.span(); }
  std::span<const T> parameters() const { return arena_.span(); }
  /// The first part, where none of it is frozen: what an optimiser changes. Gradients have the same layout.
  std::span<T> trainable() { return trainable_of(arena_.span()); }
  std::span<const T> trainable() const { return trainable_of(arena_.span()); }

  /// One tensor by its name in Keras, checked by the compiler.
  template <FixedString Name>
  auto get() {
    return detail::parameter_view<Net, Name>(arena_.data());
  }
  template <FixedString Name>
  auto get() const {
    return detail::parameter_view<Net, Name>(arena_.data());
  }

  /// Calls `visit(const NodeInfo&, const Parameter&, std::span<T>)` for each tensor, in Keras' order.
  template <class Visit>
  void for_each_parameter(Visit&& visit) {
    for_each_in(arena_.data(), visit);
  }
  template <class Visit>
  void for_each_parameter(Visit&& visit) const {
    for_each_in(arena_.data(), visit);
  }

 private:
  static constexpr const auto& network() { return Net::network(); }

  template <class U>
  static std::span<U> trainable_of(std::span<U> parameters) {
    static_assert(network().trainable_count == network().weight_count,
                  "what is trained of a network with Frozen layers is no span: take parameters() or get<\"...\">()");
    return parameters.first(network().trainable_count);
  }

  std::uint64_t stream(std::span<const T> elements) const {
    return static_cast<std::uint64_t>(elements.data() - arena_.data());
  }

  template <class U, class Visit>
  static void for_each_in(U* arena, Visit&& visit) {
    for (std::size_t n = 0; n < network().node_count; ++n) {
      const NodeInfo& node = network().nodes[n];
      const Parameters parameters = node.parameters();
      const auto offsets = node.offsets();
      for (std::size_t p = 0; p < parameters.count; ++p) {
        const Parameter& parameter = parameters.list[p];
        visit(node, parameter, std::span<U>(arena + offsets[p], parameter.shape.size()));
      }
    }
  }

  Arena<T> arena_;
};

template <class Net, class T>
  requires(!detail::Defined<Net>)
class Model<Net, T> : public Model<typename detail::network_of<Net, detail::examined<Net>()>::type, T> {
 public:
  template <class... Arguments>
  explicit Model(Arguments&&...) {
    detail::examine_network<Net>();
  }
};

}  // namespace strata
