#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Tells when nothing can come of going on: no key is accepted, or no endpoint has ever replied.
/// Pure.
class EndpointWatch {
 public:
  /// `last_fence`: the highest one of earlier starts. What ended under those, or was taken over
  /// from another run (fence 0), says nothing about the endpoints of this start.
  explicit EndpointWatch(std::uint64_t last_fence) : last_fence_(last_fence) {}

  /// Takes the next record. Returns why the run should stop, or nothing.
  std::optional<Error> look(const Record& record) {
    any_answer_ = any_answer_ || (record.answer.has_value() && record.fence > 0);
    if (!record.call || record.fence <= last_fence_) {
      return std::nullopt;
    }
    const Call& call = *record.call;
    const bool no_reply = call.end == CallEnd::failed && !any_answer_ && call.http_status == 0;
    if (call.end != CallEnd::unauthorized && call.end != CallEnd::outage && !no_reply) {
      return std::nullopt;
    }
    return Error{Errc::unavailable, "endpoint " + call.endpoint + ": " + call.error};
  }

 private:
  std::uint64_t last_fence_;
  bool any_answer_ = false;
};

}  // namespace fd
