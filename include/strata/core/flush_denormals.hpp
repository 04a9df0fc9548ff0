// Denormal numbers, which cost some processors a hundred cycles each, as zeros for a while.
#pragma once

#include <cstdint>

#if defined(__SSE__) && !defined(__EMSCRIPTEN__)
#include <xmmintrin.h>
#endif

namespace strata::detail {

/// While it lives, the calling thread reads and writes denormal numbers as zeros; then its mode is what it was. Where a
/// processor has no such mode (32-bit ARM's vectors always do so, WebAssembly never), nothing changes.
class FlushDenormals {
 public:
  FlushDenormals() : mode_(mode()) { set(mode_ | flush); }
  ~FlushDenormals() { set(mode_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE__) && !defined(__EMSCRIPTEN__)
  using Mode = unsigned;
  static constexpr Mode flush = 0x8040;  // results, operands
  static Mode mode() { return _mm_getcsr(); }
  static void set(Mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
  using Mode = std::uint64_t;
  static constexpr Mode flush = Mode{1} << 24;
  static Mode mode() {
    Mode mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void set(Mode mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
  using Mode = unsigned;
  static constexpr Mode flush = 0;
  static Mode mode() { return 0; }
  static void set(Mode) {}
#endif

  Mode mode_;
};

}  // namespace strata::detail
