#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/stages.hpp"

namespace fd {

/// How one sample ended. `failed` is never final: a later run asks again.
enum class Verdict : std::uint8_t { kept = 0, rejected = 1, failed = 2 };

/// Why a sample was not kept. The numbers are on the wire and never reused.
enum class Reason : std::uint8_t {
  none = 0,  ///< kept
  // rejected
  empty_output = 1,
  too_short = 2,
  too_long = 3,
  banned_pattern = 4,
  format_error = 5,
  parse_error = 6,
  exec_error = 7,
  step_limit = 8,
  row_limit = 9,
  timeout = 10,
  gold_error = 11,
  gold_mismatch = 12,
  score_low = 13,
  judge_low = 14,
  judge_unparsed = 15,
  truncated = 16,
  refusal = 17,
  near_duplicate = 18,
  contaminated = 19,
  quota = 20,
  surplus = 21,
  // failed
  provider_error = 40,
  provider_rejected = 41,
  attempts_exhausted = 42,
  poison = 43,
  internal = 44,
};

/// Returns the public name ("gold_mismatch"; "ok" for none).
std::string_view name(Reason reason);
std::string_view name(Verdict verdict);
std::optional<Reason> reason_from_name(std::string_view name);
std::optional<Verdict> verdict_from_name(std::string_view name);
/// Returns the reason with this wire number, or nothing.
std::optional<Reason> reason_from_number(std::uint64_t number);

/// One canonicalized, deduplicated input row: a line of shards/*/input.jsonl.
struct Sample {
  SampleId id;
  std::uint64_t ordinal = 0;        ///< position in the input, 0-based, over all input files
  std::string canonical_input;      ///< JCS text of the contract fields
  std::string id_fields;            ///< JCS text of the id fields' object; empty without any
  std::optional<std::string> gold;  ///< gold answer (SQL), when the row has one
  std::string database;  ///< hexadecimal SHA-256 of the row's database; empty without one

  friend bool operator==(const Sample&, const Sample&) = default;
};

/// What a paid call brought that decides output: a line of shards/*/answers.jsonl.
struct Answer {
  SampleId sample_id;
  Digest call_key;
  std::uint32_t candidate = 0;
  std::string served_model;   ///< as the endpoint named it
  std::string text;           ///< message content, valid UTF-8
  std::string reasoning;      ///< a reasoning trace sent apart from the content
  std::string finish_reason;  ///< "stop", "length", ...

  friend bool operator==(const Answer&, const Answer&) = default;
};

/// The error of a call that was under way when its worker ended: possibly paid for, its answer
/// lost. Its tokens are an estimate.
inline constexpr std::string_view kInDoubt =
    "in_doubt: the worker ended while the call was under way";

/// What a paid call took: a line of shards/*/calls.jsonl. Decides no output.
struct Call {
  SampleId sample_id;
  Digest call_key;
  std::uint32_t candidate = 0;
  std::string endpoint;             ///< provider name of the config
  std::uint32_t attempts = 0;       ///< HTTP requests sent
  std::uint32_t http_status = 0;    ///< of the last attempt; 0 when there was no reply
  std::uint64_t prompt_tokens = 0;  ///< as reported; 0 when not
  std::uint64_t completion_tokens = 0;
  std::uint64_t queue_us = 0;    ///< from submission to the first send
  std::uint64_t service_us = 0;  ///< from the first send to the end
  std::string error;             ///< empty when answered

  friend bool operator==(const Call&, const Call&) = default;
};

/// Returns what tells two calls apart, also those of equal key: their times, or for one in doubt,
/// which has none, the fence it was made under. A call that is offered twice is counted once.
/// Means something within one process only.
std::uint64_t call_fingerprint(std::uint64_t fence, const Call& call);
/// A number for what an answer says, the same on every machine: the first bytes of a SHA-256 over
/// all its fields. A set of answers is the exclusive or of its members'.
std::uint64_t answer_fingerprint(const Answer& answer);

/// How a candidate's SQL ran.
enum class ExecStatus : std::uint8_t {
  not_run = 0,
  ok = 1,
  parse_error = 2,  ///< does not prepare: syntax, unknown table or column
  denied = 3,       ///< not one read-only SELECT of allowed functions
  error = 4,        ///< failed while running
  step_limit = 5,
  row_limit = 6,
  byte_limit = 7,
  heap_limit = 8,
  timeout = 9,
};
std::string_view name(ExecStatus status);
std::optional<ExecStatus> exec_status_from_name(std::string_view name);

/// One candidate's evidence, filled in stage by stage.
struct Candidate {
  std::uint32_t index = 0;
  Digest call_key;
  std::string text;            ///< cleaned answer
  std::string clean_rule;      ///< which cleaning rule found it
  Reason rule = Reason::none;  ///< what clean and rule_filter found
  ExecStatus exec = ExecStatus::not_run;
  std::string error_class;         ///< bounded set of names ("no_such_column"), never a raw message
  std::string signature;           ///< hexadecimal SHA-256 of the result; empty when not run
  std::optional<bool> gold_match;  ///< nothing without gold, or when the gold failed
  std::optional<double> score;
  std::optional<double> judge;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// How long one sample waited for and spent in one stage. Units: microseconds.
struct StageTime {
  StageId stage = StageId::teacher;
  std::uint64_t queue_us = 0;
  std::uint64_t service_us = 0;
  friend bool operator==(const StageTime&, const StageTime&) = default;
};

/// How one sample ended, and why: a line of shards/*/outcomes.jsonl (without the times).
struct Outcome {
  SampleId sample_id;
  Verdict verdict = Verdict::failed;
  Reason reason = Reason::internal;
  std::optional<std::uint32_t> chosen;  ///< index of the kept candidate
  bool gold_failed = false;             ///< the gold itself does not run: outside gold_match_rate
  std::vector<Candidate> candidates;
  std::vector<StageTime> times;  ///< of the stages that ran; never part of any digest

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// One JCS line each, without the newline; and back. Writers require valid UTF-8 and finite numbers,
// and write a count beyond 2^53, which JSON cannot hold exactly, as 2^53. Readers take exactly the
// keys that the writers write. Errors of the readers: corrupt, naming the key.
void append_line(const Sample& sample, std::string& out);
void append_line(const Answer& answer, std::string& out);
void append_line(const Call& call, std::string& out);
void append_line(const Outcome& outcome, std::string& out);
Result<Sample> sample_from_line(std::string_view line);
Result<Answer> answer_from_line(std::string_view line);
Result<Call> call_from_line(std::string_view line);
Result<Outcome> outcome_from_line(std::string_view line);

/// Returns the shard that `id` falls into: floor(first 64 bits x shards / 2^64).
/// Requires: shards >= 1.
std::uint32_t shard_of(const SampleId& id, std::uint32_t shards);

}  // namespace fd
