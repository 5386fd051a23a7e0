#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"

namespace fd::simulator {

/// One line of the request log. Units: microseconds since the server started.
struct LogRecord {
  std::uint64_t number = 0;  ///< of the request, in order of arrival, from 1
  std::uint64_t arrival_us = 0;
  std::uint64_t reply_us = 0;  ///< when the reply is due; there is none when `replies` is false
  bool replies = true;
  Digest key = {};  ///< SHA-256 of the body
  int status = 0;
  std::string_view fault = {};  ///< "none": written as null
};

/// The billing record: lines are on disk before the replies that they stand for leave.
///
/// Lines gather in a batch while the batch before is being synced on a thread of its own (group
/// commit), so that one fdatasync serves every request that came in meanwhile.
/// Thread: everything from one thread.
class RequestLog {
 public:
  /// Opens `path` for appending, made if missing. What a killed process left of a last line is
  /// removed: its request never got a reply. Errors: storage.
  static Result<RequestLog> open(const std::string& path);

  ~RequestLog();
  RequestLog(RequestLog&&) noexcept;
  RequestLog& operator=(RequestLog&&) noexcept;

  /// Adds a line to the present batch and returns the batch's number (from 1, rising).
  std::uint64_t append(const LogRecord& record);
  /// Hands the present batch over to be synced, unless it is empty or another one is under way; to
  /// be called after each round of appends and whenever event_fd() was readable.
  void flush();
  /// Returns the descriptor that becomes readable when a batch is done.
  [[nodiscard]] int event_fd() const;
  /// Returns the last batch that is on disk, and makes event_fd() unreadable.
  /// Errors: storage, when a write or a sync failed: no later reply may leave.
  Result<std::uint64_t> durable();
  /// Waits until every line is on disk. Errors: storage.
  Result<void> close();

 private:
  struct Impl;
  explicit RequestLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd::simulator
