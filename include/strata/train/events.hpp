// The moments of a training run at which callbacks are called: what `fit` and `Trainer::step` share.
//
// A callback is any object with one or more of these members; they are found by `requires`, there is no base class.
// Each may leave out the trainer. Epochs and batches count from 0, as in Keras.
//
//   on_train_begin(trainer)
//   on_epoch_begin(trainer, epoch)
//   on_forward(trainer, outputs, targets)  what the network says in training mode and what it should say: two spans
//   on_backward(trainer)                   trainer.gradients() are ready and finite, the parameters not yet changed
//   on_batch_end(trainer, batch, logs)     logs: means over the epoch so far
//   on_epoch_end(trainer, epoch, logs)     logs: loss, metrics and, with validation data, val_loss and val_ metrics
//   on_train_end(trainer)
//
//     struct Watch {
//       template <class Trainer>
//       void on_epoch_end(Trainer& trainer, int epoch, const Logs& logs) {
//         if (logs["val_loss"] < 0.1) trainer.stop();
//       }
//     };
//
// The trainer offers model(), optimizer(), gradients(), gradient<"dense/kernel">(), slots(), iterations(), seed(),
// stop().
#pragma once

namespace strata::detail {

struct TrainBegin {
  template <class Callback, class... Arguments>
  auto operator()(Callback& callback, Arguments&... arguments) const
      -> decltype(callback.on_train_begin(arguments...)) {
    return callback.on_train_begin(arguments...);
  }
  template <class Callback>
  static constexpr bool named = requires {
    &Callback::on_train_begin;
  };
};
struct EpochBegin {
  template <class Callback, class... Arguments>
  auto operator()(Callback& callback, Arguments&... arguments) const
      -> decltype(callback.on_epoch_begin(arguments...)) {
    return callback.on_epoch_begin(arguments...);
  }
  template <class Callback>
  static constexpr bool named = requires {
    &Callback::on_epoch_begin;
  };
};
struct AfterForward {
  template <class Callback, class... Arguments>
  auto operator()(Callback& callback, Arguments&... arguments) const -> decltype(callback.on_forward(arguments...)) {
    return callback.on_forward(arguments...);
  }
  template <class Callback>
  static constexpr bool named = false;  // may take only labels, or only targets
};
struct AfterBackward {
  template <class Callback, class... Arguments>
  auto operator()(Callback& callback, Arguments&... arguments) const -> decltype(callback.on_backward(arguments...)) {
    return callback.on_backward(arguments...);
  }
  template <class Callback>
  static constexpr bool named = requires {
    &Callback::on_backward;
  };
};
struct BatchEnd {
  template <class Callback, class... Arguments>
  auto operator()(Callback& callback, Arguments&... arguments) const -> decltype(callback.on_batch_end(arguments...)) {
    return callback.on_batch_end(arguments...);
  }
  template <class Callback>
  static constexpr bool named = requires {
    &Callback::on_batch_end;
  };
};
struct EpochEnd {
  template <class Callback, class... Arguments>
  auto operator()(Callback& callback, Arguments&... arguments) const -> decltype(callback.on_epoch_end(arguments...)) {
    return callback.on_epoch_end(arguments...);
  }
  template <class Callback>
  static constexpr bool named = requires {
    &Callback::on_epoch_end;
  };
};
struct TrainEnd {
  template <class Callback, class... Arguments>
  auto operator()(Callback& callback, Arguments&... arguments) const -> decltype(callback.on_train_end(arguments...)) {
    return callback.on_train_end(arguments...);
  }
  template <class Callback>
  static constexpr bool named = requires {
    &Callback::on_train_end;
  };
};

/// Whether a callback wants to hear of an event, with the trainer or without.
template <class Event, class Callback, class Trainer, class... Arguments>
inline constexpr bool hears = requires(Event event, Callback& callback, Trainer& trainer, Arguments&... arguments) {
  event(callback, trainer, arguments...);
}
|| requires(Event event, Callback& callback, Arguments&... arguments) { event(callback, arguments...); };

/// Calls the callback's member for this event, if it has one.
template <class Event, class Callback, class Trainer, class... Arguments>
void notify(Callback& callback, Trainer& trainer, Arguments&... arguments) {
  if constexpr (requires { Event{}(callback, trainer, arguments...); })
    Event{}(callback, trainer, arguments...);
  else if constexpr (requires { Event{}(callback, arguments...); })
    Event{}(callback, arguments...);
  else
    static_assert(!Event::template named<Callback>,
                  "a callback has a member of the right name that cannot be called with these arguments: "
                  "strata/train/events.hpp lists what each member receives");
}

/// Whether an object has a member of such a name.
template <class Callback>
concept NamesAnEvent = TrainBegin::named<Callback> || EpochBegin::named<Callback> || AfterForward::named<Callback> ||
    AfterBackward::named<Callback> || BatchEnd::named<Callback> || EpochEnd::named<Callback> ||
    TrainEnd::named<Callback>;

}  // namespace strata::detail
