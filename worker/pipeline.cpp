#include "worker/pipeline.hpp"

#include <utility>

namespace fd {

Result<std::unique_ptr<Pipeline>> Pipeline::start(caf::actor_system& system, const Clock& clock,
                                                  const RunConfig& config, PipelineOptions options,
                                                  const caf::actor& sink) {
  FD_TRY(PromptStage prompt, PromptStage::make(config));
  FD_TRY(std::unique_ptr<Stage> rules, make_rules_stage(config));
  std::unique_ptr<Pipeline> pipeline(new Pipeline());

  const auto add = [&](std::unique_ptr<Stage> stage, std::vector<caf::actor> next) {
    caf::actor actor = spawn_stage(system, std::move(stage), Route(std::move(next)), clock);
    pipeline->stages_.push_back(actor);
    return actor;
  };
  const caf::actor select = add(make_select_stage(config), {sink});
  const caf::actor score = add(make_score_stage(config), {select});
  std::vector<caf::actor> exec;
  for (std::uint32_t i = 0; i < options.exec_actors; ++i) {
    exec.push_back(add(make_exec_stage(config, options.open_database), {score}));
  }
  const caf::actor rule_filter = add(std::move(rules), exec);
  const caf::actor clean = add(make_clean_stage(config), {rule_filter});
  pipeline->teacher_ = spawn_teacher(system, std::move(prompt), config.teacher.decode.n, sink,
                                     Route({clean}), clock);
  auto inbox = std::make_shared<ChatInbox>();
  const caf::actor teacher = pipeline->teacher_;
  FD_TRY(std::unique_ptr<Gateway> gateway,
         options.make_gateway(config, options.slots, [teacher, inbox](ChatResult result) {
           if (inbox->add(std::move(result))) {
             act::post(teacher, ChatDone{inbox});
           }
         }));
  pipeline->gateway_ = std::make_shared<ClosableGateway>(std::move(gateway));
  act::post(pipeline->teacher_, UseGateway{pipeline->gateway_});
  return pipeline;
}

Pipeline::~Pipeline() {
  if (teacher_) {
    caf::anon_send_exit(teacher_, caf::exit_reason::user_shutdown);
  }
  for (const caf::actor& stage : stages_) {
    caf::anon_send_exit(stage, caf::exit_reason::user_shutdown);
  }
  if (gateway_ != nullptr) {
    gateway_->close();
  }
}

}  // namespace fd
