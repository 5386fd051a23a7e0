#include "tests/simulator/mistakes.hpp"

#include <array>

#include "tests/simulator/hash.hpp"

namespace fd::simulator {
namespace {

/// What a hash of a decision is for: separate purposes must not be correlated.
enum Purpose : std::uint64_t {
  choose_kind = 1,
  choose_other,
  choose_damage,
  choose_fence,
  choose_prose
};

constexpr std::array<std::string_view, 4> kProse = {
    "Here is the query:\n", "Sure! The following query answers the question.\n\n",
    "The tables needed are listed in the schema, so:\n", "SQL for this question:\n"};
constexpr std::array<std::string_view, 3> kThoughts = {
    "<think>\nI need the right table first. Maybe SELECT * FROM it? No, only what is asked.\n"
    "</think>\n\n",
    "<think>The question asks for one thing; a join may be needed.</think>\n",
    "<think>\n```sql\nSELECT 1\n```\nis not it. Look at the columns again.\n</think>\n"};

std::string_view without_end(std::string_view sql) {
  const std::size_t last = sql.find_last_not_of(" \t\r\n;");
  return sql.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

void append_wrong(std::string_view gold, const std::vector<std::string_view>& others,
                  std::uint64_t decision, std::string& out) {
  const std::uint64_t start = mix(decision, choose_other);
  for (std::size_t step = 0; step < others.size(); ++step) {
    const std::string_view other = others[(start + step) % others.size()];
    if (other != gold) {
      out.append(other);
      return;
    }
  }
  out.append("SELECT count(*) + 1 FROM (").append(without_end(gold)).append("\n)");
}

void append_broken(std::string_view gold, std::uint64_t decision, std::string& out) {
  switch (mix(decision, choose_damage) % 3) {
    case 0:  // an unknown column
      out.append("SELECT no_such_column FROM (").append(without_end(gold)).append("\n)");
      break;
    case 1:  // an end that never comes
      out.append(without_end(gold)).append("\nAND (");
      break;
    default:  // a misspelt keyword
      out.append("SELCT ").append(gold);
      break;
  }
}

}  // namespace

void append_mistaken(std::string_view gold, const std::vector<std::string_view>& others,
                     const MistakeRates& rates, std::uint64_t decision, std::string& out) {
  const bool fenced = unit_interval(mix(decision, choose_fence)) < rates.fenced;
  const std::uint64_t prose = mix(decision, choose_prose);
  if (fenced) {
    if ((prose >> 32u) % 3 == 0) {
      out.append(kThoughts[prose % kThoughts.size()]);
    }
    out.append(kProse[prose % kProse.size()]).append("```sql\n");
  }
  const double kind = unit_interval(mix(decision, choose_kind));
  if (kind < rates.broken) {
    append_broken(gold, decision, out);
  } else if (kind < rates.broken + rates.wrong) {
    append_wrong(gold, others, decision, out);
  } else {
    out.append(gold);
  }
  if (fenced) {
    out.append("\n```");
  }
}

}  // namespace fd::simulator
