#include <utility>

#include "actors/config/schema.hpp"

namespace fd {
namespace {

using Keys = std::vector<Key>;

void add_rule_keys(Keys& keys, RulesConfig& rules) {
  const Effect effect = Effect::semantic;
  keys.push_back({.path = "gates.rules.min_chars",
                  .slot = &rules.min_chars,
                  .effect = effect,
                  .limits = {0, 1000000},
                  .unit = "code points",
                  .meaning = "Shortest answer that passes."});
  keys.push_back({.path = "gates.rules.max_chars",
                  .slot = &rules.max_chars,
                  .effect = effect,
                  .limits = {0, 1000000},
                  .unit = "code points",
                  .meaning = "Longest answer that passes."});
  keys.push_back({.path = "gates.rules.banned_patterns",
                  .slot = &rules.banned_patterns,
                  .effect = effect,
                  .limits = {0, 256},
                  .item_limits = {1, 4096},
                  .meaning = "Regular expressions (RE2); an answer that one of them matches is "
                             "rejected."});
  keys.push_back({.path = "gates.rules.required_patterns",
                  .slot = &rules.required_patterns,
                  .effect = effect,
                  .limits = {0, 256},
                  .item_limits = {1, 4096},
                  .meaning = "Regular expressions (RE2); every one must match."});
}

void add_exec_keys(Keys& keys, ExecConfig& exec) {
  const Effect effect = Effect::semantic;
  keys.push_back({.path = "gates.exec.kind",
                  .slot = &exec.kind,
                  .effect = effect,
                  .names = {"none", "sqlite"},
                  .future = {"command"},
                  .meaning = "How answers are run."});
  keys.push_back({.path = "gates.exec.sql",
                  .slot = &exec.sql,
                  .effect = effect,
                  .limits = {1, 256},
                  .only_default = true,
                  .meaning = "What is run: `generation` is the cleaned answer."});
  keys.push_back({.path = "gates.exec.gold",
                  .slot = &exec.gold,
                  .effect = effect,
                  .limits = {1, 256},
                  .meaning = "Field of a row with the known good query, or with a list of them, of "
                             "which any counts; rows without it have no gold."});
  keys.push_back({.path = "gates.exec.database",
                  .slot = &exec.database,
                  .effect = effect,
                  .limits = {1, 4096},
                  .meaning = "Template of the database's path, over any field of the row, relative "
                             "to the input file."});
}

void add_limit_keys(Keys& keys, ExecConfig& exec) {
  const Effect effect = Effect::semantic;
  keys.push_back({.path = "gates.exec.max_steps",
                  .slot = &exec.max_steps,
                  .effect = effect,
                  .limits = {1, 1e12},
                  .unit = "SQLite VM steps",
                  .meaning = "Work that one query may do."});
  keys.push_back({.path = "gates.exec.max_rows",
                  .slot = &exec.max_rows,
                  .effect = effect,
                  .limits = {1, 10000000},
                  .unit = "rows",
                  .meaning = "Rows that one query may return."});
  keys.push_back({.path = "gates.exec.max_result_bytes",
                  .slot = &exec.max_result_bytes,
                  .effect = effect,
                  .limits = {1, 1u << 30},
                  .unit = "bytes",
                  .meaning = "Size of the result that one query may return."});
  keys.push_back({.path = "gates.exec.max_heap_bytes",
                  .slot = &exec.max_heap_bytes,
                  .effect = effect,
                  .limits = {1u << 20, 1ull << 34},
                  .unit = "bytes",
                  .meaning = "Memory that one query may use."});
  keys.push_back({.path = "gates.exec.max_value_bytes",
                  .slot = &exec.max_value_bytes,
                  .effect = effect,
                  .added = true,
                  .limits = {32u << 10, 256u << 20},
                  .unit = "bytes",
                  .meaning = "Size of one text, blob or row that a query may touch; where one has "
                             "more than 32 KiB, `max_steps` shrinks in proportion."});
}

void add_match_key(Keys& keys, ExecConfig& exec) {
  keys.push_back({.path = "gates.exec.match",
                  .slot = &exec.match,
                  .effect = Effect::semantic,
                  .names = {"auto", "multiset", "ordered"},
                  .meaning = "How results are compared; `auto`: in order when the gold has a "
                             "top-level ORDER BY, else as multisets."});
}

void add_bad_gold_key(Keys& keys, ExecConfig& exec) {
  keys.push_back({.path = "gates.exec.bad_gold",
                  .slot = &exec.bad_gold,
                  .effect = Effect::semantic,
                  .added = true,
                  .names = {"reject", "refuse", "ask"},
                  .meaning = "What becomes of a row whose gold does not run: `reject`: gold_error, "
                             "and its calls are not made; `refuse`: a pass over all rows comes "
                             "first, and the input is refused (exit 3); `ask`: gold_error behind "
                             "its calls."});
}

void add_verdict_keys(Keys& keys, GatesConfig& gates) {
  const Effect effect = Effect::semantic;
  const auto score = [&](std::string path, double* slot, std::string_view meaning) {
    keys.push_back({.path = std::move(path),
                    .slot = slot,
                    .effect = effect,
                    .limits = {0, 1},
                    .meaning = meaning});
  };
  keys.push_back({.path = "gates.judge.enabled",
                  .slot = &gates.judge_enabled,
                  .effect = effect,
                  .only_default = true,
                  .meaning = "Let a second model score the answers."});
  score("gates.score.gold", &gates.score.gold,
        "Score of an answer whose result equals the gold's.");
  score("gates.score.exec", &gates.score.exec, "Score of an answer that only runs.");
  score("gates.score.fail", &gates.score.fail, "Score of an answer that does not run.");
  score("gates.select.min_score", &gates.select.min_score, "Lowest score that is kept.");
  keys.push_back({.path = "gates.select.require_exec",
                  .slot = &gates.select.require_exec,
                  .effect = effect,
                  .meaning = "Keep only answers that run."});
  keys.push_back({.path = "gates.select.require_gold_match",
                  .slot = &gates.select.require_gold_match,
                  .effect = effect,
                  .meaning = "Of rows that have gold, keep only answers that match it."});
  keys.push_back({.path = "gates.dataset.min_total",
                  .slot = &gates.dataset.min_total,
                  .effect = effect,
                  .limits = {0, kMaxExact},
                  .unit = "samples",
                  .meaning = "Dataset gate: fewest samples in the run (`total` of the report)."});
  score("gates.dataset.min_exec_pass_rate", &gates.dataset.min_exec_pass_rate,
        "Dataset gate: lowest share of answers that run.");
  score("gates.dataset.min_gold_match_rate", &gates.dataset.min_gold_match_rate,
        "Dataset gate: lowest share of answers that match their gold.");
  score("gates.dataset.min_judge_score_mean", &gates.dataset.min_judge_score_mean,
        "Dataset gate: lowest mean of the judge's scores.");
  keys.back().only_default = true;
  score("gates.dataset.max_failed_fraction", &gates.dataset.max_failed_fraction,
        "Largest share of samples without an answer at which the run counts as complete.");
}

}  // namespace

void add_gate_keys(std::vector<Key>& keys, GatesConfig& gates) {
  add_rule_keys(keys, gates.rules);
  add_exec_keys(keys, gates.exec);
  add_limit_keys(keys, gates.exec);
  add_match_key(keys, gates.exec);
  add_bad_gold_key(keys, gates.exec);
  add_verdict_keys(keys, gates);
}

}  // namespace fd
