#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/dataset.hpp"
#include "tests/sim/memory_ledger.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

/// The gateway's tries of one call.
inline constexpr std::uint32_t kMaxAttempts = 4;

/// What the teacher will reply to one call.
struct Reply {
  Time latency = 0;            ///< of the last attempt; of every one, when it hangs
  std::uint32_t attempts = 1;  ///< it answers, or fails for good, at this one
  std::uint32_t tried = 0;     ///< attempts so far, for the gateway
  std::uint64_t serial = 0;    ///< of the call: 1, 2, ...
  std::uint32_t count = 1;     ///< answers asked for
  Reason failure = Reason::none;
  std::vector<Answer> answers;  ///< of a purchase at least one, the first; none with a failure
};

/// A call as it stands on the bill.
struct Billed {
  CallIdentity call;
  std::uint32_t attempts = 0;
};

/// Who asks, for the bill.
struct Caller {
  std::uint32_t worker = 0;       ///< name: worker k
  std::uint64_t incarnation = 0;  ///< of its process
  std::uint64_t fence = 0;        ///< that the sample was started under
};

/// The scripted teacher and its bill: it knows every request by call key, and refuses to excuse one
/// that repeats a paid answer without a reason. An earlier request is excused if it failed, if its
/// process died before the answer was in its journal, or if the shard was leased to another worker
/// before the answer was recorded.
class Teacher {
 public:
  Teacher(const Plan& plan, const Dataset& data, const MemoryLedger& ledger, Schedule& schedule,
          Trace& trace, Oracle& oracle);

  /// Takes a call for `count` answers from the `number`-th of a sample on, and says what will come
  /// of it.
  Reply request(const Sample& sample, std::uint32_t number, std::uint32_t count,
                const Caller& caller);

  /// A worker starts a sample: under a lease that no other worker has by now. Not checked of a
  /// worker that sleeps, which it may do after it has looked at the clock.
  void begun(const Sample& sample, const Caller& caller);
  /// The answer (or the failure) of the latest request of this key by this process is in its
  /// journal.
  void settled(const Digest& key, std::uint64_t incarnation);
  /// An attempt of the call with this serial number is sent.
  void attempted(std::uint64_t serial) { ++bill_.at(serial - 1).attempts; }
  /// The process gives the call up between two attempts.
  void abandoned(const Digest& key, std::uint64_t incarnation);
  /// A process ended: what it had in flight is in doubt.
  void died(std::uint64_t incarnation);

  /// The coordinator serves a process of a worker. Another one of that name that it served before
  /// was replaced and may live on, on another machine: nothing that it does counts any more, and
  /// its journal stays behind.
  void served(std::uint32_t worker, std::uint64_t incarnation);

  /// From now on no call fails: the provider is mended.
  void mend() { mended_ = true; }

  [[nodiscard]] std::uint64_t requests() const { return bill_.size(); }
  /// Returns all calls by their serial number less one.
  [[nodiscard]] const std::vector<Billed>& bill() const { return bill_; }
  /// Returns how many requests repeated an earlier one that had not failed.
  [[nodiscard]] std::uint64_t extra() const { return extra_; }

 private:
  enum class State { in_flight, settled, failed, in_doubt };
  struct Request {
    Caller caller;
    Time sent = 0;
    State state = State::in_flight;
    bool fails = false;
  };
  void check(const Sample& sample, std::uint32_t number, const Caller& caller,
             const std::vector<Request>& earlier);
  /// Returns whether another worker has the lease of the shard by now.
  bool check_lease(const std::string& what, Place place, const Caller& caller);
  [[nodiscard]] bool lapsed(const Request& request, Place place, std::uint32_t number) const;

  const Plan& plan_;
  const Dataset& data_;
  const MemoryLedger& ledger_;
  Schedule& schedule_;
  Trace& trace_;
  Oracle& oracle_;
  Random random_;
  std::map<Digest, std::vector<Request>> log_;
  std::map<std::uint64_t, std::set<Digest>> open_;  ///< keys not settled, by incarnation
  std::set<std::uint64_t> ghosts_;
  bool late_starts_ = false;  ///< clocks drift: a lease may end a little later for its holder
  bool mended_ = false;
  std::map<std::uint32_t, std::uint64_t> served_;  ///< incarnation, by worker
  std::vector<Billed> bill_;
  std::uint64_t extra_ = 0;
};

}  // namespace fd::sim
