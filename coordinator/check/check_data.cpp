#include "coordinator/check/check_data.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "actors/stages/prompt.hpp"
#include "coordinator/ingest/gold_check.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/text/report_text.hpp"
#include "protocol/run_dir.hpp"

namespace fd {
namespace {

constexpr std::size_t kShownCharacters = 200;
constexpr std::size_t kPromptCharacters = 60;

std::string count(std::uint64_t number, const std::string& what) {
  return grouped(number) + " " + what + (number == 1 ? "" : "s");
}

class DataCheck {
 public:
  DataCheck(const RunConfig& config, const RunDir& dir, CheckReport& report)
      : config_(config), dir_(dir), report_(report) {}

  void tell_input(const IngestSummary& ingested, std::uint64_t limit) {
    const bool all = ingested.raw < limit;
    std::string text = (all ? "" : "the first ") + count(ingested.raw, "row") + ": " +
                       count(ingested.unique, "sample");
    text += ingested.duplicate > 0 ? ", " + count(ingested.duplicate, "duplicate") : "";
    text += ingested.conflict > 0 ? ", " + count(ingested.conflict, "conflict") : "";
    text += ingested.invalid > 0 ? ", " + grouped(ingested.invalid) + " invalid" : "";
    const bool odd = ingested.conflict + ingested.invalid > 0;
    report_.add(std::string(kInputPart), odd ? CheckStatus::warning : CheckStatus::ok,
                std::move(text));
  }

  void tell_prompts(const PromptStage& prompt, const std::vector<Sample>& samples) {
    std::map<std::string, std::uint64_t> equal;
    std::string shown;
    for (const Sample& sample : samples) {
      const std::string text = prompt.messages(sample).back().content;
      ++equal[text];
      shown = shown.empty() ? text : shown;
    }
    const bool all_equal = samples.size() > 1 && equal.size() == 1;
    report_.add("prompts", all_equal ? CheckStatus::warning : CheckStatus::ok,
                (all_equal ? "all rows ask the same: does teacher.prompt name a field? "
                           : count(equal.size(), "different prompt") + ", such as ") +
                    "\"" + shortened(shown, kPromptCharacters) + "\"");
  }

  void tell_databases(const IngestSummary& ingested, const std::vector<Sample>& samples) {
    if (config_.gates.exec.kind != ExecKind::sqlite) {
      return;
    }
    report_.add("databases", CheckStatus::ok, count(ingested.databases.size(), "database"));
    tell_golds(samples);
  }

  void tell_shards(const IngestSummary& ingested, std::uint64_t limit, std::uint32_t workers) {
    if (ingested.raw >= limit) {
      return;  // the rest of the rows would make more
    }
    const bool few = ingested.shards < workers;
    report_.add("shards", few ? CheckStatus::warning : CheckStatus::ok,
                count(ingested.shards, "shard") + " for " + count(workers, "worker") +
                    (few ? ": some will have nothing to do; lower sharding.target_size" : ""));
  }

 private:
  void tell_golds(const std::vector<Sample>& samples) {
    std::uint64_t golds = 0;
    std::uint64_t failed = 0;
    std::string first;
    GoldRunner runner(config_.gates.exec, dir_.databases());
    for (const Sample& sample : samples) {
      if (!sample.gold) {
        continue;
      }
      ++golds;
      const auto ran = runner.run(sample);
      if (!ran.ok() || ran->status != ExecStatus::ok) {
        ++failed;
        first = !first.empty() ? first
                               : sample.id.hex().substr(0, 12) + ": " +
                                     (ran.ok() ? ran->message : "its database cannot be opened") +
                                     ": " + *sample.gold;
      }
    }
    if (failed > 0) {
      report_.add("golds", CheckStatus::warning,
                  grouped(failed) + " of " + grouped(golds) +
                      " do not run: their rows can only be rejected (gold_error). " +
                      shortened(first, kShownCharacters));
    } else {
      report_.add("golds", CheckStatus::ok,
                  golds == 0 ? "no row has one" : grouped(golds) + " run");
    }
  }

  const RunConfig& config_;
  const RunDir& dir_;
  CheckReport& report_;
};

}  // namespace

Result<std::optional<Sample>> check_data(const RunConfig& config, std::vector<InputSpec> inputs,
                                         std::uint64_t limit, const std::string& directory,
                                         std::uint32_t workers, CheckReport& report) {
  const auto prompt = PromptStage::make(config);
  if (!prompt.ok()) {
    report.add(std::string(kInputPart), CheckStatus::error, prompt.error().message);
    return std::optional<Sample>();
  }
  IngestOptions options;
  options.inputs = std::move(inputs);
  options.config = &config;
  options.directory = directory;
  options.limit = limit;
  options.run_id = [](const std::vector<InputFile>&) { return std::string("check"); };
  const auto ingested = ingest(options);
  if (!ingested.ok()) {
    if (ingested.error().code != Errc::bad_data) {
      return ingested.error();
    }
    report.add(std::string(kInputPart), CheckStatus::error, ingested.error().message);
    return std::optional<Sample>();
  }
  const RunDir dir(directory);
  std::vector<Sample> samples;
  for (std::uint32_t shard = 0; shard < ingested->shards; ++shard) {
    FD_TRY(std::vector<Sample> more, read_shard_input(dir, shard));
    std::move(more.begin(), more.end(), std::back_inserter(samples));
  }
  DataCheck check(config, dir, report);
  check.tell_input(*ingested, limit);
  check.tell_prompts(*prompt, samples);
  check.tell_databases(*ingested, samples);
  check.tell_shards(*ingested, limit, workers);
  return samples.empty() ? std::optional<Sample>() : std::optional(std::move(samples.front()));
}

}  // namespace fd
