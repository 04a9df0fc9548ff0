// Writes the networks of the zoo as ONNX, with the weights that examples/zoo/run.cpp drew.
//
//     export_zoo DIR [fold]      DIR/<network>.safetensors becomes DIR/<network>.onnx; those without are left out
#include <filesystem>
#include <iostream>
#include <string>

#include <strata/import/export_onnx.hpp>
#include <strata/io/safetensors.hpp>

#include "all.hpp"

int main(int argc, char** argv) {
  if (argc < 2) return std::cerr << "usage: export_zoo DIR [fold]\n", 2;
  const std::filesystem::path directory = argv[1];
  zoo::for_each_network([&]<class Net>(const std::string& name) {
    const std::filesystem::path weights = directory / (name + ".safetensors");
    if (!std::filesystem::exists(weights)) return;
    strata::Model<Net> model{strata::Seed{1}};
    strata::load_weights(model, weights);
    strata::export_onnx(model, directory / (name + ".onnx"), {.fold_normalization = argc > 2});
  });
}
