#pragma once

// Every use of CAF whose spelling differs between 0.17 (Debian 12 and 13) and 1.x goes through
// here. Included by the actor shells only: CAF's headers cost seconds in each file that sees them.

#include <chrono>
#include <cstddef>
#include <utility>

#include <caf/all.hpp>

#define FD_ACTOR_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)

namespace fd::act {

/// Sends from anywhere, also from a thread that is no actor.
template <class Dest, class... Ts>
void post(const Dest& dest, Ts&&... xs) {
  caf::anon_send(dest, std::forward<Ts>(xs)...);
}

/// Sends from anywhere, ahead of what post() sent and the receiver has not come to yet.
template <class Dest, class... Ts>
void post_urgent(const Dest& dest, Ts&&... xs) {
  caf::anon_send<caf::message_priority::high>(dest, std::forward<Ts>(xs)...);
}

/// Sends to oneself later. Cannot be taken back: put a generation into the message where that
/// matters.
template <class Self, class Rep, class Period, class... Ts>
void post_later(Self* self, std::chrono::duration<Rep, Period> delay, Ts&&... xs) {
  self->delayed_send(self, delay, std::forward<Ts>(xs)...);
}

/// A handler that throws is a bug of ours: say so and end, instead of losing an actor in silence.
template <class Self>
void end_process_on_exception(Self* self, const char* name) {
  self->set_exception_handler(
      [name](caf::scheduled_actor*, std::exception_ptr& pointer) -> caf::error {
        try {
          std::rethrow_exception(pointer);
        } catch (const std::exception& problem) {
          std::fprintf(stderr, "internal error in the %s actor: %s\n", name, problem.what());
        }
        std::fflush(stderr);
        std::_Exit(70);
      });
}

/// The settings of every actor system here. `sharing` has less latency than the default policy and
/// takes no time while idle.
inline void configure(caf::actor_system_config& config, std::size_t threads) {
  config.set("scheduler.max-threads", threads);
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("logger.console", caf::atom("none"));
}

}  // namespace fd::act
