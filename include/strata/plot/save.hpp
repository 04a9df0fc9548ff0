// A picture in a file.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include <strata/core/file.hpp>

namespace strata::plot {

/// Replaces the file at once: after a failure the old one is unchanged. Throws FileError.
///
///     plot::save("loss.svg", plot::chart(…));
///     plot::save("net.svg", graph_svg<Net>());
inline void save(const std::filesystem::path& path, std::string_view svg) {
  write_file_atomically(path, {std::as_bytes(std::span(svg))});
}

}  // namespace strata::plot
