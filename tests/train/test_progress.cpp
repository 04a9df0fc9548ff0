#include "harness/catch.hpp"

#include <algorithm>
#include <chrono>
#include <regex>
#include <sstream>
#include <string>
#include <thread>

#include <strata/train/progress.hpp>

using namespace strata;

TEST_CASE("the bar moves at most ten times a second and ends as Keras' does", "[train]") {
  std::ostringstream stream;
  Progress progress(Progress::Style::bar, &stream);
  Logs logs;
  logs.set("loss", 0.25);
  logs.set("accuracy", 0.00012345);
  progress.start_epoch(0, 5, 157);
  CHECK(stream.str() == "Epoch 1/5\n");
  for (std::size_t batch = 1; batch <= 78; ++batch) progress.update(batch, 64, logs);
  CHECK(stream.str() == "Epoch 1/5\n");  // too soon
  std::this_thread::sleep_for(std::chrono::milliseconds(110));
  progress.update(79, 64, logs);
  const std::string half = stream.str();
  CHECK(std::regex_search(
      half,
      std::regex("\r 79/157 \\[=============== ?>\\.{14}\\] ETA: 0s [0-9]+ samples/s - loss: 0\\.2500 - accuracy: 1\\.2345e-04$")));
  for (std::size_t batch = 80; batch <= 157; ++batch) progress.update(batch, 64, logs);
  CHECK(stream.str() == half);
  logs.set("val_loss", 0.5);
  progress.finish_epoch(logs);
  CHECK(std::regex_search(stream.str(), std::regex("\r157/157 \\[={30}\\] 0s [0-9]+[mu]s/step [0-9]+ samples/s - loss: "
                                                   "0\\.2500 - accuracy: 1\\.2345e-04 - val_loss: 0\\.5000 *\n$")));
  CHECK(std::ranges::count(stream.str(), '\n') == 2);
}

TEST_CASE("lines are one an epoch, silence is silent", "[train]") {
  std::ostringstream lines, silence;
  for (auto* stream : {&lines, &silence}) {
    Progress progress = Progress::of(stream == &lines ? 1 : 0, stream);
    Logs logs;
    logs.set("loss", 12.5);
    progress.start_epoch(2, 3, 4);
    for (std::size_t batch = 1; batch <= 4; ++batch) progress.update(batch, 8, logs);
    progress.finish_epoch(logs);
  }
  CHECK(std::regex_match(lines.str(),
                         std::regex("Epoch 3/3 - 0s [0-9]+[mu]s/step [0-9]+ samples/s - loss: 12\\.5000\n")));
  CHECK(silence.str().empty());
}
