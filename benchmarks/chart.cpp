// Draws how long the peers take, Strata's time being 1, as report.py tells on standard input:
//
//     [{"name": "LeNet-5, batch 1", "ratios": {"oneDNN": 1.69, "PyTorch": 7.97}}, …]
//
// A bar to the right of 1 is a peer that takes longer than Strata. The axis is logarithmic, from below the shortest
// bar to 16 at most; a longer bar ends at the edge, with its number.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <strata/plot/canvas.hpp>
#include <strata/plot/chart.hpp>
#include <strata/plot/save.hpp>

using namespace strata::plot;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " PICTURE.svg < ROWS.json\n";
    return 2;
  }
  const auto rows = nlohmann::ordered_json::parse(std::cin);

  std::vector<std::string> peers;
  double low = 0.9, high = 4, bars = 0;
  for (const auto& row : rows)
    for (const auto& [peer, ratio] : row["ratios"].items()) {
      if (std::ranges::find(peers, peer) == peers.end()) peers.push_back(peer);
      low = std::min(low, ratio.get<double>()), high = std::clamp(ratio.get<double>(), high, 16.0);
      ++bars;
    }
  std::vector<detail::Key> keys;
  for (const std::string& peer : peers) keys.push_back({peer, Canvas::fill(keys.size())});

  constexpr double width = 480, left = 10, right = width - 54, bar = 15, pitch = 17, gap = 34;
  const double top = detail::lay_out(keys, width, 76, [](const detail::Key&, double, double) {}) + 16;
  const double bottom = top + bars * pitch + static_cast<double>(rows.size()) * gap;
  const auto x = [&](double ratio) {
    return left + (right - left) * std::log(std::min(ratio, high) / low) / std::log(high / low);
  };

  const std::string title = "Time of a run, Strata's being 1";
  Canvas canvas(width, bottom + 12, title);
  canvas.text(left, 28, title, "start", "ink bold", 19);
  canvas.text(left, 48, "one core, float32; longer bars are slower", "start", "muted");
  detail::lay_out(keys, width, 76, [&](const detail::Key& key, double at, double y) {
    canvas.box(at, y - 12, 22, 14, key.classes);
    canvas.text(at + 30, y, key.name);
  });
  for (double tick = 0.25; tick <= high; tick *= 2) {
    if (tick < low) continue;
    canvas.text(x(tick), top, Canvas::number(tick) + "×", "middle", "muted");
    canvas.line(x(tick), top + 8, x(tick), bottom, tick == 1 ? "axis" : "grid");
  }
  double y = top;
  for (const auto& row : rows) {
    y += gap;
    canvas.text(left, y - 7, row["name"].get<std::string>(), "start", "ink bold halo");
    for (const auto& [peer, value] : row["ratios"].items()) {
      const double ratio = value.get<double>(), from = std::min(x(1), x(ratio)), to = std::max(x(1), x(ratio));
      const auto number = static_cast<std::size_t>(std::ranges::find(peers, peer) - peers.begin());
      canvas.box(from, y, std::max(to - from, 0.5), bar, Canvas::fill(number), peer);
      canvas.text(to + 5, y + 12, strata::detail::fixed(ratio, ratio > high ? 0 : 2) + (ratio > high ? " ›" : ""),
                  "start", "ink halo");
      y += pitch;
    }
  }
  save(argv[1], canvas.finish());
}
