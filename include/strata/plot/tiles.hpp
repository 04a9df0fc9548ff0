// Small pictures side by side, as SVG: images, filters, feature maps, and what a network looks at.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/text.hpp>
#include <strata/plot/canvas.hpp>
#include <strata/plot/png.hpp>

namespace strata::plot {

/// Values of shape (height, width, 1) or (height, width, 3), as a sample of a Dataset has them.
struct Tile {
  std::string name;
  Shape shape;
  std::vector<float> values;   ///< three channels: red, green and blue from 0 to 1; one: see `diverging`
  bool diverging = false;      ///< blue below 0, red above; otherwise the least is black and the largest white
  Shape heat_shape{};          ///< (height, width) of what is laid over it, smoothly; or none
  std::vector<float> heat{};   ///< red where it is largest, clear where it is 0 or less
};

struct TileLayout {
  std::size_t columns = 8;
  double side = 72;  ///< of one picture, pixels
};

namespace detail {

inline char to_byte(double part) {
  return static_cast<char>(static_cast<unsigned char>(std::lround(255 * std::clamp(part, 0.0, 1.0))));
}

/// `pixel(i)` is {grey}, {red, green, blue} or {red, green, blue, opacity} from 0 to 1.
template <class Pixel>
std::string png_of(const Shape& shape, Pixel pixel) {
  const auto height = static_cast<std::size_t>(shape[0]), width = static_cast<std::size_t>(shape[1]);
  std::string bytes;
  for (std::size_t i = 0; i < height * width; ++i)
    for (const double part : pixel(i)) bytes += to_byte(std::isfinite(part) ? part : 0);
  return png(height, width, bytes.size() / (height * width), bytes);
}

inline std::string png_of(const Tile& tile) {
  const std::vector<float>& v = tile.values;
  if (tile.shape.channels() == 3)
    return png_of(tile.shape,
                  [&](std::size_t i) { return std::array<double, 3>{v[3 * i], v[3 * i + 1], v[3 * i + 2]}; });
  const auto [least, largest] = std::minmax_element(v.begin(), v.end());
  const double low = *least, high = *largest, reach = (std::max)(std::abs(low), std::abs(high));
  if (!tile.diverging)
    return png_of(tile.shape, [&](std::size_t i) { return std::array<double, 1>{(v[i] - low) / (high - low)}; });
  return png_of(tile.shape, [&](std::size_t i) {
    return v[i] < 0 ? std::array<double, 4>{0.1, 0.45, 0.85, -v[i] / reach}
                    : std::array<double, 4>{0.87, 0.25, 0.15, v[i] / reach};
  });
}

inline void check(const Tile& tile) {
  const Shape &shape = tile.shape, &heat = tile.heat_shape;
  if (shape.rank != 3 || (shape.channels() != 1 && shape.channels() != 3) || shape.size() != tile.values.size() ||
      tile.values.empty())
    strata::detail::raise<InvalidArgument>(
        Text() << "plot::Tile '" << tile.name << "': expected height x width x 1 or 3 values, received shape " << shape
               << " and " << tile.values.size() << " values");
  if (!tile.heat.empty() && (heat.rank != 2 || heat.size() != tile.heat.size()))
    strata::detail::raise<InvalidArgument>(
        Text() << "plot::Tile '" << tile.name << "': expected height x width values of heat, received shape " << heat
               << " and " << tile.heat.size() << " values");
}

}  // namespace detail

/// The tiles in rows of `layout.columns`, with their names below. Throws InvalidArgument where a tile's values do not
/// fit its shape.
inline std::string tiles(const std::string& title, const std::vector<Tile>& tiles, const TileLayout& layout = {}) {
  const std::size_t columns = (std::max<std::size_t>)(1, (std::min)(layout.columns, tiles.size()));
  const std::size_t rows = (tiles.size() + columns - 1) / columns;
  const bool named = std::any_of(tiles.begin(), tiles.end(), [](const Tile& tile) { return !tile.name.empty(); });
  const double pitch = layout.side + 8, below = named ? 26 : 8;
  const double width = (std::max)(12 + pitch * static_cast<double>(columns), 320.0);
  const std::vector<std::string> head = wrapped(title, 19, width - 20);
  const double top = 18 + 24 * static_cast<double>(head.size());
  Canvas canvas(width, top + (layout.side + below) * static_cast<double>(rows) + 4, title);
  for (std::size_t i = 0; i < head.size(); ++i)
    canvas.text(10, 28 + 24 * static_cast<double>(i), head[i], "start", "ink bold", 19);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const Tile& tile = tiles[i];
    detail::check(tile);
    const double x = 10 + pitch * static_cast<double>(i % columns);
    const double y = top + (layout.side + below) * static_cast<double>(i / columns);
    canvas.box(x, y, layout.side, layout.side, "box");
    canvas.image(x, y, layout.side, layout.side, detail::png_of(tile));
    if (!tile.heat.empty()) {
      const double most = *std::max_element(tile.heat.begin(), tile.heat.end());
      canvas.image(x, y, layout.side, layout.side, detail::png_of(tile.heat_shape, [&](std::size_t k) {
        return std::array<double, 4>{1, 0.15, 0, most > 0 ? 0.75 * tile.heat[k] / most : 0};
      }), true);
    }
    canvas.text(x + layout.side / 2, y + layout.side + 16, cut(tile.name, 13, layout.side + 4), "middle", "muted", 13);
  }
  return canvas.finish();
}

}  // namespace strata::plot
