#include "coordinator/replay/shard.hpp"

#include <algorithm>
#include <iterator>

#include "actors/config/loader.hpp"
#include "actors/stages/registry.hpp"
#include "actors/stages/teacher.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

std::string verdict_text(const Outcome& outcome) {
  std::string text(name(outcome.verdict));
  if (outcome.reason != Reason::none) {
    text += "(" + std::string(name(outcome.reason)) + ")";
  }
  return text;
}

/// A guard of wall time decided: that is recorded like an answer, and not decided again.
bool decided_by_time(const Outcome& outcome) {
  return std::any_of(
      outcome.candidates.begin(), outcome.candidates.end(),
      [](const Candidate& candidate) { return candidate.exec == ExecStatus::timeout; });
}

std::string json_line(const Outcome& outcome) {
  std::string line;
  append_line(outcome, line);
  return line;
}

/// Returns the first member of two objects that differs, with both values.
std::string member_difference(const json::Value& then, const json::Value& now,
                              const std::string& where) {
  if (then.as_object() == nullptr || now.as_object() == nullptr) {
    return "";
  }
  json::Object all = *now.as_object();
  all.insert(then.as_object()->begin(), then.as_object()->end());
  for (const auto& [key, value] : all) {
    const json::Value* before = then.find(key);
    const json::Value* after = now.find(key);
    const std::string before_text = before == nullptr ? "nothing" : json::canonical(*before);
    const std::string after_text = after == nullptr ? "nothing" : json::canonical(*after);
    if (before_text != after_text) {
      return where + key + ": " + before_text + " on record, " + after_text + " now";
    }
  }
  return "";
}

}  // namespace

std::string outcome_difference(const Outcome& then, const Outcome& now) {
  const std::string then_line = json_line(then);
  const std::string now_line = json_line(now);
  if (then_line == now_line) {
    return "";
  }
  if (verdict_text(then) != verdict_text(now)) {
    return verdict_text(then) + " on record, " + verdict_text(now) + " now";
  }
  const auto before = json::parse_canonical(then_line);
  const auto after = json::parse_canonical(now_line);
  if (!before.ok() || !after.ok()) {  // a line that is longer than a file may have
    return "an outcome of " + std::to_string(then_line.size()) + " bytes on record, of " +
           std::to_string(now_line.size()) + " now";
  }
  const json::Array& old_candidates = *before->find("candidates")->as_array();
  const json::Array& new_candidates = *after->find("candidates")->as_array();
  for (std::size_t i = 0; i < std::min(old_candidates.size(), new_candidates.size()); ++i) {
    const std::string found = member_difference(old_candidates[i], new_candidates[i],
                                                "candidate " + std::to_string(i) + ": ");
    if (!found.empty()) {
      return found;
    }
  }
  return member_difference(*before, *after, "");
}

Result<FinishedShard> read_shard_to_replay(const std::string& folder) {
  FD_TRY(ShardRows rows, read_shard_rows(folder));
  FinishedShard shard{std::move(rows), folder, {}};
  const std::string path = folder + "/" + RunDir::kConfig;
  const auto config = semantic_config_from_json(shard.config_text);
  if (!config.ok()) {
    return config.error().within(path);
  }
  shard.config = *config;
  if (config_digest(shard.config) != shard.manifest.config_digest) {
    return Error{Errc::corrupt, path + ": is not the config that the manifest names (digest " +
                                    shard.manifest.config_digest.hex() + ")"};
  }
  return shard;
}

Result<ShardReplay> ShardReplay::make(FinishedShard shard, const SandboxOpener& open_database) {
  ShardReplay replay;
  replay.shard_ = std::move(shard);
  const RunConfig& config = replay.shard_.config;
  FD_TRY(std::unique_ptr<const Questions> questions, make_teacher(config));
  replay.teacher_.emplace(std::move(questions));
  FD_TRY(replay.stages_, make_stages(config, open_database));
  for (std::size_t i = 0; i < replay.shard_.samples.size(); ++i) {
    const std::vector<ChatCall> calls = replay.teacher_->plan(replay.item_of(i));
    replay.calls_of_.emplace_back(calls.begin(), calls.end());
  }
  for (std::size_t i = 0; i < replay.shard_.answers.size(); ++i) {
    FD_TRY_VOID(replay.take_recorded(i));
  }
  return replay;
}

Result<void> ShardReplay::take_recorded(std::size_t answer_index) {
  const Answer& answer = shard_.answers[answer_index];
  const auto position = position_of(answer.sample_id);
  // What another role answered, or the teacher when it was asked once more, is kept as it is.
  const bool asked = answer.role == Role::teacher && answer.vote == 0 && answer.round == 0;
  if (!position || (asked && !asks(*position, answer))) {
    return Error{Errc::corrupt, shard_.folder + "/" + RunDir::kAnswers + ": line " +
                                    std::to_string(answer_index + 1) +
                                    ": is not the answer to a call of this shard"};
  }
  answers_.try_emplace({*position, answer.call_key}, answer);
  return {};
}

/// Returns whether it is one of the calls that are made for a sample.
bool ShardReplay::asks(std::size_t sample, const CallIdentity& call) const {
  return std::ranges::find(calls_of_[sample], call) != calls_of_[sample].end();
}

std::optional<std::size_t> ShardReplay::position_of(const SampleId& id) const {
  const auto found = std::ranges::lower_bound(shard_.samples, id, {}, &Sample::id);
  if (found == shard_.samples.end() || found->id != id) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - shard_.samples.begin());
}

/// Returns the sample with its answers, as it is before its calls.
WorkItem ShardReplay::item_of(std::size_t sample) const {
  WorkItem item;
  item.sample = shard_.samples[sample];
  const auto end = answers_.end();
  for (auto it = answers_.lower_bound({sample, Digest{}}); it != end && it->first.first == sample;
       ++it) {
    item.answers.push_back(it->second);
  }
  std::ranges::sort(item.answers, {}, &Answer::order);
  return item;
}

/// Returns the calls that a worker would make about the sample, which runs its gold first.
std::vector<ChatCall> ShardReplay::missing(std::size_t sample) {
  WorkItem item = item_of(sample);
  std::vector<ChatCall> calls = teacher_->plan(item);
  if (!calls.empty() && gold_comes_first(shard_.config, item.sample)) {
    const auto is_exec = [](const auto& stage) { return stage->id() == StageId::exec; };
    (*std::ranges::find_if(stages_, is_exec))->process(item);
    calls = teacher_->plan(item);
  }
  return calls;
}

Outcome ShardReplay::run(std::size_t sample, std::optional<Reason> failure) {
  WorkItem item = item_of(sample);
  item.failure = failure;
  for (const std::unique_ptr<Stage>& stage : stages_) {
    stage->process(item);
  }
  FD_CHECK(item.outcome.has_value());
  return std::move(*item.outcome);
}

ReplayCheck ShardReplay::check() {
  ReplayCheck check;
  Sha256 digest;
  for (std::size_t i = 0; i < shard_.samples.size(); ++i) {
    const Outcome& recorded = shard_.outcomes[i];
    if (recorded.verdict == Verdict::failed) {
      ++check.failed;
      ++check.failed_reasons[std::string(name(recorded.reason))];
      check.answered_failed += missing(i).empty() ? 1 : 0;
    } else if (!missing(i).empty()) {
      check.difference = "sample " + recorded.sample_id.hex() + ": " + verdict_text(recorded) +
                         " on record, but not all of its answers";
    } else if (!decided_by_time(recorded)) {
      const std::string difference = outcome_difference(recorded, run(i, std::nullopt));
      if (!difference.empty()) {
        check.difference = "sample " + recorded.sample_id.hex() + ": " + difference;
      }
    }
    if (!check.difference.empty()) {
      return check;
    }
    digest.update(json_line(recorded) + "\n");
  }
  check.digest = digest.finish();
  return check;
}

std::vector<ChatCall> ShardReplay::missing() {
  std::vector<ChatCall> calls;
  for (std::size_t i = 0; i < shard_.samples.size(); ++i) {
    if (shard_.outcomes[i].verdict == Verdict::failed) {
      std::ranges::move(missing(i), std::back_inserter(calls));
    }
  }
  return calls;
}

bool ShardReplay::add(const Answer& answer) {
  const auto position = position_of(answer.sample_id);
  if (!position || shard_.outcomes[*position].verdict != Verdict::failed ||
      !asks(*position, answer)) {
    return false;
  }
  return answers_.try_emplace({*position, answer.call_key}, answer).second;
}

void ShardReplay::add(const Call& call) {
  const bool known =
      std::find(shard_.calls.begin(), shard_.calls.end(), call) != shard_.calls.end();
  if (!known && position_of(call.sample_id)) {
    shard_.calls.push_back(call);
  }
}

void ShardReplay::add_failure(const CallIdentity& call, Reason reason) {
  if (const auto position = position_of(call.sample_id)) {
    failures_[{*position, call.candidate}] = reason;
  }
}

ShardResult ShardReplay::result() {
  ShardResult result;
  result.shard = shard_.manifest.shard.value_or(0);
  result.calls = shard_.calls;
  for (const auto& [position, answer] : answers_) {
    result.answers.push_back(answer);
  }
  for (std::size_t i = 0; i < shard_.samples.size(); ++i) {
    const Outcome& recorded = shard_.outcomes[i];
    if (recorded.verdict != Verdict::failed) {
      result.outcomes.push_back(recorded);
      continue;
    }
    std::optional<Reason> failure;
    if (!missing(i).empty()) {
      const auto noted = failures_.lower_bound({i, 0});  // the lowest candidate's decides
      const bool asked = noted != failures_.end() && noted->first.first == i;
      failure = asked ? noted->second : recorded.reason;
    }
    result.outcomes.push_back(run(i, failure));
  }
  return result;
}

}  // namespace fd
