// Strata: a neural network is a type. This header is the whole core: description, compiler, layers, inference,
// training. File formats are headers of their own: strata/io/safetensors.hpp, strata/data/mnist.hpp, …
#pragma once

#include <strata/core/error.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/random.hpp>
#include <strata/core/shape.hpp>

#include <strata/graph/sequential.hpp>  // apart: where errors come from is told in fewer lines

#include <strata/graph/dot.hpp>
#include <strata/graph/frozen.hpp>
#include <strata/graph/graph.hpp>
#include <strata/graph/summary.hpp>
#include <strata/graph/svg.hpp>

#include <strata/layers/activations.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/average.hpp>
#include <strata/layers/average_pooling2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/conv2d_transpose.hpp>
#include <strata/layers/cropping2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/depthwise_conv2d.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/gaussian_noise.hpp>
#include <strata/layers/global_average_pooling2d.hpp>
#include <strata/layers/global_max_pooling2d.hpp>
#include <strata/layers/group_normalization.hpp>
#include <strata/layers/input_normalization.hpp>
#include <strata/layers/layer_normalization.hpp>
#include <strata/layers/max_pooling2d.hpp>
#include <strata/layers/maximum.hpp>
#include <strata/layers/multiply.hpp>
#include <strata/layers/p_relu.hpp>
#include <strata/layers/permute.hpp>
#include <strata/layers/random_flip.hpp>
#include <strata/layers/random_rotation.hpp>
#include <strata/layers/random_translation.hpp>
#include <strata/layers/rescaling.hpp>
#include <strata/layers/reshape.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/separable_conv2d.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/layers/spatial_dropout2d.hpp>
#include <strata/layers/up_sampling2d.hpp>
#include <strata/layers/zero_padding2d.hpp>

#include <strata/runtime/engine.hpp>
#include <strata/runtime/executor.hpp>
#include <strata/runtime/explain.hpp>
#include <strata/runtime/model.hpp>
#include <strata/runtime/parallel_engine.hpp>

#include <strata/data/dataset.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/evaluate.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/metrics.hpp>
#include <strata/train/optimizers.hpp>
#include <strata/train/schedules.hpp>
#include <strata/train/trainer.hpp>
