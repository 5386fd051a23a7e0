#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "coordinator/shards/record_views.hpp"
#include "protocol/manifest.hpp"

namespace fd {

/// What a shard's manifest counts, counted again.
struct ShardCounts {
  std::uint64_t samples = 0;
  std::array<std::uint64_t, 3> verdicts{};
  std::array<std::uint64_t, 256> reasons{};

  void add(const OutcomeView& outcome) {
    ++samples;
    ++verdicts.at(static_cast<std::size_t>(outcome.verdict));
    ++reasons.at(static_cast<std::size_t>(outcome.reason));
  }
  /// Returns whether a manifest counts the same.
  [[nodiscard]] bool agree_with(const Manifest& manifest) const {
    std::map<std::string, std::uint64_t> by_verdict;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      by_verdict[std::string(name(static_cast<Verdict>(i)))] = verdicts.at(i);
    }
    std::map<std::string, std::uint64_t> by_reason;
    for (std::size_t i = 0; i < reasons.size(); ++i) {
      if (reasons.at(i) > 0) {
        by_reason[std::string(name(static_cast<Reason>(i)))] = reasons.at(i);
      }
    }
    return manifest.count == samples && manifest.verdicts == by_verdict &&
           manifest.reasons == by_reason;
  }
};

}  // namespace fd
