#include "coordinator/merge/dataset_card.hpp"

#include <array>
#include <string_view>

#include "coordinator/reports/gates.hpp"
#include "coordinator/text/report_text.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

/// What scripts/quickstart.sh calls the teacher that fd-simulator stands in for.
constexpr std::string_view kSimulatorModel = "simulator";

/// Returns `text` as Markdown code: a model names itself as it likes.
std::string code(const std::string& text) {
  std::string plain = printable(shortened(text, 200));
  for (char& c : plain) {
    c = c == '`' || c == '|' ? '_' : c;
  }
  return "`" + plain + "`";
}

/// Returns `text` as YAML, which takes JSON's texts as they are.
std::string quoted(const std::string& text) {
  return json::canonical(json::Value(printable(text)));
}

/// Returns what the Hugging Face Hub calls a data set of so many rows.
std::string_view size_category(std::uint64_t rows) {
  constexpr std::uint64_t kThousand = 1000;
  constexpr std::array<std::string_view, 11> kNames = {
      "n<1K",      "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M",
      "100M<n<1B", "1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T"};
  std::size_t name = 0;
  for (std::uint64_t below = kThousand; rows >= below && name + 1 < kNames.size(); below *= 10) {
    ++name;
  }
  return kNames.at(name);
}

/// What only the user can know is said by the config, or not at all.
std::string front_matter(const RunConfig& config, const ExportFiles& files) {
  const ExportConfig& card = config.export_;
  std::string out = "---\n";
  out += card.license.empty() ? "" : "license: " + quoted(card.license) + "\n";
  out += card.language.empty() ? "" : "language:\n";
  for (const std::string& language : card.language) {
    out += "- " + quoted(language) + "\n";
  }
  out += card.pretty_name.empty() ? "" : "pretty_name: " + quoted(card.pretty_name) + "\n";
  out += "task_categories:\n- text-generation\nsize_categories:\n- ";
  out += size_category(files.train_rows + files.valid_rows);
  out += "\ntags:\n- synthetic\n- distillation\n- \"" + config.task + "\"\n";
  // A split without rows would make loaders fail.
  if (files.train_rows + files.valid_rows > 0) {
    out += "configs:\n- config_name: default\n  data_files:\n";
    out += files.train_rows == 0 ? "" : "  - split: train\n    path: train.jsonl\n";
    out += files.valid_rows == 0 ? "" : "  - split: validation\n    path: valid.jsonl\n";
  }
  return out + "---\n";
}

std::string file_line(const std::string& about, std::uint64_t rows, const FileEntry& file) {
  return "| `" + file.name + "` | " + grouped(rows) + " | " + grouped(file.bytes) + " | `" +
         file.sha256.hex() + "` | " + about + " |\n";
}

std::string counts_section(const RunSummary& summary) {
  const std::uint64_t unique = summary.ingest.unique;
  std::string out = "\n## From raw rows to this dataset\n\n| | rows | of unique |\n|---|--:|--:|\n";
  const auto line = [&](const char* what, std::uint64_t rows, bool share) {
    out += std::string("| ") + what + " | " + grouped(rows) + " | " +
           (share ? percent(rows, unique) : "") + " |\n";
  };
  line("raw", summary.ingest.raw, false);
  line("invalid", summary.ingest.invalid, false);
  line("duplicate", summary.ingest.duplicate, false);
  line("unique", unique, true);
  line("answered", summary.answered, true);
  line("passed the rules", summary.rules_passed, true);
  line("executed", summary.executed, true);
  line("matched the gold", summary.matched, true);
  line("kept", summary.kept, true);
  line("rejected", summary.rejected, true);
  line("failed", summary.failed, true);
  if (!summary.reject_reasons.empty()) {
    out += "\n| rejected because | rows |\n|---|--:|\n";
    for (const auto& [reason, rows] : summary.reject_reasons) {
      out += "| " + reason + " | " + grouped(rows) + " |\n";
    }
  }
  return out;
}

std::string gates_section(const RunSummary& summary) {
  std::string out = "\n## Gates\n\n| gate | value | |\n|---|---|---|\n";
  for (const GateVerdict& gate : summary.gates) {
    out += "| " + gate.name + " | " + gate_text(gate) + " | " + (gate.passed ? "pass" : "FAIL") +
           " |\n";
  }
  return out;
}

std::string answers_section(const RunConfig& config) {
  return "\n## Who answered\n\nThe assistant texts are answers of a model, asked for as " +
         code(config.teacher.model) +
         ". What its endpoints called it stands in the run's `reports/cost_report.json`.\n";
}

}  // namespace

std::string dataset_card(const RunConfig& config, const Digest& config_digest,
                         const RunSummary& summary, const ExportFiles& files) {
  std::string out = front_matter(config, files);
  out += "\n# " + config.task + "\n\n" + grouped(summary.kept) +
         " chat rows, distilled and checked by Fast Distill " FD_VERSION ": run `" +
         summary.run_id + "`, config `" + config_digest.hex() + "`.\n";
  if (config.teacher.model == kSimulatorModel) {
    out +=
        "\n**Simulated:** the answers are those of fd-simulator, a stand-in for a model. Do not "
        "train "
        "on them.\n";
  }
  if (!summary.complete) {
    out += "\n**Incomplete:** " + grouped(summary.failed) +
           " samples failed and were not judged; going on with the run asks for them again.\n";
  }
  out += "\n## Files\n\n| file | rows | bytes | SHA-256 | |\n|---|--:|--:|---|---|\n";
  out += file_line("to train on", files.train_rows, files.train);
  out += file_line("to validate with", files.valid_rows, files.valid);
  out += file_line("rejected, with the reason", files.rejected_rows, files.rejected);
  out +=
      "\nA row: `{\"messages\": [{\"role\": \"system\", ...}, {\"role\": \"user\", ...}, "
      "{\"role\": \"assistant\", ...}], \"metadata\": {\"sample_id\": ...}}`;\nthe system message "
      "is left out when it is empty. Rows are in order of `sample_id`.\n"
      "\n## Load it\n\n```python\nfrom datasets import load_dataset\n\n"
      "dataset = load_dataset(\"path/to/this/folder\")\n```\n";
  out += counts_section(summary);
  out += gates_section(summary);
  out += answers_section(config);
  return out;
}

}  // namespace fd
