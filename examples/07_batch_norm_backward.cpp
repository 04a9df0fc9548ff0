// Lesson 7: the gradient's way back through batch normalisation, node by node.
//
// One channel of a batch of m numbers x. The layer is a graph of ten small steps (Ioffe & Szegedy 2015, Algorithm 1):
//
//     x ──┬──────────────> centred = x - mean ──┬──────────────────────────────> normalised ──> scaled ──> y
//         └──> mean ──────────^                 └──> square ──> variance ──> deviation ──> inverse ──^
//
// Backward goes through it from right to left. A node's gradient is how the loss changes with the node's value: the
// sum, over the nodes that read it, of their gradients times their derivatives. This program writes each of them down,
// compares it with a difference quotient, shows why all of it is one line in the end, and compares that with the
// layer, whose code is that line (strata/layers/batch_norm.hpp: gather_gradients, conclude_gradients, differentiate).
// With a file's name it draws the graph: 07_batch_norm_backward graph.svg
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <strata/plot/canvas.hpp>
#include <strata/plot/save.hpp>
#include <strata/strata.hpp>

using namespace strata;

constexpr std::size_t m = 6;
constexpr double epsilon = 1e-3;

/// What flows along an edge: one number for each sample, or one for the channel.
using Values = std::vector<double>;

enum Name { x, mean, centred, square, variance, deviation, inverse, normalised, scaled, y, gamma_, beta, count };

using Nodes = std::array<Values, count>;

double sum(const Values& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

/// One number for each sample, f(i).
Values each(const std::function<double(std::size_t)>& f) {
  Values values(m);
  for (std::size_t i = 0; i < m; ++i) values[i] = f(i);
  return values;
}

struct Step {
  Name name;
  const char *label, *forward_text, *gradient_text;
  std::function<Values(const Nodes& v)> forward;                   ///< from the values of the nodes before
  std::function<Values(const Nodes& v, const Nodes& d)> gradient;  ///< from all values, and its readers' gradients
};

/// The graph, once: what each node is, and its gradient.
const std::vector<Step> steps{
    {x, "x", "given", "d centred + d mean / m", {},
     [](const Nodes&, const Nodes& d) { return each([&](auto i) { return d[centred][i] + d[mean][0] / m; }); }},
    {mean, "mean", "sum x / m", "-sum d centred",
     [](const Nodes& v) { return Values{sum(v[x]) / m}; },
     [](const Nodes&, const Nodes& d) { return Values{-sum(d[centred])}; }},
    {centred, "centred", "x - mean", "d normalised * inverse + d square * 2 centred",
     [](const Nodes& v) { return each([&](auto i) { return v[x][i] - v[mean][0]; }); },
     [](const Nodes& v, const Nodes& d) {
       return each([&](auto i) { return d[normalised][i] * v[inverse][0] + d[square][i] * 2 * v[centred][i]; });
     }},
    {square, "square", "centred^2", "d variance / m",
     [](const Nodes& v) { return each([&](auto i) { return v[centred][i] * v[centred][i]; }); },
     [](const Nodes&, const Nodes& d) { return each([&](auto) { return d[variance][0] / m; }); }},
    {variance, "variance", "sum square / m", "d deviation / (2 deviation)",
     [](const Nodes& v) { return Values{sum(v[square]) / m}; },
     [](const Nodes& v, const Nodes& d) { return Values{d[deviation][0] / (2 * v[deviation][0])}; }},
    {deviation, "deviation", "sqrt(variance + epsilon)", "-d inverse / deviation^2",
     [](const Nodes& v) { return Values{std::sqrt(v[variance][0] + epsilon)}; },
     [](const Nodes& v, const Nodes& d) { return Values{-d[inverse][0] * v[inverse][0] * v[inverse][0]}; }},
    {inverse, "inverse", "1 / deviation", "sum d normalised * centred",
     [](const Nodes& v) { return Values{1 / v[deviation][0]}; },
     [](const Nodes& v, const Nodes& d) {
       return Values{sum(each([&](auto i) { return d[normalised][i] * v[centred][i]; }))};
     }},
    {normalised, "normalised", "centred * inverse", "d scaled * gamma",
     [](const Nodes& v) { return each([&](auto i) { return v[centred][i] * v[inverse][0]; }); },
     [](const Nodes& v, const Nodes& d) { return each([&](auto i) { return d[scaled][i] * v[gamma_][0]; }); }},
    {scaled, "scaled", "gamma * normalised", "d y",
     [](const Nodes& v) { return each([&](auto i) { return v[gamma_][0] * v[normalised][i]; }); },
     [](const Nodes&, const Nodes& d) { return d[y]; }},
    {y, "y", "scaled + beta", "of the loss",
     [](const Nodes& v) { return each([&](auto i) { return v[scaled][i] + v[beta][0]; }); }, {}},
};

/// The parameters are nodes that nothing comes before.
const std::vector<Step> parameters{
    {gamma_, "gamma", "given", "sum d y * normalised", {},
     [](const Nodes& v, const Nodes& d) {
       return Values{sum(each([&](auto i) { return d[y][i] * v[normalised][i]; }))};
     }},
    {beta, "beta", "given", "sum d y", {}, [](const Nodes&, const Nodes& d) { return Values{sum(d[y])}; }},
};

/// Mean squared error, as the layer's loss below.
const Values target{0.5, -1.0, 2.0, 0.0, 1.5, -0.5};
double loss(const Nodes& v) { return sum(each([&](auto i) { return std::pow(v[y][i] - target[i], 2); })) / m; }

/// All nodes behind `changed`, whose value stands; the parameters come before all.
double loss_after(Nodes v, Name changed) {
  for (const Step& step : steps)
    if (step.forward && (changed >= gamma_ || step.name > changed)) v[step.name] = step.forward(v);
  return loss(v);
}

/// The difference quotient of the loss by each number of a node.
Values quotient(const Nodes& v, Name name) {
  constexpr double h = 1e-6;
  Values result;
  for (std::size_t i = 0; i < v[name].size(); ++i) {
    Nodes above = v, below = v;
    above[name][i] += h, below[name][i] -= h;
    result.push_back((loss_after(above, name) - loss_after(below, name)) / (2 * h));
  }
  return result;
}

double difference(const Values& a, const Values& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

std::string text(const Values& values) {
  std::string line;
  for (const double value : values) {
    char number[32];
    std::snprintf(number, sizeof number, "%8.4f", value);
    line += number;
  }
  return line;
}

/// What a node reads, and where it stands.
struct Place {
  int lane, row;
  std::vector<Name> reads;
};
const std::array<Place, count> places{{{0, 0, {}},                    // x
                                       {1, 1, {x}},                   // mean
                                       {0, 2, {x, mean}},             // centred
                                       {1, 3, {centred}},             // square
                                       {1, 4, {square}},              // variance
                                       {1, 5, {variance}},            // deviation
                                       {1, 6, {deviation}},           // inverse
                                       {0, 7, {centred, inverse}},    // normalised
                                       {0, 8, {normalised, gamma_}},  // scaled
                                       {0, 9, {scaled, beta}},        // y
                                       {1, 8, {}},                    // gamma
                                       {1, 9, {}}}};                  // beta

/// Each node with its formula, and below it its gradient.
std::string picture() {
  constexpr double width = 256, height = 72, gap = 20, margin = 12;
  const auto left = [](Name name) { return margin + places[name].lane * (width + 2 * gap); };
  const auto top = [](Name name) { return margin + places[name].row * (height + gap); };
  plot::Canvas canvas(2 * (margin + width + gap), 10 * (height + gap) - gap + 2 * margin,
                      "The graph of batch normalisation, with each node's gradient");
  for (const auto& list : {steps, parameters})
    for (const auto& [name, label, forward_text, gradient_text, forward, gradient] : list) {
      for (const Name read : places[name].reads) {
        const double from = left(read) + width / 2, to = left(name) + width / 2, below = top(read) + height;
        const double aside = from == to ? 0 : from < to ? -width / 4 : width / 4;  // not where another enters
        if (places[read].row == places[name].row)
          canvas.arrow(plot::Canvas::command('M', {{left(read), top(read) + height / 2}}) +
                       plot::Canvas::command('L', {{left(name) + width, top(name) + height / 2}}));
        else
          canvas.arrow(plot::Canvas::command('M', {{from - aside, below}}) +
                       plot::Canvas::command('C', {{from - aside, top(name) - gap / 2},
                                                   {to + aside, below + gap / 2},
                                                   {to + aside, top(name)}}));
      }
      canvas.box(left(name), top(name), width, height, forward ? "box" : "box weights");
      canvas.text(left(name) + 10, top(name) + 20, std::string(label) + " = " + forward_text, "start", "ink", 13);
      double y = top(name) + 40;
      for (const std::string& line : plot::wrapped(std::string("d ") + label + " = " + gradient_text, 13, width - 10)) {
        canvas.text(left(name) + 10, y, line, "start", "muted", 13);
        y += 17;
      }
    }
  return canvas.finish();
}

// The layer gets its batch as the kernel of a Dense: for the rows of a unit matrix that layer's output is its kernel,
// so the kernel's gradient is the gradient by x.
struct Net : Sequential<Input<m>, Dense<1, NoBias>, BatchNorm> {};

int main(int argc, char** argv) {
  if (argc > 1) plot::save(argv[1], picture());

  Nodes v, d;
  v[x] = {1.0, 2.0, 4.0, -1.0, 0.5, 3.0};
  v[gamma_] = {1.5}, v[beta] = {-0.25};
  for (const Step& step : steps)
    if (step.forward) v[step.name] = step.forward(v);

  d[y] = each([&](auto i) { return 2 * (v[y][i] - target[i]) / m; });
  for (auto step = steps.rbegin() + 1; step != steps.rend(); ++step) d[step->name] = step->gradient(v, d);
  for (const Step& step : parameters) d[step.name] = step.gradient(v, d);

  double error = 0;
  for (const auto& list : {steps, parameters}) {
    for (const Step& step : list) {
      const Values expected = quotient(v, step.name);
      error = std::max(error, difference(d[step.name], expected));
      std::printf("%-10s = %-41s%s\n", step.label, step.forward_text, text(v[step.name]).c_str());
      std::printf("%10s = %-41s%s\n", "its d", step.gradient_text, text(d[step.name]).c_str());
      std::printf("%10s   %-41s%s\n", "", "by difference quotient", text(expected).c_str());
    }
  }

  // The closed form. Put the lines above into each other: `inverse`'s gradient is gamma Σ dy centred, so by way of
  // `deviation`, `variance` and `square` each x gets -(gamma inverse / m) normalised Σ dy normalised; `mean`'s is minus
  // the sum of all of `centred`'s, whose second part is nothing, since Σ centred = 0: -(gamma inverse / m) Σ dy. So
  //     dx = gamma inverse (dy - mean(dy) - normalised mean(dy normalised))
  // with the two sums that are the gradients of beta and of gamma. What all of dy have in common is taken out, and what
  // looks like x itself: adding a number to all of x, or scaling it, changes nothing in y (but for epsilon).
  const double scale = v[gamma_][0] * v[inverse][0];
  const Values closed =
      each([&](auto i) { return scale * (d[y][i] - d[beta][0] / m - v[normalised][i] * d[gamma_][0] / m); });
  std::printf("%10s = %-41s%s\n", "d x", "scale (dy - (dbeta + norm. dgamma) / m)", text(closed).c_str());

  Model<Net, double> model{Seed{1}};
  std::copy(v[x].begin(), v[x].end(), model.get<"dense/kernel">().begin());
  model.get<"batch_normalization/gamma">()(0) = v[gamma_][0];
  model.get<"batch_normalization/beta">()(0) = v[beta][0];
  Trainer trainer{model, MeanSquaredError{}, SGD{.learning_rate = 0}};  // only looks
  std::vector<double> unit(m * m);
  for (std::size_t i = 0; i < m; ++i) unit[i * m + i] = 1;
  trainer.step(unit, target);
  const auto gradient = trainer.gradient<"dense/kernel">();
  const Values layer(gradient.begin(), gradient.end());
  std::printf("%10s   %-41s%s\n", "", "the layer's", text(layer).c_str());

  const double exact = std::max({difference(closed, d[x]), difference(layer, d[x]),
                                 std::abs(trainer.gradient<"batch_normalization/gamma">()(0) - d[gamma_][0]),
                                 std::abs(trainer.gradient<"batch_normalization/beta">()(0) - d[beta][0])});
  std::printf("largest difference: quotients %.1e, closed form and layer %.1e\n", error, exact);
  return error < 1e-8 && exact < 1e-12 ? 0 : 1;
}
