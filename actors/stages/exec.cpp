#include "actors/stages/exec.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/sandbox/result_compare.hpp"
#include "actors/sql/sql_text.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/least_recently_used.hpp"

namespace fd {
namespace {

class ExecStage final : public Stage {
 public:
  ExecStage(const ExecConfig& config, SandboxOpener opener, std::shared_ptr<GoldCache> golds)
      : kind_(config.kind),
        match_(config.match),
        limits_(sql_limits(config)),
        opener_(std::move(opener)),
        golds_(std::move(golds)) {}

  [[nodiscard]] StageId id() const override { return StageId::exec; }

  void process(WorkItem& item) override {
    if (item.failure || kind_ == ExecKind::none) {
      return;
    }
    if (item.sample.database.empty()) {
      refuse_all(item);
      return;
    }
    if (item.to_ask) {
      FD_FAILPOINT_SAMPLE("sample.before_gold", item.sample.id);
    } else {
      FD_FAILPOINT_SAMPLE("sample.before_exec", item.sample.id);
    }
    sample_ = item.sample.id.hex();
    const Result<void> examined = examine_all(item);
    if (!examined.ok()) {
      forget_evidence(item);
      item.interrupted = examined.error().code == Errc::stale;
      item.failure = Reason::internal;
      item.trouble = "database " + item.sample.database + ": " + examined.error().message;
    }
  }

 private:
  static void refuse_all(WorkItem& item) {
    for (Candidate& candidate : item.candidates) {
      if (candidate.rule == Reason::none) {
        candidate.exec = ExecStatus::error;
        candidate.error_class = "no_database";
      }
      if (item.sample.gold) {
        candidate.gold_match = false;
      }
    }
  }

  /// Trouble says nothing about a candidate, and neither does what was found before it.
  static void forget_evidence(WorkItem& item) {
    item.gold_failed = false;
    for (Candidate& candidate : item.candidates) {
      candidate.exec = ExecStatus::not_run;
      candidate.error_class.clear();
      candidate.signature.clear();
      candidate.gold_match.reset();
    }
  }

  Result<SqlSandbox*> open(const std::string& database) {
    if (auto* found = sandboxes_.find(database)) {
      return found->get();
    }
    FD_TRY(std::unique_ptr<SqlSandbox> opened, opener_(database));
    return sandboxes_.put(database, std::move(opened), 0).get();
  }

  /// Runs a statement; where there is trouble, again on a database that was opened anew. Errors:
  /// the last trouble; stale (it was interrupted).
  Result<SqlRun> run(const Sample& sample, std::string_view sql) {
    Error trouble;
    for (int i = 0; i < kReadTriesMax; ++i) {
      FD_FAILPOINT("k30.exec_before_run");
      const Result<SqlSandbox*> sandbox = open(sample.database);
      if (!sandbox.ok()) {
        trouble = sandbox.error();
        continue;
      }
      Result<SqlResult> result = (*sandbox)->run(sql, limits_, sample_);
      if (result.ok()) {
        SqlRun ran{std::move(result).value(), {}};
        if (ran.result.status == ExecStatus::ok) {
          ran.signature = result_signature(ran.result);
        }
        return ran;
      }
      trouble = result.error();
      if (trouble.code == Errc::stale) {
        break;
      }
      sandboxes_.erase(sample.database);
    }
    return trouble;
  }

  /// A gold of a sample, and what it gave. Lifetime: that of the sample.
  struct Gold {
    std::string_view sql;
    std::shared_ptr<const SqlRun> ran;
    [[nodiscard]] bool runs() const { return ran->result.status == ExecStatus::ok; }
  };

  /// Trouble is not kept: only evidence is.
  Result<Gold> run_gold(const Sample& sample, std::string_view sql) {
    const std::string key = sample.database + ' ' + std::string(sql);
    if (auto found = golds_->find(key)) {
      return Gold{sql, std::move(found)};
    }
    FD_TRY(SqlRun ran, run(sample, sql));
    auto gold = std::make_shared<const SqlRun>(std::move(ran));
    golds_->put(key, gold);
    return Gold{sql, std::move(gold)};
  }

  Result<std::vector<Gold>> run_golds(const Sample& sample) {
    std::vector<Gold> golds;
    if (sample.gold) {
      FD_TRY(Gold first, run_gold(sample, *sample.gold));
      golds.push_back(std::move(first));
      for (const std::string& sql : sample.more_golds) {
        FD_TRY(Gold other, run_gold(sample, sql));
        golds.push_back(std::move(other));
      }
    }
    return golds;
  }

  Result<void> examine_all(WorkItem& item) {
    FD_TRY(const std::vector<Gold> golds, run_golds(item.sample));
    item.gold_failed = !golds.empty() && std::ranges::none_of(golds, &Gold::runs);
    for (std::size_t i = 0; i < item.candidates.size(); ++i) {
      FD_TRY_VOID(examine(golds, item, i));
    }
    return {};
  }

  Result<void> examine(const std::vector<Gold>& golds, WorkItem& item, std::size_t index) {
    Candidate& candidate = item.candidates[index];
    const bool gold_ran = std::ranges::any_of(golds, &Gold::runs);
    if (gold_ran) {
      candidate.gold_match = false;
    }
    if (candidate.rule != Reason::none) {
      return {};
    }
    const auto same = std::find_if(item.candidates.begin(),
                                   item.candidates.begin() + static_cast<std::ptrdiff_t>(index),
                                   [&](const Candidate& one) {
                                     return one.rule == Reason::none && one.text == candidate.text;
                                   });
    if (same != item.candidates.begin() + static_cast<std::ptrdiff_t>(index)) {
      candidate.exec = same->exec;
      candidate.error_class = same->error_class;
      candidate.signature = same->signature;
      candidate.gold_match = same->gold_match;
      return {};
    }
    const auto equal = std::ranges::find_if(
        golds, [&](const Gold& gold) { return trim_sql(gold.sql) == trim_sql(candidate.text); });
    if (equal != golds.end()) {
      record(*equal->ran, candidate);
      if (equal->runs()) {
        candidate.gold_match = true;
      }
      return {};
    }
    FD_TRY(const SqlRun ran, run(item.sample, candidate.text));
    record(ran, candidate);
    if (ran.result.status == ExecStatus::ok && gold_ran) {
      candidate.gold_match = std::ranges::any_of(golds, [&](const Gold& gold) {
        return gold.runs() && results_match(gold.ran->result, gold.sql, ran.result, match_);
      });
    }
    return {};
  }

  static void record(const SqlRun& ran, Candidate& candidate) {
    candidate.exec = ran.result.status;
    candidate.error_class = ran.result.error_class;
    candidate.signature = ran.signature;
  }

  ExecKind kind_;
  MatchMode match_;
  SqlLimits limits_;
  std::string sample_;  ///< which one is examined
  SandboxOpener opener_;
  LeastRecentlyUsed<std::unique_ptr<SqlSandbox>> sandboxes_{kOpenDatabasesMax, 1};
  std::shared_ptr<GoldCache> golds_;
};

}  // namespace

bool gold_comes_first(const RunConfig& config, const Sample& sample) {
  const ExecConfig& exec = config.gates.exec;
  return exec.kind == ExecKind::sqlite && exec.bad_gold == BadGold::reject && sample.gold &&
         !sample.database.empty();
}

std::unique_ptr<Stage> make_exec_stage(const RunConfig& config, SandboxOpener opener,
                                       std::shared_ptr<GoldCache> golds) {
  return std::make_unique<ExecStage>(config.gates.exec, std::move(opener),
                                     golds ? std::move(golds) : std::make_shared<GoldCache>());
}

}  // namespace fd
