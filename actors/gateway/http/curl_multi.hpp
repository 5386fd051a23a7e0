#pragma once

#include <cstddef>
#include <optional>

#include <curl/curl.h>

#include "actors/system/clock.hpp"

namespace fd {

/// The most transfers of one multi handle: beyond that libcurl's lists make every call dearer.
inline constexpr std::size_t kMaxMultiTransfers = 512;

/// A libcurl multi handle whose sockets are watched by an epoll instance of the caller's, so that
/// an event costs the same for any number of transfers in flight.
/// Thread: one at a time. Lifetime: its address is libcurl's and epoll's; it never moves.
class CurlMulti {
 public:
  /// Its sockets are added to `epoll`, with `index` in the upper half of each event's data and the
  /// socket in the lower one.
  CurlMulti(int epoll, std::uint32_t index, const Clock& clock);
  /// Requires: every transfer was removed.
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  void add(CURL* easy);
  void remove(CURL* easy);
  [[nodiscard]] bool has_room() const { return transfers_ < kMaxMultiTransfers; }

  /// Takes an event of epoll for one of its sockets.
  void on_socket(curl_socket_t socket, std::uint32_t events);
  /// Does what is due by now.
  void on_time(Instant now);
  /// Returns when on_time() is to be called; nothing: only a socket's event matters.
  [[nodiscard]] std::optional<Instant> due() const { return due_; }
  /// Returns the next transfer that ended, or null; `code` says how.
  CURL* next_done(CURLcode& code);

 private:
  static int socket_changed(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int timer_changed(CURLM* multi, long timeout_ms, void* self);
  void act(curl_socket_t socket, int what);

  const int epoll_;
  const std::uint32_t index_;
  const Clock& clock_;
  CURLM* multi_;
  std::size_t transfers_ = 0;
  std::optional<Instant> due_;
};

}  // namespace fd
