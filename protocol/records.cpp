#include "protocol/records.hpp"

#include <algorithm>

#include "protocol/limits.hpp"
#include "protocol/record_fields.hpp"

namespace fd {
namespace {

template <class T>
struct Named {
  T value;
  std::string_view name;
};

constexpr Named<Reason> kReasons[] = {
    {Reason::none, "ok"},
    {Reason::empty_output, "empty_output"},
    {Reason::too_short, "too_short"},
    {Reason::too_long, "too_long"},
    {Reason::banned_pattern, "banned_pattern"},
    {Reason::format_error, "format_error"},
    {Reason::parse_error, "parse_error"},
    {Reason::exec_error, "exec_error"},
    {Reason::step_limit, "step_limit"},
    {Reason::row_limit, "row_limit"},
    {Reason::timeout, "timeout"},
    {Reason::gold_error, "gold_error"},
    {Reason::gold_mismatch, "gold_mismatch"},
    {Reason::score_low, "score_low"},
    {Reason::judge_low, "judge_low"},
    {Reason::judge_unparsed, "judge_unparsed"},
    {Reason::truncated, "truncated"},
    {Reason::refusal, "refusal"},
    {Reason::near_duplicate, "near_duplicate"},
    {Reason::contaminated, "contaminated"},
    {Reason::quota, "quota"},
    {Reason::surplus, "surplus"},
    {Reason::provider_error, "provider_error"},
    {Reason::provider_rejected, "provider_rejected"},
    {Reason::attempts_exhausted, "attempts_exhausted"},
    {Reason::poison, "poison"},
    {Reason::internal, "internal"},
};

constexpr Named<Verdict> kVerdicts[] = {
    {Verdict::kept, "kept"},
    {Verdict::rejected, "rejected"},
    {Verdict::failed, "failed"},
};

constexpr Named<ExecStatus> kExecStatuses[] = {
    {ExecStatus::not_run, "not_run"},
    {ExecStatus::ok, "ok"},
    {ExecStatus::parse_error, "parse_error"},
    {ExecStatus::denied, "denied"},
    {ExecStatus::error, "error"},
    {ExecStatus::step_limit, "step_limit"},
    {ExecStatus::row_limit, "row_limit"},
    {ExecStatus::byte_limit, "byte_limit"},
    {ExecStatus::heap_limit, "heap_limit"},
    {ExecStatus::timeout, "timeout"},
};

constexpr Named<Role> kRoles[] = {
    {Role::teacher, "teacher"},
    {Role::judge, "judge"},
    {Role::student, "student"},
};

constexpr Named<CallEnd> kCallEnds[] = {
    {CallEnd::answered, "answered"},       {CallEnd::failed, "failed"},
    {CallEnd::refused, "refused"},         {CallEnd::unauthorized, "unauthorized"},
    {CallEnd::outage, "outage"},           {CallEnd::cancelled, "cancelled"},
    {CallEnd::over_budget, "over_budget"}, {CallEnd::journal_failed, "journal_failed"},
    {CallEnd::in_doubt, "in_doubt"},
};

constexpr Named<EndpointState> kEndpointStates[] = {
    {EndpointState::untried, "untried"},
    {EndpointState::good, "good"},
    {EndpointState::waits, "waits"},
    {EndpointState::refuses, "refuses"},
};

template <class T, std::size_t N>
std::string_view name_in(const Named<T> (&table)[N], T value) {
  for (const Named<T>& entry : table) {
    if (entry.value == value) {
      return entry.name;
    }
  }
  // Enumerations are made from names and checked numbers only.
  FD_CHECK(false);
  return {};
}

template <class T, std::size_t N>
std::optional<T> value_in(const Named<T> (&table)[N], std::string_view name) {
  for (const Named<T>& entry : table) {
    if (entry.name == name) {
      return entry.value;
    }
  }
  return std::nullopt;
}

template <class T, std::size_t N>
std::optional<T> numbered_in(const Named<T> (&table)[N], std::uint64_t number) {
  for (const Named<T>& entry : table) {
    if (static_cast<std::uint64_t>(entry.value) == number) {
      return entry.value;
    }
  }
  return std::nullopt;
}

}  // namespace

#define FD_NAMED(E, kNames)                               \
  std::string_view name(E value) {                        \
    return name_in(kNames, value);                        \
  }                                                       \
  template <>                                             \
  std::optional<E> from_name<E>(std::string_view name) {  \
    return value_in(kNames, name);                        \
  }                                                       \
  template <>                                             \
  std::optional<E> from_number<E>(std::uint64_t number) { \
    return numbered_in(kNames, number);                   \
  }
FD_NAMED(Reason, kReasons)
FD_NAMED(Verdict, kVerdicts)
FD_NAMED(ExecStatus, kExecStatuses)
FD_NAMED(Role, kRoles)
FD_NAMED(CallEnd, kCallEnds)
FD_NAMED(EndpointState, kEndpointStates)
#undef FD_NAMED

template <>
std::optional<StageId> from_name<StageId>(std::string_view name) {
  return stage_from_name(name);
}
template <>
std::optional<StageId> from_number<StageId>(std::uint64_t number) {
  return stage_from_number(number);
}

// A coordinator must be able to send a sample out again with an answer of it.
constexpr const char* kTooLong = "its texts are too long";

template <>
const char* check(const Sample& sample) {
  std::size_t bytes = sample.canonical_input.size() + sample.id_fields.size() +
                      (sample.gold ? sample.gold->size() : 0);
  for (const std::string& gold : sample.more_golds) {
    bytes += gold.size();
  }
  if (bytes > kMaxSampleBytes) {
    return kTooLong;
  }
  // It becomes a file's name.
  return sample.database.empty() || Digest::from_hex(sample.database)
             ? nullptr
             : "its database is not a digest (64 lower-case hexadecimal digits)";
}

template <>
const char* check(const Answer& answer) {
  const std::size_t bytes =
      answer.text.size() + answer.reasoning.size() + answer.finish_reason.size();
  return bytes <= kMaxAnswerBytes ? nullptr : kTooLong;
}

Verdict verdict_of(Reason reason) {
  return reason == Reason::none            ? Verdict::kept
         : reason < Reason::provider_error ? Verdict::rejected
                                           : Verdict::failed;
}

template <>
const char* check(const Outcome& outcome) {
  return outcome.verdict == verdict_of(outcome.reason)
             ? nullptr
             : "its reason does not belong to its verdict";
}

std::uint32_t shard_of(const SampleId& id, std::uint32_t shards) {
  FD_CHECK(shards >= 1);
  // The high half of a 64 x 32 bit product, without a 128-bit type: (high * 2^32 + low) * shards.
  const std::uint64_t bits = id.leading_bits();
  const std::uint64_t low = (bits & 0xFFFFFFFFu) * shards;
  const std::uint64_t high = (bits >> 32) * shards;
  return static_cast<std::uint32_t>((high + (low >> 32)) >> 32);
}

}  // namespace fd
