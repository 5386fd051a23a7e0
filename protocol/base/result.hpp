#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace fd {

/// What the caller should do about a failure; the message says what happened. Which exit code each
/// one leads to: protocol/exit_code.cpp.
enum class Errc {
  invalid_input,  ///< the user mends the config or the command line; also a peer its message
  bad_data,       ///< the user mends the rows of the input
  corrupt,        ///< refuse to go on with these bytes
  not_found,      ///< a thing that was named does not exist
  unavailable,    ///< try again later: a peer or an endpoint is not there
  exhausted,      ///< a file or a table is larger than we take
  stale,          ///< drop the work: it is another run's, or somebody else owns it
  unsupported,    ///< use the version that wrote it
  storage,        ///< the disk failed: full, I/O error, read-only
  refused,        ///< refused for security
  busy,           ///< somebody else holds it
};

/// An expected failure. A bug in the program is FD_CHECK's; a model's bad answer is a Reason.
struct Error {
  Errc code = Errc::invalid_input;
  std::string message;

  /// Returns the same error with `context` and ": " in front of its message.
  [[nodiscard]] Error within(const std::string& context) const {
    return Error{code, context + ": " + message};
  }
};

/// Ends the process with exit code 70: used where only a bug in this program can lead.
[[noreturn]] inline void fail_check(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: %s does not hold\n", file, line, condition);
  std::fflush(stderr);
  std::_Exit(70);
}

#define FD_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::fd::fail_check(#condition, __FILE__, __LINE__))

/// Either a value or an Error. Asking for the one that is not there ends the process (a bug).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & {
    FD_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    FD_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    FD_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] const Error& error() const {
    FD_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { FD_CHECK(ok()); }
  [[nodiscard]] const Error& error() const {
    FD_CHECK(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

#define FD_CONCAT_INNER(a, b) a##b
#define FD_CONCAT(a, b) FD_CONCAT_INNER(a, b)
#define FD_TRY_IMPL(tmp, decl, expr) \
  auto tmp = (expr);                 \
  if (!tmp.ok()) {                   \
    return tmp.error();              \
  }                                  \
  decl = std::move(tmp).value()

/// FD_TRY(auto config, load_config(path)); declares config, or returns the error to the caller.
#define FD_TRY(decl, expr) FD_TRY_IMPL(FD_CONCAT(fd_try_, __COUNTER__), decl, expr)

/// FD_TRY_VOID(write(path)); returns the error to the caller; a value is dropped.
#define FD_TRY_VOID_IMPL(tmp, expr)     \
  do {                                  \
    if (auto tmp = (expr); !tmp.ok()) { \
      return tmp.error();               \
    }                                   \
  } while (false)
#define FD_TRY_VOID(expr) FD_TRY_VOID_IMPL(FD_CONCAT(fd_try_, __COUNTER__), expr)

}  // namespace fd
