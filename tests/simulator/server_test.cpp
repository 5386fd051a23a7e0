#include "tests/simulator/server.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/json/json.hpp"
#include "tests/simulator/request_log.hpp"
#include "tests/simulator/sockets.hpp"
#include "tests/simulator/test_files.hpp"

namespace fd::simulator {
namespace {

/// A server on a thread of its own, for as long as a test lasts.
class Running {
 public:
  explicit Running(ServiceOptions service, ServerOptions options = {}) {
    service.digest_bodies = !options.request_log.empty();
    AnswerBook book = AnswerBook::from_lines({{"first", "1"}, {"second", "2"}, {"third", "3"}});
    auto server = Server::listen(std::move(options), Service(std::move(service), std::move(book)));
    EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().message);
    server_.emplace(std::move(*server));
    thread_ = std::thread([this] { result_.emplace(server_->run(stop_.get())); });
  }
  ~Running() { (void)stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Result<void> stop() {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      EXPECT_EQ(::write(stop_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
      thread_.join();
    }
    return *result_;
  }
  /// Returns how the server ended by itself.
  Result<void> wait() {
    thread_.join();
    return *result_;
  }
  /// Closes the server's connections. Requires: it has ended.
  void destroy() { server_.reset(); }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

 private:
  Descriptor stop_{::eventfd(0, EFD_CLOEXEC)};
  std::optional<Server> server_;
  std::optional<Result<void>> result_;
  std::thread thread_;
};

/// A client that blocks, for at most ten seconds at a time.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* raw = &address;
    EXPECT_EQ(::connect(socket_.get(), static_cast<sockaddr*>(raw), sizeof(address)), 0);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) {
        return;  // what the server said before it closed is still to be read
      }
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void half_close() { ::shutdown(socket_.get(), SHUT_WR); }

  /// Reads until `bytes` holds a whole response and takes it out; "" at the end of the stream.
  std::string response() {
    for (;;) {
      const std::size_t end = bytes_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = bytes_.find("Content-Length: ");
        const std::size_t length = at < end ? std::stoul(bytes_.substr(at + 16)) : 0;
        if (bytes_.size() >= end + 4 + length) {
          std::string whole = bytes_.substr(0, end + 4 + length);
          bytes_.erase(0, end + 4 + length);
          return whole;
        }
      }
      if (!receive()) {
        return "";
      }
    }
  }
  /// Reads everything until the server closes.
  std::string rest() {
    while (receive()) {
    }
    return std::exchange(bytes_, "");
  }

 private:
  bool receive() {
    char block[4096];
    const ssize_t got = ::recv(socket_.get(), block, sizeof(block), 0);
    EXPECT_FALSE(got < 0 && errno != ECONNRESET) << "no answer in time: " << std::strerror(errno);
    bytes_.append(block, got > 0 ? static_cast<std::size_t>(got) : 0);
    return got > 0;
  }

  Descriptor socket_;
  std::string bytes_;
};

std::string body_of(std::string_view user) {
  return R"({"model":"m","messages":[{"role":"user","content":")" + std::string(user) + "\"}]}";
}

std::string post(std::string_view user, std::string_view header = "") {
  const std::string body = body_of(user);
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + std::string(header) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool answers(const std::string& response, std::string_view content) {
  return response.starts_with("HTTP/1.1 200 OK\r\n") &&
         response.find("\"content\":\"" + std::string(content) + "\"") != std::string::npos;
}

TEST(Server, KeepsAConnectionAndAnswersPipelinedRequestsInOrder) {
  for (const LatencyModel latency : {LatencyModel{}, LatencyModel{.mean_ms = 2, .sigma = 1}}) {
    Running server({.latency = latency});
    Client client(server.port());
    std::string all;
    for (int time = 0; time < 20; ++time) {
      all += post("first") + post("second") + "GET /v1/models HTTP/1.1\r\n\r\n" + post("third");
    }
    client.send(all);
    for (int time = 0; time < 20; ++time) {
      ASSERT_TRUE(answers(client.response(), "1")) << time;
      ASSERT_TRUE(answers(client.response(), "2")) << time;
      ASSERT_NE(client.response().find("fd-simulator"), std::string::npos) << time;
      ASSERT_TRUE(answers(client.response(), "3")) << time;
    }
  }
}

TEST(Server, AnswersARequestSentInPieces) {
  Running server({});
  Client client(server.port());
  const std::string body = body_of("second");
  client.send("POST /chat/completions HTTP/1.1\r\nTransfer-");
  client.send("Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.response(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("1\r\n" + body.substr(0, 1) + "\r\n3\r");
  client.send("\n" + body.substr(1, 3) + "\r\n");
  std::ostringstream size;
  size << std::hex << body.size() - 4;
  client.send(size.str() + "\r\n" + body.substr(4) + "\r\n0\r\n\r\n");
  EXPECT_TRUE(answers(client.response(), "2"));
}

TEST(Server, ServesTheLastRequestOfAClientThatSendsNoMore) {
  Running server({.latency = {.mean_ms = 5}});
  Client client(server.port());
  client.send(post("third"));
  client.half_close();
  EXPECT_TRUE(answers(client.response(), "3"));
  EXPECT_EQ(client.rest(), "");
}

TEST(Server, ClosesWhenAskedTo) {
  Running server({});
  Client client(server.port());
  client.send(post("first", "Connection: close\r\n") + post("second"));
  const std::string all = client.rest();
  EXPECT_TRUE(answers(all, "1"));
  EXPECT_NE(all.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(all.find("\"content\":\"2\""), std::string::npos);
}

TEST(Server, RefusesGarbageAndOversizeWithAStatusAndCloses) {
  Running server({});
  const std::pair<std::string, std::string> cases[] = {
      {"\x16\x03\x01\x02\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n", "HTTP/1.1 431 "},
      {"POST / HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n" + std::string(300'000, 'a'),
       "HTTP/1.1 413 "}};
  for (const auto& [bytes, start] : cases) {
    Client client(server.port());
    client.send(bytes);
    const std::string all = client.rest();
    EXPECT_TRUE(all.starts_with(start)) << all;
  }
  Client alive(server.port());
  alive.send(post("first"));
  EXPECT_TRUE(answers(alive.response(), "1"));
}

TEST(Server, TakesABodyOfEightMebibytes) {
  Running server({});
  Client client(server.port());
  std::string body = body_of("first");
  body.insert(body.size() - 1, std::string((8u << 20) - body.size(), ' '));
  client.send("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body + post("second"));
  EXPECT_TRUE(answers(client.response(), "1"));
  EXPECT_TRUE(answers(client.response(), "2"));
}

TEST(Server, WaitsForAClientThatDoesNotReadWithoutHoardingReplies) {
  // Method: one side only writes, the other only reads, with more under way than sockets hold.
  Running server({});
  Client client(server.port());
  constexpr int kRequests = 20'000;
  std::thread writer([&client] {
    const std::string one = post("second");
    for (int time = 0; time < kRequests; ++time) {
      client.send(one);
    }
  });
  for (int time = 0; time < kRequests; ++time) {
    ASSERT_TRUE(answers(client.response(), "2")) << time;
  }
  writer.join();
}

TEST(Server, RefusesTheConnectionBeyondTheLimit) {
  Running server({}, {.max_connections = 2});
  Client first(server.port());
  first.send(post("first"));
  EXPECT_TRUE(answers(first.response(), "1"));
  Client second(server.port());
  second.send(post("second"));
  EXPECT_TRUE(answers(second.response(), "2"));
  Client third(server.port());
  EXPECT_TRUE(third.rest().starts_with("HTTP/1.1 503 "));
  first.send(post("third"));
  EXPECT_TRUE(answers(first.response(), "3"));
}

TEST(Server, ClosesWithoutAByteOrInTheMiddleOrNever) {
  Running closing({.faults = {.closed = 1}});
  Client closed(closing.port());
  closed.send(post("first"));
  EXPECT_EQ(closed.rest(), "");

  Running truncating({.faults = {.truncated = 1}});
  Client truncated(truncating.port());
  truncated.send(post("first"));
  const std::string part = truncated.rest();
  EXPECT_TRUE(part.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(part.find("usage"), std::string::npos);

  // A hung connection is given up when the client ends it: the server closes its side.
  Running hanging({.faults = {.hung = 1}});
  Client hung(hanging.port());
  hung.send(post("first"));
  hung.half_close();
  EXPECT_EQ(hung.rest(), "");
}

TEST(Server, HasEveryAnsweredRequestInTheLogBeforeTheReply) {
  const std::string path = temporary("log");
  Running server({.latency = {.mean_ms = 1}}, {.request_log = path});
  std::atomic<int> missing = 0;
  std::vector<std::thread> clients;
  for (int number = 0; number < 8; ++number) {
    clients.emplace_back([&, number] {
      Client client(server.port());
      for (int time = 0; time < 20; ++time) {
        const std::string user = "first " + std::to_string(number) + "-" + std::to_string(time);
        client.send(post(user));
        EXPECT_TRUE(answers(client.response(), "1"));
        const std::string key = sha256(body_of(user)).hex();
        int found = 0;
        for (const std::string& line : lines_of(path)) {
          found += line.find(key) != std::string::npos ? 1 : 0;
        }
        missing += found == 1 ? 0 : 1;
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(missing, 0);
  EXPECT_TRUE(server.stop().ok());
  std::uint64_t number = 0;
  std::uint64_t before_us = 0;
  for (const std::string& line : lines_of(path)) {
    const auto value = json::parse(line);
    ASSERT_TRUE(value.ok()) << line;
    EXPECT_EQ(value->find("n")->as_uint(), ++number);
    const std::uint64_t arrival_us = value->find("t_us")->as_uint().value();
    EXPECT_GE(arrival_us, before_us);
    EXPECT_EQ(value->find("reply_us")->as_uint(), arrival_us + 1000);
    EXPECT_EQ(value->find("status")->as_uint(), 200u);
    EXPECT_TRUE(value->find("fault")->is_null());
    before_us = arrival_us;
  }
  EXPECT_EQ(number, 160u);
}

TEST(Server, LogsRequestsThatGetNoReply) {
  const std::string path = temporary("log");
  Running server({.faults = {.closed = 1}}, {.request_log = path});
  Client client(server.port());
  client.send(post("first"));
  EXPECT_EQ(client.rest(), "");
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find(R"("reply_us":null,)"), std::string::npos) << lines[0];
  EXPECT_TRUE(lines[0].ends_with(R"("status":0,"fault":"close"})")) << lines[0];
}

/// Lets no file of this process grow beyond some bytes: what a full disk looks like to write().
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(Server, EndsWithoutReplyingWhenTheLogCannotBeWritten) {
  const std::string path = temporary("log");
  Running server({}, {.request_log = path});
  std::string received;
  {
    const FileSizeLimit full(64);
    Client client(server.port());
    client.send(post("first"));
    const auto run = server.wait();
    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().code, Errc::storage);
    EXPECT_NE(run.error().message.find(path), std::string::npos);
    server.destroy();
    received = client.rest();
  }
  EXPECT_EQ(received, "");
  const auto again = RequestLog::open(path);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(lines_of(path).size(), 0u);
}

TEST(Server, SaysWhatItCannotListenOn) {
  Running server({});
  const auto taken = Server::listen({.port = server.port()}, Service({}, AnswerBook()));
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Errc::unavailable);
  const auto unknown = Server::listen({.host = "no such host"}, Service({}, AnswerBook()));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Errc::invalid_input);
}

}  // namespace
}  // namespace fd::simulator
