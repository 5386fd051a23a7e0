#pragma once

#include <array>
#include <string_view>

#include "protocol/base/digest.hpp"

namespace fd {

/// Every place where a test can end, stop or fail a process, by the number of the kill point it
/// stands for. k31 (a judge's call in flight) has no place: there is no judge.
inline constexpr std::array kFailpoints = std::to_array<std::string_view>({
    // Coordinator.
    "k01.ingest_folder_made",    // empty so far
    "k02.ledger_schema_made",    // within the transaction that makes it
    "k03.ingest_shard_written",  // one of several, nothing synced
    "k04.run_folder_renamed",    // complete, but not locked yet
    "k05.lease_before_send",     // committed
    "k06.lease_sent",
    "k07.deliver_received",      // nothing done with it
    "k08.ledger_before_commit",  // inserted
    "k09.records_before_ack",    // committed
    "k10.ack_sent",
    "k11.ledger_before_checkpoint",  // by the last close
    "k12.file_before_sync",          // written; any file that is replaced as a whole
    "k13.file_before_rename",        // synced
    "k14.file_before_folder_sync",   // renamed
    "k15.shard_before_written",      // all its files are there, the core does not know
    "k16.merge_before_start",        // all shards are written
    "k17.merge_shard_done",          // some of the merge
    "k18.export_before_reports",     // renamed
    "k19.reports_before_finish",     // the run is not marked as complete
    "k20.coordinator_shutdown",      // the ledger is closed
    // Worker.
    "k21.order_received",      // with a lease
    "k22.intent_before_send",  // on disk
    "k23.call_under_way",      // with libcurl
    "k24.reply_partly_read",
    "k25.reply_complete",         // not in the journal
    "k26.journal_before_sync",    // written: intents, answers or both
    "k27.answer_before_deliver",  // on disk
    "k28.deliver_sent",
    "k29.ack_received",
    "k30.exec_before_run",        // SQL of a model
    "k32.journal_before_remove",  // of a segment that nobody needs any more
    // Between two files of a shard that is written again, and within its reader.
    "shard.file_moved",
    "shard.manifest_read",
    // Errors to pretend, and a sample that kills once it has its answers.
    "ledger.commit_error",
    "file.sync_error",
    "journal.sync_error",
    "zap.read_error",
    "sample.before_exec",
    "sample.before_gold",
});

/// A name of kFailpoints; any other one does not compile.
class FailpointName {
 public:
  // NOLINTNEXTLINE: implicit on purpose
  consteval FailpointName(const char* text) : text_(text) {
    bool listed = false;
    for (const std::string_view name : kFailpoints) {
      listed = listed || name == text;
    }
    if (!listed) {
      throw "not in kFailpoints";
    }
  }
  /// Returns the name.
  [[nodiscard]] constexpr const char* text() const { return text_; }

 private:
  const char* text_;
};

/// Returns at once. The programs in `failpoint-bin` are linked with another definition, which does
/// what the environment asks for (tests/failpoints); no setting brings that into the others.
void failpoint(FailpointName name);
/// The same, at a place that some samples reach.
void failpoint(FailpointName name, const SampleId& sample);
/// Returns 0; in a test, the errno that the next operation is to fail with.
int failpoint_error(FailpointName name);

/// These mark a place: macros, so that a search finds every one of them and nothing else.
#define FD_FAILPOINT(name) ::fd::failpoint(name)
#define FD_FAILPOINT_SAMPLE(name, sample) ::fd::failpoint(name, sample)
#define FD_FAILPOINT_ERROR(name) ::fd::failpoint_error(name)

}  // namespace fd
