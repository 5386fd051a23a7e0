#pragma once

#include "actors/system/descriptor.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// An eventfd: one thread wakes another that polls it. Thread: any.
class WakeEvent {
 public:
  /// Errors: invalid_input: too few open files are allowed.
  static Result<WakeEvent> make();
  /// Makes get() readable until clear().
  void wake() const;
  void clear() const;
  /// Returns what to poll for input.
  [[nodiscard]] int get() const { return fd_.get(); }

 private:
  explicit WakeEvent(Descriptor made) : fd_(std::move(made)) {}
  Descriptor fd_;
};

}  // namespace fd
