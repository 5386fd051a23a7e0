#include "tests/support/http_stub.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

namespace fd::testing {
namespace {

constexpr auto kPatience = std::chrono::minutes(1);

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

/// One client's connection. At most one request of it is unanswered.
struct Connection {
  std::size_t number = 0;
  std::string in;
  std::string out;
  bool busy = false;  ///< a request waits for its reply
  bool close_after = false;
};

}  // namespace

std::string StubRequest::header(const std::string& name) const {
  const std::string text = lowered(head);
  const std::size_t at = text.find("\r\n" + name + ":");
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t from = head.find_first_not_of(' ', at + name.size() + 3);
  return head.substr(from, head.find("\r\n", from) - from);
}

StubReply StubReply::of(int status, const std::string& body, const std::string& headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body,
          Then::keep};
}

StubReply StubReply::completion(const std::string& text) {
  return of(200, completion_body(text), "Content-Type: application/json\r\n");
}

StubReply StubReply::cut(const StubReply& whole, std::size_t bytes) {
  return {whole.bytes.substr(0, bytes), Then::close};
}

std::string completion_body(const std::string& text) {
  std::string body = R"({"id":"x","model":"served","choices":[{"index":0,"message":)"
                     R"({"role":"assistant","content":)";
  json::append_string(text, body);
  body += R"(},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}})";
  return body;
}

struct HttpStub::Impl {
  explicit Impl(Script what) : script(std::move(what)) {
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    waker = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    socklen_t length = sizeof address;
    FD_CHECK(listener >= 0 && waker >= 0 && bind(listener, generic, length) == 0 &&
             listen(listener, 1024) == 0 && getsockname(listener, generic, &length) == 0);
    port = ntohs(address.sin_port);
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake();
    thread.join();
    for (const auto& [fd, connection] : connections) {
      close(fd);
    }
    close(listener);
    close(waker);
  }

  void wake() const {
    const std::uint64_t one = 1;
    FD_CHECK(write(waker, &one, sizeof one) == sizeof one);
  }

  void run() {
    std::vector<pollfd> polled;
    while (true) {
      polled = {{listener, POLLIN, 0}, {waker, POLLIN, 0}};
      {
        const std::lock_guard lock(mutex);
        if (stopping) {
          return;
        }
        for (const auto& [fd, connection] : connections) {
          polled.push_back({fd, static_cast<short>(connection.out.empty() ? POLLIN : POLLOUT), 0});
        }
      }
      FD_CHECK(poll(polled.data(), polled.size(), -1) > 0);
      const std::lock_guard lock(mutex);
      std::uint64_t wakes = 0;
      if (polled[1].revents != 0 && read(waker, &wakes, sizeof wakes) > 0) {
        reply_to_released();
      }
      for (std::size_t i = 2; i < polled.size(); ++i) {
        if (polled[i].revents != 0) {
          serve(polled[i].fd);
        }
      }
      if (polled[0].revents != 0) {
        accept_all();
      }
    }
  }

  void accept_all() {
    while (true) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections[fd].number = connection_count++;
    }
  }

  /// Reads and writes what is possible on one connection.
  void serve(int fd) {
    const auto found = connections.find(fd);
    if (found == connections.end()) {
      return;
    }
    Connection& connection = found->second;
    char buffer[65536];
    ssize_t count = 0;
    while ((count = recv(fd, buffer, sizeof buffer, 0)) > 0) {
      connection.in.append(buffer, static_cast<std::size_t>(count));
    }
    const bool ended = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    take_request(fd, connection);
    if (!flush(fd, connection) || ended) {
      drop(fd);
    }
  }

  void drop(int fd) {
    const auto found = connections.find(fd);
    unanswered -= found->second.busy ? 1 : 0;
    held.erase(std::remove_if(held.begin(), held.end(),
                              [&](const auto& entry) { return entry.first == fd; }),
               held.end());
    connections.erase(found);
    close(fd);
  }

  void take_request(int fd, Connection& connection) {
    const std::size_t head_end = connection.in.find("\r\n\r\n");
    if (connection.busy || head_end == std::string::npos) {
      return;
    }
    StubRequest request;
    request.head = connection.in.substr(0, head_end + 2);
    const auto length = static_cast<std::size_t>(
        std::strtoull(request.header("content-length").c_str(), nullptr, 10));
    if (connection.in.size() < head_end + 4 + length) {
      return;
    }
    request.body = connection.in.substr(head_end + 4, length);
    connection.in.erase(0, head_end + 4 + length);
    request.number = requests.size();
    request.connection = connection.number;
    requests.push_back(request);
    connection.busy = true;
    most_at_once = std::max(most_at_once, ++unanswered);
    StubReply reply = script(request);
    if (reply.then == StubReply::Then::hold && !open_gate) {
      held.emplace_back(fd, std::move(reply));
      changed.notify_all();
    } else {
      answer(connection, reply);
    }
  }

  void answer(Connection& connection, const StubReply& reply) {
    if (reply.then == StubReply::Then::silence) {
      connection.out += reply.bytes;
      return;
    }
    connection.out += reply.bytes;
    connection.close_after = reply.then == StubReply::Then::close;
    connection.busy = false;
    --unanswered;
  }

  void reply_to_released() {
    for (; to_release > 0 && !held.empty(); --to_release) {
      auto [fd, reply] = std::move(held.front());
      held.pop_front();
      Connection& connection = connections.at(fd);
      answer(connection, reply);
      if (!flush(fd, connection)) {
        drop(fd);
      }
    }
    to_release = 0;
  }

  /// Sends what is left. Returns false when the connection is done with.
  static bool flush(int fd, Connection& connection) {
    while (!connection.out.empty()) {
      const ssize_t count = send(fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
      if (count < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK;
      }
      connection.out.erase(0, static_cast<std::size_t>(count));
    }
    return !connection.close_after;
  }

  Script script;
  int listener = -1;
  int waker = -1;
  std::uint16_t port = 0;
  mutable std::mutex mutex;  // everything below
  std::condition_variable changed;
  std::map<int, Connection> connections;
  std::deque<std::pair<int, StubReply>> held;
  std::vector<StubRequest> requests;
  std::size_t connection_count = 0;
  std::size_t unanswered = 0;
  std::size_t most_at_once = 0;
  std::size_t to_release = 0;
  bool open_gate = false;
  bool stopping = false;
  std::thread thread;
};

HttpStub::HttpStub(Script script) : impl_(std::make_unique<Impl>(std::move(script))) {}

HttpStub::~HttpStub() = default;

std::string HttpStub::url() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port);
}

std::vector<StubRequest> HttpStub::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::size_t HttpStub::request_count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests.size();
}

std::size_t HttpStub::connection_count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->connection_count;
}

std::size_t HttpStub::most_at_once() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->most_at_once;
}

bool HttpStub::wait_for_held(std::size_t count) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, kPatience, [&] { return impl_->held.size() >= count; });
}

void HttpStub::release(std::size_t count) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->to_release += count;
  }
  impl_->wake();
}

void HttpStub::release_all() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->open_gate = true;
    impl_->to_release = impl_->held.size();
  }
  impl_->wake();
}

}  // namespace fd::testing
