#include "coordinator/live/local_workers.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors/keys/key_files.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/temporary_directory.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_dir.hpp"

extern char** environ;

namespace fd {
namespace {

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return "by signal " + std::to_string(WTERMSIG(status));
  }
  return "with exit code " + std::to_string(WEXITSTATUS(status));
}

void pause_ms(long milliseconds) {
  const timespec time{milliseconds / 1000, (milliseconds % 1000) * 1'000'000};
  nanosleep(&time, nullptr);
}

}  // namespace

std::string local_worker_name(const std::string& number) {
  return std::string(kLocalWorkerPrefix) + number;
}

Result<std::string> sibling_program(const std::string& name) {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) {
    return Error{Errc::not_found, "cannot find where this program lies"};
  }
  std::string self(path.data(), static_cast<std::size_t>(length));
  std::string sibling = self.substr(0, self.rfind('/') + 1) + name;
  if (::access(sibling.c_str(), X_OK) != 0) {
    return Error{Errc::not_found,
                 sibling + " is not there: " + name + " is installed beside fd-coordinator"};
  }
  return sibling;
}

LocalWorkers::~LocalWorkers() {
  stop(0);
  if (keys_fd_ >= 0) {
    ::close(keys_fd_);
  }
}

Result<void> LocalWorkers::write_keys() {
  std::string text = local_keys_text(options_.keys->own, options_.keys->server);
  keys_fd_ = ::memfd_create("fd-local-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const bool written =
      keys_fd_ >= 0 &&
      ::write(keys_fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fcntl(keys_fd_, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
  ::explicit_bzero(text.data(), text.size());
  if (!written) {
    return Error{Errc::storage,
                 std::string("cannot hand keys to local workers: ") + std::strerror(errno)};
  }
  return {};
}

Result<void> LocalWorkers::start() {
  children_.resize(options_.count);
  if (options_.keys) {
    FD_TRY_VOID(write_keys());
  }
  for (std::uint32_t index = 0; index < options_.count; ++index) {
    FD_TRY_VOID(spawn(index));
  }
  return {};
}

std::string LocalWorkers::directory(std::uint32_t index) const {
  return options_.log_directory + "/" + std::to_string(index);
}

Result<void> LocalWorkers::spawn(std::uint32_t index) {
  const std::string folder = directory(index);
  FD_TRY_VOID(make_directories(folder));
  const std::string log = folder + "/worker.log";

  std::vector<std::string> arguments = {options_.program,
                                        "--connect",
                                        options_.endpoint,
                                        "--name",
                                        local_worker_name(std::to_string(index)),
                                        "--parent-pid",
                                        std::to_string(getpid()),
                                        "--log-level",
                                        options_.log_level,
                                        "--journal",
                                        folder};
  if (options_.exec_threads > 0) {
    arguments.insert(arguments.end(), {"--exec-threads", std::to_string(options_.exec_threads)});
  }
  if (keys_fd_ >= 0) {
    arguments.insert(arguments.end(), {"--keys-fd", std::to_string(kLocalKeysFd)});
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  if (keys_fd_ >= 0) {
    posix_spawn_file_actions_adddup2(&actions, keys_fd_, kLocalKeysFd);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A process group of its own: Ctrl-C in the terminal reaches the coordinator alone, which drains.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t pid = -1;
  const int code =
      posix_spawn(&pid, options_.program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) {
    return Error{Errc::not_found, "cannot start " + options_.program + ": " + std::strerror(code)};
  }
  children_[index].pid = pid;
  return {};
}

std::vector<WorkerExit> LocalWorkers::reap(std::uint64_t samples_done) {
  std::vector<WorkerExit> exits;
  for (std::uint32_t index = 0; index < children_.size(); ++index) {
    Child& child = children_[index];
    int status = 0;
    if (child.pid < 0 || ::waitpid(child.pid, &status, WNOHANG) != child.pid) {
      continue;
    }
    child.pid = -1;
    WorkerExit exit{local_worker_name(std::to_string(index)), false, how_it_ended(status)};
    if (samples_done > child.samples_done) {
      child.restarts = 0;  // the run moves on in spite of what ends its workers
    }
    child.samples_done = samples_done;
    if (child.restarts < kWorkerRestartsMax) {
      ++child.restarts;
      exit.replaced = spawn(index).ok();
    }
    exits.push_back(std::move(exit));
  }
  return exits;
}

std::uint32_t LocalWorkers::alive() const {
  std::uint32_t count = 0;
  for (const Child& child : children_) {
    count += child.pid >= 0 ? 1 : 0;
  }
  return count;
}

void LocalWorkers::stop(int patience_ms) {
  constexpr int kStepMs = 5;
  for (const Child& child : children_) {
    if (child.pid >= 0) {
      ::kill(child.pid, SIGTERM);
    }
  }
  for (int waited = 0;; waited += kStepMs) {
    for (Child& child : children_) {
      if (child.pid >= 0 && waited >= patience_ms) {
        ::kill(child.pid, SIGKILL);
      }
      if (child.pid >= 0 &&
          ::waitpid(child.pid, nullptr, waited >= patience_ms ? 0 : WNOHANG) != 0) {
        child.pid = -1;
      }
    }
    if (alive() == 0) {
      break;
    }
    pause_ms(kStepMs);
  }
  for (std::uint32_t index = 0; index < children_.size(); ++index) {
    remove_abandoned(directory(index), RunDir::kWorkerDatabases);  // of those that were killed
  }
}

}  // namespace fd
