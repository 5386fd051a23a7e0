#include "coordinator/shards/restore.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "actors/config/loader.hpp"
#include "coordinator/ledger/reader.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {
namespace {

/// One sample as the ledger has it.
struct Recorded {
  std::vector<Answer> answers;  ///< the first one of each candidate, as they came
  std::size_t answers_before_outcome = 0;
  std::optional<Outcome> outcome;
};

template <class T>
Digest digest_of_lines(const std::vector<T>& records) {
  Sha256 digest;
  std::string line;
  for (const T& record : records) {
    line.clear();
    append_line(record, line);
    line += '\n';
    digest.update(line);
  }
  return digest.finish();
}

Result<void> check_as_before(const Manifest& manifest, const std::string& file,
                             const Digest& digest) {
  const FileEntry* before = find_file(manifest, file);
  if (before != nullptr && before->sha256 == digest) {
    return {};
  }
  return Error{Errc::corrupt, file +
                                  " cannot be written again as its manifest names it: the ledger "
                                  "has not all of it"};
}

}  // namespace

Result<ShardResult> recorded_result(std::uint32_t shard, const std::vector<Sample>& samples,
                                    std::vector<Record> records) {
  std::map<SampleId, Recorded> recorded;
  for (const Sample& sample : samples) {
    recorded[sample.id];
  }
  ShardResult result;
  result.shard = shard;
  std::set<std::uint64_t> calls;
  for (Record& record : records) {
    if (record.call && recorded.contains(record.call->sample_id) &&
        calls.insert(call_fingerprint(record.fence, *record.call)).second) {
      result.calls.push_back(std::move(*record.call));
    }
    if (record.answer) {
      const auto sample = recorded.find(record.answer->sample_id);
      const auto same = [&](const Answer& one) {
        return one.candidate == record.answer->candidate;
      };
      if (sample != recorded.end() && std::ranges::none_of(sample->second.answers, same)) {
        sample->second.answers.push_back(std::move(*record.answer));
      }
    }
    if (record.outcome) {
      const auto sample = recorded.find(record.outcome->sample_id);
      if (sample != recorded.end()) {
        sample->second.outcome = std::move(*record.outcome);
        sample->second.answers_before_outcome = sample->second.answers.size();
      }
    }
  }
  for (auto& [id, sample] : recorded) {
    if (!sample.outcome) {
      return Error{Errc::corrupt, "the ledger has no outcome of sample " + id.hex()};
    }
    result.outcomes.push_back(std::move(*sample.outcome));
    sample.answers.resize(sample.answers_before_outcome);
    std::ranges::sort(sample.answers, {}, &Answer::candidate);
    std::ranges::move(sample.answers, std::back_inserter(result.answers));
  }
  return result;
}

Result<void> restore_shard(const RunDir& dir, const RunConfig& config, const std::string& run_id,
                           std::uint32_t shard) {
  FD_TRY(const Manifest manifest, read_shard_manifest(dir, shard));
  FD_TRY(const std::vector<Sample> samples, read_shard_input(dir, shard));
  FD_TRY(std::vector<Record> records, read_earlier_ledger(dir.ledger(), run_id, shard));
  auto result = recorded_result(shard, samples, std::move(records));
  if (!result.ok()) {
    return result.error().within(dir.shard(shard));
  }
  Result<void> same =
      check_as_before(manifest, RunDir::kOutcomes, digest_of_lines(result->outcomes));
  if (same.ok()) {
    same = check_as_before(manifest, RunDir::kAnswers, digest_of_lines(result->answers));
  }
  if (same.ok() && config_digest(config) != manifest.config_digest) {
    same = Error{Errc::corrupt, "was made under another config"};
  }
  if (!same.ok()) {
    return same.error().within(dir.shard(shard));
  }
  FD_TRY_VOID(replace_shard(dir.shard(shard), config, std::move(*result)));
  return {};
}

}  // namespace fd
