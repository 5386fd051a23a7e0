#include "protocol/records.hpp"

#include <algorithm>
#include <functional>

#include "protocol/base/splitmix64.hpp"

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

/// Folds numbers into 64 well mixed bits. Not for what an enemy chooses, and not for files.
class Mixer {
 public:
  void add(std::uint64_t number) { state_ = mix64((state_ ^ number) + kSplitMix64Gamma); }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace

std::string_view name(Reason reason) {
  return name_in(kReasons, reason);
}
std::string_view name(Verdict verdict) {
  return name_in(kVerdicts, verdict);
}
std::string_view name(ExecStatus status) {
  return name_in(kExecStatuses, status);
}

std::optional<Reason> reason_from_name(std::string_view name) {
  return value_in(kReasons, name);
}
std::optional<Verdict> verdict_from_name(std::string_view name) {
  return value_in(kVerdicts, name);
}
std::optional<ExecStatus> exec_status_from_name(std::string_view name) {
  return value_in(kExecStatuses, name);
}

std::optional<Reason> reason_from_number(std::uint64_t number) {
  for (const Named<Reason>& entry : kReasons) {
    if (static_cast<std::uint64_t>(entry.value) == number) {
      return entry.value;
    }
  }
  return std::nullopt;
}

std::uint64_t call_fingerprint(std::uint64_t fence, const Call& call) {
  Mixer mixer;
  mixer.add(call.service_us == 0 ? fence : 0);
  mixer.add(call.sample_id.leading_bits());
  mixer.add(call.call_key.leading_bits());
  for (const std::uint64_t number : {std::uint64_t{call.candidate}, std::uint64_t{call.attempts},
                                     std::uint64_t{call.http_status}, call.prompt_tokens,
                                     call.completion_tokens, call.queue_us, call.service_us}) {
    mixer.add(number);
  }
  mixer.add(std::hash<std::string>{}(call.endpoint));
  mixer.add(std::hash<std::string>{}(call.error));
  return mixer.value();
}

std::uint64_t answer_fingerprint(const Answer& answer) {
  std::string bytes;
  bytes.reserve(128 + answer.text.size() + answer.reasoning.size());
  const auto add_number = [&](std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
      bytes += static_cast<char>(number >> shift & 0xFF);
    }
  };
  bytes.append(reinterpret_cast<const char*>(answer.sample_id.bytes.data()),
               answer.sample_id.bytes.size());
  bytes.append(reinterpret_cast<const char*>(answer.call_key.bytes.data()),
               answer.call_key.bytes.size());
  add_number(answer.candidate);
  for (const std::string* text :
       {&answer.served_model, &answer.text, &answer.reasoning, &answer.finish_reason}) {
    add_number(text->size());
    bytes += *text;
  }
  return sha256(bytes).leading_bits();
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
