// strata-import: a model of Keras or ONNX as a C++ type. scripts/import builds it and runs it.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <strata/import/import_model.hpp>

namespace {

/// 1x224x224x3, or without the batch 224x224x3.
std::vector<int> shape_of(const std::string& text) {
  std::vector<int> extents;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, 'x');) {
    if (word.empty() || word.size() > 6 || word.find_first_not_of("0123456789") != word.npos || std::stoi(word) == 0)
      throw CLI::ValidationError("--input", "expected sizes such as 1x224x224x3, received " + text);
    extents.push_back(std::stoi(word));
  }
  if (extents.size() > 1 && extents[0] == 1) extents.erase(extents.begin());
  if (extents.empty() || extents.size() > 3)
    throw CLI::ValidationError("--input", "expected one to three sizes behind the batch, received " + text);
  return extents;
}

}  // namespace

int main(int argc, char** argv) {
  strata::importing::ImportOptions options;
  std::vector<std::string> inputs;
  CLI::App app{
      "Writes a model of Keras (.keras, .h5, TensorFlow.js' model.json) or ONNX (.onnx) as a C++ header and its weights "
      "beside it."};
  app.add_option("model", options.model, "the file")->required()->check(CLI::ExistingFile);
  app.add_option("-o,--output", options.header, "the header to write; the weights go beside it")->required();
  app.add_option("--name", options.name, "of the type")->capture_default_str();
  app.add_option("--input", inputs, "its sizes as the file has them, such as 1x224x224x3, where it leaves them open")->delimiter(',');
  app.add_option("--outputs", options.read.outputs, "layers (of ONNX: values or nodes) where the network ends, A,B")->delimiter(',');
  app.add_flag("--embed", options.embed, "make an object of the weights, too, to link instead of a file to load");
  app.add_flag("--prove", options.prove, "write the outputs of each layer, too, and a program that compares them");
  try {
    app.parse(argc, argv);
    if (options.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") !=
            std::string::npos ||
        options.name.empty() || (options.name[0] >= '0' && options.name[0] <= '9'))
      throw CLI::ValidationError("--name", "expected the name of a type, received " + options.name);
    for (const std::string& input : inputs) options.read.inputs.push_back(shape_of(input));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.command = "strata-import --name " + options.name;
  for (const std::string& input : inputs) options.command += " --input " + input;
  for (const std::string& output : options.read.outputs) options.command += " --outputs " + output;
  try {
    std::cout << strata::importing::import_model(options) << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
