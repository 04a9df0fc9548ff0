// Reads a picture back, by Boost's XML parser.
#pragma once

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

/// Throws where the text is no well-formed XML.
class Svg {
 public:
  using Element = boost::property_tree::ptree;

  explicit Svg(const std::string& text) {
    std::istringstream stream(text);
    boost::property_tree::read_xml(stream, tree_);
  }

  /// Of this name, at any depth, in order.
  std::vector<Element> all(const std::string& name) const {
    std::vector<Element> found;
    visit(tree_, [&](const std::string& tag, const Element& element) {
      if (tag == name) found.push_back(element);
    });
    return found;
  }
  /// What is written.
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Element& text : all("text")) texts.push_back(text.data());
    return texts;
  }
  /// Whether no attribute speaks of NaN or infinity.
  bool finite() const {
    bool finite = true;
    visit(tree_, [&](const std::string& tag, const Element& element) {
      if (tag != "<xmlattr>") return;
      for (const auto& [name, value] : element)
        finite &= value.data().find("nan") == std::string::npos && value.data().find("inf") == std::string::npos;
    });
    return finite;
  }

 private:
  template <class F>
  static void visit(const Element& parent, F f) {
    for (const auto& [tag, element] : parent) f(tag, element), visit(element, f);
  }
  Element tree_;
};

/// "1,2 3,4 "
inline std::vector<double> numbers(std::string points) {
  for (char& c : points)
    if (c == ',') c = ' ';
  std::istringstream stream(points);
  stream.imbue(std::locale::classic());
  std::vector<double> numbers;
  for (double number; stream >> number;) numbers.push_back(number);
  return numbers;
}
