// benchmark_footprint PARAMETERS: the lesson's network deployed, its parameters in a file of plain floats. Runs it a
// thousand times, prints how many allocations that took (under libcount_allocations.so), and waits for the end of its
// input, so that its memory can be looked at.
#include <cstdio>
#include <vector>

#include <strata/strata.hpp>

using namespace strata;

struct Lesson : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

/// Of the process so far; comes with libcount_allocations.so.
extern "C" [[gnu::weak]] std::size_t allocation_count();

Engine<Lesson> load(const char* path) {
  Model<Lesson> model;
  std::FILE* file = std::fopen(path, "rb");
  const std::span<float> parameters = model.parameters();
  if (file == nullptr || std::fread(parameters.data(), sizeof(float), parameters.size(), file) != parameters.size())
    throw InvalidArgument("the parameters cannot be read");
  std::fclose(file);
  return Engine<Lesson>(model);
}

int main(int, char** arguments) try {
  const Engine<Lesson> engine = load(arguments[1]);
  std::vector<float> input(Lesson::input_shape.size(), 0.5f), output(Lesson::output_shape.size());
  const std::size_t before = allocation_count != nullptr ? allocation_count() : 0;
  for (int run = 0; run < 1000; ++run) engine(input, output);
  const std::size_t after = allocation_count != nullptr ? allocation_count() : 0;
  std::printf("%zu\n", after - before);
  std::fflush(stdout);
  std::getchar();
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
