#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/stages.hpp"

namespace fd {

inline constexpr std::size_t kMaxNameBytes = 64;  ///< of a worker, a provider, a rule, a stage

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

/// Returns the public name ("gold_mismatch"; "ok" for Reason::none).
std::string_view name(Reason reason);
std::string_view name(Verdict verdict);
/// Returns the verdict that a reason belongs to.
Verdict verdict_of(Reason reason);
/// Returns the E of this public name, or nothing. E: any enumeration of this file.
template <class E>
std::optional<E> from_name(std::string_view name);
/// Returns the E of this wire number, or nothing.
template <class E>
std::optional<E> from_number(std::uint64_t number);

/// One canonicalized, deduplicated input row: a line of shards/*/input.jsonl.
struct Sample {
  SampleId id;
  std::uint64_t ordinal = 0;            ///< position in the input, 0-based, over all input files
  std::string canonical_input;          ///< JCS text of the contract fields
  std::string id_fields;                ///< JCS text of the id fields' object; empty without any
  std::optional<std::string> gold;      ///< gold answer (SQL), when the row has one
  std::vector<std::string> more_golds;  ///< further ones: a match with any counts
  std::string database;  ///< hexadecimal SHA-256 of the row's database; empty without one

  friend bool operator==(const Sample&, const Sample&) = default;
};

/// Whose model a call asks.
enum class Role : std::uint8_t { teacher = 0, judge = 1, student = 2 };

/// Which paid call: what its call key was made from, and the key. Within a run (sample_id,
/// call_key) is one call, the rest says which one it is: two samples may ask the same.
struct CallIdentity {
  SampleId sample_id;
  Digest call_key;
  Role role = Role::teacher;
  std::uint32_t candidate = 0;
  std::uint32_t vote = 0;   ///< of several that are asked the same; 0: the first
  std::uint32_t round = 0;  ///< of repair; 0: the first question. Its name outside is "try"

  /// What calls are found by.
  [[nodiscard]] std::pair<SampleId, Digest> key() const { return {sample_id, call_key}; }
  [[nodiscard]] auto order() const {
    return std::tie(sample_id, role, candidate, vote, round, call_key);
  }
  friend bool operator==(const CallIdentity&, const CallIdentity&) = default;
  /// The order of answers.jsonl and calls.jsonl.
  friend auto operator<=>(const CallIdentity& a, const CallIdentity& b) {
    return a.order() <=> b.order();
  }
};

/// What a paid call brought that decides output: a line of shards/*/answers.jsonl.
struct Answer : CallIdentity {
  std::string model;          ///< of the role, as the config names it
  std::string text;           ///< message content, valid UTF-8
  std::string reasoning;      ///< a reasoning trace sent apart from the content
  std::string finish_reason;  ///< "stop", "length", ...

  friend bool operator==(const Answer&, const Answer&) = default;
};

/// How a paid call ended. The numbers are on the wire and never reused.
enum class CallEnd : std::uint8_t {
  answered = 0,
  failed = 1,          ///< no usable reply, and no patience left
  refused = 2,         ///< the provider will not answer this request
  unauthorized = 3,    ///< the provider does not take our key: no call of it is answered
  outage = 4,          ///< no endpoint could be reached for outage_timeout_s
  cancelled = 5,       ///< dropped before it was sent, or before it was tried again
  over_budget = 6,     ///< not sent: no money is left
  journal_failed = 7,  ///< not sent, or not kept: the worker's disk failed
  in_doubt = 8,        ///< in flight when its worker ended: possibly paid for, its answer lost
};

/// What an endpoint is like, as a worker found it.
enum class EndpointState : std::uint8_t {
  untried = 0,  ///< it has not answered yet
  good = 1,
  waits = 2,    ///< out: nobody is there, or nothing that answers
  refuses = 3,  ///< out: it answers nobody until something is mended
};

/// What a provider takes. Units: USD for a million tokens.
struct Price {
  double input = 0;
  double output = 0;
  std::optional<double> cached_input{};  ///< for those that it had in a cache; nothing: as input
  friend auto operator<=>(const Price&, const Price&) = default;
};

/// What a paid call took: a line of shards/*/calls.jsonl. Decides no output. One that asks for
/// several candidates at once is a purchase of `count` from `candidate` on, known by the key of the
/// first.
struct Call : CallIdentity {
  std::uint32_t count = 1;          ///< candidates asked for
  std::uint64_t fence = 0;          ///< of the lease that it was made under; 0: of none
  std::string endpoint;             ///< provider name of the config
  std::string asked_model;          ///< what it was asked for; empty: what the role calls it
  std::string served_model;         ///< what the endpoint called its model; empty: not said
  std::uint32_t attempts = 0;       ///< HTTP requests sent
  std::uint32_t http_status = 0;    ///< of the last attempt; 0 when there was no reply
  std::uint64_t prompt_tokens = 0;  ///< as reported; 0 when not; in doubt: an estimate
  std::uint64_t completion_tokens = 0;
  std::optional<std::uint64_t> cached_tokens;     ///< of the prompt's; nothing: not said
  std::optional<std::uint64_t> reasoning_tokens;  ///< of the completion's; nothing: not said
  bool tokens_unknown = false;                    ///< the answer came without a count of tokens
  std::optional<Price> price;                     ///< when it was made; nothing: not known
  std::uint64_t queue_us = 0;                     ///< from submission to the first send
  std::uint64_t service_us = 0;                   ///< from the first send to the end
  /// Of the last attempt; nothing: it was not sent. Setting the connection up: name, TCP, TLS, and
  /// 0 on one that was open; then from the send to the first byte of the reply, nothing without
  /// one.
  std::optional<std::uint64_t> connect_us;
  std::optional<std::uint64_t> first_byte_us;
  CallEnd end = CallEnd::answered;
  std::string error;  ///< for people; empty when answered

  friend bool operator==(const Call&, const Call&) = default;
};

/// Returns whether `call` is about the same question as `first`, for one of `count` candidates from
/// that of `first` on.
inline bool in_purchase(const CallIdentity& first, std::uint32_t count, const CallIdentity& call) {
  return call.sample_id == first.sample_id && call.role == first.role && call.vote == first.vote &&
         call.round == first.round && call.candidate >= first.candidate &&
         call.candidate - first.candidate < count;
}

/// Returns what tells two calls apart, also those of equal key: a number over all that they say. A
/// call that is offered twice is counted once.
std::uint64_t call_fingerprint(const Call& call);
/// A number for what an answer says, the same on every machine: the first bytes of the SHA-256 of
/// its MessagePack. A set of answers is the exclusive or of its members'.
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
std::string_view name(Role role);
std::string_view name(CallEnd end);
std::string_view name(EndpointState state);

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
  /// `text` is left out: it is that of the answer, without its reasoning. Only on the way to a
  /// shard's files, for outcomes that would be too large for a frame.
  bool text_in_answer = false;

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
  std::optional<std::uint32_t> chosen;    ///< index of the kept candidate
  std::optional<std::uint32_t> deciding;  ///< index of the one that the verdict speaks of
  bool gold_failed = false;               ///< the gold itself does not run: outside gold_match_rate
  std::vector<Candidate> candidates;
  std::vector<StageTime> times;  ///< of the stages that ran; never part of any digest

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Appends one JCS line without the newline. R: Sample, Answer, Call, Outcome. Requires: valid
/// UTF-8 and finite numbers. A count beyond 2^53, which JSON cannot hold exactly, is written as
/// 2^53.
template <class R>
void append_line(const R& record, std::string& out);
/// Reads such a line: every key that append_line() writes, and no other. Errors: corrupt, naming
/// the key.
template <class R>
Result<R> from_line(std::string_view line);

/// Returns the shard that `id` falls into: floor(first 64 bits x shards / 2^64).
/// Requires: shards >= 1.
std::uint32_t shard_of(const SampleId& id, std::uint32_t shards);

}  // namespace fd
