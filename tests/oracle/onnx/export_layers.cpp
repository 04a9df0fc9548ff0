// Writes networks of all layers as ONNX, and what Strata makes of an input: compare.py asks ONNX Runtime.
//
//     export_layers DIR      DIR/<number>.onnx, …in.raw, …out.raw (float32, channels last), and names.txt
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include <strata/import/export_onnx.hpp>

#include "harness/onnx_networks.hpp"

namespace {

using namespace strata;

void write(const std::filesystem::path& path, std::span<const float> values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: export_layers DIR\n", 2;
  const std::filesystem::path directory = argv[1];
  std::filesystem::create_directories(directory);
  std::ofstream names(directory / "names.txt");
  int number = 0;
  test::for_each_onnx_network([&]<class Net>() {
    constexpr std::size_t batch = 2;
    Model<Net> model{Seed{7}};
    const Random random{Seed{3}};
    for (std::size_t i = 0; i < model.parameters().size(); ++i)
      model.parameters()[i] += 0.1f + 0.3f * static_cast<float>(random.uniform(i));  // variances stay positive
    std::vector<float> x(batch * Net::input_shape.size()), y(batch * Net::output_shape.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(4 * random.split(1).uniform(i) - 2);
    Engine<Net> engine{model};
    engine(x, y);
    for (const OnnxOptions options :
         {OnnxOptions{}, OnnxOptions{.batch = 2, .fold_normalization = true}, OnnxOptions{.channels_last = true}}) {
      const std::string stem = std::to_string(number++);
      export_onnx(model, directory / (stem + ".onnx"), options);
      write(directory / (stem + ".in.raw"), x);
      write(directory / (stem + ".out.raw"), y);
      names << stem << ' '
            << (options.channels_last ? "last "
                : options.batch > 0   ? "folded "
                                      : "plain ")
            << std::string_view(type_name<Net>()) << '\n';
    }
  });
}
