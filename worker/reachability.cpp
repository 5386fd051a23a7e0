#include "worker/reachability.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/transport/tcp_endpoint.hpp"

namespace fd {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* first) const { ::freeaddrinfo(first); }
};

/// Connects, and gives the connection up again. Returns 0 or the error.
int try_connect(const addrinfo& address, Duration patience) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return errno;
  }
  int error = ::connect(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd ready{fd, POLLOUT, 0};
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    if (::poll(&ready, 1, static_cast<int>(ms)) <= 0) {
      error = ETIMEDOUT;
    } else {
      socklen_t size = sizeof error;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  ::close(fd);
  return error;
}

std::string text_of(const addrinfo& address, const std::string& port) {
  std::array<char, NI_MAXHOST> host{};
  if (::getnameinfo(address.ai_addr, address.ai_addrlen, host.data(), host.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return "port " + port;
  }
  return std::string(host.data()) + " port " + port;
}

}  // namespace

std::string why_unreachable(const std::string& endpoint, Duration patience) {
  const auto tcp = tcp_endpoint(endpoint);
  if (!tcp) {
    return "nobody may be listening";
  }
  std::string host = tcp->host;
  const std::string& port = tcp->port;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_family = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  if (code != 0) {
    return "the host '" + host + "' has no address: " + ::gai_strerror(code);
  }
  std::string why;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const int error = try_connect(*address, patience);
    if (error == 0) {
      return "somebody listens at " + text_of(*address, port) + ", and does not answer";
    }
    why = text_of(*address, port) + ": " + std::strerror(error);
  }
  return why;
}

}  // namespace fd
