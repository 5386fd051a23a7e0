#include "coordinator/ingest/refusals.hpp"

#include <iterator>

#include "actors/storage/paths.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "protocol/base/escape.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::size_t kMaxWhyBytes = 400;

}  // namespace

std::string safe_text(std::string_view text, std::size_t max_bytes) {
  const std::string valid = json::replace_invalid_utf8(text.substr(0, max_bytes));
  const std::string out = escaped(valid, [](std::uint32_t code) {
    return code < 0x80 && is_control(code) ? hex_escape(code) : "";
  });
  return text.size() > max_bytes ? out + "..." : out;
}

std::string place_text(const RowPlace& place) {
  return std::string(place.path) + (place.item ? ": row " : ":") + std::to_string(place.line);
}

Result<void> Refusals::add(const RowPlace& place, std::string_view why) {
  ++count_;
  const std::string safe = safe_text(why, kMaxWhyBytes);
  listed_.insert({{place.file, place.line}, place_text(place) + ": " + safe});
  if (listed_.size() > kMaxListedRefusals) {
    listed_.erase(std::prev(listed_.end()));
  }
  if (invalid_path_.empty()) {
    return {};
  }
  if (!invalid_) {
    FD_TRY(AtomicFile file, AtomicFile::create(invalid_path_, Durable::later));
    invalid_.emplace(std::move(file));
  }
  json::Object object;
  object["error"] = safe;
  object["file"] = json::replace_invalid_utf8(base_name(place.path));
  object["line"] = place.line;
  return invalid_->write(json::canonical(json::Value(std::move(object))) + "\n");
}

Result<void> Refusals::finish() {
  if (invalid_) {
    FD_TRY_VOID(invalid_->commit());
    invalid_.reset();
  }
  return {};
}

Error Refusals::error(const std::string& headline) const {
  std::string text = headline;
  for (const auto& [place, line] : listed_) {
    text += "\n  " + line;
  }
  if (count_ > listed_.size()) {
    text += "\n  ... and " + std::to_string(count_ - listed_.size()) + " more";
  }
  return Error{Errc::invalid_input, text};
}

std::string base_name(std::string_view path) {
  return path == "-" ? "standard input" : name_of(path);
}

std::string input_folder(std::string_view path) {
  return path == "-" ? "." : folder_of(path);
}

}  // namespace fd
