#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/gateway/chat_call.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// What a model is asked about a sample in one role, and what its answers become. Teacher, judge
/// and student are such data; CallStage does the rest. Pure: the sample and what earlier stages
/// found decide everything, never the order in which answers came. Thread: any.
class Questions {
 public:
  Questions() = default;
  virtual ~Questions() = default;
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  /// Returns the stage whose time the calls take.
  [[nodiscard]] virtual StageId stage() const = 0;
  [[nodiscard]] virtual Role role() const = 0;
  /// Returns the first calls about an item, in order. None: there is nothing to ask.
  [[nodiscard]] virtual std::vector<ChatCall> first(const WorkItem& item) const = 0;
  /// Returns the call of the next round, when `answer` needs a repair. Of `item`, its answers must
  /// not count. Requires: the rounds have an end.
  [[nodiscard]] virtual std::optional<ChatCall> repair(const WorkItem& /*item*/,
                                                       const Answer& /*answer*/) const {
    return std::nullopt;
  }
  /// Adds to the item what its answers say, once it has all of them, in order.
  virtual void conclude(WorkItem& /*item*/) const {}
};

/// A sample between its first call and its last answer.
struct CalledSample {
  WorkItem item;
  std::uint32_t open = 0;                                 ///< answers that are to come
  std::optional<std::pair<CallIdentity, Reason>> failed;  ///< the lowest call that failed
  bool cancelled = false;      ///< a call was not made: the sample is to be dropped
  std::uint64_t queue_us = 0;  ///< longest of its calls, as is the next
  std::uint64_t service_us = 0;
};

enum class CallProgress {
  waiting,
  done,     ///< the sample goes on: with all its answers, or with a failure
  dropped,  ///< a call was cancelled: nobody waits for the sample any more
};

/// Asks a model about samples: which calls are missing, and what their results make of the sample.
/// A call that is on record is not made again, and none is made about a sample that has failed or
/// whose gold is known not to run. Consecutive missing candidates that are asked the
/// same are one purchase; what it did not bring is asked for again. A sample of which any call
/// failed goes on with the failure of the lowest such call, whichever came first: to continue with
/// fewer answers would make output depend on faults. Pure. Thread: any.
class CallStage {
 public:
  /// `count_max`: candidates that one call may ask for, at least 1.
  explicit CallStage(std::unique_ptr<const Questions> questions, std::uint32_t count_max = 1);

  /// Returns the calls that the item has no answers to, as far as its answers tell.
  [[nodiscard]] std::vector<ChatCall> plan(const WorkItem& item) const;

  /// Starts a sample, with the recorded answers that it has; those of this role that it does not
  /// ask for are dropped. Returns the calls to make, with the item's lease and without a tag. When
  /// there are none, the sample is done.
  std::vector<ChatCall> begin(CalledSample& sample) const;

  /// Takes a result of one of its calls. Appends the calls that are to be made now to `more`.
  CallProgress take(CalledSample& sample, ChatResult result, std::vector<ChatCall>& more) const;

 private:
  struct Walked;
  [[nodiscard]] Walked walk(const WorkItem& item) const;
  [[nodiscard]] std::vector<ChatCall> purchases(std::vector<ChatCall> missing) const;
  [[nodiscard]] std::vector<ChatCall> absent(const WorkItem& item, const Call& ended) const;
  void end_call(CalledSample& sample, const ChatResult& result, std::vector<ChatCall>& more) const;
  void close(WorkItem& item) const;

  std::unique_ptr<const Questions> questions_;
  std::uint32_t count_max_;
};

/// Returns what is to be recorded of a result before all else; nothing for a call that was
/// cancelled before it was sent.
std::optional<Record> record_of(const WorkItem& item, const ChatResult& result);

}  // namespace fd
