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
  /// kernel_shape, strides, dilations, pads (`same` by its name where that is none) and ceil_mode, in which ONNX' shape
  /// inference counts windows that lie in the padding alone: the padding ends before them.
  OnnxStep& windows(Extent kernel, Extent strides, Extent dilation, Padding padding, Pad pad,
                    Rounding rounding = Rounding::down) {
    if (in_.rank == 2) kernel.height = strides.height = dilation.height = 1, pad = {0, 0, pad.top, pad.left};
    const Window window = window_over(in_, kernel, strides, dilation, padding, pad, rounding);
    with("kernel_shape", kernel).with("strides", strides);
    if (dilation != Extent{1}) with("dilations", dilation);
    if (padding == Padding::same && window.before == Extent{0} && window.after == Extent{0})
      return with("auto_pad", "SAME_UPPER");
    if (rounding == Rounding::down) return pads(window.before, window.after);
    const auto end = [](int out, int stride, int reach, int before, int size, int after) {
      return std::clamp((out - 1) * stride + reach - before - size, 0, after);
    };
    return with("ceil_mode", 1)
        .pads(window.before, {end(window.out.height, strides.height, window.reach.height, window.before.height,
                                  in_.height(), window.after.height),
                              end(window.out.width, strides.width, window.reach.width, window.before.width, in_.width(),
                                  window.after.width)});
  }
  /// Of a transposed convolution: what is cut off the full output, or added at its end.
  OnnxStep& transposed_windows(Extent kernel, Extent strides, Extent dilation, Padding padding, Pad pad, Shape out) {
    if (in_.rank == 2) kernel.height = strides.height = dilation.height = 1, pad = {0, 0, pad.top, pad.left};
    const Window window = window_over(out, kernel, strides, dilation, padding, pad);
    const auto end = [](int cells, int stride, int reach, int before, int size) {
      return (cells - 1) * stride + reach - before - size;
    };
    const Extent before = window.before,
                 after{end(in_.height(), strides.height, window.reach.height, before.height, out.height()),
                       end(in_.width(), strides.width, window.reach.width, before.width, out.width())};
    with("kernel_shape", kernel).with("strides", strides);
    if (dilation != Extent{1}) with("dilations", dilation);
    if (after.height < 0 || after.width < 0)
      with("output_padding", Extent{(std::max)(0, -after.height), (std::max)(0, -after.width)});
    return pads(before, {(std::max)(0, after.height), (std::max)(0, after.width)});
  }
  OnnxStep& pads(Extent before, Extent after) {
    if (in_.rank == 2) return with("pads", OnnxDims{before.width, after.width});
    return with("pads", OnnxDims{before.height, before.width, after.height, after.width});
  }

 private:
  OnnxAttribute& add(const char* name, OnnxAttributeType type) {
    OnnxAttribute& attribute = node_.attributes.emplace_back();
    attribute.name = name, attribute.type = type;
    return attribute;
  }

  OnnxNode& node_;
  Shape in_;
};

}  // namespace strata::importing
