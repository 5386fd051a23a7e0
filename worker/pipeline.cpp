#include "worker/pipeline.hpp"

#include <algorithm>
#include <utility>

#include "actors/gateway/purchases.hpp"
#include "actors/pipeline/call_actor.hpp"
#include "actors/pipeline/stage_actor.hpp"
#include "actors/stages/registry.hpp"
#include "actors/stages/teacher.hpp"

namespace fd {

Result<std::unique_ptr<Pipeline>> Pipeline::start(caf::actor_system& system, const Clock& clock,
                                                  const Log& log, const RunConfig& config,
                                                  PipelineOptions options, const caf::actor& sink) {
  FD_TRY(std::unique_ptr<const Questions> questions, make_teacher(config));
  // Refuses a config also where peers run the stage that cannot follow it.
  FD_TRY_VOID(make_stages(config, options.open_database));
  std::unique_ptr<Pipeline> pipeline(new Pipeline(clock, config, options.watch));

  options.remote.local.insert(StageId::select);  // always beside the teacher
  const auto local = [&](StageId stage) { return options.remote.local.contains(stage); };
  std::vector<StageId> last_first = pure_stages();
  std::ranges::reverse(last_first);
  if (!std::ranges::all_of(last_first, local)) {
    pipeline->remote_ =
        spawn_remote_stages(system, clock, log, options.remote, options.connect_peer);
  }
  pipeline->teacher_ =
      spawn_call_stage(system, CallStage(std::move(questions), purchase_max(config)), sink, clock);
  const caf::actor teacher = pipeline->teacher_;
  UseTargets entrances{{{StageId::teacher, Route(teacher)}}};
  const auto golds = std::make_shared<GoldCache>();
  Route next(sink);
  for (const StageId id : last_first) {
    std::vector<caf::actor> actors;
    const bool shared = local(id) && id == StageId::exec;
    const std::size_t count = shared ? options.exec_actors : 1;
    const auto queue = std::make_shared<WorkQueue>(count);
    for (std::size_t lane = 0; lane < count; ++lane) {
      if (!local(id)) {
        actors.push_back(spawn_proxy(system, id, pipeline->remote_));
        continue;
      }
      FD_TRY(std::unique_ptr<Stage> stage, make_stage(id, config, options.open_database, golds));
      actors.push_back(shared ? spawn_stage_lane(system, std::move(stage), queue, lane, next,
                                                 Route(teacher), clock, sink)
                              : spawn_stage(system, std::move(stage), next, clock, sink));
    }
    pipeline->stages_.insert(pipeline->stages_.end(), actors.begin(), actors.end());
    next = shared ? Route(queue, std::move(actors)) : Route(actors.front());
    entrances.targets.emplace(id, next);
  }
  pipeline->exec_.emplace(entrances.targets.at(StageId::exec));
  if (pipeline->remote_) {
    act::post(pipeline->remote_, std::move(entrances));
  }
  auto inbox = std::make_shared<ChatInbox>();
  FD_TRY(std::unique_ptr<Gateway> gateway,
         options.make_gateway(config, [teacher, inbox](ChatResult result) {
           if (inbox->add(std::move(result))) {
             act::post(teacher, ChatDone{inbox});
           }
         }));
  pipeline->gateway_ = std::move(gateway);
  act::post(pipeline->teacher_, StartCalls{pipeline->gateway_, std::make_shared<Route>(next)});
  return pipeline;
}

/// A sample whose gold must run before anything is asked about it goes by way of exec.
void Pipeline::take(std::vector<WorkItem> items) {
  auto with_gold = std::make_shared<std::vector<WorkItem>>();
  auto others = std::make_shared<std::vector<WorkItem>>();
  for (WorkItem& item : items) {
    if (gold_comes_first(config_, item.sample)) {
      item.to_ask = to_come_;
      with_gold->push_back(std::move(item));
    } else {
      others->push_back(std::move(item));
    }
  }
  if (!with_gold->empty()) {
    exec_->send({std::move(with_gold), clock_.now()});
  }
  if (!others->empty()) {
    act::post(teacher_, WorkBatch{std::move(others), clock_.now()});
  }
}

void Pipeline::use_peers(std::vector<PeerInfo> peers) {
  if (remote_) {
    act::post(remote_, PeersKnown{std::make_shared<std::vector<PeerInfo>>(std::move(peers))});
  }
}

CallLoad Pipeline::load() const {
  CallLoad load = gateway_->load();
  const auto to_come = static_cast<std::uint32_t>(to_come_.use_count() - 1);
  load.waiting += to_come * config_.teacher.decode.n;
  return load;
}

void Pipeline::hurry() {
  watch_->hurry();
}

Pipeline::~Pipeline() {
  watch_->stop();
  if (teacher_) {
    caf::anon_send_exit(teacher_, caf::exit_reason::user_shutdown);
  }
  if (remote_) {
    caf::anon_send_exit(remote_, caf::exit_reason::user_shutdown);
  }
  for (const caf::actor& stage : stages_) {
    caf::anon_send_exit(stage, caf::exit_reason::user_shutdown);
  }
  if (gateway_ != nullptr) {
    gateway_->close();
  }
}

}  // namespace fd
