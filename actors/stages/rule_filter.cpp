#include "actors/stages/rule_filter.hpp"

#include <algorithm>
#include <vector>

#include <re2/re2.h>

#include "protocol/base/utf8.hpp"

namespace fd {
namespace {

/// The memory that one compiled pattern may take. RE2 matches in linear time within it.
constexpr std::int64_t kMaxPatternBytes = 8 << 20;

using Patterns = std::vector<std::unique_ptr<RE2>>;

Result<Patterns> compile(const std::vector<std::string>& texts, const std::string& key) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternBytes);
  Patterns patterns;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    patterns.push_back(std::make_unique<RE2>(texts[i], options));
    if (!patterns.back()->ok()) {
      return Error{Errc::invalid_input, key + "[" + std::to_string(i) + "]: '" + texts[i] +
                                            "' is no RE2 pattern: " + patterns.back()->error()};
    }
  }
  return patterns;
}

bool matches(const std::string& text, const RE2& pattern) {
  return RE2::PartialMatch(text, pattern);
}

class RulesStage final : public Stage {
 public:
  RulesStage(const RulesConfig& rules, Patterns banned, Patterns required)
      : min_chars_(rules.min_chars),
        max_chars_(rules.max_chars),
        banned_(std::move(banned)),
        required_(std::move(required)) {}

  [[nodiscard]] StageId id() const override { return StageId::rules; }

  void process(WorkItem& item) override {
    if (item.failure) {
      return;
    }
    for (Candidate& candidate : item.candidates) {
      if (candidate.rule == Reason::none) {
        candidate.rule = judge(candidate.text);
      }
    }
  }

 private:
  [[nodiscard]] Reason judge(const std::string& text) const {
    const std::size_t chars = character_count(text);
    if (chars < min_chars_) {
      return Reason::too_short;
    }
    if (chars > max_chars_) {
      return Reason::too_long;
    }
    if (std::any_of(banned_.begin(), banned_.end(),
                    [&](const auto& pattern) { return matches(text, *pattern); })) {
      return Reason::banned_pattern;
    }
    const bool complete = std::all_of(required_.begin(), required_.end(),
                                      [&](const auto& pattern) { return matches(text, *pattern); });
    return complete ? Reason::none : Reason::format_error;
  }

  std::size_t min_chars_;
  std::size_t max_chars_;
  Patterns banned_;
  Patterns required_;
};

}  // namespace

Result<std::unique_ptr<Stage>> make_rules_stage(const RunConfig& config) {
  const RulesConfig& rules = config.gates.rules;
  FD_TRY(Patterns banned, compile(rules.banned_patterns, "gates.rules.banned_patterns"));
  FD_TRY(Patterns required, compile(rules.required_patterns, "gates.rules.required_patterns"));
  return Result<std::unique_ptr<Stage>>(
      std::make_unique<RulesStage>(rules, std::move(banned), std::move(required)));
}

}  // namespace fd
