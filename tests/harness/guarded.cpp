#include "harness/guarded.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

namespace strata::test {
namespace {

constexpr std::byte untouched{0x5a};

std::size_t page_size() {
  static const std::size_t size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

GuardedBytes::GuardedBytes(std::size_t size, Edge edge) {
  const std::size_t page = page_size(), inside = (size / page + 1) * page;  // at least a byte of band
  void* const all = ::mmap(nullptr, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) throw std::bad_alloc();
  pages_ = {static_cast<std::byte*>(all) + page, inside};
  ::mprotect(pages_.data(), inside, PROT_READ | PROT_WRITE);
  std::memset(pages_.data(), static_cast<int>(untouched), inside);
  bytes_ = edge == Edge::start ? pages_.first(size) : pages_.last(size);
}

GuardedBytes::~GuardedBytes() {
  if (!pages_.empty()) ::munmap(pages_.data() - page_size(), pages_.size() + 2 * page_size());
}

bool GuardedBytes::intact() const {
  const auto is_untouched = [](std::byte byte) { return byte == untouched; };
  return std::all_of(pages_.data(), bytes_.data(), is_untouched) &&
         std::all_of(bytes_.data() + bytes_.size(), pages_.data() + pages_.size(), is_untouched);
}

}  // namespace strata::test
