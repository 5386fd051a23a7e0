#include "actors/stages/exec.hpp"

#include <algorithm>
#include <list>
#include <unordered_map>

#include "actors/sandbox/result_compare.hpp"
#include "actors/sql/sql_text.hpp"
#include "actors/system/failpoint.hpp"

namespace fd {
namespace {

/// A map that forgets what was not used for longest, by count and by bytes.
template <class Value>
class LeastRecentlyUsed {
 public:
  LeastRecentlyUsed(std::size_t max_count, std::size_t max_bytes)
      : max_count_(max_count), max_bytes_(max_bytes) {}

  /// Returns the value, or null. Lifetime: until the next put().
  Value* find(const std::string& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) {
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }

  /// Adds a value that is not there. It stays even when it alone is past the limit of bytes,
  /// because the caller is about to use it.
  Value& put(const std::string& key, Value value, std::size_t bytes) {
    entries_.push_front({key, std::move(value), bytes});
    places_[key] = entries_.begin();
    bytes_ += bytes;
    while (entries_.size() > 1 && (entries_.size() > max_count_ || bytes_ > max_bytes_)) {
      bytes_ -= entries_.back().bytes;
      places_.erase(entries_.back().key);
      entries_.pop_back();
    }
    return entries_.front().value;
  }

  /// Forgets a value that is there.
  void erase(const std::string& key) {
    const auto found = places_.find(key);
    bytes_ -= found->second->bytes;
    entries_.erase(found->second);
    places_.erase(found);
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::size_t bytes = 0;
  };
  std::size_t max_count_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  ///< most recently used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
};

/// What one text gave in one database.
struct Ran {
  SqlResult result;
  std::string signature;  ///< empty unless ok
};

std::size_t size_of(const Ran& ran, const std::string& key) {
  std::size_t bytes = sizeof(Ran) + 2 * key.size() + ran.result.message.size();
  for (const std::string& row : ran.result.rows) {
    bytes += sizeof(std::string) + row.capacity();
  }
  return bytes;
}

class ExecStage final : public Stage {
 public:
  ExecStage(const ExecConfig& config, SandboxOpener opener)
      : kind_(config.kind), match_(config.match), opener_(std::move(opener)) {
    limits_.max_steps = config.max_steps;
    limits_.max_rows = config.max_rows;
    limits_.max_result_bytes = config.max_result_bytes;
    limits_.max_heap_bytes = config.max_heap_bytes;
    limits_.max_value_bytes = config.max_value_bytes;
  }

  [[nodiscard]] StageId id() const override { return StageId::exec; }

  void process(WorkItem& item) override {
    if (item.failure || kind_ == ExecKind::none) {
      return;
    }
    if (item.sample.database.empty()) {
      refuse_all(item);
      return;
    }
    FD_FAILPOINT_SAMPLE("sample.before_exec", item.sample.id);
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
  Result<Ran> run(const Sample& sample, std::string_view sql) {
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
        Ran ran{std::move(result).value(), {}};
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

  /// Returns null for a sample without gold. Trouble is not kept: only evidence is.
  Result<const Ran*> run_gold(const Sample& sample) {
    if (!sample.gold) {
      return nullptr;
    }
    const std::string key = sample.database + ' ' + *sample.gold;
    if (const Ran* found = golds_.find(key)) {
      return found;
    }
    FD_TRY(Ran ran, run(sample, *sample.gold));
    const std::size_t bytes = size_of(ran, key);
    return &golds_.put(key, std::move(ran), bytes);
  }

  Result<void> examine_all(WorkItem& item) {
    FD_TRY(const Ran* gold, run_gold(item.sample));
    item.gold_failed = gold != nullptr && gold->result.status != ExecStatus::ok;
    for (std::size_t i = 0; i < item.candidates.size(); ++i) {
      FD_TRY_VOID(examine(gold, item, i));
    }
    return {};
  }

  Result<void> examine(const Ran* gold, WorkItem& item, std::size_t index) {
    Candidate& candidate = item.candidates[index];
    const bool gold_ran = gold != nullptr && gold->result.status == ExecStatus::ok;
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
    if (gold != nullptr && trim_sql(*item.sample.gold) == trim_sql(candidate.text)) {
      record(*gold, candidate);
      candidate.gold_match = gold_ran ? std::optional<bool>(true) : std::nullopt;
      return {};
    }
    FD_TRY(const Ran ran, run(item.sample, candidate.text));
    record(ran, candidate);
    if (gold_ran && ran.result.status == ExecStatus::ok) {
      candidate.gold_match = results_match(gold->result, *item.sample.gold, ran.result, match_);
    }
    return {};
  }

  static void record(const Ran& ran, Candidate& candidate) {
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
  LeastRecentlyUsed<Ran> golds_{kGoldCacheMax, kGoldCacheBytesMax};
};

}  // namespace

std::unique_ptr<Stage> make_exec_stage(const RunConfig& config, SandboxOpener opener) {
  return std::make_unique<ExecStage>(config.gates.exec, std::move(opener));
}

}  // namespace fd
