#include "actors/pipeline/call_actor.hpp"

#include <unordered_map>
#include <utility>
#include <vector>

namespace fd {
namespace {

/// A call stage with its samples, its gateway and its place in the pipeline.
class Caller {
 public:
  Caller(CallStage stage, caf::actor recorder, const Clock& clock)
      : stage_(std::move(stage)), recorder_(std::move(recorder)), clock_(clock) {}

  void start(StartCalls& start) {
    gateway_ = std::move(start.gateway);
    next_ = std::move(start.next);
  }

  void take(WorkBatch& batch) {
    for (WorkItem& item : *batch.items) {
      begin(std::move(item));
    }
    flush();
  }

  void finish(ChatInbox& inbox) {
    for (ChatResult& result : inbox.take()) {
      finish(std::move(result));
    }
    flush();
  }

 private:
  void begin(WorkItem item) {
    CalledSample sample;
    sample.item = std::move(item);
    std::vector<ChatCall> calls = stage_.begin(sample);
    if (calls.empty()) {
      passing_.push_back(std::move(sample.item));
      return;
    }
    samples_.emplace(++last_number_, std::move(sample));
    submit(last_number_, std::move(calls));
  }

  void finish(ChatResult result) {
    const std::uint64_t number = result.tag;
    const auto found = samples_.find(number);
    FD_CHECK(found != samples_.end());
    WorkItem& item = found->second.item;
    if (auto record = record_of(item, result)) {
      act::post(recorder_, CallDone{item.run, std::make_shared<Record>(*std::move(record)),
                                    result.journal_seq});
    }
    std::vector<ChatCall> more;
    const CallProgress progress = stage_.take(found->second, std::move(result), more);
    submit(number, std::move(more));
    if (progress == CallProgress::waiting) {
      return;
    }
    if (progress == CallProgress::dropped) {
      auto dropped = std::make_shared<std::vector<WorkItem>>();
      dropped->push_back(std::move(item));
      act::post(recorder_, WorkDropped{std::move(dropped)});
    } else {
      passing_.push_back(std::move(item));
    }
    samples_.erase(found);
  }

  void submit(std::uint64_t number, std::vector<ChatCall> calls) {
    for (ChatCall& call : calls) {
      call.tag = number;
      gateway_->submit(std::move(call));
    }
  }

  /// Sends on what is done.
  void flush() {
    if (!passing_.empty()) {
      auto items = std::make_shared<std::vector<WorkItem>>(std::move(passing_));
      passing_.clear();
      next_->send(WorkBatch{std::move(items), clock_.now()});
    }
  }

  CallStage stage_;
  caf::actor recorder_;
  const Clock& clock_;
  std::shared_ptr<Gateway> gateway_;  // shared with the pipeline; see StartCalls
  std::shared_ptr<const Route> next_;
  std::unordered_map<std::uint64_t, CalledSample> samples_;  // by their number in this process
  std::vector<WorkItem> passing_;
  std::uint64_t last_number_ = 0;
};

caf::behavior call_actor(caf::event_based_actor* self, std::shared_ptr<Caller> caller) {
  act::end_process_on_exception(self, "calls");
  return {[caller](StartCalls& start) { caller->start(start); },
          [caller](WorkBatch& batch) { caller->take(batch); },
          [caller](ChatDone& done) { caller->finish(*done.inbox); }};
}

}  // namespace

caf::actor spawn_call_stage(caf::actor_system& system, CallStage stage, caf::actor recorder,
                            const Clock& clock) {
  return system.spawn(call_actor,
                      std::make_shared<Caller>(std::move(stage), std::move(recorder), clock));
}

}  // namespace fd
