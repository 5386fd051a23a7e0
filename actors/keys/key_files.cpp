#include "actors/keys/key_files.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/directory_listing.hpp"
#include "actors/storage/errno_error.hpp"
#include "actors/system/descriptor.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::string_view kPublicWord = "curve-public ";
constexpr std::string_view kSecretWord = "curve-secret ";
constexpr std::string_view kPublicEnd = ".public";
constexpr std::string_view kSecretEnd = ".secret";

/// Text of a file that may hold a secret: wiped at the end.
struct KeyText {
  std::string text;
  KeyText() = default;
  explicit KeyText(std::string content) : text(std::move(content)) {}
  KeyText(const KeyText&) = delete;
  KeyText& operator=(const KeyText&) = delete;
  KeyText(KeyText&&) = default;
  KeyText& operator=(KeyText&&) = default;
  ~KeyText() { ::explicit_bzero(text.data(), text.size()); }
};

Error refused(const std::string& path, const std::string& what) {
  return Error{Errc::refused, path + ": " + what};
}

/// Says why the system did not let a path be read.
Error unreadable(const std::string& path) {
  return Error{errno == ENOENT ? Errc::not_found : Errc::refused,
               storage_error(path + ": cannot be read").message};
}

/// Checks who else can touch what was opened. `forbidden`: mode bits that must not be set.
Result<void> check_owner(const std::string& path, const struct stat& status, mode_t forbidden) {
  if (status.st_uid != ::geteuid() && (status.st_uid != 0 || (forbidden & S_IRGRP) != 0)) {
    return refused(path, "belongs to another user");
  }
  if ((status.st_mode & forbidden) != 0) {
    return refused(path, (forbidden & S_IRGRP) != 0
                             ? "others can read this secret key: chmod 600"
                             : "others can change what is in here: chmod go-w");
  }
  return {};
}

Result<KeyText> read_key_file(const std::string& path, mode_t forbidden) {
  // Not blocking: a pipe under this name must not hold the program up.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    return unreadable(path);
  }
  struct stat status {};
  KeyText content;
  content.text.resize(kKeyFileBytesMax + 1);
  const bool regular = ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  const ssize_t got = regular ? ::read(file.get(), content.text.data(), content.text.size()) : -1;
  if (!regular || got < 0) {
    return refused(path, "is no regular file");
  }
  FD_TRY_VOID(check_owner(path, status, forbidden));
  content.text.resize(static_cast<std::size_t>(got));
  if (content.text.size() > kKeyFileBytesMax) {
    return refused(path, "is too long for keys (more than 4096 bytes)");
  }
  return content;
}

/// Returns the lines that count.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t')) {
      line.remove_suffix(1);
    }
    if (!line.empty() && line.front() != '#') {
      lines.push_back(line);
    }
  }
  return lines;
}

Result<CurvePublicKey> public_key_of(std::string_view line) {
  if (line.starts_with(kSecretWord)) {
    return Error{Errc::refused, "a secret key where a public one is expected"};
  }
  if (!line.starts_with(kPublicWord)) {
    return Error{Errc::refused, "no line 'curve-public KEY'"};
  }
  return parse_public_key(line.substr(kPublicWord.size()));
}

Result<CurveKeyPair> key_pair_of(std::string_view line) {
  if (line.starts_with(kPublicWord)) {
    return Error{Errc::refused, "a public key where a secret one is expected"};
  }
  if (!line.starts_with(kSecretWord)) {
    return Error{Errc::refused, "no line 'curve-secret KEY'"};
  }
  return parse_secret_key(line.substr(kSecretWord.size()));
}

template <class T>
Result<T> named(const std::string& path, Result<T> result) {
  if (!result.ok()) {
    return result.error().within(path);
  }
  return result;
}

/// Returns the names in a folder that end so, without that ending, sorted.
Result<std::vector<std::string>> names_in(const std::string& folder, std::string_view ending) {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0) {
    return unreadable(folder);
  }
  FD_TRY_VOID(check_owner(folder, status, S_IWGRP | S_IWOTH));
  FD_TRY(std::vector<std::string> names, names_of(directory, folder + ": cannot be read"));
  std::erase_if(names, [&](const std::string& name) {
    return name.starts_with('.') || !name.ends_with(ending);
  });
  for (std::string& name : names) {
    name.resize(name.size() - ending.size());
  }
  std::sort(names.begin(), names.end());  // without the ending the order may be another
  return names;
}

/// Returns the user whose name `worker` is or begins with (then "-"): the longest one.
std::optional<std::string> user_for(const std::vector<std::string>& users,
                                    const std::string& worker) {
  std::optional<std::string> best;
  for (const std::string& user : users) {
    if (covers_name(user, worker) && (!best || user.size() > best->size())) {
      best = user;
    }
  }
  return best;
}

/// Chooses among the workers of the folder that keygen made.
Result<std::string> choose_user(const std::string& folder, const std::vector<std::string>& users,
                                const std::optional<std::string>& worker) {
  if (worker) {
    if (const auto user = user_for(users, *worker)) {
      return *user;
    }
    return refused(folder, "has no key for a worker called " + *worker +
                               ": its name is that of its key, or begins with it and '-'");
  }
  if (users.size() == 1) {
    return users.front();
  }
  if (std::find(users.begin(), users.end(), kDefaultWorkerUser) != users.end()) {
    return std::string(kDefaultWorkerUser);
  }
  return refused(folder, users.empty() ? "has no worker's key: fd-coordinator keygen makes some"
                                       : "has the keys of several workers: say which with --name, "
                                         "or give " +
                                             folder + "/" + users.front());
}

Result<WorkerKeys> worker_keys_in(const std::string& folder, const std::string& user) {
  FD_TRY(CurveKeyPair own, read_secret_key(folder + "/" + user + std::string(kSecretEnd)));
  const std::string server_path = folder + "/coordinator.public";
  FD_TRY(std::vector<CurvePublicKey> server, read_public_keys(server_path));
  if (server.size() != 1) {
    return refused(server_path, "has more than one key");
  }
  return WorkerKeys{user, std::move(own), std::move(server.front())};
}

}  // namespace

Result<void> check_user_name(const std::string& name) {
  if (name.size() > kUserNameMax || !is_plain_name(name)) {
    return Error{Errc::invalid_input, "'" + name + "': must match [A-Za-z0-9][A-Za-z0-9._-]{0,39}"};
  }
  if (name == "coordinator" || name == kLocalUser ||
      name.starts_with(std::string(kLocalUser) + "-")) {
    return Error{Errc::invalid_input, "'" + name + "' is a name that the coordinator keeps"};
  }
  return {};
}

Result<CurveKeyPair> read_secret_key(const std::string& path) {
  FD_TRY(const KeyText content, read_key_file(path, S_IRWXG | S_IRWXO));
  const auto lines = lines_of(content.text);
  if (lines.size() != 1) {
    return refused(path, "must have one line 'curve-secret KEY'");
  }
  return named(path, key_pair_of(lines.front()));
}

Result<std::vector<CurvePublicKey>> read_public_keys(const std::string& path) {
  FD_TRY(const KeyText content, read_key_file(path, S_IWGRP | S_IWOTH));
  std::vector<CurvePublicKey> keys;
  for (const std::string_view line : lines_of(content.text)) {
    FD_TRY(CurvePublicKey key, named(path, public_key_of(line)));
    keys.push_back(std::move(key));
  }
  if (keys.empty() || keys.size() > kKeysPerUserMax) {
    return refused(path, "must have 1 to " + std::to_string(kKeysPerUserMax) + " keys, has " +
                             std::to_string(keys.size()));
  }
  return keys;
}

Result<CoordinatorKeys> load_coordinator_keys(const std::string& folder) {
  FD_TRY(CurveKeyPair own, read_secret_key(folder + "/coordinator.secret"));
  const std::string public_path = folder + "/coordinator.public";
  FD_TRY(const std::vector<CurvePublicKey> published, read_public_keys(public_path));
  if (published.size() != 1 || published.front() != own.public_key) {
    return refused(public_path, "is not the public key of coordinator.secret");
  }
  FD_TRY(AllowList::Users users, load_allow_list(folder));
  return CoordinatorKeys{std::move(own), std::move(users)};
}

Result<AllowList::Users> load_allow_list(const std::string& folder) {
  const std::string allowed = folder + "/allowed";
  FD_TRY(const std::vector<std::string> names, names_in(allowed, kPublicEnd));
  if (names.size() > kAllowedUsersMax) {
    return refused(allowed, "more than " + std::to_string(kAllowedUsersMax) + " users");
  }
  AllowList::Users users;
  for (const std::string& name : names) {
    const std::string path = allowed + "/" + name + std::string(kPublicEnd);
    if (const auto checked = check_user_name(name); !checked.ok()) {
      return refused(path, checked.error().message);
    }
    FD_TRY(const std::vector<CurvePublicKey> keys, read_public_keys(path));
    for (const CurvePublicKey& key : keys) {
      const auto [entry, fresh] = users.emplace(key, name);
      if (!fresh && entry->second != name) {
        return refused(path, "has a key of " + entry->second + " too");
      }
    }
  }
  return users;
}

Result<WorkerKeys> load_worker_keys(const std::string& folder,
                                    const std::optional<std::string>& worker) {
  FD_TRY(std::vector<std::string> here, names_in(folder, kSecretEnd));
  std::erase(here, "coordinator");
  if (!here.empty()) {
    FD_TRY(const std::string user, choose_user(folder, here, worker));
    return worker_keys_in(folder, user);
  }
  const std::string workers = folder + "/workers";
  const auto users = names_in(workers, "");
  if (!users.ok()) {
    return users.error().code == Errc::not_found
               ? Error{Errc::not_found, folder + ": no NAME.secret is there"}
               : users.error();
  }
  FD_TRY(const std::string user, choose_user(workers, *users, worker));
  return worker_keys_in(workers + "/" + user, user);
}

std::string local_keys_text(const CurveKeyPair& own, const CurvePublicKey& server) {
  return key_file_text(own.secret) + key_file_text(server);
}

Result<WorkerKeys> parse_local_keys(const std::string& text) {
  const auto lines = lines_of(text);
  if (lines.size() != 2) {
    return Error{Errc::refused, "keys of a local worker: two lines are expected"};
  }
  FD_TRY(CurveKeyPair own, key_pair_of(lines[0]));
  FD_TRY(CurvePublicKey server, public_key_of(lines[1]));
  return WorkerKeys{kLocalUser, std::move(own), std::move(server)};
}

std::string key_file_text(const CurvePublicKey& key) {
  return std::string(kPublicWord) + key.z85 + "\n";
}

std::string key_file_text(const CurveSecretKey& key) {
  return std::string(kSecretWord) + key.reveal() + "\n";
}

}  // namespace fd
