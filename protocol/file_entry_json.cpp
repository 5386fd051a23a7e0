#include "protocol/file_entry_json.hpp"

#include <utility>

namespace fd {

json::Object entry_to_json(const FileEntry& entry) {
  json::Array crcs;
  for (const std::uint32_t crc : entry.crc32c) {
    crcs.emplace_back(static_cast<std::uint64_t>(crc));
  }
  return {{"bytes", entry.bytes}, {"sha256", entry.sha256.hex()}, {"crc32c", std::move(crcs)}};
}

FileEntry entry_from_json(std::string name, json::ObjectReader& reader) {
  FileEntry entry;
  entry.name = std::move(name);
  entry.bytes = reader.whole("bytes");
  entry.sha256 = reader.digest("sha256");
  entry.crc32c = reader.wholes("crc32c");
  return entry;
}

}  // namespace fd
