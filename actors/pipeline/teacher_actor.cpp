#include "actors/pipeline/teacher_actor.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace fd {
namespace {

/// One sample between its first call and its last answer.
struct Waiting {
  WorkItem item;
  std::uint32_t missing = 0;
  std::uint32_t failed = 0;  ///< the lowest candidate whose call failed, where item.failure is set
  bool cancelled = false;
  std::uint64_t queue_us = 0;
  std::uint64_t service_us = 0;
};

class Teacher {
 public:
  Teacher(PromptStage prompt, std::uint32_t candidates, caf::actor recorder, Route next,
          const Clock& clock)
      : prompt_(std::move(prompt)),
        candidates_(candidates),
        recorder_(std::move(recorder)),
        next_(std::move(next)),
        clock_(clock) {}

  void use(std::shared_ptr<Gateway> gateway) { gateway_ = std::move(gateway); }

  void take(WorkBatch& batch) {
    for (WorkItem& item : *batch.items) {
      start(std::move(item));
    }
    flush();
  }

  void finish(ChatInbox& inbox) {
    for (ChatResult& result : inbox.take()) {
      finish(result);
    }
    flush();
  }

 private:
  void finish(ChatResult& result) {
    const auto found = waiting_.find(result.tag);
    FD_CHECK(found != waiting_.end());
    Waiting& waiting = found->second;
    const bool cancelled = result.call.end == CallEnd::cancelled;
    if (!cancelled || result.call.attempts > 0) {
      report(waiting.item, result);
    }
    waiting.cancelled = waiting.cancelled || cancelled;
    waiting.queue_us = std::max(waiting.queue_us, result.call.queue_us);
    waiting.service_us = std::max(waiting.service_us, result.call.service_us);
    if (result.failure == Reason::none) {
      waiting.item.answers.push_back(std::move(result.answer));
    } else if (!cancelled && (!waiting.item.failure || result.call.candidate < waiting.failed)) {
      waiting.item.failure = result.failure;
      waiting.failed = result.call.candidate;
    }
    if (--waiting.missing > 0) {
      return;
    }
    Waiting done = std::move(waiting);
    waiting_.erase(found);
    done.item.times.push_back({StageId::teacher, done.queue_us, done.service_us});
    if (done.cancelled) {
      auto dropped = std::make_shared<std::vector<WorkItem>>();
      dropped->push_back(std::move(done.item));
      act::post(recorder_, WorkDropped{std::move(dropped)});
    } else {
      pass_on(std::move(done.item));
    }
  }

  void start(WorkItem item) {
    std::vector<ChatCall> calls;
    std::vector<Answer> usable;
    for (std::uint32_t candidate = 0; candidate < candidates_; ++candidate) {
      ChatCall call = prompt_.call(item.sample, candidate);
      const auto recorded =
          std::find_if(item.answers.begin(), item.answers.end(),
                       [&](const Answer& answer) { return answer.call_key == call.call_key; });
      if (recorded != item.answers.end()) {
        usable.push_back(std::move(*recorded));
      } else {
        calls.push_back(std::move(call));
      }
    }
    item.answers = std::move(usable);
    if (calls.empty()) {
      pass_on(std::move(item));
      return;
    }
    const std::uint64_t number = ++last_number_;
    const std::uint32_t shard = item.shard;
    const std::uint64_t fence = item.fence;
    const std::uint64_t era = item.era;
    Waiting waiting;
    waiting.item = std::move(item);
    waiting.missing = static_cast<std::uint32_t>(calls.size());
    waiting_.emplace(number, std::move(waiting));
    for (ChatCall& call : calls) {
      call.tag = number;
      call.shard = shard;
      call.fence = fence;
      call.era = era;
      gateway_->submit(std::move(call));
    }
  }

  void report(const WorkItem& item, const ChatResult& result) {
    auto record = std::make_shared<Record>();
    record->shard = item.shard;
    record->fence = item.fence;
    record->call = result.call;
    if (result.failure == Reason::none) {
      record->answer = result.answer;
    }
    act::post(recorder_, CallDone{item.run, std::move(record), result.journal_seq});
  }

  void pass_on(WorkItem item) {
    std::sort(item.answers.begin(), item.answers.end(),
              [](const Answer& a, const Answer& b) { return a.order() < b.order(); });
    passing_.push_back(std::move(item));
  }

  /// Sends on what has all its answers.
  void flush() {
    if (!passing_.empty()) {
      auto items = std::make_shared<std::vector<WorkItem>>(std::move(passing_));
      passing_.clear();
      next_.send(WorkBatch{std::move(items), clock_.now()});
    }
  }

  PromptStage prompt_;
  std::uint32_t candidates_;
  caf::actor recorder_;
  Route next_;
  const Clock& clock_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;  // by number of the sample in this process
  std::vector<WorkItem> passing_;
  std::uint64_t last_number_ = 0;
  std::shared_ptr<Gateway> gateway_;  // shared with the pipeline; see UseGateway
};

caf::behavior teacher_actor(caf::event_based_actor* self, std::shared_ptr<Teacher> teacher) {
  act::end_process_on_exception(self, "teacher");
  return {[teacher](UseGateway& use) { teacher->use(std::move(use.gateway)); },
          [teacher](WorkBatch& batch) { teacher->take(batch); },
          [teacher](ChatDone& done) { teacher->finish(*done.inbox); }};
}

}  // namespace

caf::actor spawn_teacher(caf::actor_system& system, PromptStage prompt, std::uint32_t candidates,
                         caf::actor recorder, Route next, const Clock& clock) {
  return system.spawn(teacher_actor,
                      std::make_shared<Teacher>(std::move(prompt), candidates, std::move(recorder),
                                                std::move(next), clock));
}

}  // namespace fd
