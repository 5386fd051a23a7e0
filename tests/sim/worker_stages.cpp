#include "tests/sim/worker_stages.hpp"

#include <algorithm>
#include <utility>

namespace fd::sim {
namespace {

constexpr Time kStageMin = 1 * kMillisecond;  ///< the gates after the teacher
constexpr Time kStageMax = 20 * kMillisecond;
constexpr Time kGatherMax = 100 * kMillisecond;  ///< samples that go to peers together

/// Every call of a sample, whatever its role.
class AllCalls final : public Questions {
 public:
  explicit AllCalls(const Dataset& data) : data_(data) {}
  [[nodiscard]] StageId stage() const override { return StageId::teacher; }
  [[nodiscard]] Role role() const override { return Role::teacher; }
  [[nodiscard]] std::vector<ChatCall> first(const WorkItem& item) const override {
    std::vector<ChatCall> calls(data_.calls());
    for (std::uint32_t number = 0; number < data_.calls(); ++number) {
      static_cast<CallIdentity&>(calls[number]) = data_.call(item.sample, number);
    }
    return calls;
  }

 private:
  const Dataset& data_;
};

}  // namespace

SimStages::SimStages(Process& process, Services& services, const WorkerDisk& disk, const Log& log,
                     Random& random, SimChain::Options chain, StageSink sink)
    : process_(process),
      services_(services),
      disk_(disk),
      worker_(chain.worker),
      incarnation_(chain.incarnation),
      random_(random),
      sink_(std::move(sink)),
      calls_(std::make_unique<AllCalls>(services.data),
             services.plan.purchases ? services.data.candidates() : 1),
      chain_(process, services, log, to_here(std::move(chain))) {}

/// Has what has passed the gates come back here.
SimChain::Options SimStages::to_here(SimChain::Options chain) {
  chain.finished = [this](WorkItem item) { finish(std::move(item)); };
  chain.to_ask = [this](WorkItem item) { begin(std::move(item)); };
  return chain;
}

SimStages::~SimStages() {
  gateway_.reset();  // what it still hands on is of no use: the journal has it
  *open_ = false;
}

void SimStages::take(std::vector<WorkItem> items) {
  for (const WorkItem& item : items) {
    services_.teacher.begun(item.sample, Caller{worker_, incarnation_, item.fence});
  }
  // A hop later, as to an actor.
  process_.after(
      0, [this, open = open_, held = std::make_shared<std::vector<WorkItem>>(std::move(items))] {
        if (services_.plan.gold_first && *open && process_.alive()) {
          for (WorkItem& item : *held) {
            item.to_ask = std::make_shared<CallsToCome>();
          }
          chain_.run_golds(std::move(*held));
          return;
        }
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
  CalledSample sample;
  sample.item = std::move(item);
  std::vector<ChatCall> calls = calls_.begin(sample);
  if (calls.empty()) {
    pass_on(std::move(sample.item));
    return;
  }
  samples_.emplace(++last_sample_, std::move(sample));
  submit(last_sample_, std::move(calls));
}

void SimStages::submit(std::uint64_t number, std::vector<ChatCall> calls) {
  for (ChatCall& call : calls) {
    call.tag = number;
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
  const std::uint64_t number = result.tag;
  CalledSample& sample = samples_.at(number);
  if (auto record = record_of(sample.item, result)) {
    if (!disk_.has_end(result.journal_seq)) {
      services_.oracle.fail(services_.schedule.now(),
                            "an answer is handed on that is not in the journal");
    }
    sink_.record(*std::move(record), result.journal_seq);
  }
  std::vector<ChatCall> more;
  const CallProgress progress = calls_.take(sample, std::move(result), more);
  submit(number, std::move(more));
  if (progress == CallProgress::waiting) {
    return;
  }
  WorkItem item = std::move(sample.item);
  samples_.erase(number);
  if (progress == CallProgress::dropped) {
    sink_.dropped(std::move(item));
  } else {
    pass_on(std::move(item));
  }
}

/// All calls of the sample have ended: on to the gates. What comes to them meanwhile goes in one
/// batch.
void SimStages::pass_on(WorkItem item) {
  process_.after(random_.between(kStageMin, kStageMax),
                 [this, open = open_, held = std::make_shared<WorkItem>(std::move(item))] {
                   if (!*open) {
                     return;
                   }
                   passing_.push_back(std::move(*held));
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
