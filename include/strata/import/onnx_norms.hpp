// ONNX's normalisations, in plain code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <strata/import/onnx_arguments.hpp>

namespace strata::importing::semantics {

/// Each run of `length` elements to mean 0 and variance 1; what that took.
struct Moments {
  std::vector<float> means, inverse_deviations;
};
inline Moments standardize(std::vector<float>& elements, std::size_t length, double epsilon) {
  Moments moments;
  for (std::size_t first = 0; first < elements.size(); first += length) {
    float* const x = elements.data() + first;
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < length; ++i) mean += static_cast<double>(x[i]) / static_cast<double>(length);
    for (std::size_t i = 0; i < length; ++i) {
      const double distance = static_cast<double>(x[i]) - mean;
      variance += distance * distance / static_cast<double>(length);
    }
    const double scale = 1 / std::sqrt(variance + epsilon);
    for (std::size_t i = 0; i < length; ++i) x[i] = static_cast<float>((static_cast<double>(x[i]) - mean) * scale);
    moments.means.push_back(static_cast<float>(mean));
    moments.inverse_deviations.push_back(static_cast<float>(scale));
  }
  return moments;
}
/// x scale + shift by channels, axis 1. The numbers of `per` channels are one where scales are by groups.
inline void scale_channels(OnnxTensor& x, Arguments& in, std::size_t scale, std::size_t shift) {
  const Rows rows(x.dims, 1);
  const std::size_t scales = in.floats(scale).size();
  in.expect(scales > 0 && rows.extent % scales == 0 && in.floats(shift).size() == scales,
            "a scale and a shift for each channel or group", "others");
  const std::size_t per = rows.extent / scales;
  for (std::size_t i = 0; i < x.floats.size(); ++i) {
    const std::size_t group = i / rows.inner % rows.extent / per;
    x.floats[i] = x.floats[i] * in[scale].floats[group] + in[shift].floats[group];
  }
}

/// In training, which exporters write for normalised weights, too, by the batch's statistics, which move the others.
inline Tensors batch_normalization(Arguments& in) {
  const OnnxTensor& x = in.floats();
  const double epsilon = static_cast<double>(in.real("epsilon", 1e-5f)),
               momentum = static_cast<double>(in.real("momentum", 0.9f));
  in.ignore({"is_test", "consumed_inputs"});
  const bool trains = in.integer("training_mode", 0) != 0;
  in.expect(in.opset() >= 14 || in.outputs() <= 1, "one output before opset 14", "several");
  in.expect(in.integer("spatial", 1) == 1, "spatial 1", "0");
  const Rows rows(x.dims, 1);
  for (std::size_t i = 1; i < 5; ++i)
    in.expect(in.floats(i).size() == rows.extent, "a number for each channel", "others");
  Tensors all{x, in[3], in[4]};
  const auto each = [&](std::size_t c, auto f) {
    for (std::size_t first = c * rows.inner; first < x.floats.size(); first += rows.extent * rows.inner)
      for (std::size_t i = first; i < first + rows.inner; ++i) f(i);
  };
  const double count = static_cast<double>(x.floats.size()) / static_cast<double>(rows.extent);
  for (std::size_t c = 0; c < rows.extent; ++c) {
    const auto of = [&](std::size_t input) { return static_cast<double>(in[input].floats[c]); };
    double mean = of(3), variance = of(4);
    if (trains) {
      mean = variance = 0;
      each(c, [&](std::size_t i) { mean += static_cast<double>(x.floats[i]) / count; });
      each(c, [&](std::size_t i) { variance += std::pow(static_cast<double>(x.floats[i]) - mean, 2) / count; });
      all[1].floats[c] = static_cast<float>(of(3) * momentum + mean * (1 - momentum));
      all[2].floats[c] = static_cast<float>(of(4) * momentum + variance * (1 - momentum));
    }
    const double scale = of(1) / std::sqrt(variance + epsilon);
    each(c, [&](std::size_t i) {
      all[0].floats[i] = static_cast<float>(scale * (static_cast<double>(x.floats[i]) - mean) + of(2));
    });
  }
  if (!trains) all.resize(1);
  return all;
}

inline Tensors instance_normalization(Arguments& in) {
  OnnxTensor y = in.floats();
  const double epsilon = static_cast<double>(in.real("epsilon", 1e-5f));
  in.ignore({"consumed_inputs"});
  in.expect(y.dims.size() >= 2, "channels", "none");
  standardize(y.floats, Rows(y.dims, 1).inner, epsilon);
  scale_channels(y, in, 1, 2);
  return one(std::move(y));
}

/// Before version 21 a scale and a shift for each group.
inline Tensors group_normalization(Arguments& in) {
  OnnxTensor y = in.floats();
  const double epsilon = static_cast<double>(in.real("epsilon", 1e-5f));
  const auto groups = static_cast<std::size_t>(in.integer("num_groups", 1));
  in.ignore({"stash_type"});
  in.expect(y.dims.size() >= 2 && groups > 0 && Rows(y.dims, 1).extent % groups == 0, "groups that divide the channels",
            "others");
  standardize(y.floats, Rows(y.dims, 0).inner / groups, epsilon);
  scale_channels(y, in, 1, 2);
  return one(std::move(y));
}

/// The outputs behind the first are mean and inverse deviation.
inline Tensors layer_normalization(Arguments& in) {
  OnnxTensor y = in.floats();
  const std::size_t axis = in.axis(in.integer("axis", -1), y.dims.size());
  const double epsilon = static_cast<double>(in.real("epsilon", 1e-5f));
  in.ignore({"stash_type"});
  const std::size_t length = Rows(y.dims, axis).extent * Rows(y.dims, axis).inner;
  OnnxDims dims = y.dims;
  std::fill(dims.begin() + static_cast<std::ptrdiff_t>(axis), dims.end(), 1);
  OnnxTensor mean = tensor_of(dims), deviation = mean;
  Moments moments = standardize(y.floats, length, epsilon);
  mean.floats = std::move(moments.means), deviation.floats = std::move(moments.inverse_deviations);
  bool fits = true;
  in.expect(broadcast(in.floats(1).dims, y.dims, fits) == y.dims && fits, "a scale that numpy can broadcast",
            "another");
  const OnnxTensor scale = broadcast_to(in[1], y.dims);
  std::transform(y.floats.begin(), y.floats.end(), scale.floats.begin(), y.floats.begin(), std::multiplies<>());
  if (in.has(2)) {
    in.expect(broadcast(in.floats(2).dims, y.dims, fits) == y.dims && fits, "a shift that numpy can broadcast",
              "another");
    const OnnxTensor shift = broadcast_to(in[2], y.dims);
    std::transform(y.floats.begin(), y.floats.end(), shift.floats.begin(), y.floats.begin(), std::plus<>());
  }
  Tensors all = one(std::move(y));
  all.push_back(std::move(mean)), all.push_back(std::move(deviation));
  return all;
}

inline Tensors rms_normalization(Arguments& in) {
  OnnxTensor y = in.floats();
  const std::size_t axis = in.axis(in.integer("axis", -1), y.dims.size());
  const double epsilon = static_cast<double>(in.real("epsilon", 1e-5f));
  in.ignore({"stash_type"});
  const std::size_t length = Rows(y.dims, axis).extent * Rows(y.dims, axis).inner;
  bool fits = true;
  in.expect(broadcast(in.floats(1).dims, y.dims, fits) == y.dims && fits, "a scale that numpy can broadcast",
            "another");
  const OnnxTensor scale = broadcast_to(in[1], y.dims);
  for (std::size_t first = 0; first < y.floats.size(); first += length) {
    double squares = 0;
    for (std::size_t i = first; i < first + length; ++i)
      squares += static_cast<double>(y.floats[i]) * static_cast<double>(y.floats[i]);
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(length) + epsilon);
    for (std::size_t i = first; i < first + length; ++i)
      y.floats[i] =
          static_cast<float>(static_cast<double>(y.floats[i]) * inverse * static_cast<double>(scale.floats[i]));
  }
  return one(std::move(y));
}

/// Across channels: y = x / (bias + alpha / size (sum of squares of the `size` channels around))^beta.
inline Tensors lrn(Arguments& in) {
  const OnnxTensor& x = in.floats();
  const auto size = static_cast<std::int64_t>(in.integer("size", 1));
  const double alpha = static_cast<double>(in.real("alpha", 1e-4f)), beta = static_cast<double>(in.real("beta", 0.75f)),
               bias = static_cast<double>(in.real("bias", 1));
  const Rows rows(x.dims, 1);
  const auto channels = static_cast<std::int64_t>(rows.extent);
  in.expect(x.dims.size() >= 2 && size > 0, "channels and a size", "others");
  OnnxTensor y = x;
  for (std::size_t i = 0; i < y.floats.size(); ++i) {
    const auto c = static_cast<std::int64_t>(i / rows.inner % rows.extent);
    double squares = 0;
    for (std::int64_t other = std::max<std::int64_t>(c - (size - 1) / 2, 0);
         other <= std::min(c + size / 2, channels - 1); ++other) {
      const double value = static_cast<double>(x.floats[static_cast<std::size_t>(
          static_cast<std::int64_t>(i) + (other - c) * static_cast<std::int64_t>(rows.inner))]);
      squares += value * value;
    }
    y.floats[i] = static_cast<float>(static_cast<double>(x.floats[i]) /
                                     std::pow(bias + alpha / static_cast<double>(size) * squares, beta));
  }
  return one(std::move(y));
}

/// Where all are 0, 0.
inline Tensors lp_normalization(Arguments& in) {
  OnnxTensor y = in.floats();
  const std::size_t axis = in.axis(in.integer("axis", -1), y.dims.size());
  const std::int64_t p = in.integer("p", 2);
  in.expect(p == 1 || p == 2, "a norm 1 or 2", std::to_string(p));
  const Rows rows(y.dims, axis);
  for (std::size_t outer = 0; outer < rows.outer; ++outer)
    for (std::size_t inner = 0; inner < rows.inner; ++inner) {
      float* const x = y.floats.data() + outer * rows.extent * rows.inner + inner;
      double norm = 0;
      for (std::size_t i = 0; i < rows.extent; ++i) {
        const double value = static_cast<double>(x[i * rows.inner]);
        norm += p == 1 ? std::abs(value) : value * value;
      }
      if (p == 2) norm = std::sqrt(norm);
      for (std::size_t i = 0; i < rows.extent; ++i)
        x[i * rows.inner] = norm == 0 ? 0 : static_cast<float>(static_cast<double>(x[i * rows.inner]) / norm);
    }
  return one(std::move(y));
}

inline const Operators& normalization_operators() {
  static const Operators all{
      {"BatchNormalization", batch_normalization}, {"InstanceNormalization", instance_normalization},
      {"GroupNormalization", group_normalization}, {"LayerNormalization", layer_normalization},
      {"RMSNormalization", rms_normalization},     {"LRN", lrn},
      {"LpNormalization", lp_normalization}};
  return all;
}

}  // namespace strata::importing::semantics
