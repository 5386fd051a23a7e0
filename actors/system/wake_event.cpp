#include "actors/system/wake_event.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include <sys/eventfd.h>
#include <unistd.h>

namespace fd {

Result<WakeEvent> WakeEvent::make() {
  Descriptor made(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!made) {
    return Error{Errc::invalid_input,
                 std::string("cannot make an eventfd: ") + std::strerror(errno)};
  }
  return WakeEvent(std::move(made));
}

void WakeEvent::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void WakeEvent::clear() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace fd
