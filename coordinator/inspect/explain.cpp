#include "coordinator/inspect/explain.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/storage/files.hpp"
#include "actors/storage/folder_lock.hpp"
#include "coordinator/ingest/input_reader.hpp"
#include "coordinator/ledger/database.hpp"
#include "coordinator/ledger/reader.hpp"
#include "coordinator/ledger/tables.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr std::size_t kIdDigits = 64;

bool hexadecimal(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Returns the id that begins with `digits` and goes on with `rest` only.
SampleId id_with(const std::string& digits, char rest) {
  return *Digest::from_hex(digits + std::string(kIdDigits - digits.size(), rest));
}

Error none_found(const RunFacts& facts, const std::string& id) {
  return Error{Errc::not_found, "no sample of " + facts.run_id + " has the id " + id +
                                    (id.size() < kIdDigits ? "..." : "") +
                                    " (fd-coordinator ids lists them)"};
}

Error several_found(const std::string& id, const std::vector<SampleId>& found, bool more) {
  std::string list;
  for (const SampleId& one : found) {
    list += "\n  " + one.hex();
  }
  return Error{Errc::invalid_input, "more than one sample has an id that begins with " + id +
                                        "; give more digits:" + list + (more ? "\n  ..." : "")};
}

/// Returns the one sample whose id begins with `id`, and its shard.
Result<std::pair<Sample, std::uint32_t>> look_up(const RunDir& dir, const RunFacts& facts,
                                                 const std::string& id) {
  const SampleId low = id_with(id, '0');
  const SampleId high = id_with(id, 'f');
  std::vector<SampleId> ids;
  std::optional<std::pair<Sample, std::uint32_t>> found;
  const std::uint32_t last = shard_of(high, facts.ingest.shards);
  for (std::uint32_t shard = shard_of(low, facts.ingest.shards); shard <= last; ++shard) {
    FD_TRY(const std::vector<Sample> samples, read_shard_input(dir, shard));
    for (const Sample& sample : samples) {
      if (low <= sample.id && sample.id <= high) {
        if (ids.size() == kMaxListedIds) {
          return several_found(id, ids, true);
        }
        ids.push_back(sample.id);
        found = {sample, shard};
      }
    }
  }
  if (ids.size() > 1) {
    return several_found(id, ids, false);
  }
  return found ? Result<std::pair<Sample, std::uint32_t>>(*std::move(found))
               : none_found(facts, id);
}

template <class T>
std::vector<T> of_sample(const std::vector<T>& records, const SampleId& id) {
  std::vector<T> own;
  std::copy_if(records.begin(), records.end(), std::back_inserter(own),
               [&](const T& one) { return one.sample_id == id; });
  return own;
}

Result<void> read_written(const RunDir& dir, SampleLife& life) {
  FD_TRY(const ShardRows rows, read_shard_rows(dir.shard(life.shard)));
  life.state = *rows.manifest.state;  // it may have been written again since
  life.answers = of_sample(rows.answers, life.sample.id);
  life.calls = of_sample(rows.calls, life.sample.id);
  for (const Outcome& outcome : of_sample(rows.outcomes, life.sample.id)) {
    life.outcome = outcome;
  }
  return {};
}

bool has_answer(const SampleLife& life, const Answer& answer) {
  return std::any_of(life.answers.begin(), life.answers.end(),
                     [&](const Answer& one) { return one.key() == answer.key(); });
}

/// Adds what the ledger has and the shard's files do not have.
Result<void> read_recorded(const RunDir& dir, const RunFacts& facts, SampleLife& life) {
  FD_TRY(const std::vector<Record> records,
         read_earlier_ledger(dir.ledger(), facts.run_id, life.shard));
  for (const Record& record : records) {
    if (record.answer && record.answer->sample_id == life.sample.id) {
      if (!has_answer(life, *record.answer)) {
        life.answers.push_back(*record.answer);
      } else if (std::find(life.answers.begin(), life.answers.end(), *record.answer) ==
                 life.answers.end()) {
        life.late_answers.push_back(*record.answer);
      }
    }
    if (record.call && record.call->sample_id == life.sample.id &&
        std::find(life.calls.begin(), life.calls.end(), *record.call) == life.calls.end()) {
      life.calls.push_back(*record.call);
    }
    if (record.outcome && record.outcome->sample_id == life.sample.id) {
      life.outcome = *record.outcome;
    }
  }
  FD_TRY(LedgerDatabase database, LedgerDatabase::open_read_only(dir.ledger()));
  FD_TRY(const LedgerLeases leases, read_ledger_leases(database));
  for (const LeaseGranted& lease : leases.last) {
    if (lease.shard == life.shard) {
      life.lease = lease;
    }
  }
  return {};
}

/// Returns on which line of a file its row stands, counted from 0, as the end of a sentence; of an
/// array's row nothing: it has its number only.
std::string line_text(const InputFile& file, std::uint64_t row) {
  const auto now = file.path == "-" ? Result<FileEntry>(Error{}) : digest_file(file.path);
  if (!now.ok() || now->sha256 != file.sha256) {
    return " (the file is not there as it was)";
  }
  auto reader = InputReader::open(file.path);
  std::uint64_t line = 0;
  for (std::uint64_t read = 0; reader.ok() && read <= row; ++read) {
    const auto next = reader->next();
    line = next.ok() ? next->number : 0;
    if (line == 0) {
      break;
    }
  }
  if (line == 0) {
    return " (the file is not there as it was)";
  }
  return reader->array() ? "" : ", line " + grouped(line);
}

}  // namespace

std::string origin_of(const RunFacts& facts, std::uint64_t ordinal) {
  std::uint64_t before = 0;
  for (const InputFile& file : facts.ingest.inputs) {
    if (ordinal < before + file.rows) {
      const std::uint64_t row = ordinal - before;
      const std::string name = file.path == "-" ? "standard input" : printable(file.path);
      return "row " + grouped(row + 1) + " of " + name + line_text(file, row);
    }
    before += file.rows;
  }
  return "row " + grouped(ordinal + 1) + " of the input";
}

Result<SampleLife> find_sample(const RunDir& dir, const RunFacts& facts, const std::string& id) {
  if (id.size() < kMinIdDigits || id.size() > kIdDigits || !hexadecimal(id)) {
    return Error{Errc::invalid_input, "\"" + printable(id) + "\" is no sample_id: give its 64 " +
                                          "lower-case hexadecimal digits, or the first " +
                                          std::to_string(kMinIdDigits) + " or more"};
  }
  SampleLife life;
  FD_TRY(std::tie(life.sample, life.shard), look_up(dir, facts, id));
  life.origin = origin_of(facts, life.sample.ordinal);
  life.shards = facts.ingest.shards;
  // Held while the ledger is read, so that no coordinator opens it meanwhile.
  auto lock = FolderLock::shared(dir.lock(), busy_message(dir));
  if (!lock.ok() && lock.error().code != Errc::busy) {
    return lock.error();
  }
  life.live = !lock.ok();
  FD_TRY(const Manifest manifest, read_shard_manifest(dir, life.shard));
  life.state = *manifest.state;
  if (life.state != ShardFileState::pending) {
    FD_TRY_VOID(read_written(dir, life));
    life.merged = facts.exit_code.has_value();
  }
  if (life.state != ShardFileState::committed && !life.live && file_exists(dir.ledger())) {
    FD_TRY_VOID(read_recorded(dir, facts, life));
  }
  return life;
}

Result<std::string> explain_sample(const RunDir& dir, const std::string& id) {
  FD_TRY(const RunFacts facts, read_run_facts(dir));
  FD_TRY(const RunConfig config, read_run_config(dir, facts));
  FD_TRY(const SampleLife life, find_sample(dir, facts, id));
  return render_life(life, config);
}

}  // namespace fd
