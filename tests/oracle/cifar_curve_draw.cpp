// Draws the curves of cifar_curve.cpp and of cifar_curve_pytorch.py: mean and range of the seeds, epoch by epoch.
//
//     cifar_curve_draw RESULTS PICTURE.svg       reads RESULTS/{strata,pytorch}-SEED.csv
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <strata/plot/chart.hpp>
#include <strata/plot/save.hpp>

using namespace strata;

/// The mean of a column of DIRECTORY/NAME-*.csv in a band from the lowest to the highest.
plot::Line line(const std::filesystem::path& directory, const std::string& title, const std::string& name,
                std::size_t column) {
  std::vector<std::vector<double>> epochs;  // of all seeds
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!entry.path().filename().string().starts_with(name + "-") || entry.path().extension() != ".csv") continue;
    std::ifstream file(entry.path());
    std::string row, cell;
    std::getline(file, row);  // the heading
    for (std::size_t epoch = 0; std::getline(file, row); ++epoch) {
      std::istringstream cells(row);
      for (std::size_t i = 0; i <= column; ++i) std::getline(cells, cell, ',');
      epochs.resize(std::max(epochs.size(), epoch + 1));
      epochs[epoch].push_back(std::stod(cell));
    }
  }
  plot::Line line{.name = title, .y = {}};
  for (const std::vector<double>& seeds : epochs) {
    double sum = 0;
    for (const double value : seeds) sum += value;
    line.y.push_back(sum / static_cast<double>(seeds.size()));
    line.low.push_back(*std::ranges::min_element(seeds)), line.high.push_back(*std::ranges::max_element(seeds));
  }
  return line;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s RESULTS PICTURE.svg\n", argv[0]);
    return 2;
  }
  const auto lines = [&](std::size_t column) {
    return std::vector{line(argv[1], "Strata", "strata", column), line(argv[1], "PyTorch", "pytorch", column)};
  };
  plot::save(argv[2], plot::charts("ResNet-20 on CIFAR-10: mean and range of the seeds",
                                   {{.title = "Training",
                                     .x_title = "epoch",
                                     .y_title = "loss",
                                     .lines = lines(1)},
                                    {.title = "Test",
                                     .x_title = "epoch",
                                     .y_title = "part of the images",
                                     .lines = lines(4)}}));
}
