#include "tests/coordinator/control/conversation.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "coordinator/control/coordinator_core.hpp"
#include "tests/coordinator/control/transcript.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;

SampleId id_of(std::uint32_t shard, std::uint32_t position) {
  SampleId id;
  id.bytes[0] = static_cast<std::uint8_t>(shard);
  id.bytes[1] = static_cast<std::uint8_t>(position);
  return id;
}

std::uint64_t number(const std::string& text) {
  return std::stoull(text);
}

class Conversation {
 public:
  std::string run(const std::string& script) {
    std::istringstream lines(script);
    std::string line;
    std::string block;
    while (std::getline(lines, line)) {
      if (line.empty() || line[0] == '#') {
        out_ += line + "\n";
      } else if (line == "----") {
        out_ += "----\n";
        out_ += replies_;
        replies_.clear();
        while (std::getline(lines, line) && !line.empty()) {
        }
        out_ += "\n";
      } else {
        out_ += line + "\n";
        command(line);
      }
    }
    return out_;
  }

 private:
  void command(const std::string& line) {
    std::istringstream in(line);
    std::string name;
    in >> name;
    std::vector<std::string> words;
    for (std::string word; in >> word;) {
      words.push_back(word);
    }
    if (name == "config") {
      configure(words);
    } else if (name == "shards") {
      shards(words);
    } else if (name == "state") {
      state(words);
    } else if (name == "fetch") {
      const auto [shard, fence] = lease(words.at(1));
      step(FetchArrived{from(words.at(0)),
                        Fetch{.shard = shard,
                              .fence = fence,
                              .from = static_cast<std::uint32_t>(number(words.at(2))),
                              .count = static_cast<std::uint32_t>(number(words.at(3))),
                              .alone = words.size() > 4,
                              .after = {}}});
    } else if (name == "flush_marker") {
      step(FlushMarkerArrived{from(words.at(0)), {number(words.at(1))}});
    } else if (name == "answer" || name == "call" || name == "outcome" || name == "failed") {
      deliver(name, words);
    } else if (name == "loaded") {
      loaded(words);
    } else if (name == "durable") {
      step(LeasesDurable{number(words.at(0)), std::exchange(shares_, {})});
    } else if (name == "written") {
      step(ShardWritten{static_cast<std::uint32_t>(number(words.at(0)))});
    } else if (name == "ended") {
      step(WorkerEnded{words.at(0), words.size() > 1});
    } else if (name == "advance") {
      advance(milliseconds(number(words.at(0))));
    } else if (name == "sleep") {
      now_ += milliseconds(number(words.at(0)));  // the coordinator itself is stopped
    } else if (name == "drain") {
      step(DrainAsked{});
    } else if (name == "tick") {
      step(Ticked{});
    } else {
      replies_ += "unknown command " + name + "\n";
    }
  }

  /// Lets time pass as the shell does: with a tick twice a second.
  void advance(Duration time) {
    constexpr Duration kTick = milliseconds(500);
    for (; time > kTick; time -= kTick) {
      now_ += kTick;
      step(Ticked{});
    }
    now_ += time;
  }

  void configure(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const std::string key = word.substr(0, word.find('='));
      const std::uint64_t value = number(word.substr(word.find('=') + 1));
      if (key == "slow_disk") {
        slow_disk_ = value != 0;
      } else if (key == "slots") {
        config_.providers = {{"", static_cast<std::uint32_t>(value)}};
      } else if (key == "providers") {
        config_.providers.clear();
        for (const std::string& one : parts(word.substr(word.find('=') + 1), ',')) {
          const std::size_t colon = one.find(':');
          config_.providers.push_back(
              {one.substr(0, colon), static_cast<std::uint32_t>(number(one.substr(colon + 1)))});
        }
      } else if (key == "expected") {
        config_.workers_expected = static_cast<std::uint32_t>(value);
      } else if (key == "ttl_ms") {
        config_.ttl = milliseconds(value);
      } else if (key == "fence") {
        config_.last_fence = value;
      } else if (key == "writing") {
        config_.writing_max = static_cast<std::uint32_t>(value);
      } else if (key == "grace_ms") {
        config_.stage_grace = milliseconds(value);
      }
    }
  }

  void shards(const std::vector<std::string>& words) {
    std::vector<ShardSeed> seeds;
    for (const std::string& word : words) {
      counts_.push_back(static_cast<std::uint32_t>(number(word)));
      ShardSeed seed{counts_.back(), word.back() == '*', std::nullopt};
      if (const std::size_t at = word.find('@'); at != std::string::npos) {
        // 4@w1/3/2: the ledger says that w1 had it under fence 3, and may have 2 calls in flight
        const std::size_t slash = word.find('/');
        const std::size_t share = word.find('/', slash + 1);
        const std::string holder = word.substr(at + 1, slash - at - 1);
        const std::uint64_t incarnation =
            incarnations_.try_emplace(holder, incarnations_.size() + 1).first->second;
        seed.holder = LeaseGranted{static_cast<std::uint32_t>(seeds.size()),
                                   number(word.substr(slash + 1)), holder, incarnation};
        if (share != std::string::npos) {
          const auto calls = static_cast<std::uint32_t>(number(word.substr(share + 1)));
          config_.shares_before[incarnation] = {holder, incarnation, calls};
        }
      }
      seeds.push_back(std::move(seed));
    }
    core_ = std::make_unique<CoordinatorCore>(config_, std::move(seeds));
  }

  static std::pair<std::uint32_t, std::uint64_t> lease(const std::string& text) {
    const std::size_t slash = text.find('/');
    return {static_cast<std::uint32_t>(number(text.substr(0, slash))),
            number(text.substr(slash + 1))};
  }

  /// A message of the worker's latest process to this start of the coordinator.
  Arrived from(const std::string& worker) const {
    return {worker, Speaker{config_.ledger, config_.start, incarnations_.at(worker)}, ""};
  }

  void state(const std::vector<std::string>& words) {
    WorkerState state;
    state.name = words.at(0);
    std::uint64_t& incarnation =
        incarnations_.try_emplace(state.name, incarnations_.size() + 1).first->second;
    std::uint64_t speaks = incarnation;
    state.seq = ++seqs_[state.name];
    state.heard = state.seq - 1;
    state.config = config_.config;
    Speaker knows{config_.ledger, config_.start, 0};
    state.stages = all_stages();
    GoneBy by = told_[state.name];
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (word.starts_with("inc=")) {
        speaks = number(word.substr(4));
        incarnation = std::max(incarnation, speaks);
      } else if (word.starts_with("seq=")) {
        state.seq = number(word.substr(4));
      } else if (word == "new") {
        state.config.reset();
        knows = {};
      } else if (word == "deaf") {
        state.heard = 0;
      } else if (word == "start=0") {
        knows.start = 0;  // of an earlier coordinator
      } else if (word.starts_with("owed=")) {
        state.owed = static_cast<std::uint32_t>(number(word.substr(5)));
      } else if (word.starts_with("recovered=")) {
        state.recovered.push_back(number(word.substr(10)));
      } else if (word.starts_with("flying=")) {
        std::size_t provider = 0;
        for (const std::string& calls : parts(word.substr(7), ',')) {
          state.calls.push_back({config_.providers.at(provider++).provider,
                                 static_cast<std::uint32_t>(number(calls))});
          state.in_flight += state.calls.back().calls;
        }
      } else if (word.starts_with("waits=")) {
        state.waiting = static_cast<std::uint32_t>(number(word.substr(6)));
      } else if (word.starts_with("cap=")) {
        state.slots_max = static_cast<std::uint32_t>(number(word.substr(4)));
      } else if (word == "late") {
        by = goes_by_[state.name];
      } else if (word == "leaving") {
        state.leaving = true;
      } else if (word == "draining") {
        state.draining = true;
      } else if (word == "listens") {
        state.peer_endpoint = "tcp://" + state.name;
      } else if (word.starts_with("stages=")) {
        state.stages = stages(word.substr(7));
      } else {
        const auto [shard, fence] = lease(word);
        const std::size_t colon = word.find(':');
        const std::size_t plus = word.find('+');
        state.leases.push_back({shard, fence,
                                static_cast<std::uint32_t>(number(word.substr(colon + 1))),
                                static_cast<std::uint32_t>(number(word.substr(plus + 1)))});
      }
    }
    knows.incarnation = speaks;
    if (knows.start != 0) {
      state.shares = by.shares;
      state.share_heard = by.number;
      goes_by_[state.name] = by;
    }
    last_seq_[state.name] = state.seq;
    Arrived arrived{state.name, knows, ""};
    step(StateArrived{std::move(arrived), std::move(state)});
  }

  static std::vector<std::string> parts(const std::string& text, char between) {
    std::vector<std::string> found;
    std::istringstream in(text);
    for (std::string one; std::getline(in, one, between);) {
      found.push_back(one);
    }
    return found;
  }

  /// clean+exec
  static std::vector<StageId> stages(const std::string& text) {
    std::vector<StageId> found;
    for (const std::string& one : parts(text, '+')) {
      found.push_back(*stage_from_name(one));
    }
    return found;
  }

  void deliver(const std::string& what, const std::vector<std::string>& words) {
    const auto [shard, fence] = lease(words.at(2));
    const auto position = static_cast<std::uint32_t>(number(words.at(3)));
    Record record;
    record.shard = shard;
    record.fence = fence;
    Answer answer;
    answer.sample_id = id_of(shard, position);
    answer.text = words.size() > 4 ? words.back() : "";
    if (what == "answer") {
      record.answer = answer;
    } else if (what == "call") {
      record.call.emplace();
      record.call->sample_id = id_of(shard, position);
      record.call->fence = fence;
      record.call->service_us = number(words.at(4));
      record.call->end = record.call->service_us == 0 ? CallEnd::in_doubt : CallEnd::refused;
    } else {
      record.outcome.emplace();
      record.outcome->sample_id = id_of(shard, position);
      const bool failed = what == "failed";
      record.outcome->verdict = failed ? Verdict::failed : Verdict::kept;
      record.outcome->reason = failed ? Reason::provider_error : Reason::none;
      if (words.size() > 4) {  // "outcome w1 seq=2 0/1 0 of TEXT"
        record.follows_from = answer_fingerprint(answer);
      }
    }
    step(DeliverArrived{from(words.at(0)), Deliver{number(words.at(1).substr(4)), {record}}});
  }

  void loaded(const std::vector<std::string>& words) {
    ShardLoaded event;
    event.shard = static_cast<std::uint32_t>(number(words.at(0)));
    for (std::uint32_t i = 0; i < counts_.at(event.shard); ++i) {
      event.ids.push_back(id_of(event.shard, i));
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::size_t at = words[i].find('@');
      const auto position = static_cast<std::uint32_t>(number(words[i].substr(at + 1)));
      Record record;
      record.shard = event.shard;
      if (words[i].starts_with("answer")) {
        record.answer.emplace();
        record.answer->sample_id = id_of(event.shard, position);
        record.answer->text = words[i].substr(words[i].find('=') + 1);
      } else {
        record.outcome.emplace();
        record.outcome->sample_id = id_of(event.shard, position);
        record.outcome->verdict = Verdict::kept;
      }
      event.recorded.push_back(std::move(record));
    }
    step(std::move(event));
  }

  void step(CoordinatorEvent event) {
    const CoordinatorEffects effects = core_->step(now_, std::move(event));
    replies_ += transcript(effects, last_seq_);
    for (const Outgoing& message : effects.send) {
      if (const auto* sent = std::get_if<SendOrder>(&message); sent != nullptr) {
        told_[sent->peer] = {sent->order.share_number, sent->order.shares};
      }
    }
    const std::uint64_t fence = highest_fence(effects.append);
    std::ranges::move(shares_in(effects.append), std::back_inserter(shares_));
    if ((fence > 0 || !shares_.empty()) && !slow_disk_) {
      step(LeasesDurable{fence, std::exchange(shares_, {})});
    } else if (core_->finished()) {
      replies_ += "finished\n";
    }
  }

  CoordinatorCoreConfig config_;
  std::unique_ptr<CoordinatorCore> core_;
  std::vector<std::uint32_t> counts_;
  std::map<std::string, std::uint64_t> incarnations_;
  std::map<std::string, std::uint64_t> seqs_;
  /// Shares of an order.
  struct GoneBy {
    std::uint64_t number = 0;
    std::vector<Share> shares;
  };
  std::map<std::string, GoneBy> told_;     ///< last, by worker
  std::map<std::string, GoneBy> goes_by_;  ///< as it said last
  std::vector<ShareGranted> shares_;       ///< on their way to the disk
  bool slow_disk_ = false;  ///< leases are durable when the script says so, else at once
  std::map<std::string, std::uint64_t> last_seq_;  ///< of the state that came last
  Instant now_{};
  std::string out_;
  std::string replies_;
};

}  // namespace

std::string run_conversation(const std::string& script) {
  return Conversation().run(script);
}

}  // namespace fd
