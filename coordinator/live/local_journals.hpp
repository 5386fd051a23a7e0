#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coordinator/ledger/ledger.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// What was found in the journals of local workers that ended with an earlier coordinator.
struct ImportedJournals {
  std::uint64_t calls = 0;     ///< that ended, with an answer or without
  std::uint64_t in_doubt = 0;  ///< that were under way: possibly paid for, the answer lost
};

/// Puts what is left in workers/*/ into the ledger, durably, and removes it there. Waits for at
/// most two seconds for a worker that is just ending. To be called before anything reads the
/// ledger's records, and before local workers are started. Errors: corrupt (file and offset), busy
/// (a worker does not end), storage.
Result<ImportedJournals> import_local_journals(const RunDir& dir, const std::string& run_id,
                                               Ledger& ledger, OpenShares& open);

/// Opens the ledger of a run, and takes up what is left in workers/*/. Errors: those of
/// Ledger::open() and import_local_journals().
Result<std::unique_ptr<Ledger>> open_run_ledger(const RunDir& dir, const std::string& run_id,
                                                LedgerStart& start, ImportedJournals& found);

}  // namespace fd
