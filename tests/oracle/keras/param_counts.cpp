// The zoo's counts of parameters against those of keras.applications.
#include <map>
#include <sstream>
#include <string>

#include <strata/types.hpp>

#include "densenet121.hpp"
#include "efficientnet_b0.hpp"
#include "inception_v3.hpp"
#include "mobilenet.hpp"
#include "mobilenet_v2.hpp"
#include "nasnet_mobile.hpp"
#include "resnet50.hpp"
#include "resnet50_v2.hpp"
#include "vgg.hpp"
#include "xception.hpp"

#include "harness/catch.hpp"
#include "harness/files.hpp"

namespace {

template <class Net>
std::string counts() {
  std::ostringstream text;
  text << Net::param_count << ',' << Net::trainable_param_count << ',' << Net::non_trainable_param_count;
  return text.str();
}

}  // namespace

TEST_CASE("counts of parameters equal keras.applications'", "[keras]") {
  const std::map<std::string, std::string> ours{
      {"VGG16", counts<zoo::VGG16>()},
      {"VGG19", counts<zoo::VGG19>()},
      {"Xception", counts<zoo::Xception>()},
      {"ResNet50", counts<zoo::ResNet50>()},
      {"ResNet50V2", counts<zoo::ResNet50V2>()},
      {"InceptionV3", counts<zoo::InceptionV3>()},
      {"MobileNet", counts<zoo::MobileNet>()},
      {"MobileNetV2", counts<zoo::MobileNetV2>()},
      {"DenseNet121", counts<zoo::DenseNet121>()},
      {"NASNetMobile", counts<zoo::NASNetMobile>()},
      {"EfficientNetB0", counts<zoo::EfficientNetB0>()},
  };
  using namespace strata::test;
  std::istringstream lines(read_text(tests_directory() / "oracle/keras/fixtures/param_counts.csv"));
  std::string line;
  std::getline(lines, line);  // the heading
  std::size_t count = 0;
  for (; std::getline(lines, line); ++count) {
    const std::size_t comma = line.find(',');
    CHECK(ours.at(line.substr(0, comma)) == line.substr(comma + 1));
  }
  CHECK(count == ours.size());
}
