#include "coordinator/reports/run_summary.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/text/error_hint.hpp"
#include "coordinator/text/report_text.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

constexpr std::size_t kBarCells = 30;
constexpr std::size_t kReasonsMax = 7;
constexpr std::size_t kWordsMax = 2;  ///< sorts of errors shown of each reason

/// Returns what would mend a reject reason; empty: that depends on the rows.
std::string_view reason_hint(std::string_view reason) {
  return reason == name(Reason::truncated)
             ? "the answers were cut at their limit: raise teacher.decode.max_tokens"
             : "";
}

std::string padded_left(std::string text, std::size_t width) {
  text.insert(0, text.size() < width ? width - text.size() : 0, ' ');
  return text;
}

std::string padded_right(std::string text, std::size_t width) {
  text.append(text.size() < width ? width - text.size() : 0, ' ');
  return text;
}

/// Returns a bar that is empty only for nothing and full only for everything.
std::string bar(std::uint64_t part, std::uint64_t whole) {
  std::size_t cells =
      whole == 0 ? 0
                 : static_cast<std::size_t>(
                       static_cast<double>(part) * kBarCells / static_cast<double>(whole) + 0.5);
  if (part > 0 && cells == 0) {
    cells = 1;
  }
  if (part < whole && cells == kBarCells) {
    cells = kBarCells - 1;
  }
  return std::string(cells, '#');
}

class SummaryText {
 public:
  SummaryText(const RunSummary& summary, const RunDir& dir, bool color)
      : summary_(summary), dir_(dir), color_(color) {}

  std::string render() {
    header();
    funnel();
    reasons("why rejected", summary_.reject_reasons);
    reasons("why failed", summary_.failure_reasons);
    gates();
    files();
    next();
    return std::move(out_);
  }

 private:
  std::string bold(const std::string& text) const {
    return color_ ? "\x1b[1m" + text + "\x1b[0m" : text;
  }
  void heading(const std::string& text) { out_ += "\n" + bold(text) + "\n"; }

  void header() {
    const int code = exit_code_of(summary_);
    out_ += bold(summary_.run_id) +
            (code == kExitComplete     ? ": complete"
             : code == kExitGateFailed ? ": complete, but a dataset gate failed"
                                       : ": incomplete, too many samples failed") +
            "\n\n";
    if (summary_.kept == 0 && summary_.ingest.unique > 0) {
      out_ += "  " + bold("Nothing was kept") + ": export/train.jsonl has no rows.\n\n";
    }
    if (summary_.simulated) {
      out_ +=
          "  Answers are fd-simulator's, a stand-in: these numbers say nothing about a model.\n\n";
    }
  }

  void count(const char* what, std::uint64_t number, std::uint64_t whole, bool with_bar) {
    out_ += "  " + padded_right(what, 18) + padded_left(grouped(number), 11);
    if (whole > 0) {
      out_ += padded_left(percent(number, whole), 10);
      out_ += with_bar ? "  " + bar(number, whole) : "";
    }
    out_.erase(out_.find_last_not_of(' ') + 1);
    out_ += "\n";
  }

  void funnel() {
    const IngestSummary& ingest = summary_.ingest;
    const std::uint64_t unique = ingest.unique;
    count("raw rows", ingest.raw, 0, false);
    count("- invalid", ingest.invalid, ingest.raw, false);
    count("- duplicate", ingest.duplicate, ingest.raw, false);
    if (ingest.conflict > 0) {
      count("  in conflict", ingest.conflict, ingest.raw, false);
    }
    count("unique", unique, unique, true);
    count("answered", summary_.answered, unique, true);
    count("passed the rules", summary_.rules_passed, unique, true);
    count("executed", summary_.executed, unique, true);
    count("matched the gold", summary_.matched, unique, true);
    count("kept", summary_.kept, unique, true);
    count("- rejected", summary_.rejected, unique, false);
    count("- failed", summary_.failed, unique, false);
  }

  /// The most frequent first, ties by name.
  static std::vector<std::pair<std::string, std::uint64_t>> by_count(
      const std::map<std::string, std::uint64_t>& counts) {
    std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    return sorted;
  }

  /// What providers said to the samples of one reason, and what would mend it.
  void words(const std::string& reason) {
    const auto found = summary_.failure_words.find(reason);
    if (found == summary_.failure_words.end()) {
      return;
    }
    for (std::size_t i = 0; i < std::min(found->second.size(), kWordsMax); ++i) {
      const FailureWords& said = found->second[i];
      out_ += "    " + grouped(said.count) + " x " + error_line(said.first) + "\n";
      hint(error_hint(said.first.status, said.first.words));
    }
  }

  void hint(std::string_view text) {
    out_ += text.empty() ? "" : "    hint: " + std::string(text) + "\n";
  }

  void reasons(const char* title, const std::map<std::string, std::uint64_t>& counts) {
    if (counts.empty()) {
      return;
    }
    heading(title);
    std::uint64_t others = 0;
    std::size_t shown = 0;
    for (const auto& [reason, number] : by_count(counts)) {
      if (shown < kReasonsMax - 1 || counts.size() <= kReasonsMax) {
        count(reason.c_str(), number, summary_.ingest.unique, false);
        words(reason);
        hint(reason_hint(reason));
        ++shown;
      } else {
        others += number;
      }
    }
    if (others > 0) {
      count("others", others, summary_.ingest.unique, false);
    }
  }

  void gates() {
    heading("gates");
    bool any = false;
    for (const GateVerdict& gate : summary_.gates) {
      // A gate at 0 lets everything through; only the limit on failed samples is strict at 0.
      if (gate.threshold > 0 || !gate.passed) {
        out_ += std::string("  ") + (gate.passed ? "pass" : bold("FAIL")) + "  " +
                padded_right(gate.name, 22) + gate_text(gate) + "\n";
        any = true;
      }
    }
    out_ += any ? "" : "  none is set (gates.dataset in the config)\n";
  }

  void rows(const char* file, std::uint64_t number, const char* what) {
    out_ += "  " + padded_right(file, 21) + padded_left(grouped(number), 11) + what;
  }

  void files() {
    heading("teacher");
    out_ += "  " + grouped(summary_.calls) + " calls, " + grouped(summary_.attempts) +
            " requests, " + grouped(summary_.prompt_tokens) + " prompt + " +
            grouped(summary_.completion_tokens) + " completion tokens, cost " +
            cost_text(summary_.cost, summary_.calls, summary_.unpriced) + "\n";
    if (summary_.unreported > 0) {
      out_ += "  the endpoint reported no tokens of " + grouped(summary_.unreported) +
              " calls: what they took and cost is unknown\n";
    }
    if (summary_.in_doubt > 0) {
      out_ += "  " + grouped(summary_.in_doubt) +
              " more were under way when their worker ended: possibly billed, their answers lost\n";
    }
    if (summary_.unknown > 0) {
      out_ += "  up to " + grouped(summary_.unknown) +
              " more may have been made by workers that never came back\n";
    }
    if (summary_.reused > 0) {
      out_ += "  " + grouped(summary_.reused) + " answers of earlier runs, at no cost" +
              (summary_.reused_cost > 0 ? "; their calls had cost " + money(summary_.reused_cost)
                                        : std::string()) +
              "\n";
    }
    heading("files in " + dir_.root());
    rows("export/train.jsonl", summary_.train, " rows\n");
    rows("export/valid.jsonl", summary_.valid, " rows\n");
    rows("export/rejected.jsonl", summary_.rejected, " rows, with the reason\n");
    out_ += "  reports/teacher_eval/quality_report.json\n";
  }

  void next() {
    heading("next");
    std::map<std::string, std::uint64_t> counts = summary_.reject_reasons;
    counts.insert(summary_.failure_reasons.begin(), summary_.failure_reasons.end());
    const auto top = by_count(counts);
    if (!top.empty() || summary_.kept > 0) {
      out_ += "  fd-coordinator show " + dir_.root() + " --reason " +
              (top.empty() ? "ok" : top.front().first) + "\n";
    }
    if (summary_.failed > 0) {
      out_ += "  run the same command again: failed samples are asked again, nothing else is\n";
    }
    if (summary_.kept > 0) {
      out_ += "  python3 -c 'from datasets import load_dataset; print(load_dataset(\"" +
              dir_.export_dir() + "\"))'\n";
    }
  }

  const RunSummary& summary_;
  const RunDir& dir_;
  const bool color_;
  std::string out_;
};

}  // namespace

int exit_code_of(const RunSummary& summary) {
  if (!summary.complete) {
    return kExitFailedSamples;
  }
  for (const GateVerdict& gate : summary.gates) {
    if (!gate.passed) {
      return kExitGateFailed;
    }
  }
  return kExitComplete;
}

std::string render_summary(const RunSummary& summary, const RunDir& dir, bool color) {
  return SummaryText(summary, dir, color).render();
}

}  // namespace fd
