// The weights of a network as a file of Keras 3: layers/conv2d_1/vars/0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/core/text.hpp>
#include <strata/io/hdf5_handle.hpp>
#include <strata/io/network_layers.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::detail {

/// Makes a file in memory.
class Hdf5Writer {
 public:
  /// Errors name `path`.
  explicit Hdf5Writer(const std::filesystem::path& path)
      : path_(path), access_(check(::H5Pcreate(H5P_FILE_ACCESS)), ::H5Pclose),
        file_(check(create(path.filename().c_str(), access_)), ::H5Fclose) {}

  void add_group(const std::string& name) {
    const Hdf5Handle group(check(::H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)), ::H5Gclose);
  }

  void add_text(const std::string& group, const char* name, const std::string& text) {
    const Hdf5Handle type(check(::H5Tcopy(H5T_C_S1)), ::H5Tclose), space(check(::H5Screate(H5S_SCALAR)), ::H5Sclose);
    check(::H5Tset_size(type, text.size()));
    check(::H5Tset_cset(type, H5T_CSET_UTF8));
    const Hdf5Handle attribute(
        check(::H5Acreate_by_name(file_, group.c_str(), name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)),
        ::H5Aclose);
    check(::H5Awrite(attribute, type, text.data()));
  }

  void add_tensor(const std::string& name, ::hid_t type, const std::vector<std::size_t>& shape, const void* data) {
    const std::vector<::hsize_t> extents(shape.begin(), shape.end());
    const Hdf5Handle space(  // of no axes: a single number
        check(::H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr)), ::H5Sclose);
    const Hdf5Handle creation(check(::H5Pcreate(H5P_DATASET_CREATE)), ::H5Pclose);
    check(::H5Pset_obj_track_times(creation, false));  // the same weights are the same bytes
    const Hdf5Handle dataset(check(::H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT)),
                             ::H5Dclose);
    check(::H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
  }

  std::vector<std::byte> bytes() const {
    check(::H5Fflush(file_, H5F_SCOPE_LOCAL));
    const auto size = check(::H5Fget_file_image(file_, nullptr, 0));
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    check(::H5Fget_file_image(file_, bytes.data(), bytes.size()));
    return bytes;
  }

 private:
  static ::hid_t create(const char* name, ::hid_t access) {
    ::H5Pset_fapl_core(access, 1 << 20, false);
    return ::H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  }
  template <class Status>
  Status check(Status status) const {
    if (status < 0)
      throw_file_error(path_, 0, "libhdf5 to make the file in memory", "an error", "free memory for the weights");
    return status;
  }

  std::filesystem::path path_;
  Hdf5Handle access_, file_;
};

/// The bytes of `model.save_weights("net.weights.h5")`. A layer is called by its class and counted in the order of
/// Keras' list. Throws FileError.
inline std::vector<std::byte> keras_weights(const std::filesystem::path& path, std::vector<NetworkLayer> layers,
                                            std::span<const TensorEntry> weights) {
  std::ranges::stable_sort(layers, {}, &NetworkLayer::keras_place);
  Hdf5Writer file(path);
  file.add_group("layers");
  std::map<std::string, int> counts;
  for (const NetworkLayer& layer : layers) {
    const std::string stem(std::string_view(snake_case(layer.class_name)));
    const int count = counts[stem]++;
    const std::string group = join("layers/", stem, count == 0 ? "" : join("_", count)), vars = group + "/vars";
    file.add_group(group);
    file.add_group(vars);
    file.add_text(vars, "name", layer.name);
    for (std::size_t w = 0; w < layer.weights.size(); ++w) {
      const NetworkWeight& weight = layer.weights[w];
      const auto* const data = reinterpret_cast<const float*>(weights[weight.place].data.data());
      const std::string name = join(vars, "/", w);
      if (const std::int64_t whole = weight.counts ? static_cast<std::int64_t>(*data) : 0; weight.counts)
        file.add_tensor(name, H5T_STD_I64LE, {}, &whole);
      else file.add_tensor(name, H5T_IEEE_F32LE, weight.shape, data);
    }
  }
  return file.bytes();
}

}  // namespace strata::detail
