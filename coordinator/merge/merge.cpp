#include "coordinator/merge/merge.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/failpoint.hpp"
#include "coordinator/ledger/reader.hpp"
#include "coordinator/merge/dataset_card.hpp"
#include "coordinator/merge/export.hpp"
#include "coordinator/merge/failure_words.hpp"
#include "coordinator/merge/shard_counts.hpp"
#include "coordinator/merge/stage_manifests.hpp"
#include "coordinator/reports/call_times.hpp"
#include "coordinator/reports/costs.hpp"
#include "coordinator/reports/quality.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/lines.hpp"
#include "coordinator/shards/record_fold.hpp"
#include "coordinator/shards/sample_row.hpp"
#include "coordinator/text/commands_to_copy.hpp"

namespace fd {
namespace {

Error broken(const std::string& path, const std::string& what) {
  return Error{Errc::corrupt, path + ": " + what};
}

class Merge {
 public:
  Merge(const RunDir& dir, const RunConfig& config, const IngestSummary& ingest,
        MergeOutput& output, Exporter exporter)
      : dir_(dir),
        output_(output),
        config_(config),
        ingest_(ingest),
        config_digest_(config_digest(config)),
        executes_(config.gates.exec.kind != ExecKind::none),
        stages_(executes_),
        exporter_(std::move(exporter)) {}

  Result<RunSummary> run(const RunTimes& times) {
    FD_TRY(const Manifest dedup, dedup_manifest());
    if (file_exists(dir_.ledger())) {  // missing when every shard was replayed by hand
      FD_TRY(std::vector<StartMade> starts, read_starts(dir_.ledger(), ingest_.run_id));
      calls_ = CallCounts(CallStarts(std::move(starts)));
    }
    for (std::uint32_t shard = 0; shard < ingest_.shards; ++shard) {
      if (const auto merged = merge_shard(shard); !merged.ok()) {
        return damaged(merged.error(), shard);
      }
      FD_FAILPOINT("k17.merge_shard_done");
    }
    FD_TRY_VOID(check_conservation());
    FD_TRY(const ExportFiles files, exporter_.commit());
    FD_FAILPOINT("k18.export_before_reports");
    FD_TRY_VOID(add_late_calls());
    RunSummary summary = summarize(files);
    summary.reused_cost = times.reused_cost;
    FD_TRY_VOID(stages_.write(dir_, dedup, output_));
    FD_TRY_VOID(write_quality("teacher_eval", all_, summary));
    FD_TRY_VOID(write_quality("distilled", kept_, summary));
    FD_TRY_VOID(write_json("timing_report.json", timing_report(summary, times, call_times_)));
    FD_TRY_VOID(write_json("cost_report.json", cost_report(times)));
    FD_TRY_VOID(output_.write_text(dir_.export_file("README.md"),
                                   dataset_card(config_, config_digest_, summary, files)));
    return summary;
  }

 private:
  Result<Manifest> dedup_manifest() const {
    const std::string path = dir_.stage_manifest("dedup");
    auto manifest = read_manifest(path);
    if (!manifest.ok()) {
      return missing_is_corrupt(manifest.error());
    }
    FD_TRY_VOID(check_belongs(path, *manifest));
    if (manifest->count != ingest_.unique) {
      return broken(path, "counts " + std::to_string(manifest->count) + " samples, the run has " +
                              std::to_string(ingest_.unique));
    }
    return manifest;
  }

  Result<void> check_belongs(const std::string& path, const Manifest& manifest) const {
    if (manifest.run_id != ingest_.run_id) {
      return broken(path, "is of the run " + manifest.run_id + ", not of " + ingest_.run_id);
    }
    if (manifest.config_digest != config_digest_) {
      return broken(path, "was made under another config (digest " + manifest.config_digest.hex() +
                              ", the run's is " + config_digest_.hex() + ")");
    }
    return {};
  }

  /// What a shard's folder has lost may be in the ledger still.
  Error damaged(Error error, std::uint32_t shard) const {
    if (error.code == Errc::corrupt) {
      error.message += "\nto write shard " + std::to_string(shard) +
                       " again from the run's ledger: " + fresh_replay(dir_.shard(shard));
    }
    return error;
  }

  Result<void> merge_shard(std::uint32_t shard) {
    FD_TRY(const ShardTexts texts, read_finished_shard(dir_, shard));
    const std::string path = dir_.shard_file(shard, RunDir::kManifest);
    FD_TRY_VOID(check_belongs(path, texts.manifest));
    if (texts.manifest.shards != ingest_.shards) {
      return broken(path, "is one of " + std::to_string(texts.manifest.shards) +
                              " shards, the run has " + std::to_string(ingest_.shards));
    }
    FD_TRY_VOID(merge_calls(shard, texts));
    return merge_samples(shard, texts);
  }

  Result<void> merge_calls(std::uint32_t shard, const ShardTexts& texts) {
    LineReader calls(dir_.shard_file(shard, RunDir::kCalls), texts.calls);
    CallView call;
    paid_.clear();
    failure_words_.begin_shard();
    for (bool more = true; more;) {
      FD_TRY(more, calls.next(call));
      if (more) {
        calls_.add(call);
        call_times_.add(call);
        failure_words_.add(call);
        if (call.end == CallEnd::answered) {
          paid_.emplace_back(call, call.count);
        }
      }
    }
    std::ranges::sort(paid_, {}, [](const auto& paid) { return paid.first.order(); });
    return {};
  }

  /// What the ledger knows of calls and the shards' files do not.
  Result<void> add_late_calls() {
    if (!file_exists(dir_.ledger())) {
      return {};
    }
    FD_TRY(unknown_calls_,
           read_late_facts(dir_.ledger(), ingest_.run_id, ingest_.shards,
                           [this](std::uint32_t shard, std::vector<Record> records) {
                             return add_late_calls_of(shard, std::move(records));
                           }));
    return {};
  }

  Result<void> add_late_calls_of(std::uint32_t shard, std::vector<Record> records) {
    FD_TRY(const std::vector<Sample> samples, read_shard_input(dir_, shard));
    FD_TRY(const std::set<std::uint64_t> written, written_calls(shard));
    std::vector<SampleId> ids;
    std::ranges::transform(samples, std::back_inserter(ids), &Sample::id);
    for (const Call& call : late_calls(ids, std::move(records))) {
      if (!written.contains(call_fingerprint(call))) {
        calls_.add(call, true);
      }
    }
    return {};
  }

  /// Returns the fingerprints of the calls in a shard's file. It has late ones too when the
  /// coordinator ended before it had written the shard.
  [[nodiscard]] Result<std::set<std::uint64_t>> written_calls(std::uint32_t shard) const {
    const std::string path = dir_.shard_file(shard, RunDir::kCalls);
    FD_TRY(const std::string text, read_file(path, kMaxShardFileBytes));
    FD_TRY(const std::vector<Call> calls, read_lines<Call>(path, text));
    std::set<std::uint64_t> fingerprints;
    for (const Call& call : calls) {
      fingerprints.insert(call_fingerprint(call));
    }
    return fingerprints;
  }

  /// Returns whether a call of this run brought an answer, alone or in a purchase.
  [[nodiscard]] bool was_paid(const CallIdentity& answer) const {
    auto paid = std::ranges::upper_bound(paid_, answer.order(), {},
                                         [](const auto& one) { return one.first.order(); });
    while (paid != paid_.begin()) {
      --paid;
      const auto& [call, count] = *paid;
      if (call.sample_id != answer.sample_id || call.role != answer.role) {
        break;
      }
      if (call.vote == answer.vote && call.round == answer.round &&
          answer.candidate - call.candidate < count) {
        return true;
      }
    }
    return false;
  }

  Result<void> merge_samples(std::uint32_t shard, const ShardTexts& texts) {
    LineReader samples(dir_.shard_file(shard, RunDir::kInput), texts.input);
    LineReader answers(dir_.shard_file(shard, RunDir::kAnswers), texts.answers);
    LineReader outcomes(dir_.shard_file(shard, RunDir::kOutcomes), texts.outcomes);
    ShardCounts counts;
    FD_TRY(more_answers_, answers.next(next_answer_));
    for (;;) {
      FD_TRY(const bool more, samples.next(sample_));
      if (!more) {
        break;
      }
      if ((last_id_ && !(*last_id_ < sample_.id)) ||
          shard_of(sample_.id, ingest_.shards) != shard) {
        return samples.error("sample_id " + sample_.id.hex() + " does not rise within its shard");
      }
      last_id_ = sample_.id;
      FD_TRY(const bool ended, outcomes.next(outcome_));
      if (!ended || outcome_.sample_id != sample_.id) {
        return outcomes.error("the outcome of sample " + sample_.id.hex() + " is missing");
      }
      FD_TRY_VOID(take_answers(answers));
      FD_TRY_VOID(add_row(outcomes));
      counts.add(outcome_);
    }
    FD_TRY(const bool spare_outcome, outcomes.next(outcome_));
    if (spare_outcome) {
      return outcomes.error("an outcome of no sample of this shard");
    }
    if (more_answers_) {
      return stray_answer(answers);
    }
    if (!counts.agree_with(texts.manifest)) {
      return broken(dir_.shard_file(shard, RunDir::kManifest),
                    "its counts disagree with outcomes.jsonl");
    }
    return {};
  }

  /// Moves the answers to the current sample into answers_.
  Result<void> take_answers(LineReader& answers) {
    answers_.clear();
    while (more_answers_ && next_answer_.sample_id == sample_.id) {
      if (!answers_.empty() && !(answers_.back().order() < next_answer_.order())) {
        return answers.error("candidate " + std::to_string(next_answer_.candidate) +
                             " is out of order");
      }
      reused_ += was_paid(next_answer_) ? 0 : 1;
      answers_.push_back(next_answer_);
      FD_TRY(more_answers_, answers.next(next_answer_));
    }
    return more_answers_ && next_answer_.sample_id < sample_.id ? stray_answer(answers)
                                                                : Result<void>();
  }
  static Result<void> stray_answer(const LineReader& answers) {
    return answers.error("an answer to no sample of this shard, or out of order");
  }

  Result<void> add_row(const LineReader& outcomes) {
    const CandidateView* deciding = deciding_candidate(outcome_);
    const bool kept = outcome_.verdict == Verdict::kept;
    if (kept != outcome_.chosen.has_value() ||
        (kept && (deciding == nullptr || deciding->index != *outcome_.chosen))) {
      return outcomes.error("\"chosen\" does not fit the verdict and the candidates");
    }
    const MergeRow row{sample_, answers_, outcome_, deciding};
    FD_TRY(const ChatRow* chat, exporter_.add(row));
    stages_.add(row, chat == nullptr ? std::string_view() : chat->canonical);
    all_.add(row, executes_);
    if (outcome_.verdict == Verdict::failed) {
      failure_words_.count(outcome_);
    }
    if (row.kept()) {
      kept_.add(row, executes_);
    }
    return {};
  }

  /// raw = invalid + duplicate + kept + rejected + failed + unused, in samples. Every sample of the
  /// run is merged, so none is unused.
  Result<void> check_conservation() const {
    const std::uint64_t ended = all_.kept + all_.rejected + all_.failed;
    if (all_.total == ingest_.unique && all_.total == ended &&
        ingest_.raw == ingest_.invalid + ingest_.duplicate + ended) {
      return {};
    }
    const auto number = [](std::uint64_t count) { return std::to_string(count); };
    return broken(dir_.root(), "samples were lost or made up: " + number(ingest_.raw) +
                                   " raw rows, but " + number(ingest_.invalid) + " invalid + " +
                                   number(ingest_.duplicate) + " duplicate + " + number(all_.kept) +
                                   " kept + " + number(all_.rejected) + " rejected + " +
                                   number(all_.failed) + " failed; " + number(ingest_.unique) +
                                   " unique samples went in");
  }

  RunSummary summarize(const ExportFiles& files) const {
    RunSummary summary;
    summary.run_id = ingest_.run_id;
    summary.ingest = ingest_;
    summary.answered = all_.answered;
    summary.rules_passed = all_.rules_passed;
    summary.executed = all_.executed;
    summary.matched = all_.matched;
    summary.kept = all_.kept;
    summary.rejected = all_.rejected;
    summary.failed = all_.failed;
    summary.train = files.train_rows;
    summary.simulated = calls_.simulated();
    summary.valid = files.valid_rows;
    summary.reject_reasons = all_.reject_reasons;
    summary.failure_reasons = all_.failure_reasons;
    summary.failure_words = failure_words_.words();
    const CallTotals calls = calls_.total();
    summary.reused = reused_;
    summary.calls = calls.calls;
    summary.attempts = calls.attempts;
    summary.in_doubt = calls_.in_doubt().calls;
    summary.prompt_tokens = calls.prompt_tokens;
    summary.completion_tokens = calls.completion_tokens;
    summary.cost = calls_.cost();
    summary.unpriced = calls.unpriced;
    summary.unreported = calls.unreported;
    summary.late = calls_.late().calls;
    summary.unknown = unknown_calls_;
    summary.gates = judge_gates(config_.gates.dataset, all_);
    summary.complete = complete_enough(config_.gates.dataset, all_);
    return summary;
  }

  /// What was spared is known when this start took all that was.
  [[nodiscard]] json::Value cost_report(const RunTimes& times) const {
    json::Value report = calls_.report(ingest_.run_id, unknown_calls_);
    const bool known = times.reused >= reused_;
    (*report.as_object())["reused"] = json::Object{
        {"calls", reused_}, {"cost_saved", known ? json::Value(times.reused_cost) : json::Value()}};
    return report;
  }

  Result<void> write_json(const std::string& report, const json::Value& value) const {
    return output_.write_text(dir_.report(report), json::pretty(value) + "\n");
  }
  Result<void> write_quality(const std::string& stage, const QualityCounts& counts,
                             const RunSummary& summary) const {
    return output_.write_text(dir_.quality_report(stage),
                              json::pretty(quality_report(ingest_.run_id, stage, counts,
                                                          summary.gates, summary.complete)) +
                                  "\n");
  }

  const RunDir& dir_;
  MergeOutput& output_;
  const RunConfig& config_;
  const IngestSummary& ingest_;
  const Digest config_digest_;
  const bool executes_;
  StageManifests stages_;
  Exporter exporter_;
  QualityCounts all_;
  QualityCounts kept_;
  CallCounts calls_;
  CallTimes call_times_;
  FailureWordsCount failure_words_;
  std::optional<SampleId> last_id_;
  // The current sample; reused from one to the next.
  SampleView sample_;
  OutcomeView outcome_;
  std::vector<AnswerView> answers_;
  /// Answered calls of the shard with how many candidates each asked for, in their order.
  std::vector<std::pair<CallIdentity, std::uint64_t>> paid_;
  std::uint64_t unknown_calls_ = 0;
  std::uint64_t reused_ = 0;  ///< answers that no call of this run brought
  AnswerView next_answer_;
  bool more_answers_ = false;
};

}  // namespace

Result<RunSummary> merge_run(const RunDir& dir, const RunConfig& config,
                             const IngestSummary& ingest, const RunTimes& times) {
  WrittenOutput output;
  return merge_run(dir, config, ingest, times, output);
}

Result<RunSummary> merge_run(const RunDir& dir, const RunConfig& config,
                             const IngestSummary& ingest, const RunTimes& times,
                             MergeOutput& output) {
  FD_TRY(Exporter exporter, Exporter::create(dir, config, output));
  Merge merge(dir, config, ingest, output, std::move(exporter));
  return merge.run(times);
}

}  // namespace fd
