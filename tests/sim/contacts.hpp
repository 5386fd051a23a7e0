#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/sim/plan.hpp"
#include "tests/sim/schedule.hpp"

namespace fd::sim {

/// When coordinator and workers last heard of each other, as the network saw it: what justifies
/// that a worker's leases go to another one.
class Contacts {
 public:
  explicit Contacts(std::uint32_t workers) : contacts_(workers + 1) {}

  /// A coordinator was started: whoever held a lease has its time to come back.
  void coordinator_started(Time now) {
    for (Contact& contact : contacts_) {
      contact.heard = now;
      contact.heard_before = now;
      contact.reached = now;
    }
  }
  /// The coordinator was stopped for `pause`, in which nobody could be heard or reached.
  void coordinator_slept(Time pause, Time now) {
    for (Contact& contact : contacts_) {
      contact.heard = std::min(contact.heard + pause, now);
      contact.heard_before = std::min(contact.heard_before + pause, now);
      contact.reached = std::min(contact.reached + pause, now);
    }
  }
  /// Another process of the worker was started: what its lease waits for, for a while.
  void worker_started(std::uint32_t worker, Time now) {
    Contact& contact = contacts_.at(worker);
    contact.heard_before = contact.heard;
    contact.started = now;
  }
  /// A frame of the worker, sent at `sent`, arrived at the coordinator. What comes late proves
  /// nothing of now.
  void heard(std::uint32_t worker, Time sent, Time now) {
    Contact& contact = contacts_.at(worker);
    // Mute for its lease, it gave it up itself, whenever the coordinator was started meanwhile.
    if (now - contact.heard >= kSilence || sent - contact.spoke >= kSilence) {
      contact.freed = std::max(contact.freed, now);
    }
    contact.spoke = std::max(contact.spoke, sent);
    contact.heard = std::max(contact.heard, sent);
  }
  /// A frame of the coordinator, sent at `sent`, arrived at the worker.
  void reached(std::uint32_t worker, Time sent, Time now) {
    Contact& contact = contacts_.at(worker);
    if (now - contact.reached >= kSilence) {
      contact.freed = std::max(contact.freed, now);
    }
    contact.reached = std::max(contact.reached, sent);
  }
  /// The worker gives its leases back, or has ended and none takes its place.
  void freed(std::uint32_t worker, Time now) {
    Contact& contact = contacts_.at(worker);
    contact.freed = std::max(contact.freed, now);
  }
  /// The worker was asked to end: from now on it gives back whatever it is given.
  void leaves(std::uint32_t worker) { contacts_.at(worker).freed = kForEver; }

  /// Returns whether a lease that the worker was given at `granted_at` may go to another one.
  [[nodiscard]] bool may_lose(std::uint32_t worker, Time granted_at, Time now) const {
    const Contact& contact = contacts_.at(worker);
    const bool not_taken_over =
        granted_at < contact.started && now - contact.heard_before >= kSilence;
    return contact.freed >= granted_at || not_taken_over || silent(worker, now);
  }

 private:
  [[nodiscard]] bool silent(std::uint32_t worker, Time now) const {
    const Contact& contact = contacts_.at(worker);
    return now - contact.heard >= kSilence || now - contact.reached >= kSilence;
  }

  static constexpr Time kForEver = std::numeric_limits<Time>::max();
  static constexpr Time kSilence = kTtl * 9 / 10;  ///< clocks drift
  struct Contact {
    Time heard = 0;
    Time spoke = 0;         ///< when it sent what was heard last
    Time heard_before = 0;  ///< of the process before
    Time started = 0;
    Time reached = 0;
    Time freed = -1;
  };
  std::vector<Contact> contacts_;  ///< by worker; 0 is nobody
};

}  // namespace fd::sim
