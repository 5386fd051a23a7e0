#include "worker/stage_options.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/transport/tcp_endpoint.hpp"

namespace fd {
namespace {

constexpr std::string_view kTcp = "tcp://";
/// A paid stage, so it belongs to whoever holds the lease. No run of this version has it.
constexpr std::string_view kJudge = "judge";

std::string known_stages() {
  return stage_names(all_stages(), ", ") + ", " + std::string(kJudge);
}

/// Returns our own address on the way to `endpoint`. Sends nothing: connecting a datagram socket
/// only looks up the route.
std::optional<std::string> address_towards(const std::string& endpoint) {
  const auto tcp = tcp_endpoint(endpoint);
  if (!tcp) {
    return std::nullopt;
  }
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(tcp->host.c_str(), tcp->port.c_str(), &hints, &found) != 0) {
    return std::nullopt;
  }
  std::optional<std::string> address;
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  socklen_t size = sizeof own;
  std::array<char, INET_ADDRSTRLEN> text{};
  if (fd >= 0 && ::connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
      inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size()) != nullptr) {
    address = text.data();
  }
  if (fd >= 0) {
    ::close(fd);
  }
  ::freeaddrinfo(found);
  return address;
}

}  // namespace

Result<std::vector<StageId>> stages_from_text(std::string_view text) {
  std::vector<StageId> stages;
  bool judge = false;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    if (one == "student_gen" || one == "student_eval") {
      return Error{Errc::invalid_input,
                   "--stages: " + std::string(one) + " is not available in this version"};
    }
    const auto stage = stage_from_name(one);
    if (stage) {
      stages.push_back(*stage);
    } else if (one == kJudge) {
      judge = true;
    } else {
      return Error{Errc::invalid_input,
                   "--stages: '" + std::string(one) + "' is none of " + known_stages()};
    }
    if (comma == std::string_view::npos) {
      break;
    }
    text.remove_prefix(comma + 1);
  }
  const bool teacher = has_stage(stages, StageId::teacher);
  if (teacher) {
    stages.push_back(StageId::select);
  }
  if (judge && !teacher) {
    return Error{Errc::invalid_input,
                 "--stages: judge is asked where the teacher is: name both, or neither"};
  }
  stages = with_followers(stages);
  if (!teacher && !serves_peer_stage(stages)) {
    return Error{Errc::invalid_input,
                 "--stages: select runs beside the teacher, and nobody asks another worker for it"};
  }
  return stages;
}

bool serves_peer_stage(const std::vector<StageId>& stages) {
  return std::ranges::any_of(stages, runs_at_peers);
}

std::optional<std::string> default_peer_listen(const std::string& coordinator) {
  const auto address = address_towards(coordinator);
  return address ? std::optional(std::string(kTcp) + *address + ":*") : std::nullopt;
}

std::optional<std::string> reachable_endpoint(const std::string& bound,
                                              const std::string& coordinator) {
  constexpr std::string_view kAll = "tcp://0.0.0.0:";
  if (!bound.starts_with(kAll)) {
    return bound;
  }
  const auto address = address_towards(coordinator);
  return address ? std::optional(std::string(kTcp) + *address + ":" + bound.substr(kAll.size()))
                 : std::nullopt;
}

}  // namespace fd
