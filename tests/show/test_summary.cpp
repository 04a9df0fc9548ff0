// summary: Keras' tables, to the byte; Keras' names of weights.

#include <algorithm>
#include <string>
#include <vector>

#include <strata/types.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"
#include "harness/keras_networks.hpp"

using namespace strata;
using test::Lesson, test::ResidualNet, test::TwoInputs, test::TwoOutputs;

namespace {

std::string fixture(const std::string& name) {
  const std::string text = test::read_text(test::tests_directory() / "show/fixtures" / name);
  REQUIRE(!text.empty());
  return text;
}

/// The lesson's network from a block.
using Block = Sequential<Conv2D<32, 3, Same>, BatchNorm, Sigmoid>;
struct Blocks : Sequential<Input<32, 32, 3>, Block, Block> {};

/// Activations inside layers; flat shapes; a layer without parameters at the end.
struct Classifier : Sequential<Input<12, 8, 1>, Conv2D<4, 3, activation<ReLU>>, Flatten, Dropout<0.5>,
                               Dense<10, activation<Softmax>>> {};

struct Enormous : Sequential<Input<4096>, Dense<4096, NoBias>, Dense<4096, NoBias>> {};

/// A user's layer with a name that fits nowhere.
struct Unwieldy {
  static constexpr const char* class_name = "ConvolutionalLongShortTermMemoryWithPeepholes";
  static constexpr Shape output_shape(Shape in) { return in; }
};
struct Wide : Sequential<Input<1000, 1000, 1000>, Unwieldy> {};

struct Nothing : Sequential<Input<3>> {};

// The networks of tests/oracle/keras/summaries.py.
struct ImageClassifier
    : Sequential<Input<28, 28, 1>, Rescaling<1.0 / 255>, Conv2D<8, 3, Same, NoBias, activation<ReLU>>,
                 SeparableConv2D<16, 3>, MaxPooling2D<>, LeakyReLU<0.3>, DepthwiseConv2D<3>, PReLU<>, ELU<>,
                 SpatialDropout2D<0.1>, Flatten, Dropout<0.5>, Dense<1000, activation<ReLU>>, LayerNormalization,
                 Dense<10>, Softmax> {};
struct Preprocessing : Sequential<Input<16, 16, 3>, Normalization, RandomFlipLayer<Horizontal>, GaussianNoise<0.1>,
                                  Conv2D<4, 1, Same>, Normalization, GlobalAveragePooling2D, Reshape<2, 2>, Flatten,
                                  Dense<2>> {};
struct NamedChain : Graph<Node<"image", Input<12, 12, 3>>, Node<"stem", Conv2D<8, 3>, "image">,
                          Node<"relu", ReLU, "stem">, Node<"flat", Flatten, "relu">, Node<"logits", Dense<10>, "flat">,
                          Outputs<"logits">> {};
struct Inception
    : Sequential<Input<14, 14, 24>,
                 Concatenate<Conv2D<8, 1, Same>, Sequential<Conv2D<4, 1, Same>, BatchNorm, Conv2D<8, 3, Same>>,
                             Sequential<Conv2D<2, 1, Same>, BatchNorm, Conv2D<4, 3, Same>, Conv2D<4, 3, Same>>,
                             Sequential<AveragePooling2D<3, Strides{1}, Same>, Conv2D<4, 1, Same>>>,
                 Concatenate<MaxPooling2D<>, Conv2D<8, 2, Strides{2}>>, GlobalAveragePooling2D> {};
struct OutputOnTheWay : Graph<Node<"x", Input<6>>, Node<"code", Dense<4>, "x">, Node<"decoded", Dense<6>, "code">,
                              Outputs<"code", "decoded">> {};
template <int Filters>
using Gate = Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Dense<2, activation<ReLU>>,
                                               Dense<Filters, activation<Sigmoid>>>>;
template <int Filters>
using Gated = Residual<Conv2D<Filters, 3, Same>, BatchNorm, Sigmoid, Gate<Filters>>;
struct Nested : Sequential<Input<10, 10, 2>, Conv2D<8, 3, Same>, Residual<Sequential<Gated<8>, Gated<8>>>,
                           ZeroPadding2D<1>, Conv2DTranspose<4, 3, Strides{2}>, UpSampling2D<2>> {};
using NamedBlock = Sequential<Conv2D<4, 3, Same>, BatchNorm, Conv2D<4, 3, Same>>;
struct NamedBlocks
    : Graph<Node<"x", Input<9, 9, 4>>, Node<"side", ReLU, "first">, Node<"first", NamedBlock, "x">,
            Node<"second", NamedBlock, "first">, Node<"twice", Add<>, "second", "second">,
            Node<"mean", Average<>, "first", "twice", "x">, Outputs<"mean", "side">> {};
struct Transfer : Sequential<Input<8, 8, 3>, Frozen<Conv2D<8, 3, Same>, BatchNorm, ReLU, Dropout<0.2>>,
                             GlobalAveragePooling2D, Dense<10>> {};
struct LongNames
    : Graph<Node<"a_photograph_of_the_whole_field_as_the_camera_gave_it", Input<64, 64, 3>>,
            Node<"convolution_that_looks_for_edges_and_corners_of_every_orientation", Conv2D<64, 3, Same>,
                 "a_photograph_of_the_whole_field_as_the_camera_gave_it">,
            Node<"left_branch_of_the_second_stage", Conv2D<256, 5>,
                 "convolution_that_looks_for_edges_and_corners_of_every_orientation">,
            Node<"flatten_before_a_layer_of_hundreds_of_millions_of_weights", Flatten,
                 "left_branch_of_the_second_stage">,
            Node<"dense", Dense<1024, NoBias>, "flatten_before_a_layer_of_hundreds_of_millions_of_weights">,
            Node<"right", GlobalAveragePooling2D, "convolution_that_looks_for_edges_and_corners_of_every_orientation">,
            Node<"concatenation of both branches with blanks in its name", Concatenate<>, "dense", "right", "dense">,
            Outputs<"concatenation of both branches with blanks in its name">> {};

std::string keras_fixture(const std::string& name) {
  return test::read_text(test::tests_directory() / "oracle/keras/fixtures" / name);
}

/// At line lengths of 80, 100 and 120; and the names and shapes of weights.
template <class Net>
void check_summary(const std::string& network, std::string_view name = "") {
  INFO(network);
  const std::string keras = keras_fixture("summary_" + network + ".txt");
  std::string ours;
  for (const int line_length : {80, 100, 120})
    ours += summary<Net>({.style = SummaryStyle::keras3, .name = name, .line_length = line_length});
  CHECK(ours == keras);

  constexpr const auto& lowered = Net::network();
  std::vector<std::string> weights;
  for (std::size_t n = 0; n < lowered.node_count; ++n)
    for (const Parameter& parameter : lowered.nodes[n].parameters()) {
      std::string& weight = weights.emplace_back(network);
      detail::append(weight, " ", std::string_view(Text(lowered.nodes[n].name)), "/", parameter.name);
      for (int axis = 0; axis < parameter.shape.rank; ++axis)
        detail::append(weight, " ", std::to_string(parameter.shape[axis]));
    }
  std::sort(weights.begin(), weights.end());
  std::string lines;
  for (const std::string& weight : weights) detail::append(lines, weight, "\n");
  const std::string all = keras_fixture("weights.txt");
  const std::size_t first = all.find(network + " "), last = all.rfind("\n" + network + " ");
  CHECK(lines == all.substr(first, all.find('\n', last + 1) + 1 - first));
}

}  // namespace

TEST_CASE("summary is the table of Keras 2.6") {
  CHECK(summary<Lesson>() == fixture("summary-keras2.txt"));
  CHECK(summary<Blocks>() == fixture("summary-keras2.txt"));
  CHECK(summary<Lesson>(SummaryStyle::keras2, "mnist").starts_with("Model: \"mnist\"\n____"));
}

TEST_CASE("summary is the box of Keras 3") {
  CHECK(summary<Lesson>(SummaryStyle::keras3) == fixture("summary-keras3.txt"));
  CHECK(summary<Blocks>(SummaryStyle::keras3) == fixture("summary-keras3.txt"));
}

TEST_CASE("summary of chains, branches, several inputs and outputs, blocks and long names is that of Keras 3") {
  check_summary<Lesson>("lesson");
  check_summary<ImageClassifier>("classifier");
  check_summary<Preprocessing>("preprocessing");
  check_summary<NamedChain>("named_chain");
  check_summary<ResidualNet>("residual");
  check_summary<Inception>("inception");
  check_summary<TwoInputs>("two_inputs");
  check_summary<TwoOutputs>("two_outputs");
  check_summary<OutputOnTheWay>("output_on_the_way");
  check_summary<Nested>("nested");
  check_summary<NamedBlocks>("named_blocks");
  check_summary<Transfer>("frozen");
  check_summary<LongNames>("long_names",
                           "a_model_with_a_name_that_is_longer_than_a_line_of_eighty_columns_has_room_for_it");
}

TEST_CASE("summary has Keras' own line lengths") {
  CHECK(summary<Lesson>() == summary<Lesson>({.line_length = 65}));
  CHECK(summary<TwoInputs>() == summary<TwoInputs>({.line_length = 98}));
  CHECK(summary<Lesson>(SummaryStyle::keras3) == summary<Lesson>({.style = SummaryStyle::keras3, .line_length = 88}));
  CHECK(summary<TwoInputs>(SummaryStyle::keras3) ==
        summary<TwoInputs>({.style = SummaryStyle::keras3, .line_length = 108}));
}

TEST_CASE("summary with lines of any length") {
  // Keras 2.6: positions .45, .85 and 1 of the line
  CHECK(summary<Lesson>({.line_length = 40}).find("\nLayer (type)      Output Shape    Param \n====") !=
        std::string::npos);
  CHECK(summary<Lesson>({.line_length = 100}).find("\nbatch_normalization (BatchNormalization)     (None, 32, 32, 32)  "
                                                   "                    128            \n") != std::string::npos);
  const std::string narrow = summary<NamedChain>({.style = SummaryStyle::keras3, .line_length = 44});
  CHECK(narrow.find("┃                  ┃              ┃  Param ┃\n"
                    "┃ Layer (type)     ┃ Output Shape ┃      # ┃\n") != std::string::npos);  // Keras 3.15
  for (const SummaryStyle style : {SummaryStyle::keras2, SummaryStyle::keras3})
    for (const int line_length : {-80, 1, 15})
      CHECK_THROWS_AS(summary<Lesson>({.style = style, .line_length = line_length}), InvalidArgument);
}

TEST_CASE("summary counts characters, not bytes") {
  using Umlauts = Graph<Node<"x", Input<8>>, Node<"größer_als_die_Spalte_in_der_sie_stehen", Dense<4>, "x">,
                        Outputs<"größer_als_die_Spalte_in_der_sie_stehen">>;
  CHECK(summary<Umlauts>().find("\ngrößer_als_die_Spalte_in_der (None, 4)                 36        \n") !=
        std::string::npos);
  CHECK(summary<Umlauts>({.style = SummaryStyle::keras3, .line_length = 76}).find(
            "│ größer_als_die_Spalte_in_der_s… │ (None, 4)              │            36 │\n") != std::string::npos);
}

TEST_CASE("summary counts an inner activation to its layer") {
  CHECK(summary<Classifier>() ==
        "Model: \"sequential\"\n"
        "_________________________________________________________________\n"
        "Layer (type)                 Output Shape              Param #   \n"
        "=================================================================\n"
        "conv2d (Conv2D)              (None, 10, 6, 4)          40        \n"
        "_________________________________________________________________\n"
        "flatten (Flatten)            (None, 240)               0         \n"
        "_________________________________________________________________\n"
        "dropout (Dropout)            (None, 240)               0         \n"
        "_________________________________________________________________\n"
        "dense (Dense)                (None, 10)                2410      \n"
        "=================================================================\n"
        "Total params: 2,450\n"
        "Trainable params: 2,450\n"
        "Non-trainable params: 0\n"
        "_________________________________________________________________\n");
}

TEST_CASE("summary groups digits and names the unit of memory") {
  const std::string box = summary<Enormous>(SummaryStyle::keras3);
  CHECK(box.find("│      16,777,216 │\n") != box.npos);
  CHECK(box.ends_with(" Total params: 33,554,432 (128.00 MB)\n"
                      " Trainable params: 33,554,432 (128.00 MB)\n"
                      " Non-trainable params: 0 (0.00 B)\n"));
  CHECK(summary<Enormous>().find("(None, 4096)              16777216  \n") != std::string::npos);
  CHECK(detail::with_thousands(999) == "999");
  CHECK(detail::with_thousands(1000) == "1,000");
  CHECK(detail::with_thousands(1234567) == "1,234,567");
  CHECK(detail::memory_size(1020) == "1020.00 B");
  CHECK(detail::memory_size(1024) == "1.00 KB");
  CHECK(detail::memory_size(std::size_t{1} << 30) == "1.00 GB");
}

TEST_CASE("summary cuts or wraps what is too long") {
  CHECK(summary<Wide>({.line_length = 50}).find("\nconvolutional_long_sh (None, 1000, 1000,  0       \n") !=
        std::string::npos);
  CHECK(summary<Wide>({.style = SummaryStyle::keras3, .line_length = 70}).find(
            "│ convolutional_long_short_te… │ (None, 1000, 1000,    │           0 │\n"
            "│ (ConvolutionalLongShortTerm… │ 1000)                 │             │\n") != std::string::npos);
}

TEST_CASE("summary of an Input alone") {
  CHECK(summary<Nothing>().find("Total params: 0\n") != std::string::npos);
  CHECK(summary<Nothing>(SummaryStyle::keras3).ends_with("Non-trainable params: 0 (0.00 B)\n"));
}

TEST_CASE("summary of a network with branches says what is connected to what") {
  struct Branched : Sequential<Input<8, 8, 3>, Conv2D<4, 1>, Residual<Conv2D<4, 3, Same, activation<ReLU>>>> {};
  const std::string line(98, '_');
  const auto row = [](const std::string& text) { return text + std::string(98 - text.size(), ' ') + "\n"; };
  CHECK(summary<Branched>() ==
        "Model: \"model\"\n" + line + "\n" +  //
            row("Layer (type)                    Output Shape         Param #     Connected to") +
            std::string(98, '=') + "\n" +
            row("input_1 (InputLayer)            [(None, 8, 8, 3)]    0") + line + "\n" +
            row("conv2d (Conv2D)                 (None, 8, 8, 4)      16          input_1[0][0]") + line + "\n" +
            row("conv2d_1 (Conv2D)               (None, 8, 8, 4)      148         conv2d[0][0]") + line + "\n" +
            row("add (Add)                       (None, 8, 8, 4)      0           conv2d_1[0][0]") +
            row("                                                                 conv2d[0][0]") +
            std::string(98, '=') + "\nTotal params: 164\nTrainable params: 164\nNon-trainable params: 0\n" + line +
            "\n");
  CHECK(summary<Branched>({.style = SummaryStyle::keras3, .line_length = 76}).find(  //
            "│ add (Add)           │ (None, 8, 8, 4)   │          0 │ conv2d_1[0][0],   │\n"
            "│                     │                   │            │ conv2d[0][0]      │\n") != std::string::npos);
}
