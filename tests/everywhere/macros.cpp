// The headers compile where the macros of windows.h, X11 and their kind are defined.
#include "hostile_macros.hpp"

#include <strata/data/cifar10.hpp>
#include <strata/data/mnist.hpp>
#include <strata/data/synthetic.hpp>
#include <strata/io/model_checkpoint.hpp>
#include <strata/plot/chart.hpp>
#include <strata/plot/confusion_matrix.hpp>
#include <strata/plot/tiles.hpp>
#include <strata/strata.hpp>
