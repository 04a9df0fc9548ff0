// Writes networks of all layers as ONNX, and a trained one, and what Strata makes of an input: compare.py asks ONNX
// Runtime.
//
//     export_layers DIR      DIR/<number>.onnx, …in.raw, …out.raw (float32, channels last), and names.txt
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include <strata/data/synthetic.hpp>
#include <strata/import/export_onnx.hpp>

#include "harness/onnx_networks.hpp"

namespace {

using namespace strata;

struct Trained : Sequential<Input<32, 32, 3>, Conv2D<8, 3, Same, Strides{2}, NoBias>, BatchNorm, ReLU, MaxPooling2D<>,
                            Flatten, Dropout<0.2>, Dense<10>> {};

void write(const std::filesystem::path& path, std::span<const float> values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

class Writer {
 public:
  explicit Writer(const std::filesystem::path& directory) : directory_(directory), names_(directory / "names.txt") {}

  template <class Net>
  void add(const Model<Net>& model) {
    constexpr std::size_t batch = 2;
    std::vector<float> x(batch * Net::input_shape.size()), y(batch * Net::output_shape.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(4 * Random{Seed{3}}.split(1).uniform(i) - 2);
    Engine<Net>{model}(x, y);
    for (const OnnxOptions options :
         {OnnxOptions{}, OnnxOptions{.batch = 2, .fold_normalization = true}, OnnxOptions{.channels_last = true}}) {
      const std::string stem = std::to_string(number_++);
      export_onnx(model, directory_ / (stem + ".onnx"), options);
      write(directory_ / (stem + ".in.raw"), x);
      write(directory_ / (stem + ".out.raw"), y);
      names_ << stem << ' '
             << (options.channels_last ? "last "
                 : options.batch > 0   ? "folded "
                                       : "plain ")
             << std::string_view(type_name<Net>()) << '\n';
    }
  }

 private:
  std::filesystem::path directory_;
  std::ofstream names_;
  int number_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: export_layers DIR\n", 2;
  std::filesystem::create_directories(argv[1]);
  Writer writer(argv[1]);
  test::for_each_onnx_network([&]<class Net>() {
    Model<Net> model{Seed{7}};
    const Random random{Seed{3}};
    for (std::size_t i = 0; i < model.parameters().size(); ++i)
      model.parameters()[i] += 0.1f + 0.3f * static_cast<float>(random.uniform(i));  // variances stay positive
    writer.add(model);
  });
  Model<Trained> trained{Seed{1}};
  fit(trained, synthetic_images(256, Seed{1}), Adam{}, SparseCategoricalCrossentropy{.from_logits = true},
      {.epochs = 2, .batch_size = 32});
  writer.add(trained);
}
