#include "coordinator/run/seal_file.hpp"

#include <utility>

#include "actors/storage/files.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/files.hpp"
#include "protocol/file_entry_json.hpp"

namespace fd {
namespace {

constexpr std::size_t kPieceBytes = 256u << 10;

}  // namespace

json::Value to_json(const SealFile& seal) {
  json::Object object = entry_to_json(seal.entry);
  object["lines"] = seal.lines;
  return object;
}

Result<SealFile> seal_file_from_json(const json::Value& value) {
  json::ObjectReader reader(value, "sealed");
  SealFile seal;
  seal.entry = entry_from_json("seal.jsonl", reader);
  seal.lines = reader.whole("lines");
  FD_TRY_VOID(reader.ok());
  return seal;
}

std::string seal_line(const FileEntry& entry) {
  json::Object object = entry_to_json(entry);
  object["path"] = entry.name;
  return json::canonical(json::Value(std::move(object)));
}

Result<FileEntry> entry_from_seal_line(std::string_view line) {
  const auto value = json::parse_canonical(line);
  if (!value.ok()) {
    return Error{Errc::corrupt, value.error().message};
  }
  FD_TRY(FileEntry entry, named_entry(*value, "the line"));
  if (seal_line(entry) != line) {
    return Error{Errc::corrupt, "is not written as RFC 8785 says, or has more than its members"};
  }
  return entry;
}

Result<SealFile> write_seal_file(const RunDir& dir, const std::vector<std::string>& files) {
  SealFile seal;
  FD_TRY(AtomicFile file, AtomicFile::create(dir.seal()));
  for (const std::string& name : files) {
    auto entry = digest_file(dir.root() + "/" + name);
    if (!entry.ok()) {
      return missing_is_corrupt(entry.error());
    }
    entry->name = name;
    FD_TRY_VOID(file.write(seal_line(*entry) + "\n"));
    ++seal.lines;
  }
  FD_TRY(seal.entry, file.commit());
  return seal;
}

Result<bool> SealLines::next(std::string_view& line) {
  begin_ += line_bytes_;
  offset_ += std::exchange(line_bytes_, 0);
  std::size_t end = buffer_.find('\n', begin_);
  for (bool more = true; end == std::string::npos && more;) {
    buffer_.erase(0, std::exchange(begin_, 0));
    if (buffer_.size() > line_max_) {
      break;
    }
    FD_TRY(const FilePiece piece, read_piece(path_, read_bytes_, kPieceBytes));
    const std::size_t before = buffer_.size();
    buffer_ += piece.bytes;
    read_bytes_ += piece.bytes.size();
    more = !piece.bytes.empty();
    end = buffer_.find('\n', before);
  }
  ended_ = end != std::string::npos;
  const std::size_t bytes = (ended_ ? end : buffer_.size()) - begin_;
  if (bytes > line_max_) {
    return Error{Errc::exhausted, "line " + std::to_string(number_ + 1) + ": has more than " +
                                      std::to_string(line_max_) + " bytes"};
  }
  if (bytes == 0 && !ended_) {
    return false;
  }
  line_bytes_ = bytes + (ended_ ? 1 : 0);
  line = std::string_view(buffer_).substr(begin_, bytes);
  ++number_;
  return true;
}

}  // namespace fd
