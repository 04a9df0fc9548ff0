// An operator of a layer on its way to ONNX, and its attributes.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include <strata/core/options.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/window.hpp>
#include <strata/import/onnx_model.hpp>

namespace strata::importing {

/// An operator that was just added.
class OnnxStep {
 public:
  OnnxStep(OnnxNode& node, Shape in) : node_(node), in_(in) {}

  /// The name of its output.
  operator std::string() const { return node_.outputs[0]; }

  OnnxStep& with(const char* name, std::integral auto number) {
    add(name, OnnxAttributeType::integer).integer = static_cast<std::int64_t>(number);
    return *this;
  }
  OnnxStep& with(const char* name, double number) {
    add(name, OnnxAttributeType::real).real = static_cast<float>(number);
    return *this;
  }
  OnnxStep& with(const char* name, const char* text) {
    add(name, OnnxAttributeType::text).text = text;
    return *this;
  }
  OnnxStep& with(const char* name, std::initializer_list<std::int64_t> numbers) {
    return with(name, OnnxDims(numbers));
  }
  OnnxStep& with(const char* name, OnnxDims numbers) {
    add(name, OnnxAttributeType::integers).integers = std::move(numbers);
    return *this;
  }
  /// An extent of images, or its width of sequences.
  OnnxStep& with(const char* name, Extent extent) {
    return with(name, in_.rank == 2 ? OnnxDims{extent.width} : OnnxDims{extent.height, extent.width});
  }
  /// kernel_shape, strides, dilations and pads, of images; a sequence is one of a single row.
  OnnxStep& windows(Extent kernel, Extent strides, Extent dilation, Padding padding, Pad pad,
                    Rounding rounding = Rounding::down) {
    const Window window = window_over(in_, kernel, strides, dilation, padding, pad, rounding);
    return cells(kernel, strides, dilation).pads(window.before, window.after);
  }
  /// Of a transposed convolution: what is cut off the full output, or added at its end.
  OnnxStep& transposed_windows(Extent kernel, Extent strides, Extent dilation, Padding padding, Pad pad, Shape out) {
    const Window window = window_over(out, kernel, strides, dilation, padding, pad);
    const auto end = [](int cells, int stride, int reach, int before, int size) {
      return (cells - 1) * stride + reach - before - size;
    };
    const int below = end(in_.height(), strides.height, window.reach.height, window.before.height, out.height());
    const int right = end(in_.width(), strides.width, window.reach.width, window.before.width, out.width());
    if (below < 0 || right < 0) with("output_padding", Extent{(std::max)(0, -below), (std::max)(0, -right)});
    return cells(kernel, strides, dilation).pads(window.before, {(std::max)(0, below), (std::max)(0, right)});
  }

 private:
  OnnxStep& cells(Extent kernel, Extent strides, Extent dilation) {
    with("kernel_shape", kernel).with("strides", strides);
    return dilation == Extent{1} ? *this : with("dilations", dilation);
  }
  OnnxStep& pads(Extent before, Extent after) {
    if (in_.rank == 2) return with("pads", OnnxDims{before.width, after.width});
    return with("pads", OnnxDims{before.height, before.width, after.height, after.width});
  }
  OnnxAttribute& add(const char* name, OnnxAttributeType type) {
    OnnxAttribute& attribute = node_.attributes.emplace_back();
    attribute.name = name, attribute.type = type;
    return attribute;
  }

  OnnxNode& node_;
  Shape in_;
};

}  // namespace strata::importing
