#include "harness/allocations.hpp"
#include "harness/catch.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

#include "train/support.hpp"

// Sanitizers bring an operator new of their own; nothing is counted there.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STRATA_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRATA_SANITIZED
#endif

#ifdef STRATA_SANITIZED
std::size_t strata::test::allocations() noexcept { return 0; }
#else
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

using namespace strata;
using namespace strata::train_test;

namespace {
struct Net : Sequential<Input<6, 5, 2>, Conv2D<4, 3, Same>, BatchNorm, ReLU, Dropout<0.25>, Flatten,
                        Dense<3, activation<Softmax>>> {};
}  // namespace

TEST_CASE("a step allocates nothing once a batch of its size was seen", "[train]") {
  Model<Net> model{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{}, Adam{.learning_rate = CosineDecay{1e-3, 100}, .clipnorm = 1}};
  const std::vector<float> inputs = normal(8 * 60, 1);
  const std::vector<int> classes = labels(8, 3, 2);
  trainer.step(inputs, classes);
  const std::size_t before = test::allocations();
#ifndef STRATA_SANITIZED
  CHECK(before > 0);
#endif
  for (const std::size_t batch : {8, 3, 8})
    trainer.step(std::span(inputs).first(60 * batch), std::span(classes).first(batch));
  CHECK(test::allocations() == before);
}
