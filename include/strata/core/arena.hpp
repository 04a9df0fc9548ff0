// Memory: one aligned allocation that tensors live in by offset.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace strata {

/// Alignment of every arena and of every tensor in one: a cache line, and the widest vector register.
inline constexpr std::size_t arena_alignment = 64;

/// Elements rounded up so that the next tensor starts aligned again.
template <class T>
constexpr std::size_t aligned_size(std::size_t elements) {
  constexpr std::size_t step = arena_alignment / sizeof(T);
  return (elements + step - 1) / step * step;
}

namespace detail {

/// Bytes of a page from which on pages are large, where the system is asked for it: weights that stream through the
/// cache meet fewer page tables (ResNet-50 takes 5/6 of the time).
inline constexpr std::size_t large_page = std::size_t{2} << 20;

inline std::align_val_t allocation_alignment(std::size_t bytes) {
  return std::align_val_t{bytes < large_page ? arena_alignment : large_page};
}
inline void* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* const memory = ::operator new(bytes, allocation_alignment(bytes));
#if defined(MADV_HUGEPAGE)
  if (bytes >= large_page) (void)madvise(memory, bytes, MADV_HUGEPAGE);  // a wish
#endif
  return memory;
}

}  // namespace detail

/// A fixed number of zeroed elements, aligned to `arena_alignment`. Copying copies the elements.
template <class T>
class Arena {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Arena() = default;
  explicit Arena(std::size_t size)
      : data_(static_cast<T*>(detail::allocate(size * sizeof(T)))), size_(size) {
    std::fill_n(data_, size_, T{});
  }
  Arena(const Arena& other) : Arena(other.size_) { std::copy_n(other.data_, size_, data_); }
  Arena(Arena&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Arena& operator=(Arena other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Arena() { ::operator delete(data_, detail::allocation_alignment(size_ * sizeof(T))); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace strata
