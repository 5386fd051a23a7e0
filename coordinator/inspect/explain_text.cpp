#include <algorithm>

#include "actors/stages/prompt.hpp"
#include "coordinator/inspect/explain.hpp"
#include "coordinator/merge/export.hpp"
#include "coordinator/reports/costs.hpp"
#include "coordinator/shards/row_text.hpp"
#include "coordinator/shards/sample_row.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

std::string milliseconds(std::uint64_t us) {
  return short_number(static_cast<double>(us) / 1e3) + " ms";
}

/// Returns what a call cost, or that nobody knows.
std::string price_text(const Call& call) {
  return call.price ? "cost " + money(cost_of(call)) : "cost unknown: its provider has no price";
}

/// Returns where the time of a call went: that of the last attempt in brackets.
std::string time_text(const Call& call) {
  std::string text = milliseconds(call.queue_us) + " waiting, " + milliseconds(call.service_us) +
                     " at the endpoint";
  if (call.connect_us) {
    text += " (connecting " + milliseconds(*call.connect_us);
    text += call.first_byte_us ? ", first byte after " + milliseconds(*call.first_byte_us) : "";
    text += ")";
  }
  return text;
}

/// Returns which call it is: "candidate 0", with what else tells it from others.
std::string call_name(const CallIdentity& call) {
  std::string text = "candidate " + std::to_string(call.candidate);
  text += call.role == Role::teacher ? "" : " by the " + std::string(name(call.role));
  text += call.vote == 0 ? "" : ", vote " + std::to_string(call.vote);
  return text + (call.round == 0 ? "" : ", try " + std::to_string(call.round));
}

void show_origin(const SampleLife& life, std::string& out) {
  text_fields(life.sample, kAnswerCharacters, out);
  if (!life.sample.id_fields.empty()) {
    text_block("id fields", life.sample.id_fields, kAnswerCharacters, out);
  }
  text_golds(life.sample, kAnswerCharacters, out);
  if (!life.sample.database.empty()) {
    text_line("database", "databases/" + printable(life.sample.database), out);
  }
  text_line("from", life.origin, out);
  const std::string_view state = life.state == ShardFileState::pending     ? "not written yet"
                                 : life.state == ShardFileState::committed ? "committed"
                                                                           : "has failed samples";
  text_line(
      "shard",
      std::to_string(life.shard) + " of " + std::to_string(life.shards) + ", " + std::string(state),
      out);
}

/// Shows what the model was asked, where the fields and teacher.prompt alone do not tell it.
void show_chat(const SampleLife& life, const RunConfig& config, std::string& out) {
  const TeacherConfig& teacher = config.teacher;
  const Result<PromptStage> prompt = PromptStage::make(config);
  if (!prompt.ok() ||
      (teacher.messages.empty() && teacher.messages_field.empty() && teacher.examples.empty())) {
    return;
  }
  for (const ChatMessage& turn : prompt->messages(life.sample)) {
    text_block("as " + turn.role, turn.content, kAnswerCharacters, out);
  }
}

void show_call(const Call& call, std::string& out) {
  out += "\ncall of " + call_name(call) + "\n";
  text_line("call key", call.call_key.hex(), out);
  if (call.count > 1) {
    text_line("asked for",
              std::to_string(call.count) + " candidates at once, from " +
                  std::to_string(call.candidate) + " on",
              out);
  }
  text_line(
      "endpoint",
      printable(call.endpoint) +
          (call.http_status > 0 ? ", HTTP " + std::to_string(call.http_status) : ", no reply"),
      out);
  text_line("attempts", std::to_string(call.attempts), out);
  text_line("tokens",
            grouped(call.prompt_tokens) + " in, " + grouped(call.completion_tokens) + " out; " +
                price_text(call),
            out);
  text_line("time", time_text(call), out);
  if (!call.served_model.empty()) {
    text_line("served by", printable(call.served_model), out);
  }
  if (call.end == CallEnd::in_doubt) {
    text_line("in doubt",
              "its worker ended while it was under way: possibly billed, the answer "
              "is lost; the tokens are an estimate",
              out);
  } else if (!call.error.empty()) {
    text_block("error", call.error, kAnswerCharacters, out);
  }
}

void show_answer(const Answer& answer, const SampleLife& life, bool used, std::string& out) {
  out += std::string(used ? "\nanswer" : "\nlate answer, which is not used,") + " to the call of " +
         call_name(answer) + "\n";
  text_line("ended", printable(answer.finish_reason), out);
  if (std::none_of(life.calls.begin(), life.calls.end(),
                   [&](const Call& call) { return in_purchase(call, call.count, answer); })) {
    text_line("paid by", "another run, or not known: no call of this run is on record", out);
  }
  if (!answer.reasoning.empty()) {
    text_block("reasoning", answer.reasoning, kAnswerCharacters, out);
  }
  text_block("text", answer.text, kAnswerCharacters, out);
}

void show_candidate(const Candidate& candidate, const Outcome& outcome, std::string& out) {
  const bool deciding = &candidate == deciding_candidate(outcome);
  out += "\ncandidate " + std::to_string(candidate.index) +
         (!deciding        ? ""
          : outcome.chosen ? ", the chosen one"
                           : ", the one that got furthest") +
         "\n";
  text_line("cleaned by", printable(candidate.clean_rule), out);
  text_block("cleaned", candidate.text, kAnswerCharacters, out);
  text_line("rules", std::string(name(candidate.rule)), out);
  text_line("exec", exec_text(candidate, outcome), out);
  if (!candidate.signature.empty()) {
    text_line("result", printable(candidate.signature), out);
  }
}

std::string export_text(const SampleLife& life, const RunConfig& config) {
  if (!life.outcome || life.outcome->verdict == Verdict::failed) {
    return "nowhere: failed is never final, a resume asks again";
  }
  const std::string file = life.outcome->verdict == Verdict::rejected ? "export/rejected.jsonl"
                           : in_train(life.sample.id, config.export_.train_ratio)
                               ? "export/train.jsonl"
                               : "export/valid.jsonl";
  return life.merged ? file : file + ", once the run is merged";
}

void show_record(const SampleLife& life, const RunConfig& config, std::string& out) {
  const auto candidates = static_cast<std::size_t>(config.teacher.decode.n);
  out += "\nnot written yet\n";
  if (life.live) {
    text_line("ledger", "a coordinator is at work; what it has recorded is told once it has ended",
              out);
    return;
  }
  text_line(
      "answers",
      std::to_string(life.answers.size()) + " of " + std::to_string(candidates) + " on record",
      out);
  text_line("outcome", life.outcome ? "on record" : "none yet", out);
  if (life.lease) {
    text_line("last lease",
              "fence " + std::to_string(life.lease->fence) + ", to the worker " +
                  printable(life.lease->worker),
              out);
  }
}

}  // namespace

std::string_view meaning_of(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "passed every gate";
    case Reason::empty_output:
      return "the answer is empty";
    case Reason::too_short:
      return "the cleaned answer is shorter than gates.rules.min_chars";
    case Reason::too_long:
      return "the cleaned answer is longer than gates.rules.max_chars";
    case Reason::banned_pattern:
      return "a pattern of gates.rules.banned_patterns matched";
    case Reason::format_error:
      return "no SQL is in the answer, or it lacks one of gates.rules.required_patterns";
    case Reason::parse_error:
      return "the SQL does not prepare: syntax, or an unknown table or column";
    case Reason::exec_error:
      return "the SQL failed while it ran, or is not allowed";
    case Reason::step_limit:
      return "the SQL took more steps than gates.exec.max_steps";
    case Reason::row_limit:
      return "the result has more rows than gates.exec.max_rows";
    case Reason::timeout:
      return "the SQL was stuck";
    case Reason::gold_error:
      return "the gold itself does not run";
    case Reason::gold_mismatch:
      return "the result is not the gold's";
    case Reason::score_low:
      return "the score is below gates.select.min_score";
    case Reason::judge_low:
      return "the judge's score is too low";
    case Reason::judge_unparsed:
      return "the judge's answer could not be read";
    case Reason::truncated:
      return "the answer was cut off at max_tokens";
    case Reason::refusal:
      return "the model refused to answer";
    case Reason::near_duplicate:
      return "nearly the same as a sample that was kept";
    case Reason::contaminated:
      return "overlaps with a set that must stay unseen";
    case Reason::quota:
      return "its kind has enough samples already";
    case Reason::surplus:
      return "more than were asked for";
    case Reason::provider_error:
      return "the endpoint failed for good";
    case Reason::provider_rejected:
      return "the endpoint refused the request for good";
    case Reason::attempts_exhausted:
      return "every attempt of gateway.retry.max_attempts failed";
    case Reason::poison:
      return "workers died over it, even when it ran alone";
    case Reason::internal:
      return "a bug in a stage; the worker's log has it";
  }
  return "of another version";
}

std::string render_life(const SampleLife& life, const RunConfig& config) {
  std::string out = "sample " + life.sample.id.hex() + "\n";
  if (life.outcome) {
    const Outcome& outcome = *life.outcome;
    text_line(
        "verdict",
        std::string(name(outcome.verdict)) +
            (outcome.verdict == Verdict::kept ? "" : ": " + std::string(name(outcome.reason))),
        out);
    text_line("because", std::string(meaning_of(outcome.reason)), out);
  } else {
    text_line("verdict", "none yet", out);
  }
  show_origin(life, out);
  show_chat(life, config, out);
  if (life.state == ShardFileState::pending) {
    show_record(life, config, out);
  }
  for (const Call& call : life.calls) {
    show_call(call, out);
  }
  for (const Answer& answer : life.answers) {
    show_answer(answer, life, true, out);
  }
  for (const Answer& answer : life.late_answers) {
    show_answer(answer, life, false, out);
  }
  if (life.outcome) {
    for (const Candidate& candidate : life.outcome->candidates) {
      show_candidate(candidate, *life.outcome, out);
    }
    out += "\n";
    text_line("exported to", export_text(life, config), out);
  }
  return out;
}

}  // namespace fd
