#include "coordinator/shards/restore.hpp"

#include <utility>

#include "actors/config/loader.hpp"
#include "coordinator/ledger/reader.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/record_fold.hpp"
#include "coordinator/shards/replace.hpp"

namespace fd {
namespace {

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
