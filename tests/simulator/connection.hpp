#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/simulator/http_parser.hpp"
#include "tests/simulator/sockets.hpp"

namespace fd::simulator {

/// One client connection. `out` is what it is owed; only `out[sent, ready)` may leave yet.
struct Connection {
  Descriptor socket;
  HttpParser parser;
  std::string in;            ///< bytes from the start of the request being read
  std::string out;           ///< replies
  std::size_t sent = 0;      ///< bytes of `out` that have left
  std::size_t ready = 0;     ///< bytes of `out` that may leave
  std::uint64_t batch = 0;   ///< log batch that the waiting reply needs on disk; 0: none
  bool readable = false;     ///< recv may have something
  bool half_closed = false;  ///< the client said that it sends no more
  bool waiting = false;      ///< a reply is not due yet; no further request is read meanwhile
  bool hung = false;         ///< waiting for ever
  bool last = false;         ///< close once `out` has left
  bool cut = false;          ///< ... at once, without lingering
  bool lingering = false;    ///< everything has left; waits for the client's end
  bool continued = false;    ///< "100 Continue" was sent for the request being read
};

/// Names a connection; a later one in the same slot has another generation.
struct ConnectionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

}  // namespace fd::simulator
