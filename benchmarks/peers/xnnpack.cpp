// xnnpack DIRECTORY THREADS: XNNPACK as a peer; see server.hpp. Channels last like ours; normalisation is folded into
// the weights, ReLU is the clamp of the operator before it.
#include <array>
#include <limits>

#include <pthreadpool.h>
#include <xnnpack.h>

#include "server.hpp"

namespace strata::benchmarks {

void require(xnn_status status, const std::string& what) {
  if (status != xnn_status_success) throw std::runtime_error("XNNPACK: " + what + " failed");
}

class XnnpackInference : public Runner {
 public:
  XnnpackInference(const NetworkFiles& files, std::size_t batch, pthreadpool_t threads)
      : files_(files), batch_(batch), threads_(threads), values_(files.layers().size()) {
    values_[0] = keep(files.input(batch));
    for (std::size_t n = 1; n < values_.size(); ++n)
      if (values_[n] == nullptr) build(n);
  }
  ~XnnpackInference() override {
    for (const xnn_operator_t op : operators_) xnn_delete_operator(op);
  }

  void run() override {
    for (const xnn_operator_t op : operators_) require(xnn_run_operator(op, threads_), "an operator");
  }
  std::vector<float> output() override { return {values_.back(), values_.back() + size(values_.size() - 1)}; }

 private:
  static constexpr float infinity = std::numeric_limits<float>::infinity();
  static constexpr std::size_t readable_beyond = XNN_EXTRA_BYTES / sizeof(float);

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  static unsigned u(int number) { return static_cast<unsigned>(number); }

  const LayerDescription& layer(std::size_t n) const { return files_.layers()[n]; }
  std::size_t size(std::size_t n) const {
    std::size_t product = batch_;
    for (const int extent : layer(n).shape) product *= at(extent);
    return product;
  }
  float* keep(std::vector<float> values) {
    values.resize(values.size() + readable_beyond);
    return memory_.emplace_back(std::make_unique<std::vector<float>>(std::move(values)))->data();
  }
  /// Room for the output of layers `first` to `last`, of which the last is left.
  float* output(std::size_t first, std::size_t last) {
    float* const room = keep(std::vector<float>(size(last)));
    values_[first] = values_[last] = room;
    return room;
  }
  xnn_operator_t add(xnn_operator_t op) { return operators_.emplace_back(op); }

  void build(std::size_t n) {
    const LayerDescription& l = layer(n);
    const std::size_t from = at(l.inputs[0]);
    const auto channels = at(layer(from).shape.back());
    xnn_operator_t op = nullptr;
    if (l.op == "Flatten") {
      values_[n] = values_[from];
    } else if (l.op == "Conv2D") {
      convolution(n, from);
    } else if (l.op == "Dense") {
      const auto units = at(l.shape[0]);
      const auto features = size(from) / batch_;
      const auto kernel = files_.parameter(l, "kernel"), bias = files_.parameter(l, "bias");
      require(xnn_create_fully_connected_nc_f32(features, units, features, units, kernel.data(), bias.data(), -infinity,
                                                infinity, XNN_FLAG_TRANSPOSE_WEIGHTS, &op),
              l.name);
      require(xnn_setup_fully_connected_nc_f32(add(op), batch_, values_[from], output(n, n), threads_), l.name);
    } else if (l.op == "Sigmoid") {
      require(xnn_create_sigmoid_nc_f32(channels, channels, channels, 0, &op), l.name);
      require(xnn_setup_sigmoid_nc_f32(add(op), size(from) / channels, values_[from], output(n, n), threads_), l.name);
    } else if (l.op == "GlobalAveragePooling2D") {
      require(xnn_create_global_average_pooling_nwc_f32(channels, channels, channels, -infinity, infinity, 0, &op),
              l.name);
      const auto pixels = at(layer(from).shape[0] * layer(from).shape[1]);
      require(xnn_setup_global_average_pooling_nwc_f32(add(op), batch_, pixels, values_[from], output(n, n), threads_),
              l.name);
    } else if (l.op == "Add") {
      const auto [last, least] = clamp(n);
      const std::array<std::size_t, 1> shape{size(n)};
      require(xnn_create_add_nd_f32(least, infinity, 0, &op), l.name);
      require(xnn_setup_add_nd_f32(add(op), 1, shape.data(), 1, shape.data(), values_[from], values_[at(l.inputs[1])],
                                   output(n, last), threads_),
              l.name);
    } else {
      throw std::runtime_error("XNNPACK: no " + l.op);
    }
  }

  /// The layer after `n` and its least output where that is a ReLU.
  std::pair<std::size_t, float> clamp(std::size_t n) const {
    const std::size_t next = files_.follower(n);
    return next != 0 && layer(next).op == "ReLU" ? std::pair{next, 0.0f} : std::pair{n, -infinity};
  }

  void convolution(std::size_t n, std::size_t from) {
    const LayerDescription& l = layer(n);
    const auto [height, width] = std::pair{at(layer(from).shape[0]), at(layer(from).shape[1])};
    const auto groups = at(l.groups), in = at(layer(from).shape[2]), out = at(l.shape[2]);
    const std::size_t next = files_.follower(n);
    const bool normalized = next != 0 && layer(next).op == "BatchNormalization";
    const FoldedWeights weights(files_, l, normalized ? &layer(next) : nullptr);
    const auto [last, least] = clamp(normalized ? next : n);
    // From (height, width, in, out) to (out, height, width, in).
    std::vector<float> kernel(weights.kernel.size());
    const std::size_t taps = kernel.size() / out;
    for (std::size_t tap = 0; tap < taps; ++tap)
      for (std::size_t o = 0; o < out; ++o) kernel[o * taps + tap] = weights.kernel[tap * out + o];
    xnn_operator_t op = nullptr;
    require(xnn_create_convolution2d_nhwc_f32(
                u(l.before.height), u(l.after.width), u(l.after.height), u(l.before.width), u(l.kernel.height),
                u(l.kernel.width), u(l.strides.height), u(l.strides.width), 1, 1, u(l.groups), in / groups,
                out / groups, in, out, kernel.data(), weights.bias.data(), least, infinity, 0, &op),
            l.name);
    float* const room = output(n, last);
    if (normalized) values_[next] = room;
    require(xnn_setup_convolution2d_nhwc_f32(add(op), batch_, height, width, values_[from], room, threads_), l.name);
  }

  const NetworkFiles& files_;
  std::size_t batch_;
  pthreadpool_t threads_;
  std::vector<std::unique_ptr<std::vector<float>>> memory_;
  std::vector<float*> values_;
  std::vector<xnn_operator_t> operators_;
};

}  // namespace strata::benchmarks

int main(int, char** arguments) {
  using namespace strata::benchmarks;
  const std::filesystem::path directory = arguments[1];
  require(xnn_initialize(nullptr), "initialisation");
  const auto count = static_cast<std::size_t>(std::stoi(arguments[2]));
  const pthreadpool_t threads = count > 1 ? pthreadpool_create(count) : nullptr;
  std::map<std::string, NetworkFiles> files;
  return serve([&](const std::string& name, std::size_t batch) -> std::unique_ptr<Runner> {
    if (name == training_name) throw std::runtime_error("XNNPACK does not train");
    const NetworkFiles& network = files.try_emplace(name, directory, name).first->second;
    return std::make_unique<XnnpackInference>(network, batch, threads);
  });
}
