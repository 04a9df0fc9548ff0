// What a node of an ONNX file is called as a layer: by the modules of PyTorch where the exporter wrote them.
//
//     `/layer1/layer1.0/conv1/Conv` (legacy exporter)                      layer1_0_conv1
//     name_scopes ['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d']    layer1_0_conv1
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/import/onnx_model.hpp>

namespace strata::importing::detail {

/// `['', 'layer1', 'layer1.0']` as Python writes a list.
inline std::vector<std::string> python_list(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin = text.find_first_of("'\""); begin < text.size();) {
    const std::size_t end = text.find(text[begin], begin + 1);
    if (end == text.npos) break;
    words.emplace_back(text.substr(begin + 1, end - begin - 1));
    begin = text.find_first_of("'\"", end + 1);
  }
  return words;
}

/// Letters, digits and single underscores.
inline std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      plain += c;
    else if (!plain.empty() && plain.back() != '_')
      plain += '_';
  while (!plain.empty() && plain.back() == '_') plain.pop_back();
  return plain;
}

/// The path of the module that a node belongs to, and the last word of its name.
struct OnnxScope {
  std::string module, operation;
};

inline OnnxScope scope_of(const OnnxNode& node) {
  if (const auto scopes = node.metadata.find("pkg.torch.onnx.name_scopes"); scopes != node.metadata.end()) {
    const std::vector<std::string> words = python_list(scopes->second);
    if (words.size() > 1) return {words[words.size() - 2], words.back()};
  }
  // /layer1/layer1.0/conv1/Conv: a part that starts with the one before and a point takes its place.
  OnnxScope scope;
  std::vector<std::string> parts;
  std::string_view rest = node.name;
  while (!rest.empty()) {
    const std::string part(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty()) continue;
    if (!parts.empty() && part.starts_with(parts.back() + '.')) parts.pop_back();
    parts.push_back(part);
  }
  if (parts.empty()) return scope;
  scope.operation = parts.back();
  parts.pop_back();
  for (const std::string& part : parts) scope.module += (scope.module.empty() ? "" : ".") + part;
  return scope;
}

/// `weight`: the name of what holds its first weight, empty where it has none. Empty: the file gives no name.
inline std::string name_of_layer(const OnnxNode& node, const std::string& weight) {
  for (const char* ending : {".weight", "_weight", ".kernel"})
    if (weight.ends_with(ending) && weight.find("::") == weight.npos)
      return plain_name(weight.substr(0, weight.size() - std::string_view(ending).size()));
  const OnnxScope scope = scope_of(node);
  const auto letters = [](std::string_view text) {
    std::string result;
    for (const char c : text)
      if (std::isalpha(static_cast<unsigned char>(c)) != 0)
        result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
  };
  const std::string last = letters(scope.module.substr(scope.module.rfind('.') + 1)), operation = letters(node.op_type);
  const bool says_it = !last.empty() && (last.find(operation) != last.npos || operation.find(last) != operation.npos);
  if (!scope.module.empty() && (!weight.empty() || says_it)) return plain_name(scope.module);
  if (!scope.module.empty())
    return plain_name(scope.module + '_' + std::string(std::string_view(snake_case(node.op_type))));
  return {};
}

}  // namespace strata::importing::detail
