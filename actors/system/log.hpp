#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "actors/system/clock.hpp"

namespace fd {

enum class LogLevel : std::uint8_t { error, warn, info, debug, trace };

/// Returns the level of this name ("error" ... "trace"), or nothing.
std::optional<LogLevel> log_level_from_name(std::string_view name);

/// Writes `ts level unit event key=value...` lines to standard error. Values are escaped and cut,
/// so that no peer, model or row can forge a line or a terminal sequence. Thread: any.
class Log {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

  /// `level`: what is written; nothing: not a line.
  Log(std::optional<LogLevel> level, std::string unit) : level_(level), unit_(std::move(unit)) {}
  void error(std::string_view event, Fields fields = {}) const {
    write(LogLevel::error, event, fields);
  }
  void warn(std::string_view event, Fields fields = {}) const {
    write(LogLevel::warn, event, fields);
  }
  void info(std::string_view event, Fields fields = {}) const {
    write(LogLevel::info, event, fields);
  }
  void debug(std::string_view event, Fields fields = {}) const {
    write(LogLevel::debug, event, fields);
  }
  [[nodiscard]] bool enabled(LogLevel level) const { return level_ && level <= *level_; }

 private:
  void write(LogLevel level, std::string_view event, Fields fields) const;
  std::optional<LogLevel> level_;
  std::string unit_;
};

/// Returns the time of day as "2026-01-31T12:00:00.000Z": for logs and run.json, never for
/// decisions.
std::string wall_clock_text();

/// Returns the local time in `ahead` from now as "2026-01-31 14:05": for people.
std::string local_time_text(Duration ahead);

/// Returns `text` as valid UTF-8 with control characters (C0, DEL and C1) escaped, in quotes where
/// it holds spaces, and cut to `max_bytes` (with the original length said).
std::string log_value(std::string_view text, std::size_t max_bytes = 400);

}  // namespace fd
