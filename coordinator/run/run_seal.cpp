#include "coordinator/run/run_seal.hpp"

#include <algorithm>
#include <utility>

#include "actors/storage/files.hpp"
#include "coordinator/shards/files.hpp"
#include "protocol/base/crc32c.hpp"
#include "protocol/file_entry_json.hpp"
#include "protocol/json/object_reader.hpp"

namespace fd {
namespace {

constexpr std::string_view kCrcMark = ",\n  \"seal_crc32c\": ";

/// Returns the text before the members that seal it.
std::string unsealed_text(const json::Object& object) {
  std::string text = json::pretty(json::Value(object));
  text.resize(text.size() - std::string_view("\n}").size());
  return text;
}

json::Array block_crcs(std::string_view text) {
  json::Array crcs;
  for (std::size_t at = 0; at < text.size(); at += kCrcBlockBytes) {
    crcs.emplace_back(static_cast<std::uint64_t>(crc32c(text.substr(at, kCrcBlockBytes))));
  }
  return crcs;
}

/// Returns the first block of the text before the seal that its CRC disagrees with.
std::optional<SealFault> damaged_block(std::string_view text, std::size_t mark) {
  const std::string_view body = text.substr(0, mark);
  const std::size_t from = mark + kCrcMark.size();
  const std::size_t to = text.find(']', from);
  if (to == std::string_view::npos) {
    return std::nullopt;
  }
  const auto listed = json::parse_canonical(text.substr(from, to + 1 - from));
  if (!listed.ok() || listed->as_array() == nullptr) {
    return std::nullopt;
  }
  const json::Array actual = block_crcs(body);
  const auto differs = std::mismatch(actual.begin(), actual.end(), listed->as_array()->begin(),
                                     listed->as_array()->end());
  if (differs.first == actual.end() && differs.second == listed->as_array()->end()) {
    return std::nullopt;
  }
  const auto block = static_cast<std::uint64_t>(differs.first - actual.begin());
  const std::uint64_t offset = std::min<std::uint64_t>(block * kCrcBlockBytes, body.size());
  return SealFault{offset, std::min<std::uint64_t>(kCrcBlockBytes, body.size() - offset),
                   "differs from what was written"};
}

void add(const RunDir& dir, const std::string& path, std::vector<std::string>& out) {
  out.push_back(relative_name(dir, path));
}

void add_if_there(const RunDir& dir, const std::string& path, std::vector<std::string>& out) {
  if (file_exists(path)) {
    add(dir, path, out);
  }
}

}  // namespace

std::string relative_name(const RunDir& dir, const std::string& path) {
  return path.substr(dir.root().size() + 1);
}

bool stays_inside(std::string_view name) {
  for (bool more = true; more;) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) {
      return false;
    }
    more = slash != std::string_view::npos;
    name.remove_prefix(more ? slash + 1 : name.size());
  }
  return true;
}

std::vector<std::string> ingested_files(const RunDir& dir, RunKind kind) {
  std::vector<std::string> files;
  add_if_there(dir, dir.invalid(), files);
  for (const std::string_view stage : names_of(kind).input_stages) {
    add_if_there(dir, dir.stage_manifest(stage), files);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> derived_files(const RunDir& dir, RunKind kind) {
  const RunKindNames& names = names_of(kind);
  std::vector<std::string> files;
  for (const std::string_view stage : names.merged_stages) {
    add(dir, dir.stage_manifest(stage), files);
  }
  for (const std::string_view name : names.quality_reports) {
    add(dir, dir.quality_report(name), files);
  }
  for (const std::string_view name : names.reports) {
    add(dir, dir.report(name), files);
  }
  for (const std::string_view name : names.exports) {
    add(dir, dir.export_file(name), files);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> merged_files(const RunDir& dir, RunKind kind,
                                      const IngestSummary& ingest) {
  std::vector<std::string> files = derived_files(dir, kind);
  add(dir, dir.report("timing_report.json"), files);
  add(dir, dir.ledger(), files);
  for (const DatabaseFile& database : ingest.databases) {
    add(dir, dir.database(database.digest), files);
  }
  for (std::uint32_t shard = 0; shard < ingest.shards; ++shard) {
    add(dir, dir.shard_file(shard, RunDir::kManifest), files);
    add(dir, dir.shard_file(shard, RunDir::kCalls), files);
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<FileEntry>> entries_of(const RunDir& dir,
                                          const std::vector<std::string>& files) {
  std::vector<FileEntry> entries;
  for (const std::string& file : files) {
    auto entry = digest_file(dir.root() + "/" + file);
    if (!entry.ok()) {
      return missing_is_corrupt(entry.error());
    }
    entry->name = file;
    entries.push_back(std::move(entry).value());
  }
  return entries;
}

Result<FileEntry> named_entry(const json::Value& value, const std::string& where) {
  json::ObjectReader reader(value, where);
  FileEntry entry = entry_from_json(reader.text("path"), reader);
  FD_TRY_VOID(reader.ok());
  if (!stays_inside(entry.name)) {
    return Error{Errc::corrupt, where + " names something outside the run's folder"};
  }
  return entry;
}

json::Value ingested_to_json(const std::vector<FileEntry>& entries) {
  json::Array ingested;
  for (const FileEntry& entry : entries) {
    json::Object object = entry_to_json(entry);
    object["path"] = entry.name;
    ingested.emplace_back(std::move(object));
  }
  return ingested;
}

Result<std::vector<FileEntry>> ingested_from_json(const json::Value& run_json) {
  std::vector<FileEntry> entries;
  const json::Value* ingested = run_json.find("ingested");
  if (ingested == nullptr || ingested->as_array() == nullptr) {
    return Error{Errc::corrupt,
                 ingested == nullptr ? "ingested is missing" : "ingested is no list"};
  }
  for (const json::Value& one : *ingested->as_array()) {
    FD_TRY(FileEntry entry, named_entry(one, "ingested: entry " + std::to_string(entries.size())));
    if (!entries.empty() && entry.name <= entries.back().name) {
      return Error{Errc::corrupt, "ingested: " + entry.name + " is out of order"};
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::optional<std::uint64_t> first_difference(std::string_view left, std::string_view right) {
  if (left == right) {
    return std::nullopt;
  }
  const auto found = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  return static_cast<std::uint64_t>(found.first - left.begin());
}

std::string sealed_text(json::Object object) {
  std::string text = unsealed_text(object);
  const json::Value crcs = block_crcs(text);
  object["seal_crc32c"] = crcs;
  const Digest seal = sha256(json::canonical(json::Value(std::move(object))));
  text += kCrcMark;
  text += json::canonical(crcs);
  text += ",\n  \"seal\": \"" + seal.hex() + "\"\n}";
  return text;
}

std::optional<SealFault> check_seal(std::string_view text) {
  std::optional<std::string> written;
  if (const auto parsed = json::parse_canonical(text); parsed.ok() && parsed->as_object()) {
    json::Object object = *parsed->as_object();
    object.erase("seal");
    object.erase("seal_crc32c");
    if (!object.empty()) {
      written = sealed_text(std::move(object));
    }
  }
  if (written == text) {
    return std::nullopt;
  }
  const std::size_t mark = text.rfind(kCrcMark);
  if (mark == std::string_view::npos) {
    // Without its mark the damage is at the end, where the mark should be.
    const std::uint64_t length = std::min<std::uint64_t>(text.size(), kCrcBlockBytes);
    return SealFault{text.size() - length, length, "has no seal, or a damaged one, at its end"};
  }
  const bool seal_agrees =
      written && text.ends_with(std::string_view(*written).substr(written->rfind("\"seal\"")));
  if (const auto block = damaged_block(text, mark); block && !seal_agrees) {
    return block;
  }
  // What is sealed is as it was: the damage is in the seal itself.
  const std::uint64_t offset = written ? first_difference(text, *written).value_or(mark) : mark;
  return SealFault{offset, text.size() - std::min<std::uint64_t>(offset, text.size()),
                   "has a damaged seal"};
}

}  // namespace fd
