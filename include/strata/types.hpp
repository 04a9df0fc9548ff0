// What the compiler knows of a network: its layers, shapes and counts, summary<Net>() and to_dot<Net>(). What runs it
// is strata.hpp's: this header knows no vectors and compiles in half the time, without xsimd.
#pragma once

#include <strata/core/algorithms.hpp>
#include <strata/core/error.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/shape.hpp>

#include <strata/graph/sequential.hpp>  // apart: where errors come from is told in fewer lines

#include <strata/graph/frozen.hpp>
#include <strata/graph/graph.hpp>
#include <strata/graph/named.hpp>

#include <strata/layers/registry.hpp>

#include <strata/show/dot.hpp>
#include <strata/show/summary.hpp>

namespace strata {

template <class Net, class T>
class Model;  // defined in <strata/strata.hpp>
template <class Net, Execution Choice, class V>
class Engine;  // defined in <strata/strata.hpp>

}  // namespace strata
