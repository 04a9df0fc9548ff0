// A network from a file as plain values: what readers make, and what the typed header is written from.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <strata/core/error.hpp>

namespace strata::importing {

using nlohmann::json;

/// A tensor of a file.
struct Tensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

/// A layer in its place.
struct Node {
  std::string name;                 ///< unique
  json layer;                       ///< in Keras: {"class_name": …, "config": {…}}
  std::string spelling;             ///< as a type; of an input, `Input<32, 32, 3>`
  std::vector<std::size_t> inputs;  ///< nodes, all before this one
  std::vector<int> shape;           ///< of the output, without the batch; empty: not known
  std::vector<Tensor> weights;      ///< called as in Strata: `kernel`

  std::string class_name() const { return layer.value("class_name", ""); }
};

struct Network {
  std::string source;  ///< the file
  std::vector<Node> nodes;
  std::vector<std::size_t> inputs, outputs;
  std::vector<std::string> notes;  ///< what was left out because it is the identity at inference
};

/// What cannot be imported: all of it, a line each.
class ImportError : public Error {
 public:
  using Error::Error;
};

}  // namespace strata::importing
