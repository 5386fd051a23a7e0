#include "tests/simulator/sockets.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fd::simulator {
namespace {

constexpr int kBacklog = 4096;

Error socket_error(const std::string& where, int code) {
  return Error{Errc::unavailable, "cannot listen on " + where + ": " + std::strerror(code)};
}

Result<Listener> bound_to(Descriptor socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  void* raw = &address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getsockname(socket.get(), static_cast<sockaddr*>(raw), &size) != 0 ||
      ::getnameinfo(static_cast<sockaddr*>(raw), size, host.data(), host.size(), port.data(),
                    port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return Error{Errc::unavailable, "cannot read the bound address"};
  }
  Listener listener;
  listener.socket = std::move(socket);
  listener.port = static_cast<std::uint16_t>(std::strtoul(port.data(), nullptr, 10));
  const std::string name = host.data();
  listener.authority =
      (address.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
  return listener;
}

}  // namespace

Descriptor::~Descriptor() {
  reset();
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = other.release();
  }
  return *this;
}

int Descriptor::release() {
  return std::exchange(number_, -1);
}

void Descriptor::reset() {
  if (number_ >= 0) {
    ::close(std::exchange(number_, -1));
  }
}

Result<Listener> listen_on(const std::string& host, std::uint16_t port) {
  const std::string where = host + ":" + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) {
    return Error{Errc::invalid_input, "--listen " + where + ": " + ::gai_strerror(code)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  int failure = EADDRNOTAVAIL;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Descriptor socket(
        ::socket(each->ai_family, each->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (socket.get() >= 0 &&
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        ::bind(socket.get(), each->ai_addr, each->ai_addrlen) == 0 &&
        ::listen(socket.get(), kBacklog) == 0) {
      return bound_to(std::move(socket));
    }
    failure = errno;
  }
  return socket_error(where, failure);
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 1024;
  }
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace fd::simulator
