#include "coordinator/inspect/verification.hpp"

#include <utility>

#include "actors/storage/files.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {

void Verification::problem(const std::string& file, std::uint64_t offset, std::uint64_t length,
                           std::string what) {
  if (!named_.insert(file).second) {
    return;
  }
  ++report.problem_count;
  if (report.problems.size() < kMaxListedProblems) {
    report.problems.push_back({file, offset, length, std::move(what)});
  }
}

void Verification::damaged(const std::string& file, const FileEntry& entry, const FileEntry& actual,
                           const std::string& whose_word) {
  const FileDamage damage = find_damage(entry, actual);
  std::string what = "differs from " + whose_word;
  if (entry.bytes != actual.bytes) {
    what += " (" + grouped(actual.bytes) + " bytes, " + grouped(entry.bytes) + " there)";
  }
  if (damage.blocks > 1) {
    what += " in " + grouped(damage.blocks) + " blocks";
  }
  problem(file, damage.offset, damage.length, std::move(what));
}

void Verification::note(std::string text) {
  ++report.note_count;
  if (report.notes.size() < kMaxListedProblems) {
    report.notes.push_back(std::move(text));
  }
}

template <class T>
Result<std::optional<T>> Verification::found(const std::string& file, Result<T> read) {
  expect(file);
  if (read.ok()) {
    return std::optional<T>(std::move(read).value());
  }
  if (read.error().code != Errc::not_found) {
    return read.error();
  }
  missing(file);
  return std::optional<T>();
}

Result<std::optional<std::string>> Verification::read_text(const RunDir& dir,
                                                           const std::string& file) {
  FD_TRY(auto text, found(file, read_file(dir.root() + "/" + file, kMaxShardFileBytes)));
  if (text) {
    read(file, text->size());
  }
  return text;
}

Result<std::optional<FileEntry>> Verification::read_digest(const RunDir& dir,
                                                           const std::string& file) {
  FD_TRY(auto entry, found(file, digest_file(dir.root() + "/" + file)));
  if (entry) {
    read(file, entry->bytes);
    entry->name = file;
  }
  return entry;
}

void Verification::read(const std::string& file, std::uint64_t bytes) {
  if (!std::exchange(read_[file], true)) {
    ++report.files;
    report.bytes += bytes;
  }
}

}  // namespace fd
