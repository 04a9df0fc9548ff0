/// @file
/// Files of Keras. Needs libhdf5 and libzip (CMake: strata::hdf5, strata::zip).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/io/hdf5.hpp>
#include <strata/io/isolated.hpp>
#include <strata/io/json.hpp>
#include <strata/io/npz.hpp>
#include <strata/io/tensor_file.hpp>
#include <strata/io/zip.hpp>

namespace strata {

/// A model of Keras 3, `net.keras`: the weights, as read_hdf5 gives them, and as metadata `model_config` (JSON), as
/// Keras' `.h5` files have it, and `keras_metadata` (JSON: keras_version, date_saved). A child process reads it. Throws
/// FileError.
inline TensorFile read_keras(const std::filesystem::path& path) {
  return detail::read_isolated(path, detail::InputFile(path).size(), [&](detail::TensorCollector& found) {
    const detail::ZipArchive archive(path);
    const auto member = [&](const char* name) {
      const std::uint64_t index = archive.find(name);
      if (index == archive.count())
        throw_file_error(path, 0, detail::join("a member '", name, "'"), "an archive without it",
                         "save the model with model.save('….keras')");
      const std::span<std::byte> bytes = found.add_bytes(name, archive.size(index));
      archive.read(index, bytes);
      return bytes;
    };
    const auto text = [&](const char* name) {
      const std::span<std::byte> bytes = member(name);
      return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    constexpr const char* weights = "model.weights.h5";
    detail::Hdf5Reader(found, path).read_member(weights, member(weights));
    found.metadata["model_config"] = text("config.json");
    found.metadata["keras_metadata"] = text("metadata.json");
  });
}

/// Weights that Keras 3 spread over several files (`model.save_weights("net.weights.json", max_shard_size=5)`), as
/// read_hdf5 gives them. The files lie beside `path`. A child process reads them. Throws FileError.
inline TensorFile read_keras_shards(const std::filesystem::path& path) {
  const auto fail = [&](std::string_view expected, const nlohmann::json& received) {
    throw_file_error(path, 0, expected, detail::printable(received), "the file is damaged or of another format");
  };
  const std::vector<std::byte> bytes = read_file(path);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const nlohmann::json index = detail::parse_json(text, 4, path, 0);
  const nlohmann::json map = index.value("weight_map", nlohmann::json{});
  if (!map.is_object()) fail("an object 'weight_map' that names files", map);
  std::set<std::filesystem::path> shards;
  for (const nlohmann::json& names : map)
    for (const nlohmann::json& name : names.is_array() ? names : nlohmann::json::array({names})) {
      if (!name.is_string()) fail("the name of a file", name);
      const std::filesystem::path file = name.get<std::string>();
      if (file.empty() || file.filename() != file) fail("the name of a file in the same folder", name);
      shards.insert(path.parent_path() / file);
    }
  std::uint64_t size = 0;
  for (const std::filesystem::path& shard : shards) size += detail::InputFile(shard).size();
  return detail::read_isolated(path, size, [&](detail::TensorCollector& found) {
    for (const std::filesystem::path& shard : shards) detail::Hdf5Reader(found, shard).read_file();
  });
}

namespace detail {

/// A ZIP archive: a model of Keras or arrays of NumPy.
inline TensorFile read_archive(const std::filesystem::path& path) {
  const ZipArchive archive(path);
  return archive.find("config.json") == archive.count() ? read_npz(path) : read_keras(path);
}

inline const bool archives_are_read = (zip_format.read = &read_archive, shards_format.read = &read_keras_shards, true);

}  // namespace detail
}  // namespace strata
