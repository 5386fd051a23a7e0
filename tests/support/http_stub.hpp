#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fd::testing {

/// A request as the stub read it.
struct StubRequest {
  std::string head;  ///< request line and headers, as sent
  std::string body;
  std::size_t number = 0;      ///< 0-based, over all connections, in order of arrival
  std::size_t connection = 0;  ///< 0-based, in order of connecting

  /// Returns the value of a header (name in lower case), or "" when it was not sent.
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// What the stub does with a request.
struct StubReply {
  enum class Then {
    keep,     ///< keeps the connection
    close,    ///< closes it after the bytes
    hold,     ///< sends nothing until release(), then replies and keeps it
    silence,  ///< never replies
  };
  std::string bytes;  ///< everything that is sent, status line included; may be empty
  Then then = Then::keep;

  /// Returns a reply with Content-Length. `headers`: whole lines, each with "\r\n".
  static StubReply of(int status, const std::string& body, const std::string& headers = "");
  /// Returns 200 with a chat completion of this text.
  static StubReply completion(const std::string& text);
  /// Reads the request, sends nothing, and closes.
  static StubReply drop() { return {"", Then::close}; }
  /// Sends the first `bytes` bytes of `whole` and closes.
  static StubReply cut(const StubReply& whole, std::size_t bytes);
  /// Returns the same reply, held until release().
  [[nodiscard]] StubReply held() const { return {bytes, Then::hold}; }
};

/// An HTTP/1.1 server on a free loopback port and a thread of its own that does what a test says,
/// request by request. Thread: any, for everything.
class HttpStub {
 public:
  /// Called on the stub's thread for every request, one at a time.
  using Script = std::function<StubReply(const StubRequest&)>;

  explicit HttpStub(Script script);
  ~HttpStub();
  HttpStub(const HttpStub&) = delete;
  HttpStub& operator=(const HttpStub&) = delete;

  /// Returns "http://127.0.0.1:PORT".
  [[nodiscard]] std::string url() const;
  /// Returns every request so far.
  [[nodiscard]] std::vector<StubRequest> requests() const;
  [[nodiscard]] std::size_t request_count() const;
  [[nodiscard]] std::size_t connection_count() const;
  /// Returns the most requests that were unanswered at one time.
  [[nodiscard]] std::size_t most_at_once() const;

  /// Waits until `count` requests are held. Returns false when that takes longer than a minute.
  bool wait_for_held(std::size_t count);
  /// Replies to the requests that are held now, the first `count` of them.
  void release(std::size_t count);
  /// Holds nothing any more: replies to what is held, and to every later request at once.
  void release_all();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns the body of a chat completion with this text.
std::string completion_body(const std::string& text);

}  // namespace fd::testing
