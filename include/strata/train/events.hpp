// The moments of a training run at which callbacks are called: what `fit` and `Trainer::step` share.
//
// A callback is any object with one or more of these members; they are found by `requires`, there is no base class.
// Each may leave out the trainer. Epochs and batches count from 0, as in Keras.
//
//   on_train_begin(trainer)
//   on_train_begin(trainer, logs)          logs: the numbers to come by their names, none known yet
//   on_epoch_begin(trainer, epoch)
//   on_forward(trainer, outputs, targets)  what the network says in training mode and what it should say: two spans
//   on_backward(trainer)                   trainer.gradients() are ready and finite, the parameters not yet changed
//   on_batch_end(trainer, batch, logs)     logs: means over the epoch so far
//   on_epoch_end(trainer, epoch, logs)     logs: loss, metrics and, with validation data, val_loss and val_ metrics;
//                                          who takes a `Logs&` may add numbers for the callbacks after it and History
//   on_train_end(trainer)                  not when an exception ends the run (as in Keras)
//
//     struct Watch {
//       template <class Trainer>
//       void on_epoch_end(Trainer& trainer, int epoch, const Logs& logs) {
//         if (logs["val_loss"] < 0.1) trainer.stop();
//       }
//     };
//
// The trainer offers model(), optimizer(), gradients(), gradient<"dense/kernel">(), slots(), iterations(), seed(),
// epochs(), stop().
#pragma once

#include <span>
#include <type_traits>

namespace strata::detail {

/// A member of every event's name: a type that derives from this and from a callback has two of those that the callback
/// has, templates and overloads too, and `&type::name` then means neither.
struct EventNames {
  int on_train_begin, on_epoch_begin, on_forward, on_backward, on_batch_end, on_epoch_end, on_train_end;
};
template <class Callback>
struct NamesTwice : std::remove_cv_t<Callback>, EventNames {};

/// An event calls its member of a callback; `named` says whether the callback has a member of that name.
#define STRATA_EVENT(Event, member)                                                                               \
  struct Event {                                                                                                  \
    template <class Callback, class... Arguments>                                                                 \
    auto operator()(Callback& callback, Arguments&... arguments) const -> decltype(callback.member(arguments...)) { \
      return callback.member(arguments...);                                                                       \
    }                                                                                                             \
    template <class Callback>                                                                                     \
    static constexpr bool named = [] {                                                                            \
      if constexpr (std::is_class_v<Callback> && !std::is_final_v<Callback>)                                      \
        return !requires { &NamesTwice<Callback>::member; };                                                      \
      else                                                                                                        \
        return requires { &Callback::member; };                                                                   \
    }();                                                                                                          \
  };
STRATA_EVENT(TrainBegin, on_train_begin)
STRATA_EVENT(EpochBegin, on_epoch_begin)
STRATA_EVENT(AfterForward, on_forward)
STRATA_EVENT(AfterBackward, on_backward)
STRATA_EVENT(BatchEnd, on_batch_end)
STRATA_EVENT(EpochEnd, on_epoch_end)
STRATA_EVENT(TrainEnd, on_train_end)
#undef STRATA_EVENT

/// Whether a callback wants to hear of an event, with the trainer or without.
template <class Event, class Callback, class Trainer, class... Arguments>
inline constexpr bool hears = requires(Event event, Callback& callback, Trainer& trainer, Arguments&... arguments) {
  event(callback, trainer, arguments...);
}
|| requires(Event event, Callback& callback, Arguments&... arguments) { event(callback, arguments...); };

/// What stops the compiler where a member of an event's name cannot be called.
template <class Event, class Extra, bool heard>
constexpr bool examine_event() {
  constexpr bool fine = heard || !Event::template named<Extra>;
  static_assert(fine, "a callback has a member of the right name that cannot be called with these arguments: "
                      "strata/train/events.hpp lists what each member receives");
  return fine;
}

/// The same of a step's observer of `T`.
template <class Observer, class Trainer, class T, class Values = const std::span<const T>>
constexpr bool examine_observer() {
  return examine_event<AfterBackward, Observer, hears<AfterBackward, Observer, Trainer>>() &&
         examine_event<AfterForward, Observer,
                       hears<AfterForward, Observer, Trainer, Values, const std::span<const int>> ||
                           hears<AfterForward, Observer, Trainer, Values, Values>>();
}

/// Calls the callback's member for this event, if it has one.
template <class Event, class Callback, class Trainer, class... Arguments>
void notify(Callback& callback, Trainer& trainer, Arguments&... arguments) {
  if constexpr (requires { Event{}(callback, trainer, arguments...); })
    Event{}(callback, trainer, arguments...);
  else if constexpr (requires { Event{}(callback, arguments...); })
    Event{}(callback, arguments...);
}

}  // namespace strata::detail
