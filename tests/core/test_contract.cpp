// strata/core/contract.hpp: near misses of a layer's members, and facets by half, each beside the layer without the
// fault.
#include <cstddef>
#include <string_view>

#include "harness/catch.hpp"

#include <strata/core/layer.hpp>

using namespace strata;

namespace {

/// A layer of every facet that needs no kernel.
struct Whole {
  static constexpr const char* class_name = "Whole";
  static constexpr bool in_place = true;
  static constexpr Views views = Views::inference;
  static constexpr Needs backward_needs{.output = false};
  static constexpr Problem check(Shape) { return {}; }
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) { return {{"scale", in}}; }
  static constexpr std::size_t gathered_size(Shape in) { return in.size(); }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) { return in.size(); }
  template <class V>
  static constexpr std::size_t prepared_size(Shape in) { return in.size(); }
  static void forward(const auto&) {}
  static void backward(const auto&) {}
  static void prepare(const auto&) {}
  static void gather(const auto&) {}
  static void conclude(const auto&) {}
  static void gather_gradients(const auto&) {}
  static void conclude_gradients(const auto&) {}
};
static_assert(check_contract<Whole>());

/// A merge has the shapes of all its operands.
struct Merge {
  static constexpr const char* class_name = "Merge";
  static constexpr Problem check(Shapes) { return {}; }
  static constexpr Shape output_shape(Shapes in) { return in[0]; }
};
static_assert(check_contract<Merge>());

struct Plain {
  static constexpr const char* class_name = "Plain";
  static constexpr Shape output_shape(Shape in) { return in; }
};
static_assert(check_contract<Plain>());

template <class L>
constexpr bool refused(std::string_view rule) {
  constexpr Problem problem = contract_problem<L>();
  return problem && problem.rule == rule;
}

struct CheckOfAll : Plain { static constexpr Problem check(Shapes) { return {}; } };
static_assert(refused<CheckOfAll>("its check is not that of a layer"));
struct MacsOfCall : Plain { template <class Call> static constexpr std::size_t macs(Call) { return 0; } };
static_assert(!contract_problem<MacsOfCall>());  // takes a Shape, too
struct NoMacs : Plain { std::size_t macs(Shape) const { return 0; } };
static_assert(refused<NoMacs>("its macs is not that of a layer"));
struct WindowOfAll : Plain { static constexpr RowWindow row_window(int) { return {}; } };
static_assert(refused<WindowOfAll>("its row_window is not that of a layer"));
struct ScratchOfAll : Plain { static constexpr std::size_t scratch_size(Shape) { return 1; } };
static_assert(refused<ScratchOfAll>("a size of its memory is not that of a layer"));
struct OneTarget : Plain { static constexpr int packing(Shape) { return 1; } };
static_assert(refused<OneTarget>("a member for inference is not that of a layer"));
struct OneCall : Plain { static void forward(const float*, float*) {} };
static_assert(refused<OneCall>("a function that takes a call is not that of a layer"));

struct WrongKind : Plain { static constexpr int kind = 1; };
static_assert(refused<WrongKind>("its kind is not that of a layer"));
struct WrongNeeds : Plain { static constexpr bool backward_needs = true; };
static_assert(refused<WrongNeeds>("its backward_needs is not that of a layer"));
struct WrongViews : Plain { static constexpr bool views = true; };
static_assert(refused<WrongViews>("its views is not that of a layer"));
struct WrongElement : Plain { static constexpr int output_element = 8; };
static_assert(refused<WrongElement>("its element is not that of a layer"));
struct ElementType : Plain { using input_element = signed char; };
static_assert(refused<ElementType>("its element is not that of a layer"));
struct WrongFlag : Plain { static constexpr bool in_place() { return true; } };
static_assert(refused<WrongFlag>("what it says of itself is no value"));

struct Misspelt : Plain { static constexpr Problem checks(Shape) { return {}; } };
static_assert(refused<Misspelt>("a member is nearly called check"));
struct Weights : Plain { static constexpr Parameters weights(Shape) { return {}; } };
static_assert(refused<Weights>("a member is nearly called parameters"));
struct OnlyElement : Plain { static constexpr Element element = Element::int8; };
static_assert(refused<OnlyElement>("a member is nearly called output_element"));
struct OutputType : Plain { using output_type = signed char; };
static_assert(refused<OutputType>("a member is nearly called output_element"));
struct Strided : Plain { static constexpr bool strided = true; };
static_assert(refused<Strided>("a member is nearly called views"));
struct Flops : Plain { static constexpr std::size_t flops(Shape) { return 1; } };
static_assert(refused<Flops>("a member is nearly called macs"));
struct SaveSize : Plain { static constexpr std::size_t save_size(Shape, std::size_t) { return 1; } };
static_assert(refused<SaveSize>("a member is nearly called saved_size"));
struct NeedsOnly : Plain { static constexpr Needs needs{}; };
static_assert(refused<NeedsOnly>("a member is nearly called backward_needs"));
struct KernelNames : Plain { template <class Target> static constexpr Text kernel_names(Shape) { return {}; } };
static_assert(refused<KernelNames>("a member is nearly called kernel_name"));
struct Updates : Plain { static void update_states(const auto&) {} };
static_assert(refused<Updates>("a member is nearly called update_state"));
struct Trains : Plain { static void forward_train(const auto&) {} };
static_assert(refused<Trains>("a member is nearly called forward_training"));
struct Backwards : Plain { static void backwards(const auto&) {} };
static_assert(refused<Backwards>("a member is nearly called backward"));

struct Linear : Plain {
  static constexpr Kind kind = Kind::linear;
  template <class Target> static constexpr std::size_t packed_size(Shape) { return 0; }
  template <class Target, Shape in, class T> static void pack(const T* const*, const T*, const T*, T*) {}
};
static_assert(refused<Linear>("a linear layer by half"));
struct WholeLinear : Linear { template <class Epilogue> static void infer(const auto&) {} };
static_assert(!contract_problem<WholeLinear>());
static_assert(LinearFacet<WholeLinear> && !LinearFacet<Linear> && !AffineFacet<WholeLinear>);
static_assert(GatheringFacet<Whole> && PreparingFacet<Whole> && !AccumulatingFacet<Whole> && !SummingFacet<Whole>);
struct Affine : Plain { static constexpr Kind kind = Kind::affine; };
static_assert(refused<Affine>("an affine layer by half"));
struct Wise : Plain { static constexpr Kind kind = Kind::elementwise; static void aply(auto x) { return x; } };
static_assert(refused<Wise>("an element-wise layer by half"));
struct Pads : Plain { static constexpr Kind kind = Kind::padding; };
static_assert(refused<Pads>("a padding layer by half"));

struct Bytes : Plain { static constexpr Element input_element = Element::uint8, output_element = Element::int32; };
static_assert(!contract_problem<Bytes>() && rules<Bytes>::output_element == Element::int32);
static_assert(rules<Plain>::input_element == Element::real && ElementFacet<Bytes> && ElementFacet<WholeLinear>);
struct ByteView : Bytes { static constexpr Kind kind = Kind::view; };
static_assert(refused<ByteView>("an element by half"));

struct SizeOnly : Plain { static constexpr std::size_t gathered_size(Shape) { return 1; } };
static_assert(refused<SizeOnly>("a gathering layer by half"));
struct GatherOnly : Plain { static void gather(const auto&) {} };
static_assert(refused<GatherOnly>("a gathering layer by half"));
struct ForwardOnly : SizeOnly { static void gather(const auto&) {} static void conclude(const auto&) {} };
static_assert(!contract_problem<ForwardOnly>());
struct BackwardToo : ForwardOnly { static void backward(const auto&) {} };
static_assert(refused<BackwardToo>("a gathering layer by half"));
struct ToSums : ForwardOnly { static void to_sums(Shape, double*) {} };
static_assert(refused<ToSums>("sums of what is gathered by half"));
struct Prepared : Plain { template <class V> static constexpr std::size_t prepared_size(Shape) { return 1; } };
static_assert(refused<Prepared>("prepared weights by half"));
struct Sums : Plain { template <class V> static constexpr std::size_t accumulator_size(Shape) { return 1; } };
static_assert(refused<Sums>("accumulators by half"));

}  // namespace

TEST_CASE("contract: a near miss and a facet by half have their sentence", "[core]") {
  CHECK(contract_problem<Linear>().expected.length > 0);
  CHECK(refused<Linear>("a linear layer by half"));
}
