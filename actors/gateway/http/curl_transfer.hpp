#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <curl/curl.h>

#include "actors/gateway/http/curl_target.hpp"
#include "actors/gateway/job.hpp"
#include "actors/gateway/openai/openai_codec.hpp"

namespace fd {

/// The most bytes of a reply's body and of its headers that are taken. libcurl's own limit does not
/// hold for replies without a Content-Length, so they are counted as they come.
inline constexpr std::size_t kMaxReplyBytes = 8u << 20;
inline constexpr std::size_t kMaxHeaderBytes = 64u << 10;
/// How long a connection may take to come up.
inline constexpr long kConnectTimeoutMs = 5000;

/// One libcurl easy handle with its buffers, used for call after call. libcurl sends a request
/// again on its own when a re-used connection breaks before the reply; here that is refused,
/// because a provider may have billed the first one: the body cannot be rewound, and a second send
/// is aborted. Thread: one at a time. Lifetime: its address is libcurl's; it never moves.
class CurlTransfer {
 public:
  explicit CurlTransfer(double timeout_s);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  /// Makes the handle ready to send `job` to `target`, by the loop's multi handle of that index.
  /// Requires: no job is on it.
  void begin(JobPtr job, const CurlTarget& target, std::size_t multi);
  /// Returns what became of the transfer. With an answer, the job's result has it.
  Attempt conclude(CURLcode code);
  /// Gives the job back: the handle is free for another.
  JobPtr release();

  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] bool busy() const { return job_ != nullptr; }
  [[nodiscard]] std::size_t multi() const { return multi_; }
  /// Returns the transfer of a handle that libcurl reports.
  static CurlTransfer& of(CURL* easy);

 private:
  static std::size_t write_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t write_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static int before_send(void* self, char* to, char* from, int to_port, int from_port);

  /// Returns the value of the reply's last header of that name; empty: there is none.
  std::string header(const char* name) const;
  /// Adds what the reply's headers say about another attempt.
  void add_advice(Attempt& attempt) const;
  /// Notes how long the attempt connected and waited for the first byte.
  void take_times() const;
  Attempt failed(CURLcode code) const;
  Attempt replied();
  Attempt refused(long status, BadReply& bad) const;
  Attempt answered(Completion& completion);

  CURL* easy_;
  const CurlTarget* target_ = nullptr;
  JobPtr job_;
  Dialect sent_as_;  ///< how the job's request was spelt
  std::size_t multi_ = 0;
  std::string reply_;
  std::size_t header_bytes_ = 0;
  int sends_ = 0;
  bool too_large_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace fd
