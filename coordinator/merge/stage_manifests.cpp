#include "coordinator/merge/stage_manifests.hpp"

#include <charconv>
#include <utility>

#include "protocol/json/json.hpp"

namespace fd {
namespace {

struct StageShape {
  const char* name;
  std::vector<std::string> columns;
};

const StageShape& shape_of(std::size_t stage) {
  static const std::array<StageShape, 6> shapes = {
      {{"teacher", {"candidates", "sample_id"}},
       {"filtered", {"candidates", "sample_id"}},
       {"exec", {"candidates", "sample_id"}},
       {"scored", {"candidates", "sample_id"}},
       {"selected", {"chosen", "sample_id", "score", "text"}},
       {"distilled", {"messages", "metadata"}}}};
  return shapes.at(stage);
}

void append_whole(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

/// Begins an array's next object.
void begin_item(std::string& out) {
  if (out.back() != '[') {
    out += ',';
  }
  out += '{';
}

void member(std::string_view key, std::string_view value, std::string& out) {
  out += ",\"";
  out += key;
  out += "\":";
  out += value;
}

constexpr std::string_view kOpen = "{\"candidates\":[";

}  // namespace

void StageManifests::add(const MergeRow& row, std::string_view distilled_line) {
  add_teacher(row);
  add_filtered(row);
  add_executed(row);
  if (row.kept()) {
    add_selected(row);
    digests_[distilled].add(row.sample.id, distilled_line);
  }
}

void StageManifests::finish_line(Stage stage, const MergeRow& row) {
  if (line_.size() == kOpen.size()) {
    return;
  }
  line_ += "],\"sample_id\":\"";
  line_ += row.sample.id.hex();
  line_ += "\"}";
  digests_[stage].add(row.sample.id, line_);
}

void StageManifests::add_teacher(const MergeRow& row) {
  line_ = kOpen;
  for (const AnswerView& answer : row.answers) {
    begin_item(line_);
    line_ += "\"call_key\":";
    line_ += '"';
    line_ += answer.call_key.hex();
    line_ += '"';
    line_ += ",\"candidate\":";
    append_whole(answer.candidate, line_);
    member("finish_reason", answer.finish_reason, line_);
    member("model", answer.model, line_);
    member("reasoning", answer.reasoning, line_);
    member("text", answer.text, line_);
    line_ += '}';
  }
  finish_line(teacher, row);
}

void StageManifests::add_filtered(const MergeRow& row) {
  line_ = kOpen;
  for (const CandidateView& candidate : row.outcome.candidates) {
    if (candidate.rule == Reason::none) {
      begin_item(line_);
      line_ += "\"candidate\":";
      append_whole(candidate.index, line_);
      member("clean_rule", candidate.clean_rule, line_);
      member("text", candidate.text, line_);
      line_ += '}';
    }
  }
  finish_line(filtered, row);
}

void StageManifests::add_executed(const MergeRow& row) {
  line_ = kOpen;
  scored_line_ = kOpen;
  for (const CandidateView& candidate : row.outcome.candidates) {
    if (!passed_exec(candidate)) {
      continue;
    }
    for (std::string* line : {&line_, &scored_line_}) {
      begin_item(*line);
      *line += "\"candidate\":";
      append_whole(candidate.index, *line);
      member("gold_match", candidate.gold_match, *line);
    }
    member("signature", candidate.signature, line_);
    member("judge", candidate.judge, scored_line_);
    member("score", candidate.score, scored_line_);
    member("signature", candidate.signature, scored_line_);
    line_ += '}';
    scored_line_ += '}';
  }
  finish_line(exec, row);
  std::swap(line_, scored_line_);
  finish_line(scored, row);
}

void StageManifests::add_selected(const MergeRow& row) {
  FD_CHECK(row.deciding != nullptr);
  line_ = "{\"chosen\":";
  append_whole(row.deciding->index, line_);
  line_ += ",\"sample_id\":\"";
  line_ += row.sample.id.hex();
  line_ += '"';
  member("score", row.deciding->score, line_);
  member("text", row.deciding->text, line_);
  line_ += '}';
  digests_[selected].add(row.sample.id, line_);
}

Result<void> StageManifests::write(const RunDir& dir, const Manifest& dedup, MergeOutput& output) {
  std::string parent = dedup.content_sha256.hex();
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    ContentDigest& digest = digests_.at(stage);
    Manifest manifest;
    manifest.run_id = dedup.run_id;
    manifest.stage = shape_of(stage).name;
    manifest.columns = shape_of(stage).columns;
    manifest.config_digest = dedup.config_digest;
    manifest.count = digest.count();
    manifest.min_sample_id = digest.min_id();
    manifest.max_sample_id = digest.max_id();
    manifest.content_sha256 = digest.finish();
    manifest.parents = {std::exchange(parent, manifest.content_sha256.hex())};
    FD_TRY_VOID(output.write_text(dir.stage_manifest(manifest.stage),
                                  json::pretty(to_json(manifest)) + "\n"));
  }
  return {};
}

}  // namespace fd
