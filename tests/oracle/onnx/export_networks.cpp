// Writes each network of the round trip as ONNX: round_trip.py brings them back.
//
//     export_networks DIR [NAME…]      DIR/<name>.onnx; prints the names
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>

#include <strata/import/export_onnx.hpp>

#include "round_trip.hpp"

int main(int argc, char** argv) {
  using namespace strata;
  if (argc < 2) return std::cerr << "usage: export_networks DIR [NAME…]\n", 2;
  const std::filesystem::path directory = argv[1];
  std::filesystem::create_directories(directory);
  test::for_each_round_trip([&]<class Net>(const char* name) {
    if (argc > 2 && std::find(argv + 2, argv + argc, std::string(name)) == argv + argc) return;
    static Model<Net> model{Seed{7}};
    test::fill(model);
    export_onnx(model, directory / (std::string(name) + ".onnx"));
    std::cout << name << '\n';
  });
}
