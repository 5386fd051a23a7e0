#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.hpp"

namespace fd::simulator {

/// Owns a file descriptor. -1: none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  /// Returns the descriptor, or -1.
  [[nodiscard]] int get() const { return number_; }
  /// Returns the descriptor and forgets it.
  int release();
  /// Closes it.
  void reset();

 private:
  int number_ = -1;
};

/// A listening socket and where it can be reached.
struct Listener {
  Descriptor socket;
  std::uint16_t port = 0;
  std::string authority;  ///< HOST:PORT as it stands in a URL
};

/// Listens on host and port (0: any free one); the host is a name or an address, without brackets.
/// Errors: invalid_input when the host is unknown, unavailable when the address is taken or may not
/// be used.
Result<Listener> listen_on(const std::string& host, std::uint16_t port);

/// Raises the soft limit of open files to the hard one and returns it.
std::uint64_t raise_file_limit();

}  // namespace fd::simulator
