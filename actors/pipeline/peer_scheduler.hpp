#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"

namespace fd {

inline constexpr std::size_t kAskSamples = 32;      ///< samples in one request to a peer
inline constexpr std::size_t kAskBytes = 1u << 20;  ///< bytes in one, unless one sample has more
/// A peer is asked for so many batches at most before it replied: two for each of its threads, and
/// these.
inline constexpr std::uint32_t kPeerCreditExtra = 2;
inline constexpr Duration kPeerPatience = std::chrono::seconds(5);
inline constexpr Duration kPeerPatienceMax = std::chrono::seconds(60);
/// How long a peer that has said "not now" is left alone.
inline constexpr Duration kPeerRest = std::chrono::milliseconds(200);

struct PeerSchedulerConfig {
  std::set<StageId> local;            ///< stages that run in this process
  Duration patience = kPeerPatience;  ///< for a batch's reply; doubled each time none came
};

// --- events ---------------------------------------------------------------------------------

/// Who serves what at the moment: all of them.
struct PeersPublished {
  std::vector<PeerInfo> peers;
};
/// Samples that need `stage` next; with `alone`, and no stage behind it. The numbers are the
/// caller's, never given twice.
struct WorkQueued {
  struct Sample {
    std::uint64_t number = 0;
    std::size_t bytes = 0;
  };
  StageId stage = StageId::exec;
  std::vector<Sample> samples;
  bool alone = false;
};
struct PeerReplied {
  std::uint64_t peer = 0;  ///< incarnation
  std::uint64_t ask = 0;
  bool not_now = false;
  std::vector<std::vector<StageId>> stages{};  ///< of each sample, those that ran over it
  bool working = false;  ///< it is at work on the batch, and asks for patience
};
struct PeerSchedulerTicked {};
using PeerSchedulerEvent =
    std::variant<PeersPublished, WorkQueued, PeerReplied, PeerSchedulerTicked>;

// --- effects --------------------------------------------------------------------------------

/// Send these samples to a peer, which runs the stages from `first` to `last` over them.
struct AskPeer {
  std::uint64_t ask = 0;  ///< the request's id; the same one again when it is repeated
  std::uint64_t peer = 0;
  StageId first = StageId::exec;
  StageId last = StageId::exec;
  std::vector<std::uint64_t> samples;
};
/// These samples have passed `last`; the reply to be used is the one at hand.
struct WorkServed {
  StageId first = StageId::exec;
  StageId last = StageId::exec;
  std::vector<std::uint64_t> samples;
};
/// What the shell must do, in this order.
struct PeerSchedulerEffects {
  std::vector<std::uint64_t> disconnect;  ///< incarnations
  std::vector<PeerInfo> connect;
  std::optional<WorkServed> served;
  std::vector<AskPeer> ask;
};

/// Which peer gets which batch of a lease holder's samples, and what happens when it does not
/// reply: a batch goes to the peer with the least to do; it is asked again elsewhere when a peer is
/// slow, gone from the list, or was started again; the first reply wins. Stages that follow each
/// other at one peer are asked for at once. A peer that let a batch wait gets no other while
/// somebody else serves the stage, and only one at a time until it has replied. Pure.
class PeerScheduler {
 public:
  explicit PeerScheduler(PeerSchedulerConfig config) : config_(std::move(config)) {}

  PeerSchedulerEffects step(Instant now, PeerSchedulerEvent event);

  /// Returns when step(PeerSchedulerTicked) is due next; nothing: not before another event.
  [[nodiscard]] std::optional<Instant> next_tick() const;

 private:
  struct Peer {
    PeerInfo info;
    std::uint32_t outstanding = 0;  ///< batches asked, not replied and not overdue
    bool doubtful = false;          ///< let a batch wait, and has not replied since
    Instant slow_until{};
    Instant rests_until{};
    [[nodiscard]] bool serves(StageId stage) const;
    [[nodiscard]] std::uint32_t threads() const { return std::max(1u, info.threads); }
    [[nodiscard]] std::uint32_t credit() const;
  };
  struct Ask {
    std::uint64_t batch = 0;
    std::uint64_t peer = 0;
    StageId last = StageId::exec;
    Instant due{};
    bool overdue = false;  ///< a reply still counts
  };
  struct Batch {
    StageId first = StageId::exec;
    bool alone = false;  ///< no stage behind the first
    std::vector<std::uint64_t> samples;
    std::set<std::uint64_t> asks;
    std::uint32_t times_overdue = 0;
  };

  void on(Instant now, PeersPublished& event, PeerSchedulerEffects& effects);
  void on(Instant now, WorkQueued& event, PeerSchedulerEffects& effects);
  void on(Instant now, PeerReplied& event, PeerSchedulerEffects& effects);
  void on(Instant now, PeerSchedulerTicked& event, PeerSchedulerEffects& effects);
  void place(Instant now, PeerSchedulerEffects& effects);
  Peer* pick(Instant now, StageId stage, const Batch& batch);
  [[nodiscard]] bool asked(const Batch& batch, std::uint64_t peer) const;
  void ask(Instant now, std::uint64_t batch, Peer& peer, PeerSchedulerEffects& effects);
  [[nodiscard]] StageId last_at(const Peer& peer, const Batch& batch) const;
  Batch take_queued(StageId stage, bool alone);
  void drop(std::uint64_t ask);
  void leave(std::uint64_t peer);
  void place_again(std::uint64_t batch);

  PeerSchedulerConfig config_;
  std::map<std::uint64_t, Peer> peers_;                                        ///< by incarnation
  std::map<std::pair<StageId, bool>, std::deque<WorkQueued::Sample>> queued_;  ///< bool: alone
  std::map<std::uint64_t, Batch> batches_;  ///< those that were asked for
  std::map<std::uint64_t, Ask> asks_;
  std::deque<std::uint64_t> unplaced_;  ///< batches that must be asked again
  Instant now_{};                       ///< of the last step
  std::uint64_t last_batch_ = 0;
  std::uint64_t last_ask_ = 0;
};

}  // namespace fd
