/// @file
/// HDF5 files: with this header save_weights and load_weights know `.h5`, as Keras 2 and 3 write it. Needs libhdf5
/// (CMake: strata::hdf5).
///
///     save_weights(model, "net.weights.h5");               // for Keras 3: model.load_weights("net.weights.h5")
///
///     const TensorFile file = read_hdf5("net.weights.h5");
///     file.find("layers/conv2d/vars/0");                    // a data set, by its path
///     file.metadata().at("layers/conv2d/vars@name");        // an attribute of a group; of the file: "model_config"
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/io/hdf5_handle.hpp>
#include <strata/io/hdf5_writer.hpp>
#include <strata/io/isolated.hpp>
#include <strata/io/json.hpp>
#include <strata/io/safetensors.hpp>
#include <strata/io/tensor_file.hpp>
#include <strata/io/weight_formats.hpp>

namespace strata {

namespace detail {

/// Half a float: libhdf5 has no name for it.
inline ::hid_t hdf5_half() {
  const ::hid_t type = ::H5Tcopy(H5T_IEEE_F32LE);
  ::H5Tset_fields(type, 15, 10, 5, 0, 10);
  ::H5Tset_size(type, 2);
  ::H5Tset_ebias(type, 15);
  return type;
}

/// Walks over a file and adds its data sets and attributes. Links to other files and data sets that lie in them are
/// not followed. Throws FileError.
class Hdf5Reader {
 public:
  Hdf5Reader(TensorCollector& found, std::filesystem::path path) : found_(found), path_(std::move(path)) {
    ::H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // no report on the terminal
    ::H5PLset_loading_state(0);                      // no code from elsewhere
  }

  void read_file() {
    const Hdf5Handle access(::H5Pcreate(H5P_FILE_ACCESS), ::H5Pclose);
    read(path_, access);
  }
  /// The bytes of a file that is a member of another.
  void read_member(const char* name, std::span<std::byte> bytes) {
    const Hdf5Handle access(::H5Pcreate(H5P_FILE_ACCESS), ::H5Pclose);
    check(::H5Pset_fapl_core(access, 1 << 16, false), "memory for the file");
    check(::H5Pset_file_image(access, bytes.data(), bytes.size()), "memory for the file");
    read(path_ / name, access);
  }

 private:
  static constexpr int max_depth = 64;

  [[noreturn]] void fail(std::string_view expected, std::string_view received) const {
    throw_file_error(path_, 0, expected, received, "the file is damaged or of another format");
  }
  template <class Status>
  Status check(Status status, std::string_view expected) const {
    if (status < 0) fail(expected, "none that libhdf5 can read");
    return status;
  }

  void read(const std::filesystem::path& path, ::hid_t access) {
    const Hdf5Handle file(check(::H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), "an HDF5 file"), ::H5Fclose);
    const Hdf5Handle root(check(::H5Gopen2(file, "/", H5P_DEFAULT), "a group '/'"), ::H5Gclose);
    add_group(root, "", 0);
  }

  void add_group(::hid_t group, const std::string& path, int depth) {
    if (depth > max_depth) fail(join("groups nested at most ", max_depth, " deep"), "deeper ones");
    add_attributes(group, path);
    ::H5G_info_t info;
    check(::H5Gget_info(group, &info), "the size of a group");
    for (::hsize_t i = 0; i < info.nlinks; ++i) {
      const std::string name = link_name(group, i);
      ::H5L_info_t link;
      check(::H5Lget_info(group, name.c_str(), &link, H5P_DEFAULT), "a link");
      if (link.type != H5L_TYPE_HARD) continue;
      const std::string inner = path.empty() ? name : join(path, "/", name);
      const Hdf5Handle object(check(::H5Oopen(group, name.c_str(), H5P_DEFAULT), printable(inner)), ::H5Oclose);
      const ::H5I_type_t type = ::H5Iget_type(object);
      if (type == H5I_GROUP) add_group(object, inner, depth + 1);
      if (type == H5I_DATASET) add_dataset(object, inner);
    }
  }

  std::string link_name(::hid_t group, ::hsize_t index) const {
    const auto get = [&](char* text, std::size_t size) {
      return check(::H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, text, size, H5P_DEFAULT),
                   "the name of a link");
    };
    std::string name(static_cast<std::size_t>(get(nullptr, 0)), '\0');
    get(name.data(), name.size() + 1);
    return name;
  }

  /// Of numbers; others are passed over.
  void add_dataset(::hid_t dataset, const std::string& path) {
    const Hdf5Handle stored(check(::H5Dget_type(dataset), "a type"), ::H5Tclose);
    const Hdf5Handle memory(check(::H5Tcopy(stored), "a type"), ::H5Tclose);
    const std::string dtype = dtype_of(memory);
    if (dtype.empty()) return;
    const Hdf5Handle creation(check(::H5Dget_create_plist(dataset), "properties"), ::H5Pclose);
    if (::H5Pget_external_count(creation) != 0 || ::H5Pget_layout(creation) == H5D_VIRTUAL)
      fail(printable(path) + " in the file itself", "a data set whose elements lie in another");
    const Hdf5Handle space(check(::H5Dget_space(dataset), "a shape"), ::H5Sclose);
    const std::span<std::byte> data = found_.add(path, dtype, shape_of(space));
    if (!data.empty())
      check(::H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()),
            "the elements of " + printable(path));
  }

  std::vector<std::size_t> shape_of(::hid_t space) const {
    std::vector<::hsize_t> extents(static_cast<std::size_t>(check(::H5Sget_simple_extent_ndims(space), "a shape")));
    if (!extents.empty()) check(::H5Sget_simple_extent_dims(space, extents.data(), nullptr), "a shape");
    return {extents.begin(), extents.end()};
  }

  /// As a TensorFile calls it; empty: of no numbers. `type` becomes little-endian.
  std::string dtype_of(::hid_t type) const {
    const ::H5T_class_t kind = ::H5Tget_class(type);
    if (kind == H5T_ENUM) return ::H5Tget_size(type) == 1 ? "BOOL" : "";  // as h5py writes it
    if (kind == H5T_OPAQUE && ::H5Tget_size(type) == 2) return "BF16";  // as Keras writes it
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) return "";
    ::H5Tset_order(type, H5T_ORDER_LE);
    const Hdf5Handle half(hdf5_half(), ::H5Tclose);
    const std::pair<::hid_t, const char*> known[] = {
        {H5T_IEEE_F32LE, "F32"}, {H5T_IEEE_F64LE, "F64"}, {half, "F16"},           {H5T_STD_I8LE, "I8"},
        {H5T_STD_I16LE, "I16"},  {H5T_STD_I32LE, "I32"},  {H5T_STD_I64LE, "I64"},  {H5T_STD_U8LE, "U8"},
        {H5T_STD_U16LE, "U16"},  {H5T_STD_U32LE, "U32"},  {H5T_STD_U64LE, "U64"},
    };
    for (const auto& [candidate, name] : known)
      if (::H5Tequal(type, candidate) > 0) return name;
    return "";
  }

  void add_attributes(::hid_t object, const std::string& path) {
    std::vector<std::string> names;
    const auto collect = [](::hid_t, const char* name, const ::H5A_info_t*, void* list) -> ::herr_t {
      static_cast<std::vector<std::string>*>(list)->emplace_back(name);
      return 0;
    };
    ::hsize_t index = 0;
    check(::H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &index, collect, &names), "attributes");
    for (const std::string& name : names) add_attribute(object, name, path.empty() ? name : join(path, "@", name));
  }

  /// Text, or a list of it as JSON; others are passed over.
  void add_attribute(::hid_t owner, const std::string& name, const std::string& key) {
    const Hdf5Handle attribute(check(::H5Aopen(owner, name.c_str(), H5P_DEFAULT), "an attribute"), ::H5Aclose);
    const Hdf5Handle type(check(::H5Aget_type(attribute), "a type"), ::H5Tclose);
    const Hdf5Handle space(check(::H5Aget_space(attribute), "a shape"), ::H5Sclose);
    if (::H5Tget_class(type) != H5T_STRING) return;
    const bool scalar = shape_of(space).empty();
    const auto count = static_cast<std::size_t>(check(::H5Sget_simple_extent_npoints(space), "a shape"));
    const std::vector<std::string> texts = ::H5Tis_variable_str(type) > 0
                                               ? texts_of_any_length(attribute, type, space, count)
                                               : texts_of_one_length(attribute, type, count);
    if (scalar && count == 1) found_.metadata[key] = texts[0];
    else found_.metadata[key] = nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  std::span<std::byte> room(std::size_t count, std::size_t size) {
    if (size != 0 && count > ~std::size_t{0} / size) count = ~std::size_t{0} / size;
    return found_.add_bytes("an attribute", count * size);
  }
  std::vector<std::string> texts_of_one_length(::hid_t attribute, ::hid_t type, std::size_t count) {
    const std::size_t size = ::H5Tget_size(type);
    const std::span<std::byte> bytes = room(count, size);
    if (!bytes.empty()) check(::H5Aread(attribute, type, bytes.data()), "the text of an attribute");
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) {
      const auto* const text = reinterpret_cast<const char*>(bytes.data() + i * size);
      texts.emplace_back(text, std::find(text, text + size, '\0'));
    }
    return texts;
  }
  std::vector<std::string> texts_of_any_length(::hid_t attribute, ::hid_t type, ::hid_t space, std::size_t count) {
    const std::span<std::byte> bytes = room(count, sizeof(char*));
    const std::span<char*> pointers(reinterpret_cast<char**>(bytes.data()), count);
    if (count > 0) check(::H5Aread(attribute, type, pointers.data()), "the text of an attribute");
    std::vector<std::string> texts;
    for (const char* const text : pointers) texts.emplace_back(text == nullptr ? "" : text);
    if (count > 0) ::H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    return texts;
  }

  TensorCollector& found_;
  std::filesystem::path path_;
};

}  // namespace detail

/// All data sets of numbers, by their paths, and as metadata all attributes that are text: of the file by their names,
/// of a group by `path@name`; lists as JSON. A child process reads it. Throws FileError.
inline TensorFile read_hdf5(const std::filesystem::path& path) {
  return detail::read_isolated(path, detail::InputFile(path).size(),
                               [&](detail::TensorCollector& found) { detail::Hdf5Reader(found, path).read_file(); });
}

namespace detail {

/// Weights as Keras 3 writes them, `net.weights.h5`.
inline void write_hdf5(const std::filesystem::path& path, const std::vector<NetworkLayer>& layers,
                       std::span<const TensorEntry> weights) {
  write_file_atomically(path, {keras_weights(path, layers, weights)});
}

inline const bool hdf5_is_known = (hdf5_format.read = &read_hdf5, hdf5_format.write = &write_hdf5, true);

}  // namespace detail

}  // namespace strata
