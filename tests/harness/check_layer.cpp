#include "harness/check_layer.hpp"

#include <string_view>

namespace strata::test {
namespace {

/// Analytic gradients against central differences of sum(output * output_gradient), at up to 150 places of each tensor.
void check_gradients(AnyLayerRun<double>& run) {
  run.forward_training();
  run.backward();
  const auto objective = [&run] {
    run.forward_training();
    double sum = 0;
    for (std::size_t i = 0; i < run.output.size(); ++i) sum += run.output.data()[i] * run.output_gradient.data()[i];
    return sum;
  };
  const auto check = [&](std::string_view name, Guarded<double>& tensor, Guarded<double>& gradient) {
    constexpr double step = 1e-5;
    std::vector<double> analytic, slopes;
    for (std::size_t i = 0; i < tensor.size(); i += 1 + tensor.size() / 150) {
      double& x = tensor.data()[i];
      const double before = x;
      x = before + step;
      const double above = objective();
      x = before - step;
      slopes.push_back((above - objective()) / (2 * step));
      analytic.push_back(gradient.data()[i]);
      x = before;
    }
    INFO("gradient of " << name);
    CHECK(difference(analytic, slopes) < 1e-7);
  };
  check("the input", run.input, run.input_gradient);
  for (std::size_t p = 0, trainable = 0; p < run.parameters.size(); ++p)
    if (run.layer.parameters.list[p].trainable)
      check(run.layer.parameters.list[p].name, run.parameters[p], run.gradients[trainable++]);
}

/// What fusion uses instead of `forward`, by kind.
template <class T>
void check_kind(AnyLayerRun<T>& run, double tolerance) {
  const auto& layer = run.layer;
  const std::size_t channels = static_cast<std::size_t>(layer.out.channels());
  run.forward();
  std::vector<T> expected = copy(run.output);
  if (layer.kind == Kind::view) CHECK(difference(expected, run.input.span()) == 0);
  if (!layer.by_kind) return;
  Guarded<T> scale(channels), shift(channels);
  if (layer.kind == Kind::linear) run.run_kind(layer.by_kind, {}, {});
  else run.run_kind(layer.by_kind, scale.span(), shift.span());
  CHECK(difference(run.output.span(), expected) < tolerance);
  if (layer.with_epilogue) {
    for (std::size_t c = 0; c < channels; ++c) scale.data()[c] = 1 + T(c % 5) / 4, shift.data()[c] = T(c % 3) - 1;
    run.run_kind(layer.with_epilogue, scale.span(), shift.span());
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] = (scale.data()[i % channels] * expected[i] + shift.data()[i % channels]) / 2 + 1;
    CHECK(difference(run.output.span(), expected) < tolerance);
  }
  CHECK(scale.intact());
  CHECK(shift.intact());
}

void check_rules(const LayerFunctions<float>& layer, const Expected& expected) {
  REQUIRE_FALSE(layer.problem);
  CHECK(layer.out == expected.output);
  std::size_t trainable = 0, state = 0;
  for (const Parameter& parameter : layer.parameters)
    (parameter.trainable ? trainable : state) += parameter.shape.size();
  CHECK(trainable == expected.trainable);
  CHECK(state == expected.state);
  CHECK(layer.macs == expected.macs);
}

void check_batch(AnyLayerRun<float> run, AnyLayerRun<double> exact, double tolerance) {
  INFO(run.title());
  const auto compare = [&](const char* what, auto& a, auto& b) {
    INFO(what);
    CHECK(difference(a.span(), b.span()) < tolerance);
  };
  const auto compare_all = [&](const char* what, auto& a, auto& b) {
    for (std::size_t i = 0; i < a.size(); ++i) compare(what, a[i], b[i]);
  };
  exact.randomize();
  run.randomize();
  check_kind(exact, 1e-12);
  check_kind(run, tolerance);
  run.forward(), exact.forward();
  compare("output", run.output, exact.output);
  check_gradients(exact);

  run.forward_training(), exact.forward_training();
  compare("output in training", run.output, exact.output);
  run.backward(), exact.backward();
  compare("input gradient", run.input_gradient, exact.input_gradient);
  compare_all("parameter gradient", run.gradients, exact.gradients);
  run.backward(false);
  compare_all("parameter gradient where nobody reads the input's", run.gradients, exact.gradients);

  std::vector<std::vector<float>> before;
  for (auto& parameter : run.parameters) before.push_back(copy(parameter));
  run.update_state(), exact.update_state();
  compare_all("parameter after update_state", run.parameters, exact.parameters);
  for (std::size_t p = 0; p < before.size(); ++p)
    if (run.layer.parameters.list[p].trainable) CHECK(copy(run.parameters[p]) == before[p]);
  CHECK(run.intact());
  CHECK(exact.intact());
}

}  // namespace

void check_layer(const LayerFunctions<float>& layer, const LayerFunctions<double>& exact, const Expected& expected,
                 double tolerance) {
  INFO(std::string_view(layer.name()));
  check_rules(layer, expected);
  // Together they try both edges of all memory.
  check_batch({layer, 1, Edge::start}, {exact, 1, Edge::start}, tolerance);
  check_batch({layer, 5, Edge::end}, {exact, 5, Edge::end}, tolerance);
}

}  // namespace strata::test
