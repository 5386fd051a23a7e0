#include "coordinator/ingest/shard_writer.hpp"

#include "actors/system/failpoint.hpp"
#include "coordinator/ingest/input_manifests.hpp"
#include "protocol/records.hpp"

namespace fd {

Result<void> ShardWriter::add(const SampleId& id, std::string_view line,
                              const std::string& database) {
  const std::uint32_t shard = shard_of(id, base_.shards);
  while (next_ <= shard) {
    FD_TRY_VOID(complete());
    FD_TRY_VOID(start());
  }
  count_sample(id, manifest_);
  if (!database.empty()) {
    databases_.insert(database);
  }
  return file_->write(line);
}

Result<void> ShardWriter::start() {
  FD_TRY_VOID(make_directories(dir_.shard(next_)));
  FD_TRY(AtomicFile file,
         AtomicFile::create(dir_.shard_file(next_, RunDir::kInput), Durable::later));
  file_.emplace(std::move(file));
  manifest_ = unread_shard(base_, next_++);
  return {};
}

/// Completes the shard that is open, if one is.
Result<void> ShardWriter::complete() {
  if (!file_) {
    return {};
  }
  FD_TRY(FileEntry entry, file_->commit());
  file_.reset();
  close_input(std::move(entry), databases_, manifest_);
  databases_.clear();
  FD_TRY_VOID(
      write_input_manifest(dir_.shard_file(*manifest_.shard, RunDir::kManifest), manifest_));
  FD_FAILPOINT("k03.ingest_shard_written");
  return {};
}

Result<void> ShardWriter::finish() {
  FD_TRY_VOID(complete());
  while (next_ < base_.shards) {
    FD_TRY_VOID(start());
    FD_TRY_VOID(complete());
  }
  return {};
}

}  // namespace fd
