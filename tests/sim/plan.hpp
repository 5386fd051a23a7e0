#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/frame.hpp"
#include "protocol/stages.hpp"
#include "tests/sim/schedule.hpp"

namespace fd::sim {

inline constexpr Time kTtl = 4 * kSecond;
inline constexpr Time kHeartbeat = 500 * kMillisecond;

/// A process dies. `who`: 0 is the coordinator, k is worker k.
struct Crash {
  std::uint32_t who = 0;
  Time at = 0;
  /// 0: between two events. n: at the n-th boundary between two effects of one event from then on.
  std::uint32_t boundary = 0;
  std::optional<Time> restart_after;  ///< nothing: never
  bool told = false;                  ///< of a worker: the coordinator's shell sees its child end
};

/// A process stops (SIGSTOP) and goes on later.
struct Pause {
  std::uint32_t who = 0;
  Time at = 0;
  Time length = 0;
};

/// A process is asked to end (SIGTERM), finishes what is under way, and is started again later.
struct Stop {
  std::uint32_t who = 0;
  Time at = 0;
  Time restart_after = 0;
};

/// A second process of a worker's name is started while the first one still runs.
struct Ghost {
  std::uint32_t who = 1;
  Time at = 0;
};

/// No message passes between the coordinator and one worker, in one direction or both.
struct Partition {
  std::uint32_t worker = 1;
  Time from = 0;
  Time to = 0;
  bool up = true;     ///< worker to coordinator is cut
  bool down = true;   ///< coordinator to worker is cut
  bool hold = false;  ///< messages come after the cut instead of being lost (TCP sends again)
};

struct NetworkPlan {
  Time delay_min = 1 * kMillisecond;
  Time delay_max = 5 * kMillisecond;
  std::uint32_t loss_permille = 0;
  std::uint32_t repeat_permille = 0;
  std::uint32_t slow_permille = 0;  ///< messages that take up to slow_max
  Time slow_max = 1 * kSecond;
  std::vector<Partition> partitions;
  // Directed faults, for single cases of docs/guarantees.md. Until faults_end.
  std::map<MessageKind, std::uint32_t> copies;  ///< a message of this kind comes so many times
  std::set<MessageKind> dropped;                ///< messages of these kinds never come
  /// A message of the first kind waits for the next one of the second, and comes behind it.
  std::optional<std::pair<MessageKind, MessageKind>> swapped;
  std::vector<Time> replays;  ///< when every state that a worker ever sent comes once more
};

struct TeacherPlan {
  Time latency_min = 100 * kMillisecond;
  Time latency_max = 800 * kMillisecond;
  std::uint32_t retry_permille = 0;   ///< calls that the gateway had to try again (429, 5xx)
  std::uint32_t refuse_permille = 0;  ///< calls that fail for good
  std::uint32_t hang_permille = 0;    ///< calls that end with a time-out
  bool deterministic = true;          ///< the answer is f(call key); else f(call key, request)
};

struct DiskPlan {
  Time sync_min = 1 * kMillisecond;  ///< of a worker's journal
  Time sync_max = 4 * kMillisecond;
  std::uint32_t sync_fails_permille = 0;
  Time commit_min = 1 * kMillisecond;  ///< of the ledger
  Time commit_max = 6 * kMillisecond;
  std::uint32_t commit_fails_permille = 0;
};

/// A process's own clock against simulated time.
struct ClockPlan {
  Time offset = 0;
  std::int32_t drift_ppm = 0;
};

/// What a worker does in a world where workers serve stages to one another.
struct WorkerRole {
  std::vector<StageId> stages = all_stages();
  bool serves_peers = false;
};

/// No message passes from one worker to another that serves it, or none comes back, or both.
struct PeerCut {
  std::uint32_t asker = 1;
  std::uint32_t server = 2;
  Time from = 0;
  Time to = 0;
  bool requests = true;
  bool replies = true;
  bool hold = false;  ///< messages come after the cut instead of being lost
};

/// The coordinator dies, and its run directory is not what it was when it starts again.
struct Replacement {
  Time at = 0;
  Time restart_after = 0;
  std::optional<Time> copied_at;  ///< put back from a copy of then; nothing: deleted
};

/// A sample that kills every worker that works on it, once it has its answers.
struct Poison {
  std::uint32_t shard = 0;
  std::uint32_t position = 0;
};

/// All that happens to one world, but for what single messages and calls draw.
struct Plan {
  std::uint64_t seed = 0;
  std::uint32_t workers = 3;
  std::vector<std::uint32_t> shards;  ///< samples in each
  std::uint32_t candidates = 1;
  bool other_roles = false;  ///< a judge votes twice on candidate 0, which the teacher then repairs
  bool purchases = false;    ///< the teacher's candidates are asked for in one request
  bool gold_first = false;   ///< samples pass exec for their gold before their calls
  bool in_pieces = false;    ///< a sample's answers travel one by one
  std::uint32_t databases = 0;      ///< samples name so many, which travel in small pieces
  std::uint64_t database_room = 0;  ///< bytes of them that a worker keeps
  Time database_read_max = 0;       ///< until the coordinator has read a piece
  Time database_disk_max = 0;       ///< until a worker's disk has looked, or has taken a piece
  bool config_changes = false;      ///< every other start of the coordinator has another config
  std::uint32_t slots = 6;
  std::uint32_t prefetch = 64;     ///< samples that a worker holds beyond its slots
  std::uint32_t writing_max = 64;  ///< finished shards that may wait to be written
  NetworkPlan network;
  TeacherPlan teacher;
  DiskPlan disk;
  std::vector<ClockPlan> clocks;  ///< by process: coordinator, worker 1, ...
  std::vector<Crash> crashes;
  std::vector<Pause> pauses;
  std::vector<Stop> stops;
  std::vector<Ghost> ghosts;
  std::vector<Replacement> replacements;
  std::vector<Poison> poison;
  bool peers = false;  ///< workers serve stages to one another, whatever the seed says
  /// What each worker does; empty: all stages, and nobody serves another.
  std::vector<WorkerRole> roles;
  bool peer_ports_change = false;        ///< a worker's process is where the one before it was not
  std::uint32_t peer_lanes = 1;          ///< batches that one serves at the same time
  std::uint32_t peer_slow_permille = 0;  ///< batches that take up to peer_slow_max to serve
  Time peer_slow_max = 1 * kSecond;
  std::vector<PeerCut> peer_cuts;
  Time faults_end = 0;         ///< single messages, calls and syncs fail until then
  bool zero_slack = false;     ///< no call may be repeated, whatever the excuse
  bool local_workers = false;  ///< they end with the coordinator, which reads their journals
};

/// A class of faults with the promise that it is held to.
struct Campaign {
  std::string_view name;   ///< "C3"
  std::string_view about;  ///< for people
  void (*fill)(Plan& plan);
};

/// Returns all campaigns, C1 first.
const std::vector<Campaign>& campaigns();

/// Returns the campaign of this name, or null.
const Campaign* find_campaign(std::string_view name);

/// Returns what happens to the world of this campaign and seed.
Plan plan_for(const Campaign& campaign, std::uint64_t seed);

/// Returns a world of the same samples as `plan` with one worker and no faults.
Plan without_faults(const Plan& plan);

}  // namespace fd::sim
