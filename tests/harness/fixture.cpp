#include "harness/fixture.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "harness/files.hpp"

namespace strata::test {

struct Fixture::Content {
  nlohmann::json header;
  std::string data;

  template <class T>
  std::vector<T> read(const std::string& tensor, const char* dtype) const {
    const nlohmann::json& entry = header.at(tensor);
    if (entry.at("dtype") != dtype) throw std::runtime_error(tensor + " is not " + dtype);
    const std::vector<std::size_t> offsets = entry.at("data_offsets");
    std::vector<T> values((offsets.at(1) - offsets.at(0)) / sizeof(T));
    std::memcpy(values.data(), data.data() + offsets[0], values.size() * sizeof(T));
    return values;
  }
};

Fixture::Fixture(const std::string& name) : name_(name) {
  const std::string bytes = read_text(tests_directory() / "oracle" / (name + ".safetensors"));
  std::uint64_t header_size = 0;
  if (bytes.size() < sizeof header_size) throw std::runtime_error("no fixture " + name);
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  content_ = std::make_unique<Content>(Content{nlohmann::json::parse(bytes.substr(sizeof header_size, header_size)),
                                               bytes.substr(sizeof header_size + header_size)});
}
Fixture::~Fixture() = default;

bool Fixture::has(const std::string& tensor) const { return content_->header.contains(tensor); }
std::vector<int> Fixture::shape(const std::string& tensor) const { return content_->header.at(tensor).at("shape"); }
std::vector<float> Fixture::floats(const std::string& tensor) const { return content_->read<float>(tensor, "F32"); }
std::vector<int> Fixture::ints(const std::string& tensor) const { return content_->read<int>(tensor, "I32"); }

}  // namespace strata::test
