#include "actors/remote_stage.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace fd {
namespace {

class RemoteStage {
 public:
  RemoteStage(StageId stage, Transport& transport, PeerId peer, Route next, const Clock& clock,
              Duration patience)
      : stage_(stage),
        transport_(transport),
        peer_(std::move(peer)),
        next_(std::move(next)),
        clock_(clock),
        patience_(patience) {}

  void take(WorkBatch batch) {
    const std::uint64_t id = ++last_id_;
    ask(id, waiting_.emplace(id, Waiting{std::move(batch), {}}).first->second);
  }

  void take(StageReply& reply) {
    const auto found = waiting_.find(reply.id);
    if (found == waiting_.end() || found->second.batch.items->size() != reply.items.size()) {
      return;  // repeated, or not an answer to what was asked
    }
    WorkBatch batch = std::move(found->second.batch);
    waiting_.erase(found);
    const Instant now = clock_.now();
    for (std::size_t i = 0; i < reply.items.size(); ++i) {
      WorkItem& item = (*batch.items)[i];
      StageEvidence& evidence = reply.items[i];
      item.candidates = std::move(evidence.candidates);
      item.gold_failed = evidence.gold_failed;
      item.failure = evidence.failure;
      const auto total = static_cast<std::uint64_t>((now - batch.sent).count());
      item.times.at(static_cast<std::size_t>(stage_)) = {
          total - std::min(total, evidence.service_us), evidence.service_us};
    }
    batch.sent = now;
    next_.send(std::move(batch));
  }

  void resend() {
    const Instant now = clock_.now();
    for (auto& [id, waiting] : waiting_) {
      if (now >= waiting.asked + patience_) {
        ask(id, waiting);
      }
    }
  }

  [[nodiscard]] Duration patience() const { return patience_; }

 private:
  struct Waiting {
    WorkBatch batch;
    Instant asked;
  };

  void ask(std::uint64_t id, Waiting& waiting) {
    StageRequest request;
    request.id = id;
    request.stage = stage_;
    for (const WorkItem& item : *waiting.batch.items) {
      request.items.push_back(
          {item.sample, item.answers, item.candidates, item.gold_failed, item.failure});
    }
    waiting.asked = clock_.now();
    transport_.send(peer_, encode_frame(MessageKind::stage_request, "", encode(request)));
  }

  StageId stage_;
  Transport& transport_;
  PeerId peer_;
  Route next_;
  const Clock& clock_;
  Duration patience_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_id_ = 0;
};

caf::behavior remote_stage_actor(caf::event_based_actor* self,
                                 std::shared_ptr<RemoteStage> remote) {
  act::end_process_on_exception(self, "remote stage");
  act::post_later(self, remote->patience(), StageResend{});
  return {[remote](WorkBatch& batch) { remote->take(std::move(batch)); },
          [remote](StageReplyIn& in) { remote->take(*in.reply); },
          [self, remote](const StageResend&) {
            remote->resend();
            act::post_later(self, remote->patience(), StageResend{});
          }};
}

}  // namespace

caf::actor spawn_remote_stage(caf::actor_system& system, StageId stage, Transport& transport,
                              PeerId peer, Route next, const Clock& clock, Duration patience) {
  FD_CHECK(stage != StageId::teacher && stage != StageId::select);
  return system.spawn(remote_stage_actor,
                      std::make_shared<RemoteStage>(stage, transport, std::move(peer),
                                                    std::move(next), clock, patience));
}

Result<std::string> serve_stage(Stage& stage, const Clock& clock, std::string_view frame) {
  FD_TRY(const FrameView view, decode_frame(frame));
  if (view.kind != MessageKind::stage_request) {
    return Error{Errc::invalid_input, "message: not a stage request"};
  }
  FD_TRY(StageRequest request, decode_stage_request(view.body));
  if (request.stage != stage.id()) {
    return Error{Errc::invalid_input, "stage request: for the stage " +
                                          std::string(name(request.stage)) + ", this one is " +
                                          std::string(name(stage.id()))};
  }
  StageReply reply;
  reply.id = request.id;
  for (StageItem& from : request.items) {
    WorkItem item;
    item.sample = std::move(from.sample);
    item.answers = std::move(from.answers);
    item.candidates = std::move(from.candidates);
    item.gold_failed = from.gold_failed;
    item.failure = from.failure;
    const Instant start = clock.now();
    stage.process(item);
    reply.items.push_back({std::move(item.candidates), item.gold_failed, item.failure,
                           static_cast<std::uint64_t>((clock.now() - start).count())});
  }
  return encode_frame(MessageKind::stage_reply, "", encode(reply));
}

}  // namespace fd
