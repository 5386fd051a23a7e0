#include "coordinator/ingest_row.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/files.hpp"

namespace fd {
namespace {

Error invalid(const std::string& why) {
  return Error{Errc::invalid_input, why};
}

/// Returns the path without links, or nothing.
std::optional<std::string> real_path(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(path.c_str(), resolved.data()) == nullptr) {
    return std::nullopt;
  }
  return std::string(resolved.data());
}

bool leaves_folder(const std::string& relative) {
  return relative.starts_with('/') || relative == ".." || relative.starts_with("../") ||
         relative.ends_with("/..") || relative.find("/../") != std::string::npos ||
         relative.find('\0') != std::string::npos;
}

bool has_content(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_size > 0;
}

}  // namespace

RowContract::RowContract(const RunConfig& config)
    : drop_null_(config.contract.drop_null_fields),
      fields_(fields_of(config.contract.fields)),
      id_fields_(fields_of(config.contract.id_fields)) {
  task_text_ = ",\"task\":";
  json::append_string(config.task, task_text_);
  task_text_ += ",\"v\":1}";
}

std::vector<RowContract::Field> RowContract::fields_of(const std::vector<std::string>& names) {
  std::vector<Field> fields;
  for (const std::string& name : names) {
    Field field{name, ""};
    json::append_string(name, field.key_text);
    field.key_text += ':';
    fields.push_back(std::move(field));
  }
  std::sort(fields.begin(), fields.end(),
            [](const Field& a, const Field& b) { return json::key_less(a.name, b.name); });
  return fields;
}

Result<ContractRow> RowContract::read(std::string_view line) {
  FD_TRY_VOID(parser_.parse(line));
  canonical_ = "{";
  for (const Field& field : fields_) {
    const auto member = parser_.member(field.name);
    if (member == json::RowParser::Member::missing) {
      return invalid("missing field '" + field.name + "'");
    }
    if (member == json::RowParser::Member::null && drop_null_) {
      continue;
    }
    canonical_ += canonical_.size() > 1 ? "," : "";
    canonical_ += field.key_text;
    parser_.append_member(field.name, canonical_);
  }
  canonical_ += '}';
  ids_.clear();
  for (const Field& field : id_fields_) {
    if (parser_.member(field.name) != json::RowParser::Member::present) {
      return invalid("missing id field '" + field.name + "'");
    }
    ids_ += ids_.empty() ? "{" : ",";
    ids_ += field.key_text;
    parser_.append_member(field.name, ids_);
  }
  ids_ += ids_.empty() ? "" : "}";

  id_text_ = "{\"canonical_input\":";
  id_text_ += canonical_;
  if (!ids_.empty()) {
    id_text_ += ",\"id_fields\":";
    id_text_ += ids_;
  }
  id_text_ += task_text_;
  sha_.update(id_text_);
  return ContractRow{sha_.finish(), canonical_, ids_};
}

DatabaseFinder::DatabaseFinder(std::string templ, std::string directory)
    : template_(std::move(templ)), directory_(std::move(directory)) {}

Result<std::string> DatabaseFinder::render(const json::RowParser& row) const {
  std::string path;
  std::size_t at = 0;
  while (at < template_.size()) {
    const std::size_t open = template_.find("{{", at);
    path += template_.substr(at, open == std::string::npos ? open : open - at);
    if (open == std::string::npos) {
      break;
    }
    const std::size_t close = template_.find("}}", open);
    if (close == std::string::npos) {
      return invalid("gates.exec.database: '{{' without '}}'");
    }
    std::string name = template_.substr(open + 2, close - open - 2);
    const std::size_t first = name.find_first_not_of(' ');
    name = first == std::string::npos ? ""
                                      : name.substr(first, name.find_last_not_of(' ') - first + 1);
    const auto text = row.string(name);
    if (!text) {
      return invalid(row.member(name) == json::RowParser::Member::present
                         ? "field '" + name + "' must be text: it names the database"
                         : "missing field '" + name + "' (it names the database)");
    }
    path += *text;
    at = close + 2;
  }
  return path;
}

Result<std::uint32_t> DatabaseFinder::find(const json::RowParser& row,
                                           const std::string& input_folder) {
  FD_TRY(std::string relative, render(row));
  auto key = std::make_pair(input_folder, std::move(relative));
  if (const auto known = known_.find(key); known != known_.end()) {
    return known->second;
  }
  auto taken = take(key.second, input_folder);
  known_.emplace(std::move(key), taken);
  return taken;
}

Result<std::uint32_t> DatabaseFinder::take(const std::string& relative,
                                           const std::string& input_folder) {
  const std::string shown = "database '" + relative.substr(0, 200) + "'";
  if (relative.empty()) {
    return invalid("the database's path is empty");
  }
  if (leaves_folder(relative)) {
    return invalid(shown + " leaves the input's folder");
  }
  const auto folder = real_path(input_folder);
  const auto path = real_path(input_folder + "/" + relative);
  if (!folder || !path) {
    return invalid(shown + " is not there (looked in " + input_folder + ")");
  }
  if (!path->starts_with(*folder == "/" ? "/" : *folder + "/")) {
    return invalid(shown + " is a link that leaves the input's folder");
  }
  const auto entry = digest_file(*path);
  if (!entry.ok()) {
    return entry.error().code == Errc::storage ? invalid(shown + ": " + entry.error().message)
                                               : entry.error();
  }
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::string head(kMagic.size(), '\0');
  const int fd = ::open(path->c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd >= 0 ? ::pread(fd, head.data(), head.size(), 0) : -1;
  if (fd >= 0) {
    ::close(fd);
  }
  if (got != static_cast<ssize_t>(head.size()) || head != kMagic) {
    return invalid(shown + " is no SQLite database");
  }
  if (has_content(*path + "-wal") || has_content(*path + "-journal")) {
    return invalid(
        shown +
        " has changes that were not written back (-wal or -journal beside it): close the "
        "program that writes it, or run PRAGMA wal_checkpoint(TRUNCATE)");
  }
  const std::string hex = entry->sha256.hex();
  for (std::uint32_t index = 0; index < files_.size(); ++index) {
    if (files_[index].digest == hex) {
      return index;  // the same bytes under another name
    }
  }
  FD_TRY(const std::string bytes, read_file(*path, entry->bytes + 1));
  FD_TRY(const FileEntry copied, write_file(directory_ + "/" + hex, bytes, Durable::later));
  if (copied.sha256 != entry->sha256) {
    return invalid(shown + " changed while it was read");
  }
  files_.push_back({hex, *path, entry->bytes});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

}  // namespace fd
