#pragma once

#include <string>

#include "protocol/json/json.hpp"
#include "protocol/json/object_reader.hpp"
#include "protocol/manifest.hpp"

namespace fd {

/// Returns bytes, sha256 and crc32c of a file as members; its name is not one.
json::Object entry_to_json(const FileEntry& entry);
/// Reads what entry_to_json() wrote. Errors: the reader's.
FileEntry entry_from_json(std::string name, json::ObjectReader& reader);

}  // namespace fd
