#pragma once

#include "protocol/fields.hpp"
#include "protocol/records.hpp"

// The members of what is kept on disk: lines of a shard's files, rows of the ledger, records of the
// journal. A new one is one line here and one in protocol/records.hpp, and is `when_set`
// (docs/protocol.md, Growth).

namespace fd {

template <>
inline constexpr auto kFields<Sample> =
    table("sample", field(1, "sample_id", &Sample::id), field(2, "ordinal", &Sample::ordinal),
          field(3, "canonical_input", &Sample::canonical_input).as_is(),
          field(4, "id_fields", &Sample::id_fields).as_is().when_set(),
          field(5, "gold", &Sample::gold).when_set(),
          field(6, "database", &Sample::database).at_most(64).when_set(),
          field(7, "more_golds", &Sample::more_golds).when_set());

template <>
inline constexpr auto kFields<Answer> = table(
    "answer", field(1, "sample_id", &Answer::sample_id), field(2, "call_key", &Answer::call_key),
    field(3, "candidate", &Answer::candidate), field(4, "model", &Answer::model),
    field(5, "text", &Answer::text), field(6, "reasoning", &Answer::reasoning),
    field(7, "finish_reason", &Answer::finish_reason), field(8, "role", &Answer::role).when_set(),
    field(9, "vote", &Answer::vote).when_set(), field(10, "try", &Answer::round).when_set());

template <>
inline constexpr auto kFields<Price> =
    table("price", field(1, "input", &Price::input), field(2, "output", &Price::output),
          field(3, "cached_input", &Price::cached_input).when_set());

template <>
inline constexpr auto kFields<Call> =
    table("call", field(1, "sample_id", &Call::sample_id), field(2, "call_key", &Call::call_key),
          field(3, "candidate", &Call::candidate), field(4, "endpoint", &Call::endpoint),
          field(5, "attempts", &Call::attempts), field(6, "http_status", &Call::http_status),
          field(7, "prompt_tokens", &Call::prompt_tokens),
          field(8, "completion_tokens", &Call::completion_tokens),
          field(9, "queue_us", &Call::queue_us), field(10, "service_us", &Call::service_us),
          field(11, "end", &Call::end), field(12, "error", &Call::error).when_set(),
          field(13, "role", &Call::role).when_set(), field(14, "vote", &Call::vote).when_set(),
          field(15, "try", &Call::round).when_set(), field(16, "count", &Call::count).when_set(),
          field(17, "served_model", &Call::served_model).when_set(),
          field(18, "price_per_mtok", &Call::price).when_set(),
          field(19, "fence", &Call::fence).when_set(),
          field(20, "asked_model", &Call::asked_model).when_set(),
          field(21, "cached_tokens", &Call::cached_tokens).when_set(),
          field(22, "reasoning_tokens", &Call::reasoning_tokens).when_set(),
          field(23, "tokens_unknown", &Call::tokens_unknown).when_set(),
          field(24, "connect_us", &Call::connect_us).when_set(),
          field(25, "first_byte_us", &Call::first_byte_us).when_set());

template <>
inline constexpr auto kFields<Candidate> =
    table("candidate", field(1, "candidate", &Candidate::index),
          field(2, "call_key", &Candidate::call_key), field(3, "text", &Candidate::text),
          field(4, "clean_rule", &Candidate::clean_rule).at_most(kMaxNameBytes),
          field(5, "rule", &Candidate::rule), field(6, "exec", &Candidate::exec),
          field(7, "error_class", &Candidate::error_class).at_most(kMaxNameBytes),
          field(8, "signature", &Candidate::signature).at_most(64),
          field(9, "gold_match", &Candidate::gold_match), field(10, "score", &Candidate::score),
          field(11, "judge", &Candidate::judge), field(12, &Candidate::text_in_answer).when_set());

template <>
inline constexpr auto kFields<StageTime> = table("stage time", field(1, &StageTime::stage),
                                                 field(2, &StageTime::queue_us),
                                                 field(3, &StageTime::service_us));

template <>
const char* check(const Sample& sample);
template <>
const char* check(const Answer& answer);
template <>
const char* check(const Outcome& outcome);

/// Numbers 9 to 11 are kept for votes, agreement and slices.
template <>
inline constexpr auto kFields<Outcome> = table(
    "outcome", field(1, "sample_id", &Outcome::sample_id), field(2, "verdict", &Outcome::verdict),
    field(3, "reason", &Outcome::reason), field(4, "chosen", &Outcome::chosen),
    field(5, "gold_failed", &Outcome::gold_failed).when_set(),
    field(6, "candidates", &Outcome::candidates), field(7, &Outcome::times).at_most(kMaxStages),
    field(8, "deciding", &Outcome::deciding).when_set());

}  // namespace fd
