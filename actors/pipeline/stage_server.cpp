#include "actors/pipeline/stage_server.hpp"

#include <utility>

#include "actors/pipeline/serve_stages.hpp"

namespace fd {
namespace {

using Stages = std::vector<std::unique_ptr<Stage>>;

caf::behavior stage_server(caf::event_based_actor* self, std::shared_ptr<Stages> stages,
                           const Clock* clock, caf::actor owner) {
  act::end_process_on_exception(self, "stage server");
  return {[=](ServeStages& serve) {
    StagesServed served{serve.ticket, {}, {}};
    served.reply = std::make_shared<StageReply>(
        serve_stages(*stages, *clock, std::move(*serve.request), &served.troubles));
    act::post(owner, std::move(served));
  }};
}

}  // namespace

caf::actor spawn_stage_server(caf::actor_system& system, Stages stages, const Clock& clock,
                              caf::actor owner) {
  return system.spawn(stage_server, std::make_shared<Stages>(std::move(stages)), &clock,
                      std::move(owner));
}

}  // namespace fd
