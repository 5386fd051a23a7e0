#include "tests/own_stage/no_select_star.hpp"

#include <algorithm>
#include <cctype>

namespace fd {
namespace {

/// Returns `text` in lower case with every run of white space as one space.
std::string folded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) == 0) {
      out += static_cast<char>(std::tolower(byte));
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

}  // namespace

void NoSelectStarStage::process(WorkItem& item) {
  for (Candidate& candidate : item.candidates) {
    // A candidate that an earlier stage has rejected keeps the earlier reason.
    if (candidate.rule == Reason::none &&
        folded(candidate.text).find("select *") != std::string::npos) {
      candidate.rule = Reason::banned_pattern;
    }
  }
}

Result<std::unique_ptr<Stage>> make_no_select_star_stage(const RunConfig& /*config*/,
                                                         const SandboxOpener& /*open_database*/) {
  return std::unique_ptr<Stage>(std::make_unique<NoSelectStarStage>());
}

}  // namespace fd
