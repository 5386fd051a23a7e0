#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fd::simulator {

/// How often a dataset's answers go wrong. Units: fractions in [0, 1].
struct MistakeRates {
  double wrong = 0;   ///< a query that runs and should give another result
  double fenced = 0;  ///< wrapped in prose and a fence, some after a <think> block
  double broken = 0;  ///< a query that does not run
};

/// Appends an answer made from `gold` to `out`. `decision` alone decides what happens to it, and
/// `others` are gold queries over the same schema that a wrong answer may be taken from (it may
/// hold `gold` itself; without another one a count over the gold is the wrong answer).
/// Requires: wrong + broken <= 1.
void append_mistaken(std::string_view gold, const std::vector<std::string_view>& others,
                     const MistakeRates& rates, std::uint64_t decision, std::string& out);

}  // namespace fd::simulator
