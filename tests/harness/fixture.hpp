/// @file
/// What other libraries computed: tests/oracle/<library>/<case>.safetensors, described in tests/oracle/README.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace strata::test {

/// A fixture in memory: `Fixture("pytorch/dense").floats("kernel")`. It does not use the library's own reader.
class Fixture {
 public:
  explicit Fixture(const std::string& name);
  ~Fixture();

  const std::string& name() const { return name_; }
  bool has(const std::string& tensor) const;
  std::vector<int> shape(const std::string& tensor) const;
  std::vector<float> floats(const std::string& tensor) const;
  std::vector<int> ints(const std::string& tensor) const;

 private:
  struct Content;
  std::string name_;
  std::unique_ptr<const Content> content_;
};

}  // namespace strata::test
