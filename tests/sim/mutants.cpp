#include "tests/sim/mutants.hpp"

#include <cstdio>
#include <cstring>
#include <sstream>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/base/mutant.hpp"
#include "protocol/base/result.hpp"
#include "tests/sim/batch.hpp"

namespace fd::sim {
namespace {

std::string_view switched_on;

/// What the hunting process tells its parent, also when a check ends it in the middle.
struct Board {
  char campaign[8];
  std::uint64_t seed;
  bool noticed;
  char how[160];
};

template <std::size_t size>
void put(char (&to)[size], std::string_view text) {
  const std::size_t count = std::min(text.size(), size - 1);
  std::memcpy(to, text.data(), count);
  to[count] = 0;
}

/// Only a world that holds without the mutant shows that the mutant breaks it.
bool holds_without(const Mutant& mutant, const Campaign& campaign, std::uint64_t seed) {
  switch_mutant("");
  const bool holds = !run_campaign_world(campaign, seed).failure;
  switch_mutant(mutant.name);
  return holds;
}

void search(const Mutant& mutant, std::uint64_t seeds, Board& board) {
  switch_mutant(mutant.name);
  std::istringstream names{std::string(mutant.campaigns)};
  for (std::string name; names >> name;) {
    const Campaign* campaign = find_campaign(name);
    FD_CHECK(campaign != nullptr);
    put(board.campaign, name);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      board.seed = seed;
      const Verdict verdict = run_campaign_world(*campaign, seed);
      if (verdict.failure && holds_without(mutant, *campaign, seed)) {
        put(board.how, *verdict.failure);
        board.noticed = true;
        return;
      }
    }
  }
}

}  // namespace

bool mutant(std::string_view name) {
  return !switched_on.empty() && name == switched_on;
}

void switch_mutant(std::string_view name) {
  switched_on = name;
}

std::optional<Kill> hunt(const Mutant& mutant, std::uint64_t seeds) {
  void* shared =
      ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  FD_CHECK(shared != MAP_FAILED);
  auto* board = new (shared) Board{};
  std::fflush(nullptr);
  const pid_t child = ::fork();
  FD_CHECK(child >= 0);
  if (child == 0) {
    FD_CHECK(std::freopen("/dev/null", "w", stderr) != nullptr);
    search(mutant, seeds, *board);
    ::_exit(0);
  }
  int status = 0;
  FD_CHECK(::waitpid(child, &status, 0) == child);
  std::optional<Kill> kill;
  if (status != 0) {
    kill = Kill{board->campaign, board->seed, "a check of the product ends the process"};
  } else if (board->noticed) {
    kill = Kill{board->campaign, board->seed, board->how};
  }
  ::munmap(shared, sizeof(Board));
  return kill;
}

const std::vector<Mutant>& mutants() {
  static const std::vector<Mutant> all = {
      {"last_writer_wins", "a later answer replaces the recorded one", "C1 C5"},
      {"ack_before_commit", "frames leave before what they rest on is durable", "C3 C1"},
      {"written_before_commit", "a shard is written before its last outcome is durable", "C3 C1"},
      {"order_before_lease", "an order leaves before its leases are durable", "C2"},
      {"flush_marker_not_heard", "what was lost is never known to be lost", "C2"},
      {"no_resend", "what was not acknowledged is not offered again", "C2"},
      {"lease_never_expires", "a silent worker keeps its leases", "C9"},
      {"append_without_dedupe", "an answer is appended whenever it is offered", "C3 C4"},
      {"done_by_count", "a shard is done when as many outcomes came as it has samples", "C3 C1"},
      {"fence_not_persisted", "leases are not in the ledger", "C2"},
      {"orphan_given_away", "a restarted coordinator gives all leases away at once", "C3"},
      {"fence_ignored_on_assign", "a worker goes on under its old fence", "C1 C5"},
      {"fetched_before_acknowledged", "samples are fetched before recovered answers are on record",
       "C1 C4"},
      {"restarted_worker_loses_leases", "a restarted worker's leases are free at once", "C4 C1"},
      {"under_way_started_again", "a sample under way is started again by a later lease", "C1 C3"},
      {"given_up_fence_fetched", "a lease that was given up starts anew under its fence", "C3 C5"},
      {"no_send_deadline", "a gateway sends calls under leases that are over", "C5 C1"},
      {"late_call_not_cancelled", "a call that comes after its lease ended waits for the next one",
       "C5 C14"},
      {"owed_answers_not_counted", "a lease is given back while answers under it are on their way",
       "C13 C1"},
      {"taken_lease_worked_on", "a worker sends calls under a lease that an order takes away",
       "C17 C14"},
      {"answer_before_sync", "an answer is handed on before it is in the journal", "C2"},
      {"intent_not_journaled", "a call is sent before its intent is in the journal", "C2"},
      {"released_before_acknowledged", "the journal forgets what was sent, not acknowledged",
       "C4 C10 C1"},
      {"ghost_accepted", "an earlier process of a name comes back to life", "C1 C4"},
      {"no_pause_grace", "a coordinator that slept takes everybody for dead", "C5"},
      {"conflict_ignored", "an outcome is taken that follows from another answer", "C5 C1"},
      {"stale_outcome_accepted", "an outcome is taken under any fence", "C5 C1"},
      {"late_answer_refused", "an answer is only taken from the holder of the lease", "C5 C1"},
      {"new_start_not_noticed", "a worker goes on by the start of the coordinator before", "C3"},
      {"state_seq_not_checked", "an overtaken state is taken for the latest", "C2"},
      {"overtaken_order_taken", "an overtaken order is taken for the latest", "C14 C1"},
      {"deliver_gap_accepted", "a Deliver is taken though one before it is missing", "C2"},
      {"lease_from_receipt", "a worker's lease counts from an order's arrival", "C14"},
      {"deaf_worker_kept_in_leases",
       "a worker that hears nothing is named until it loses its leases", "C14"},
      {"worker_never_gives_up", "a worker goes on under a lease that is over", "C14 C1"},
      {"repeated_samples_started", "a repeated reply starts its samples again", "C2"},
      {"neighbours_struck", "nothing runs alone, and all under way at a death get the strike",
       "C11"},
      {"exhausted_lease_kept", "a lease whose missing samples nobody fetches stays", "C11 C5"},
      {"call_counted_twice", "a call is recorded whenever it is offered", "C3 C4"},
      {"failed_is_final", "a failed sample is not asked again on resume", "C7"},
      {"start_not_checked", "records of another start of the coordinator are taken", "C3 C1"},
      {"replaced_start_heard", "a worker hears a coordinator that was replaced", "C3 C1"},
      {"name_not_checked", "a second process takes over a worker's name at once", "C1"},
      {"late_call_dropped", "a call for a shard that is done is not recorded", "C4 C1"},
      {"share_not_logged", "a worker's share is not in the ledger", "C2"},
      {"taken_share_given_away", "a share is given on before it is given back", "C1 C16"},
      {"earlier_share_forgotten", "what an earlier start told is taken for heard", "C3 C1"},
      {"late_shares_taken", "a worker goes by shares that later ones replaced", "C1 C2 C16"},
      {"order_before_share", "an order names a share before it is durable", "C9 C1"},
      {"late_batch_not_asked_again", "a batch that a peer does not reply to is not asked again",
       "C18"},
      {"put_off_batch_not_asked_again", "a batch that was put off is not asked again", "C18"},
      {"batch_of_gone_peer_forgotten", "what a peer had that is gone nobody is asked for", "C18"},
      {"repeated_batch_not_served", "a batch whose reply was lost is not served again", "C18"},
      {"batch_of_other_config_served", "a batch of another config is served", "C18 C15"},
      {"sample_of_earlier_session_taken", "a sample of an earlier session counts in the next one",
       "C15 C18"},
      {"pinned_database_evicted", "a database goes while samples use it", "C1 C18"},
      {"earlier_files_not_counted", "databases of earlier processes take no room", "C4 C1"},
  };
  return all;
}

}  // namespace fd::sim
