#include "tests/sim/worker_stages.hpp"

#include <algorithm>
#include <utility>

namespace fd::sim {
namespace {

constexpr Time kStageMin = 1 * kMillisecond;  ///< the gates after the teacher
constexpr Time kStageMax = 20 * kMillisecond;
constexpr Time kGatherMax = 100 * kMillisecond;  ///< samples that go to peers together

}  // namespace

SimStages::SimStages(Process& process, Services& services, const WorkerDisk& disk, const Log& log,
                     Random& random, SimChain::Options chain, StageSink sink)
    : process_(process),
      services_(services),
      disk_(disk),
      worker_(chain.worker),
      random_(random),
      sink_(std::move(sink)),
      chain_(process, services, log, to_here(std::move(chain))) {}

/// Has what has passed the gates come back here.
SimChain::Options SimStages::to_here(SimChain::Options chain) {
  chain.finished = [this](WorkItem item) { finish(std::move(item)); };
  return chain;
}

SimStages::~SimStages() {
  gateway_.reset();  // what it still hands on is of no use: the journal has it
  *open_ = false;
}

void SimStages::take(std::vector<WorkItem> items) {
  // A hop later, as to an actor.
  process_.after(
      0, [this, open = open_, held = std::make_shared<std::vector<WorkItem>>(std::move(items))] {
        for (WorkItem& item : *held) {
          if (*open && process_.alive()) {
            begin(std::move(item));
          }
        }
      });
}

void SimStages::begin(WorkItem item) {
  const Place place = Dataset::place_of(item.sample.id);
  services_.trace.note(services_.schedule.now(), "start", worker_, place.first, place.second,
                       item.fence);
  std::vector<std::uint32_t> missing;
  std::vector<Answer> usable;
  for (std::uint32_t call = 0; call < services_.data.calls(); ++call) {
    const Digest key = services_.data.call(item.sample, call).call_key;
    const auto recorded = std::ranges::find(item.answers, key, &Answer::call_key);
    if (recorded != item.answers.end()) {
      usable.push_back(*recorded);
    } else {
      missing.push_back(call);
    }
  }
  item.answers = std::move(usable);
  const std::uint64_t number = ++last_item_;
  items_.emplace(number, Waiting{std::move(item), static_cast<std::uint32_t>(missing.size())});
  if (missing.empty()) {
    pass_on(number);
  }
  ask_for(number, missing);
}

/// Asks for answers: the teacher's consecutive candidates in one purchase, if the world has them.
void SimStages::ask_for(std::uint64_t number, const std::vector<std::uint32_t>& missing) {
  const Waiting& waiting = items_.at(number);
  std::vector<ChatCall> calls;
  for (const std::uint32_t call : missing) {
    const bool joins = services_.plan.purchases && call < services_.data.candidates() &&
                       !calls.empty() &&
                       Dataset::number_of(calls.back()) + calls.back().count == call;
    if (joins) {
      ++calls.back().count;
      continue;
    }
    ChatCall next;
    static_cast<CallIdentity&>(next) = services_.data.call(waiting.item.sample, call);
    next.tag = number;
    next.shard = waiting.item.shard;
    next.fence = waiting.item.fence;
    next.era = waiting.item.era;
    calls.push_back(std::move(next));
  }
  for (ChatCall& call : calls) {
    gateway_->submit(std::move(call));
  }
}

void SimStages::post(ChatResult result) {
  process_.after(0, [this, open = open_, held = std::make_shared<ChatResult>(std::move(result))] {
    if (*open && process_.alive()) {
      take(std::move(*held));
    }
  });
}

void SimStages::take(ChatResult result) {
  const auto found = items_.find(result.tag);
  if (found == items_.end()) {
    return;
  }
  Waiting& waiting = found->second;
  const bool cancelled = !result.partial && result.call.end == CallEnd::cancelled;
  const bool answered = result.failure == Reason::none;
  if (!cancelled || result.call.attempts > 0) {
    if (!disk_.has_end(result.journal_seq)) {
      services_.oracle.fail(services_.schedule.now(),
                            "an answer is handed on that is not in the journal");
    }
    Record record{waiting.item.shard, waiting.item.fence, {}, {}, {}, {}};
    if (answered) {
      record.answer = result.answer;
    }
    if (!result.partial) {
      record.call = result.call;
    }
    sink_.record(std::move(record), result.journal_seq);
  }
  if (answered) {
    waiting.item.answers.push_back(result.answer);
    --waiting.missing;
  }
  waiting.cancelled = waiting.cancelled || cancelled;
  if (!result.partial) {
    finish_call(result);
  }
}

/// A call ended. What of a purchase did not come back is asked for again.
void SimStages::finish_call(const ChatResult& result) {
  Waiting& waiting = items_.at(result.tag);
  const std::uint32_t first = Dataset::number_of(result.call);
  std::vector<std::uint32_t> absent;
  for (std::uint32_t call = first; call < first + result.call.count; ++call) {
    const Digest key = services_.data.call(waiting.item.sample, call).call_key;
    if (std::ranges::find(waiting.item.answers, key, &Answer::call_key) ==
        waiting.item.answers.end()) {
      absent.push_back(call);
    }
  }
  if (result.failure != Reason::none) {
    waiting.missing -= static_cast<std::uint32_t>(absent.size());
    if (result.call.end != CallEnd::cancelled) {
      waiting.failure = result.failure;
    }
  } else {
    ask_for(result.tag, absent);
  }
  if (waiting.missing == 0) {
    pass_on(result.tag);
  }
}

/// All calls of the sample have ended: on to the gates, or out when one was taken back. What comes
/// to the gates meanwhile goes in one batch.
void SimStages::pass_on(std::uint64_t number) {
  process_.after(random_.between(kStageMin, kStageMax), [this, number, open = open_] {
    if (!*open) {
      return;
    }
    Waiting waiting = std::move(items_.at(number));
    items_.erase(number);
    WorkItem& item = waiting.item;
    if (waiting.cancelled) {
      sink_.dropped(std::move(item));
      return;
    }
    std::ranges::sort(item.answers, {}, &Answer::order);
    if (waiting.failure != Reason::none) {
      item.failure = waiting.failure;
    }
    passing_.push_back(std::move(item));
    if (passing_.size() == 1) {
      to_gates();
    }
  });
}

void SimStages::to_gates() {
  const Time wait = services_.plan.roles.empty() ? 0 : random_.between(0, kGatherMax);
  process_.after(wait, [this, open = open_] {
    if (*open) {
      chain_.take(std::exchange(passing_, {}));
    }
  });
}

void SimStages::finish(WorkItem item) {
  const Place place = Dataset::place_of(item.sample.id);
  if (std::ranges::any_of(services_.plan.poison, [&](const Poison& poison) {
        return Place{poison.shard, poison.position} == place;
      })) {
    sink_.poisoned();
    return;
  }
  item.outcome = select(item);
  sink_.finished(std::move(item));
}

}  // namespace fd::sim
