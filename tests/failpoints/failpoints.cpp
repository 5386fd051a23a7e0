// What the programs in failpoint-bin do at a failpoint. Everything comes from the environment:
//
//   FD_FAILPOINTS       NAME[/SAMPLE_ID]=ACTION[@N][xTIMES];...
//                       ACTION at the N-th hit in this process (default 1):
//                         kill         SIGKILL to this process
//                         pause        SIGSTOP to this process; SIGCONT goes on
//                         hang         this thread goes no further; the others go on
//                         hold         this thread waits, at every hit, while there is a file
//                         NAME.hold;
//                                      it makes a file NAME.held first
//                         exit70       ends like a broken invariant
//                         error:EIO    the operation fails so (also ENOSPC, EROFS)
//                         count        nothing: hits are counted only
//   FD_FAILPOINT_DIR    a folder. An action takes place only for the process that makes its
//                       NAME.fired.K first, K up to TIMES (default 1): so a process that is started
//                       again does not end again. Without the folder every process does it.
//                       `count` adds one byte to NAME.hits at every hit; `hold` needs it, too.

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "actors/system/failpoint.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

struct Plan {
  std::string name;
  std::string sample;  ///< hexadecimal; empty: any
  std::string action;
  unsigned long at = 1;
  unsigned long times = 1;
  std::atomic<unsigned long> hits{0};
};

[[noreturn]] void bad_plan(const std::string& text) {
  std::fprintf(stderr, "FD_FAILPOINTS: '%s' is no NAME[/SAMPLE_ID]=ACTION[@N][xTIMES]\n",
               text.c_str());
  std::_Exit(2);
}

/// Cuts the number behind the last `mark` off `text`; without one the number is 1.
unsigned long cut_number(std::string& text, char mark) {
  const std::size_t place = text.rfind(mark);
  if (place == std::string::npos ||
      text.find_first_not_of("0123456789", place + 1) != std::string::npos) {
    return 1;
  }
  const unsigned long number = std::strtoul(text.c_str() + place + 1, nullptr, 10);
  text.resize(place);
  return number;
}

void add_plan(std::deque<Plan>& plans, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    bad_plan(text);
  }
  Plan& plan = plans.emplace_back();
  plan.name = text.substr(0, equals);
  plan.action = text.substr(equals + 1);
  plan.times = cut_number(plan.action, 'x');
  plan.at = cut_number(plan.action, '@');
  if (const std::size_t slash = plan.name.find('/'); slash != std::string::npos) {
    plan.sample = plan.name.substr(slash + 1);
    plan.name.resize(slash);
  }
  bool listed = false;
  for (const std::string_view name : kFailpoints) {
    listed = listed || name == plan.name;
  }
  if (!listed || plan.at == 0 || plan.times == 0) {
    bad_plan(text);
  }
}

std::deque<Plan> read_plans() {
  std::deque<Plan> plans;
  const char* variable = std::getenv("FD_FAILPOINTS");
  std::string_view rest = variable == nullptr ? std::string_view() : variable;
  while (!rest.empty()) {
    const std::size_t end = rest.find(';');
    if (end != 0) {
      add_plan(plans, std::string(rest.substr(0, end)));
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return plans;
}

void append_byte(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  FD_CHECK(file >= 0);
  FD_CHECK(::write(file, ".", 1) == 1);
  ::close(file);
}

/// The folder of those actions that cannot do without it.
std::string folder_of_plans() {
  const char* folder = std::getenv("FD_FAILPOINT_DIR");
  FD_CHECK(folder != nullptr);
  return folder;
}

/// Whether this process is one of those that the action is for.
bool claim(const Plan& plan) {
  const char* folder = std::getenv("FD_FAILPOINT_DIR");
  if (folder == nullptr) {
    return true;
  }
  for (unsigned long turn = 1; turn <= plan.times; ++turn) {
    const std::string path =
        std::string(folder) + "/" + plan.name + ".fired." + std::to_string(turn);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
      ::close(file);
      return true;
    }
    FD_CHECK(errno == EEXIST);
  }
  return false;
}

int error_number(const std::string& action) {
  if (action == "error:EIO") {
    return EIO;
  }
  return action == "error:ENOSPC" ? ENOSPC : EROFS;
}

/// Does what the action says. Returns the errno to pretend.
int act(const Plan& plan) {
  if (plan.action == "kill") {
    ::kill(::getpid(), SIGKILL);
    for (;;) {
      ::pause();  // the signal is on its way
    }
  }
  if (plan.action == "pause") {
    ::kill(::getpid(), SIGSTOP);
    return 0;
  }
  if (plan.action == "hang") {
    for (;;) {
      ::pause();
    }
  }
  if (plan.action == "exit70") {
    fail_check(plan.name.c_str(), __FILE__, __LINE__);
  }
  if (plan.action == "error:EIO" || plan.action == "error:ENOSPC" || plan.action == "error:EROFS") {
    return error_number(plan.action);
  }
  bad_plan(plan.name + "=" + plan.action);
}

void count(const Plan& plan) {
  append_byte(folder_of_plans() + "/" + plan.name + ".hits");
}

void hold(const Plan& plan) {
  const std::string path = folder_of_plans() + "/" + plan.name;
  const std::string wish = path + ".hold";
  while (::access(wish.c_str(), F_OK) == 0) {
    append_byte(path + ".held");
    ::usleep(1000);
  }
}

int hit(FailpointName name, const SampleId* sample) {
  static std::deque<Plan> plans = read_plans();
  int error = 0;
  for (Plan& plan : plans) {
    if (plan.name != name.text() ||
        (!plan.sample.empty() && (sample == nullptr || sample->hex() != plan.sample))) {
      continue;
    }
    if (plan.action == "count") {
      count(plan);
    } else if (plan.action == "hold") {
      hold(plan);
    } else if (++plan.hits == plan.at && claim(plan)) {
      error = act(plan);
    }
  }
  return error;
}

}  // namespace

void failpoint(FailpointName name) {
  static_cast<void>(hit(name, nullptr));
}

void failpoint(FailpointName name, const SampleId& sample) {
  static_cast<void>(hit(name, &sample));
}

int failpoint_error(FailpointName name) {
  return hit(name, nullptr);
}

}  // namespace fd
