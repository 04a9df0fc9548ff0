// What `fit` prints: a bar that moves on a terminal, a line an epoch elsewhere.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ostream>
#include <string>

#include <strata/core/number.hpp>
#include <strata/core/terminal.hpp>
#include <strata/train/history.hpp>

namespace strata {

/// Keras' progress bar:
///
///     Epoch 1/5
///     157/157 [==============================] 12s 76ms/step 840 samples/s - loss: 0.4512 - accuracy: 0.8311 -
///     val_loss: 0.3907
///
/// Refreshed at most ten times a second. Where the output is no terminal: one line an epoch, `Epoch 1/5 - 12s …`.
class Progress {
 public:
  enum class Style { silent, lines, bar };

  /// `verbose` as in Keras: 0 silent, 1 a bar on a terminal (else lines), 2 lines. No stream means standard output.
  static Progress of(int verbose, std::ostream* output) {
    const bool terminal = output == nullptr && detail::terminal_columns() > 0;
    return Progress(verbose == 0 ? Style::silent : verbose == 1 && terminal ? Style::bar : Style::lines, output);
  }
  explicit Progress(Style style, std::ostream* output = nullptr) : style_(style), output_(output) {}

  void start_epoch(int epoch, int epochs, std::size_t batches) {
    title_ = "Epoch " + std::to_string(epoch + 1) + "/" + std::to_string(epochs);
    batches_ = batches;
    samples_ = 0;
    start_ = drawn_ = Clock::now();
    width_ = 0;
    if (style_ == Style::bar) print(title_ + "\n");
  }

  void update(std::size_t batches_done, std::size_t samples, const Logs& logs) {
    samples_ += samples;
    stepped_ = Clock::now();
    if (style_ != Style::bar || stepped_ - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = stepped_;
    const double seconds = since_start(stepped_),
                 left = seconds / static_cast<double>(batches_done) * static_cast<double>(batches_ - batches_done);
    std::string line = bar(batches_done) + " ETA: " + duration(left) + " " + speed(seconds) + numbers(logs);
    if (const std::size_t columns = output_ == nullptr ? detail::terminal_columns() : 0; columns > 0)
      line.resize((std::min)(line.size(), columns - 1));  // a line that wraps could not be drawn over
    draw(line);
  }

  /// Training speed is that of the batches, without the validation that followed.
  void finish_epoch(const Logs& logs) {
    if (style_ == Style::silent) return;
    const double training = (std::max)(since_start(stepped_), 1e-9);
    const std::string rest = " " + duration(since_start(Clock::now())) + " " +
                             step_time(training / static_cast<double>(batches_)) + "/step " + speed(training) +
                             numbers(logs);
    if (style_ == Style::bar)
      draw(bar(batches_) + rest), print("\n");
    else
      print(title_ + " -" + rest + "\n");
  }

 private:
  using Clock = std::chrono::steady_clock;

  double since_start(Clock::time_point time) const { return std::chrono::duration<double>(time - start_).count(); }

  std::string bar(std::size_t done) const {
    constexpr std::size_t width = 30;
    const std::string total = std::to_string(batches_), count = std::to_string(done);
    const std::size_t filled = done * width / batches_;
    std::string text =
        std::string(total.size() - count.size(), ' ') + count + "/" + total + " [" + std::string(filled, '=');
    if (filled < width) text += ">" + std::string(width - filled - 1, '.');
    return text + "]";
  }

  /// 12s, 3:05, 1:02:03
  static std::string duration(double seconds) {
    const long whole = std::lround(seconds), minutes = whole / 60;
    if (minutes == 0) return std::to_string(whole) + "s";
    char text[48];
    if (minutes < 60)
      std::snprintf(text, sizeof text, "%ld:%02ld", minutes, whole % 60);
    else
      std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", minutes / 60, minutes % 60, whole % 60);
    return text;
  }
  static std::string step_time(double seconds) {
    return seconds >= 1      ? detail::fixed(seconds, 0) + "s"
           : seconds >= 1e-3 ? detail::fixed(seconds * 1e3, 0) + "ms"
                             : detail::fixed(seconds * 1e6, 0) + "us";
  }
  std::string speed(double seconds) const {
    return detail::fixed(static_cast<double>(samples_) / (std::max)(seconds, 1e-9), 0) + " samples/s";
  }
  static std::string numbers(const Logs& logs) {
    std::string text;
    for (const auto& [name, value] : logs)
      text +=
          " - " + name + ": " +
          (std::abs(value) >= 1e-3 || value == 0 ? detail::fixed(value, 4) : detail::scientific(value, 4));
    return text;
  }

  /// Writes over the line before; blanks cover what was longer.
  void draw(const std::string& line) {
    print("\r" + line + std::string(width_ > line.size() ? width_ - line.size() : 0, ' '));
    width_ = line.size();
  }
  void print(const std::string& text) {
    if (output_ != nullptr)
      *output_ << text << std::flush;
    else
      std::fwrite(text.data(), 1, text.size(), stdout), std::fflush(stdout);
  }

  Style style_;
  std::ostream* output_;
  std::string title_;
  std::size_t batches_ = 0, samples_ = 0, width_ = 0;
  Clock::time_point start_, drawn_, stepped_;
};

}  // namespace strata
