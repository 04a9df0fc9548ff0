// For LD_PRELOAD: counts the calls of the C allocators, which C++'s end in. (Not calloc: dlsym itself calls it.)
#include <atomic>
#include <cstddef>

#include <dlfcn.h>

namespace {

std::atomic<std::size_t> count = 0;

/// The C library's function of this name.
template <class F>
F* next(const char* name) {
  ++count;
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

std::size_t allocation_count() { return count; }

void* malloc(std::size_t size) {
  static auto* const function = next<void*(std::size_t)>("malloc");
  return ++count, function(size);
}
void* realloc(void* block, std::size_t size) {
  static auto* const function = next<void*(void*, std::size_t)>("realloc");
  return ++count, function(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  static auto* const function = next<void*(std::size_t, std::size_t)>("aligned_alloc");
  return ++count, function(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  static auto* const function = next<int(void**, std::size_t, std::size_t)>("posix_memalign");
  return ++count, function(block, alignment, size);
}

}
