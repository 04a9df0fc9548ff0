// Strata: a neural network is a type. This header is the whole core: description, compiler, layers, inference,
// training. File formats are headers of their own: strata/io/safetensors.hpp, strata/data/mnist.hpp, …
#pragma once

#include <strata/types.hpp>

#include <strata/core/random.hpp>

#include <strata/runtime/engine.hpp>
#include <strata/runtime/executor.hpp>
#include <strata/runtime/model.hpp>
#include <strata/runtime/parallel_engine.hpp>

#include <strata/show/explain.hpp>
#include <strata/show/svg.hpp>

#include <strata/data/dataset.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/evaluate.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/metrics.hpp>
#include <strata/train/optimizers.hpp>
#include <strata/train/schedules.hpp>
#include <strata/train/trainer.hpp>
