#include "worker/state_folder.hpp"

#include <charconv>
#include <utility>

#include "actors/journal/journal_lock.hpp"
#include "actors/storage/directory_trust.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/incarnation.hpp"
#include "protocol/base/escape.hpp"

namespace fd {
namespace {

/// Returns `name` as the name of one folder, which is not hidden and leads nowhere else.
std::string folder_name(const std::string& name) {
  const std::string out = percent_encoded(name, "._-");
  return out.starts_with('.') ? percent_encoded(".", "") + out.substr(1) : out;
}

/// Returns a number above the one that the last process left in the folder, and leaves it there: a
/// coordinator takes a lower one for a process that it has seen replaced.
Result<std::uint64_t> next_incarnation(const std::string& folder) {
  const std::string path = folder + "/incarnation";
  std::uint64_t before = 0;
  if (const auto text = read_file(path); text.ok()) {
    std::from_chars(text->data(), text->data() + text->size(), before);
  } else if (text.error().code != Errc::not_found) {
    return text.error();
  }
  const std::uint64_t incarnation = new_incarnation(before);
  FD_TRY(const FileEntry written, write_file(path, std::to_string(incarnation) + "\n"));
  static_cast<void>(written);
  return incarnation;
}

Result<StateFolder> take(std::string name, std::string journal) {
  FD_TRY_VOID(make_directories(journal));
  FD_TRY_VOID(check_own_folder(journal));
  auto lock = lock_journals(journal);
  if (!lock.ok()) {
    Error error = lock.error();
    if (error.code == Errc::busy) {
      error.message = "another worker keeps its journal in " + journal +
                      ": give this one another --name or --state";
    }
    return error;
  }
  FD_TRY(const std::uint64_t incarnation, next_incarnation(journal));
  return StateFolder{std::move(name), std::move(journal), incarnation, std::move(lock).value()};
}

}  // namespace

Result<StateFolder> take_state_folder(const StateRequest& request) {
  std::optional<std::string> fixed = request.journal;
  if (!fixed && request.state) {
    fixed = *request.state + "/journal";
  }
  if (fixed) {
    // A folder of its own makes a name of its own that stays the same when the worker is restarted.
    return take(request.name.value_or(request.host + "-" + sha256(*fixed).hex().substr(0, 8)),
                *fixed);
  }
  const auto folder_of = [&](const std::string& name) {
    return request.default_root + "/" + folder_name(name) + "/journal";
  };
  if (request.name) {
    return take(*request.name, folder_of(*request.name));
  }
  for (std::uint32_t k = 0; k < kUnnamedWorkersMax; ++k) {
    const std::string name = request.host + "-" + std::to_string(k);
    auto taken = take(name, folder_of(name));
    if (taken.ok() || taken.error().code != Errc::busy) {
      return taken;
    }
  }
  return Error{Errc::busy, request.default_root + ": " + std::to_string(kUnnamedWorkersMax) +
                               " workers without a --name run here already"};
}

}  // namespace fd
