#include "coordinator/commands/keygen.hpp"

#include <cerrno>
#include <cstdio>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "actors/keys/key_files.hpp"
#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/commands/command.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

/// Writes a file that must not be there yet: mode 0600, on disk when this returns.
Result<void> write_new(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) {
    return storage_error(path + ": cannot be made");
  }
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const int why = errno;
  ::close(file);
  if (!written) {
    ::unlink(path.c_str());
    return storage_error(path + ": cannot be written", why);
  }
  return {};
}

Result<void> write_secret(const std::string& path, const CurveSecretKey& secret) {
  std::string text = key_file_text(secret);
  auto written = write_new(path, text);
  ::explicit_bzero(text.data(), text.size());
  return written;
}

std::string line_of(const std::string& name, const CurvePublicKey& key, const std::string& more) {
  std::string text = key_file_text(key);
  text.pop_back();
  return name + ": " + text + more;
}

/// Makes the coordinator's pair, or reads the one that is there.
Result<CurvePublicKey> coordinator_key(const std::string& folder, KeygenReport& report) {
  const std::string secret_path = folder + "/coordinator.secret";
  const std::string public_path = folder + "/coordinator.public";
  const bool there = file_exists(secret_path);
  FD_TRY(const CurveKeyPair pair, there ? read_secret_key(secret_path) : make_curve_key_pair());
  if (!there) {
    FD_TRY_VOID(write_secret(secret_path, pair.secret));
  }
  if (!file_exists(public_path)) {
    FD_TRY_VOID(write_new(public_path, key_file_text(pair.public_key)));
  }
  FD_TRY(const std::vector<CurvePublicKey> published, read_public_keys(public_path));
  if (published.size() != 1 || published.front() != pair.public_key) {
    return Error{Errc::refused, public_path + ": is not the public key of coordinator.secret"};
  }
  report.lines.push_back(
      line_of("coordinator", pair.public_key, there ? " (was there)" : " (new)"));
  return pair.public_key;
}

/// Makes DIR/workers/NAME under another name first: it is there as a whole or not at all.
Result<CurvePublicKey> new_worker(const std::string& folder, const std::string& name,
                                  const CurvePublicKey& coordinator) {
  const std::string beside = folder + "/." + name + ".new";
  FD_TRY_VOID(remove_tree(beside));
  FD_TRY_VOID(make_directories(beside));
  FD_TRY(const CurveKeyPair pair, make_curve_key_pair());
  FD_TRY_VOID(write_secret(beside + "/" + name + ".secret", pair.secret));
  FD_TRY_VOID(write_new(beside + "/" + name + ".public", key_file_text(pair.public_key)));
  FD_TRY_VOID(write_new(beside + "/coordinator.public", key_file_text(coordinator)));
  FD_TRY_VOID(rename_durable(beside, folder + "/" + name));
  return pair.public_key;
}

Result<void> worker_key(const std::string& folder, const std::string& name,
                        const CurvePublicKey& coordinator, KeygenReport& report) {
  const std::string workers = folder + "/workers";
  const std::string allowed = folder + "/allowed/" + name + ".public";
  if (file_exists(workers + "/" + name)) {
    FD_TRY(const CurveKeyPair pair, read_secret_key(workers + "/" + name + "/" + name + ".secret"));
    report.lines.push_back(
        line_of(name, pair.public_key,
                file_exists(allowed) ? " (was there)" : " (was there; not on the allow-list)"));
    return {};
  }
  if (file_exists(allowed)) {
    return Error{Errc::refused, allowed + ": this user has a key already"};
  }
  FD_TRY(const CurvePublicKey key, new_worker(workers, name, coordinator));
  FD_TRY_VOID(write_new(allowed, key_file_text(key)));
  report.lines.push_back(line_of(name, key, " (new)"));
  return {};
}

Result<int> keygen(const ParsedCommand& parsed, StopSignals& /*signals*/) {
  FD_TRY(const KeygenReport report, make_keys(parsed.positionals.front(), parsed.all("--worker")));
  for (const std::string& line : report.lines) {
    std::puts(line.c_str());
  }
  return kExitComplete;
}

}  // namespace

Result<KeygenReport> make_keys(const std::string& folder, std::vector<std::string> workers) {
  if (workers.empty()) {
    workers.emplace_back(kDefaultWorkerUser);
  }
  for (const std::string& name : workers) {
    if (const auto checked = check_user_name(name); !checked.ok()) {
      return checked.error().within("--worker");
    }
  }
  FD_TRY_VOID(check_curve_library());
  FD_TRY_VOID(make_directories(folder + "/allowed"));
  FD_TRY_VOID(make_directories(folder + "/workers"));
  KeygenReport report;
  FD_TRY(const CurvePublicKey coordinator, coordinator_key(folder, report));
  for (const std::string& name : workers) {
    FD_TRY_VOID(worker_key(folder, name, coordinator, report));
  }
  FD_TRY_VOID(sync_folder(folder + "/allowed"));
  FD_TRY_VOID(sync_folder(folder));
  report.lines.push_back("coordinator:  --set transport.keys=" + folder);
  report.lines.push_back("worker here:  fd-worker --keys " + folder + "; elsewhere: copy " +
                         folder + "/workers/" + workers.front() + ", nothing else");
  return report;
}

Command keygen_command() {
  return {.name = "keygen",
          .summary = "make keys for workers on other machines",
          .usage = "DIR [--worker NAME]...",
          .about =
              "Makes CURVE keys for a coordinator and its workers, or adds workers. Never replaces "
              "a key.\nPrints the public keys.",
          .options = {{"--worker", "NAME", "a worker, or the workers NAME-... (default: worker)",
                       true}},
          .run = keygen};
}

}  // namespace fd
