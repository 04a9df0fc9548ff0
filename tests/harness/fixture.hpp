/// @file
/// What other libraries computed: tests/oracle/<library>/<case>.safetensors, described in tests/oracle/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#ifndef STRATA_ORACLE_DIR
#error "define STRATA_ORACLE_DIR as the path of tests/oracle, in quotes"
#endif

namespace strata::test {

/// A fixture in memory: `Fixture("pytorch/dense").floats("kernel")`. It does not use the library's own reader.
class Fixture {
 public:
  explicit Fixture(const std::string& name) : name_(name) {
    std::ifstream file(STRATA_ORACLE_DIR "/" + name + ".safetensors", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::uint64_t header_size = 0;
    if (bytes.size() < sizeof header_size) throw std::runtime_error("no fixture " + name);
    std::memcpy(&header_size, bytes.data(), sizeof header_size);
    header_ = nlohmann::json::parse(bytes.substr(sizeof header_size, header_size));
    data_ = bytes.substr(sizeof header_size + header_size);
  }

  const std::string& name() const { return name_; }
  bool has(const std::string& tensor) const { return header_.contains(tensor); }
  std::vector<int> shape(const std::string& tensor) const { return entry(tensor).at("shape"); }
  std::vector<float> floats(const std::string& tensor) const { return read<float>(tensor, "F32"); }
  std::vector<int> ints(const std::string& tensor) const { return read<int>(tensor, "I32"); }

 private:
  const nlohmann::json& entry(const std::string& tensor) const {
    if (!has(tensor)) throw std::runtime_error("no tensor " + tensor + " in fixture " + name_);
    return header_.at(tensor);
  }

  template <class T>
  std::vector<T> read(const std::string& tensor, const char* dtype) const {
    if (entry(tensor).at("dtype") != dtype)
      throw std::runtime_error(tensor + " in fixture " + name_ + " is not " + dtype);
    const std::vector<std::size_t> offsets = entry(tensor).at("data_offsets");
    std::vector<T> values((offsets.at(1) - offsets.at(0)) / sizeof(T));
    std::memcpy(values.data(), data_.data() + offsets[0], values.size() * sizeof(T));
    return values;
  }

  std::string name_;
  nlohmann::json header_;
  std::string data_;
};

}  // namespace strata::test
