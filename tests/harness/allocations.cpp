#include "harness/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <strata/core/inline.hpp>

#include "harness/sanitized.hpp"

#ifdef STRATA_SANITIZED
const bool strata::test::counts_allocations = false;
std::size_t strata::test::allocations() noexcept { return 0; }
#else
const bool strata::test::counts_allocations = true;

namespace {

std::atomic<std::size_t> count{0};

void* allocate(std::size_t size, std::size_t alignment) {
  ++count;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded)) return memory;
  throw std::bad_alloc();
}

}  // namespace

std::size_t strata::test::allocations() noexcept { return count; }

// The other forms (arrays, nothrow) call these. Inlined, g++ would take new and free for a mismatch.
STRATA_NOINLINE void* operator new(std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
STRATA_NOINLINE void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
STRATA_NOINLINE void operator delete(void* memory) noexcept { std::free(memory); }
STRATA_NOINLINE void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
STRATA_NOINLINE void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
STRATA_NOINLINE void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif
