#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fd {

enum class CheckStatus : std::uint8_t {
  ok,
  warning,  ///< a run would work, perhaps not as it is meant
  error,    ///< a run would fail
};

/// What was found of one part of a job.
struct CheckRow {
  std::string part;  ///< "config", "input", "endpoint NAME", ...
  CheckStatus status = CheckStatus::ok;
  std::string text;
  friend bool operator==(const CheckRow&, const CheckRow&) = default;
};

/// What was found of a whole job.
struct CheckReport {
  std::vector<CheckRow> rows;

  void add(std::string part, CheckStatus status, std::string text) {
    rows.push_back({std::move(part), status, std::move(text)});
  }
  /// Returns 3 with an error in rows or their databases, else 10 when no endpoint could be used,
  /// else 0: docs/contract.md.
  [[nodiscard]] int exit_code() const;
};

/// Parts of which the exit code speaks.
inline constexpr std::string_view kInputPart = "input";
inline constexpr std::string_view kEndpointPart = "endpoint ";

/// Returns the report as a table that is safe for a terminal.
std::string render_checks(const CheckReport& report);
/// Returns it as JSON, one object a line: part, status, text.
std::string checks_as_json(const CheckReport& report);

}  // namespace fd
