// All losses. What a loss is: strata/train/loss.hpp.
#pragma once

#include <strata/train/binary_crossentropy.hpp>
#include <strata/train/categorical_crossentropy.hpp>
#include <strata/train/huber.hpp>
#include <strata/train/mean_squared_error.hpp>
#include <strata/train/output_losses.hpp>
