#include "coordinator/shards/lines.hpp"

#include <utility>

#include "coordinator/shards/files.hpp"
#include "coordinator/shards/record_views.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr std::size_t kLabelWidth = 14;
constexpr std::size_t kIndent = kLabelWidth + 3;

template <class T>
Result<std::vector<T>> parse_lines(const std::string& path, std::string_view text,
                                   Result<T> (*from_line)(std::string_view)) {
  std::vector<T> records;
  LineSplitter lines(text);
  for (std::string_view line; lines.next(line);) {
    auto record = from_line(line);
    if (!record.ok()) {
      return record.error().within(path + ": line " + std::to_string(lines.number()));
    }
    records.push_back(std::move(record).value());
  }
  return records;
}

}  // namespace

Result<ShardRows> read_shard_rows(const RunDir& dir, std::uint32_t shard) {
  FD_TRY(const ShardTexts texts, read_finished_shard(dir, shard));
  const auto path = [&](const char* file) { return dir.shard_file(shard, file); };
  ShardRows rows;
  FD_TRY(rows.samples, parse_lines(path("input.jsonl"), texts.input, sample_from_line));
  FD_TRY(rows.answers, parse_lines(path("answers.jsonl"), texts.answers, answer_from_line));
  FD_TRY(rows.calls, parse_lines(path("calls.jsonl"), texts.calls, call_from_line));
  FD_TRY(rows.outcomes, parse_lines(path("outcomes.jsonl"), texts.outcomes, outcome_from_line));
  if (rows.outcomes.size() != rows.samples.size()) {
    return Error{Errc::corrupt, path("outcomes.jsonl") + ": has " +
                                    std::to_string(rows.outcomes.size()) + " outcomes of " +
                                    std::to_string(rows.samples.size()) + " samples"};
  }
  return rows;
}

void text_line(std::string label, const std::string& text, std::string& out) {
  label.append(label.size() < kLabelWidth ? kLabelWidth - label.size() : 0, ' ');
  out += "   " + label + text + "\n";
}

void text_block(const std::string& label, std::string_view text, std::size_t characters,
                std::string& out) {
  text_line(label, printable_block(shortened(text, characters), kIndent), out);
}

void text_fields(const Sample& sample, std::size_t characters, std::string& out) {
  const auto value = json::parse_canonical(sample.canonical_input);
  if (!value.ok() || value->as_object() == nullptr) {
    return text_block("input", sample.canonical_input, characters, out);
  }
  for (const auto& [field, content] : *value->as_object()) {
    const std::string* text = content.as_string();
    text_block(printable(shortened(field, kLabelWidth * 2)) + " ",
               text != nullptr ? *text : json::canonical(content), characters, out);
  }
}

std::string exec_text(const Candidate& candidate, const Outcome& outcome) {
  std::string text(name(candidate.exec));
  if (!candidate.error_class.empty()) {
    text += " (" + printable(candidate.error_class) + ")";
  }
  if (outcome.gold_failed) {
    text += ", the gold itself does not run";
  } else if (candidate.gold_match && candidate.exec == ExecStatus::ok) {
    text += *candidate.gold_match ? ", same result as the gold" : ", not the gold's result";
  }
  if (candidate.score) {
    text += ", score " + short_number(*candidate.score);
  }
  if (candidate.judge) {
    text += ", judge " + short_number(*candidate.judge);
  }
  return text;
}

}  // namespace fd
