#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/replay/shard.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"
#include "protocol/run_config.hpp"

namespace fd::testing_support {

/// Returns a config without SQL: an answer with "bad" in it is rejected, every other one is kept.
RunConfig rules_config(std::uint32_t candidates = 1);

/// Returns the i-th sample of such a run.
Sample rules_sample(std::size_t index);

/// Returns what the teacher said to a call of this sample.
Answer rules_answer(const RunConfig& config, const Sample& sample, std::uint32_t candidate,
                    const std::string& text);

/// Returns the call that brought an answer.
Call answered_call(const Answer& answer);

/// A shard to replay: what each of its samples has as answers, by candidate; nothing: the call
/// failed, and the sample with it (provider_rejected).
using Texts = std::vector<std::vector<std::optional<std::string>>>;

/// Returns the shard's content, outcomes as the stages find them.
ShardResult rules_result(const RunConfig& config, const Texts& texts, std::uint32_t shard,
                         std::uint32_t shards);

/// Makes a run of `shards` shards with these samples in a new folder: run.json and every shard's
/// files. Shards in `pending` stay as ingest leaves them. Returns the run's folder.
std::string write_rules_run(const RunConfig& config, const Texts& texts, std::uint32_t shards,
                            const std::vector<std::uint32_t>& pending = {});

/// Reads a shard of such a run, ready to be replayed; fails the test when that fails.
ShardReplay open_replay(const std::string& folder);

}  // namespace fd::testing_support
