#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fd::simulator {

/// The most bytes of a request line with its headers, of a decoded body, of a chunked body as sent,
/// and of one chunk-size line.
inline constexpr std::size_t kMaxHeaderBytes = 64u << 10;
inline constexpr std::size_t kMaxBodyBytes = 8u << 20;
inline constexpr std::size_t kMaxChunkedBytes = 16u << 20;
inline constexpr std::size_t kMaxChunkLineBytes = 4u << 10;

/// One whole request. Lifetime: views into the bytes given to the parse() that completed it and
/// into the parser, good until its next parse() or reset().
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  bool keep_alive = true;
  bool http_1_0 = false;
};

/// Reads HTTP/1.0 and 1.1 requests from a growing buffer, with Content-Length or chunked bodies.
/// Strict where two readers could disagree about where a request ends (both lengths, bare line
/// ends, folded headers): those are errors. Thread: one at a time.
class HttpParser {
 public:
  enum class Status {
    need_more,  ///< nothing is wrong so far
    complete,   ///< request() is good, and consumed() bytes belong to it
    failed,     ///< answer with error_status() and close
  };

  /// Goes on reading one request.
  /// Requires: `buffer` starts with the bytes that earlier calls since reset() were given, followed
  /// by any number of new ones (it may have moved in memory).
  Status parse(std::string_view buffer);
  /// Makes ready for the next request.
  void reset();

  /// Returns the request. Requires: the last parse() returned complete.
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  /// Returns how many bytes of the buffer the request took. Requires: as request().
  [[nodiscard]] std::size_t consumed() const { return position_; }
  /// Returns 400, 413, 417, 431, 501 or 505. Requires: the last parse() returned failed.
  [[nodiscard]] int error_status() const { return error_status_; }
  /// Returns whether the client waits for "100 Continue" before it sends the body.
  [[nodiscard]] bool expects_continue() const { return state_ != State::head && expects_continue_; }

 private:
  enum class State { head, fixed_body, chunk_size, chunk_data, chunk_end, trailers };
  enum class Step { advance, need_more, complete, failed };

  Step read_head(std::string_view buffer);
  Step read_request_line(std::string_view line);
  Step read_header(std::string_view line);
  Step begin_body();
  Step read_fixed_body(std::string_view buffer);
  Step read_chunk_size(std::string_view buffer);
  Step read_chunk_data(std::string_view buffer);
  Step read_chunk_end(std::string_view buffer);
  Step read_trailers(std::string_view buffer);
  Step fail(int status);
  void resolve(std::string_view buffer);

  State state_ = State::head;
  std::size_t scanned_ = 0;   ///< head: bytes known to hold no end of the head
  std::size_t start_ = 0;     ///< first byte of the request line, after stray line ends
  std::size_t position_ = 0;  ///< bytes done with
  std::size_t method_size_ = 0;
  std::size_t target_size_ = 0;
  std::size_t body_start_ = 0;
  std::uint64_t content_length_ = 0;
  std::uint64_t chunk_left_ = 0;
  std::size_t trailers_start_ = 0;
  bool has_length_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
  int error_status_ = 0;
  std::string decoded_;
  HttpRequest request_;
};

}  // namespace fd::simulator
