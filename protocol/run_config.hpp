#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/chat_turns.hpp"
#include "protocol/json/json.hpp"
#include "protocol/provider_config.hpp"

namespace fd {

// The whole configuration as plain values with the defaults in place. Keys, ranges, defaults and
// which of them are semantic (change output bytes) are declared once, in actors/config/schema.cpp;
// docs/configuration.md is the reference.

struct ContractConfig {
  std::vector<std::string> fields;
  bool drop_null_fields = true;
  bool strict = true;
  std::vector<std::string> id_fields;
};

struct ShardingConfig {
  std::uint32_t shards = 0;         ///< 0: by target_size
  std::uint32_t target_size = 256;  ///< samples a shard
};

/// How the model is asked to answer. What is absent is neither sent nor part of the call key.
struct DecodeConfig {
  std::optional<double> temperature = 0.2;
  std::optional<double> top_p = 1.0;
  std::optional<std::uint32_t> max_tokens = 512;
  std::uint32_t n = 1;
  std::optional<std::int64_t> seed;
  std::vector<std::string> stop;
  json::Object response_format;  ///< empty: absent
  std::string reasoning_effort;  ///< empty: absent
  json::Object extra;            ///< more parameters, sent as they are

  friend bool operator==(const DecodeConfig&, const DecodeConfig&) = default;
};

struct TeacherConfig {
  std::string model;
  std::string system_prompt;
  std::string prompt;
  std::vector<ChatMessage> messages;  ///< templates, in place of system_prompt and prompt
  std::string messages_field;         ///< a row's field with a chat, in place of prompt
  std::vector<ChatMessage> examples;  ///< few-shot turns, as they are sent
  DecodeConfig decode;
};

struct RetryConfig {
  std::uint32_t max_attempts = 6;
  std::uint32_t base_ms = 500;
  std::uint32_t max_ms = 60000;
};

struct BudgetConfig {
  double usd = 0;
  std::uint64_t tokens = 0;
};

struct GatewayConfig {
  std::vector<ProviderConfig> providers;
  double request_timeout_s = 120;
  double outage_timeout_s = 300;
  double startup_timeout_s = 3600;
  std::uint32_t refusal_limit = 8;
  RetryConfig retry;
  BudgetConfig budget;

  /// Returns how many calls may be in flight, over all providers and workers.
  [[nodiscard]] std::uint32_t max_concurrency() const {
    std::uint32_t sum = 0;
    for (const ProviderConfig& provider : providers) {
      sum += provider.max_concurrency;
    }
    return sum;
  }
};

struct RulesConfig {
  std::uint32_t min_chars = 1;  ///< Unicode code points
  std::uint32_t max_chars = 2000;
  std::vector<std::string> banned_patterns;    ///< RE2 syntax; any match rejects
  std::vector<std::string> required_patterns;  ///< RE2 syntax; every one must match
};

enum class ExecKind { none, sqlite };
enum class MatchMode { automatic, multiset, ordered };
/// What becomes of a row whose gold does not run.
enum class BadGold {
  reject,  ///< gold_error, before anything is asked
  refuse,  ///< the whole input is refused
  ask,     ///< gold_error, behind the calls
};

struct ExecConfig {
  ExecKind kind = ExecKind::sqlite;
  std::string sql = "generation";
  std::string gold = "gold_sql";         ///< the row's field with the gold
  std::string database = "{{db_path}}";  ///< template over the whole row
  std::uint64_t max_steps = 50000000;    ///< SQLite VM steps
  std::uint32_t max_rows = 10000;
  std::uint64_t max_result_bytes = 4u << 20;
  std::uint64_t max_heap_bytes = 64u << 20;
  std::uint64_t max_value_bytes = 1u << 20;
  MatchMode match = MatchMode::automatic;
  BadGold bad_gold = BadGold::reject;
};

struct ScoreConfig {
  double gold = 1.0;
  double exec = 0.5;
  double fail = 0.0;
};

struct SelectConfig {
  double min_score = 0.5;
  bool require_exec = true;
  bool require_gold_match = true;
};

struct DatasetGateConfig {
  std::uint64_t min_total = 0;
  double min_exec_pass_rate = 0;
  double min_gold_match_rate = 0;
  double min_judge_score_mean = 0;
  double max_failed_fraction = 0;
};

struct GatesConfig {
  RulesConfig rules;
  ExecConfig exec;
  bool judge_enabled = false;
  ScoreConfig score;
  SelectConfig select;
  DatasetGateConfig dataset;
};

struct ExportConfig {
  std::vector<std::string> formats = {"chat"};
  double train_ratio = 0.9;
  std::string license;                ///< of the dataset card, as are the next two; empty: not said
  std::vector<std::string> language;  ///< ISO 639 codes
  std::string pretty_name;
};

struct TransportConfig {
  std::string keys;
  bool allow_plaintext_non_loopback = false;
};

struct LeaseSettings {
  std::uint32_t ttl_ms = 10000;       ///< how long a silent worker keeps its shards
  std::uint32_t heartbeat_ms = 1000;  ///< how often a worker reports
};

/// Everything a run is told. Semantic parts decide bytes; the others only how fast and at what
/// cost.
struct RunConfig {
  std::string task;
  std::vector<std::string> input;
  std::optional<std::vector<std::string>> reuse;  ///< nothing: earlier runs are looked for
  ContractConfig contract;
  ShardingConfig sharding;
  TeacherConfig teacher;
  GatewayConfig gateway;
  GatesConfig gates;
  ExportConfig export_;
  TransportConfig transport;
  LeaseSettings lease;
  std::uint64_t later = 0;  ///< no key of this version: tests/grown binds one to it
};

}  // namespace fd
