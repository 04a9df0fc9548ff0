// Steps done depth first, band by band of rows: of what is large between them only the rows are there that the next
// step still reads, in the cache.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <strata/core/border.hpp>
#include <strata/core/part.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/window.hpp>

namespace strata::detail {

/// A step, and what it makes.
struct BandStep {
  int height;
  RowWindow window;    ///< the rows that it reads of what the step before makes
  Shape shape;         ///< of the image that it makes
  Border border;       ///< around that
  int rows;            ///< as many of them are there at a time; unless it is the last step
  std::size_t offset;  ///< of them in the workspace, in bytes
  std::size_t element;  ///< bytes of a number

  constexpr int row() const { return row_of(shape, border); }
  /// In bytes: where a row begins, or the number so far in it.
  constexpr std::size_t place(int y, int number = 0) const {
    return offset + static_cast<std::size_t>(y * row() + number) * element;
  }
};

/// Several steps: each reads what the one before makes, and nobody else does.
template <std::size_t Steps>
struct Bands {
  static constexpr std::size_t last = Steps - 1;
  std::array<BandStep, Steps> steps{};
  int band = 1;  ///< rows that the last step makes at a time

  /// make<I>(part, read, made): the rows of step I that are Part{begin, end, height}, where the image that it reads,
  /// and the one that it makes, lie so many elements before their places in `workspace`. A thread makes its rows of the
  /// last step, and all that these need.
  template <class Make>
  void run(Part thread, std::byte* workspace, Make make) const {
    run(thread, workspace, make, std::make_index_sequence<Steps>{});
  }

 private:
  template <class Make, std::size_t... I>
  void run(Part thread, std::byte* workspace, Make& make, std::index_sequence<I...>) const {
    const Share own = thread.share(static_cast<std::size_t>(steps[last].height));
    std::array<int, Steps> done{}, ends{}, first{};  // rows that were made, are to be made; the first that is there
    done[last] = static_cast<int>(own.begin);
    for (std::size_t s = last; s-- > 0;) {
      first[s] = steps[s + 1].window.first(done[s + 1]);
      done[s] = std::clamp(first[s], 0, steps[s].height);
      clear(steps[s], workspace, first[s]);
    }
    const auto before = [&](std::size_t s) {
      return s == last ? 0 : (first[s] + steps[s].border.top) * steps[s].row();
    };
    const auto advance = [&]<std::size_t S>() {
      if (done[S] < ends[S])
        make.template operator()<S>(Part{done[S], ends[S], steps[S].height}, S > 0 ? before(S - 1) : 0, before(S));
      done[S] = (std::max)(done[S], ends[S]);
    };
    while (done[last] < static_cast<int>(own.end)) {
      ends[last] = (std::min)(done[last] + band, static_cast<int>(own.end));
      for (std::size_t s = last; s-- > 0;) {
        const int needed = steps[s + 1].window.first(done[s + 1]), end = steps[s + 1].window.end(ends[s + 1]);
        keep(steps[s], workspace, std::exchange(first[s], needed), needed, done[s]);
        clear_below(steps[s], workspace, needed, end);
        done[s] = std::clamp(needed, done[s], steps[s].height);  // strides may pass rows over
        ends[s] = (std::max)(done[s], (std::min)(end, steps[s].height));
      }
      (advance.template operator()<I>(), ...);
    }
  }

  /// Zeros beside the rows, and in those above the image.
  static void clear(const BandStep& step, std::byte* workspace, int first) {
    if (step.border == Border{}) return;
    const int pixel = pixel_of(step.shape, step.border), left = step.border.left * pixel;
    const int right = left + step.shape.width() * pixel;
    for (int y = 0; y < step.rows; ++y) {
      fill(workspace, step.place(y), step.place(y, first + y < 0 ? step.row() : left));
      fill(workspace, step.place(y, right), step.place(y + 1));
    }
  }
  /// And in those below it, up to `end`.
  static void clear_below(const BandStep& step, std::byte* workspace, int first, int end) {
    const int begin = (std::max)(first, step.height);
    if (begin < end) fill(workspace, step.place(begin - first), step.place(end - first));
  }
  static void fill(std::byte* workspace, std::size_t begin, std::size_t end) {
    std::fill(workspace + begin, workspace + end, std::byte{});
  }
  /// The rows from `needed` to `end` move to the front, as far as they are there.
  static void keep(const BandStep& step, std::byte* workspace, int first, int needed, int end) {
    end = (std::min)(end, first + step.rows);
    if (needed > first && end > needed)
      std::copy(workspace + step.place(needed - first), workspace + step.place(end - first), workspace + step.place(0));
  }
};

}  // namespace strata::detail
