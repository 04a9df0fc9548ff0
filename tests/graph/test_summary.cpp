// summary: Keras' tables, to the byte.

#include <string>

#include <strata/graph/sequential.hpp>
#include <strata/graph/summary.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/softmax.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"

using namespace strata;

namespace {

std::string fixture(const std::string& name) {
  const std::string text = test::read_text(test::tests_directory() / "graph/fixtures" / name);
  REQUIRE(!text.empty());
  return text;
}

struct Lesson : Sequential<Input<32, 32, 3>,                       //
                           Conv2D<32, 3, Same>, BatchNorm, Sigmoid,  //
                           Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

/// The same network from a block.
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
struct Wide : Sequential<Input<1000000, 1000000, 1000000>, Unwieldy> {};

struct Nothing : Sequential<Input<3>> {};

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
  CHECK(detail::memory_size(255) == "1020.00 B");
  CHECK(detail::memory_size(256) == "1.00 KB");
  CHECK(detail::memory_size(std::size_t{1} << 28) == "1.00 GB");
}

TEST_CASE("summary cuts or wraps what is too long") {
  CHECK(summary<Wide>().find("\nconvolutional_long_short_ter (None, 1000000, 1000000,  0         \n") !=
        std::string::npos);
  CHECK(summary<Wide>(SummaryStyle::keras3).find(  //
            "│ convolutional_long_short_term_memor… │ (None, 1000000, 1000000,    │               0 │\n"
            "│ (ConvolutionalLongShortTermMemoryWi… │ 1000000)                    │                 │\n") !=
        std::string::npos);
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
  CHECK(summary<Branched>(SummaryStyle::keras3).find(  //
            "│ add (Add)           │ (None, 8, 8, 4)   │          0 │ conv2d_1[0][0],   │\n"
            "│                     │                   │            │ conv2d[0][0]      │\n") != std::string::npos);
}
