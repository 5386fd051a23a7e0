#pragma once

#include <optional>

namespace fd {

/// How often something is read that changes each time while it is read.
inline constexpr int kSteadyReadsMax = 5;

/// Reads something that another process may replace: `read(v)`, where v is what `version()` says
/// before, again until `version()` says the same behind it. Returns what was read then, or nothing
/// when each of kSteadyReadsMax reads was disturbed.
template <class Version, class Read>
auto steady_read(const Version& version, const Read& read)
    -> std::optional<decltype(read(version()))> {
  for (int reads = 0; reads < kSteadyReadsMax; ++reads) {
    const auto before = version();
    auto found = read(before);
    if (before == version()) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace fd
