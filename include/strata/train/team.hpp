// What the members of a team must have alike before they train: they compare it, and refuse with the difference.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/hash.hpp>
#include <strata/core/number.hpp>
#include <strata/core/parallel.hpp>
#include <strata/core/schema.hpp>
#include <strata/core/text.hpp>
#include <strata/core/type_name.hpp>
#include <strata/data/dataset.hpp>

namespace strata::detail {

/// An optimiser, loss or callback with its hyper-parameters, where it lists them: `SGD{.learning_rate = 0.5}`.
template <class T>
std::string config_text(const T& value) {
  if constexpr (Config<T>) return spelling(value);
  else return std::string(type_name<T>());
}

/// FNV-1a of values instead of characters.
template <class T>
std::uint64_t hash_of(std::span<const T> values, std::uint64_t hash = hash_start) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>);
  for (const T& value : values) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    hash = add_to_hash(hash, bits);
    hash ^= hash >> 32;
  }
  return hash;
}

/// What must be alike.
struct Fact {
  const char* what;
  std::string text;  ///< compared, and shown: the first line that differs
  const char* remedy = "start the same program everywhere";

  /// Of values too many to show.
  template <class T>
  static Fact hashed(const char* what, std::span<const T> values, const char* remedy) {
    return {what, "values whose hash is " + std::to_string(hash_of(values)), remedy};
  }
};

/// One member's text, for all.
template <Team Parallel>
std::string text_of(const Parallel& parallel, std::size_t member, const std::string& own) {
  const bool tells = parallel.rank() == member;
  double size = tells ? static_cast<double>(own.size()) : 0;
  parallel.all_reduce(std::span(&size, 1));
  std::vector<double> letters(static_cast<std::size_t>(size));
  if (tells)
    std::transform(own.begin(), own.end(), letters.begin(), [](char c) { return static_cast<unsigned char>(c); });
  parallel.all_reduce(std::span(letters));
  std::string text(letters.size(), ' ');
  std::transform(letters.begin(), letters.end(), text.begin(),
                 [](double c) { return static_cast<char>(static_cast<unsigned char>(c)); });
  return text;
}

/// Lines of two texts, the first that differ.
inline void skip_equal_lines(std::string_view& a, std::string_view& b) {
  const auto line = [](std::string_view text) { return text.substr(0, text.find('\n')); };
  while (!a.empty() && !b.empty() && line(a) == line(b)) {
    a.remove_prefix((std::min)(a.size(), line(a).size() + 1));
    b.remove_prefix((std::min)(b.size(), line(b).size() + 1));
  }
  a = line(a), b = line(b);
}

/// All members call it with as many facts. Throws InvalidArgument in each where one is not alike.
template <Team Parallel>
void require_alike(const Parallel& parallel, const std::vector<Fact>& facts) {
  const std::size_t members = parallel.members(), count = facts.size();
  std::vector<double> hashes(members * count);
  for (std::size_t i = 0; i < count; ++i)
    hashes[parallel.rank() * count + i] =
        static_cast<double>(hash_of(std::span<const char>(facts[i].text)) >> 11);  // exact in double
  parallel.all_reduce(std::span(hashes));
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t member = 1; member < members; ++member) {
      if (hashes[member * count + i] == hashes[i]) continue;
      const std::string first = text_of(parallel, 0, facts[i].text), other = text_of(parallel, member, facts[i].text);
      std::string_view expected = first, received = other;
      skip_equal_lines(expected, received);
      raise<InvalidArgument>("team of " + std::to_string(members) + ": expected the " + facts[i].what +
                             " of member 0 in all, " + std::string(expected) + ", received " + std::string(received) +
                             " in member " + std::to_string(member) + "; " + facts[i].remedy);
    }
}

/// What changes while one trains.
template <class Trainer>
std::vector<Fact> state_facts(const Trainer& trainer) {
  using T = typename Trainer::vector_type::value_type;
  constexpr const char* remedy = "give all members a model of the same seed, or load the same file in all";
  return {{"number of steps done", std::to_string(trainer.iterations()), remedy},
          {"learning rate", general(trainer.learning_rate()), "callbacks must decide alike in all members"},
          Fact::hashed("parameters", std::span<const T>(trainer.model().parameters()), remedy),
          Fact::hashed("optimiser's slots", trainer.slots(), remedy)};
}

/// What a trainer is, and its state.
template <class Trainer>
std::vector<Fact> trainer_facts(const Trainer& trainer) {
  using Net = typename Trainer::network_type;
  std::string network;
  for (std::size_t n = 0; n < Net::network().node_count; ++n) {
    const auto& node = Net::network().nodes[n];
    network += std::string(Text(node.name)) + ": " + std::string(node.rules->type()) + " of " +
               std::string(Text() << Net::network().tensors[n].shape) + (node.frozen ? ", frozen\n" : "\n");
  }
  std::vector<Fact> facts{{"network", network},
                          {"numbers", std::string(type_name<typename Trainer::vector_type::value_type>())},
                          {"loss", config_text(trainer.loss())},
                          {"optimiser", config_text(trainer.optimizer())},
                          {"seed", "Seed{" + std::to_string(trainer.seed().value) + "}"},
                          {"synchronisation", synchronized<std::remove_cvref_t<decltype(trainer.parallel())>>
                                                  ? "batch normalisation of all samples"
                                                  : "batch normalisation of each share"}};
  for (Fact& fact : state_facts(trainer)) facts.push_back(std::move(fact));
  return facts;
}

/// What a data set is: its sizes, all labels and targets, and about a thousand of its samples.
inline std::string data_fact(const Dataset& dataset) {
  std::uint64_t inputs = hash_of(std::span<const float>());
  const std::size_t step = dataset.size() / 1000 + 1;
  for (std::size_t i = 0; i < dataset.size(); i += step)
    inputs = hash_of(std::span<const float>(dataset.sample(i)), inputs);
  return std::string(Text() << dataset.size() << " samples of " << dataset.shape() << ", "
                            << dataset.labels_per_sample() << " label(s) and " << dataset.targets_per_sample()
                            << " target(s) each") +
         "\ninputs whose hash is " + std::to_string(inputs) + "\nlabels whose hash is " +
         std::to_string(hash_of(dataset.labels())) + "\ntargets whose hash is " +
         std::to_string(hash_of(dataset.targets()));
}

/// What `fit` is asked for, and a trainer's state.
template <class Trainer, class Options, class... Callbacks>
std::vector<Fact> run_facts(const Trainer& trainer, const Dataset& train, const Options& options,
                            const Callbacks&... callbacks) {
  constexpr const char* remedy = "give all members the same data; each reads its share";
  std::vector<Fact> facts = state_facts(trainer);
  facts.push_back({"training data", data_fact(train), remedy});
  facts.push_back({"validation data", options.validation == nullptr ? "none" : data_fact(*options.validation), remedy});
  facts.push_back({"options of fit",
                   std::string(Text() << ".batch_size = " << options.batch_size << "\n.epochs = " << options.epochs
                                      << "\n.initial_epoch = " << options.initial_epoch
                                      << "\n.shuffle = " << (options.shuffle ? "true" : "false"))});
  std::string all;
  ((all += config_text(callbacks) + '\n'), ...);
  facts.push_back({"callbacks and metrics", all, "give all members the same"});
  return facts;
}

}  // namespace strata::detail
