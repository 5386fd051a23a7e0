#include "actors/pipeline/serve_stages.hpp"

#include <algorithm>
#include <utility>

namespace fd {
namespace {

Stage& find(const std::vector<std::unique_ptr<Stage>>& stages, StageId id) {
  const auto found = std::find_if(stages.begin(), stages.end(),
                                  [id](const auto& stage) { return stage->id() == id; });
  FD_CHECK(found != stages.end());
  return **found;
}

}  // namespace

StageReply serve_stages(const std::vector<std::unique_ptr<Stage>>& stages, const Clock& clock,
                        StageRequest request, std::vector<DatabaseTrouble>* troubles) {
  StageReply reply;
  reply.id = request.id;
  const std::vector<StageId> asked = stages_between(request.stage, request.last);
  for (StageItem& from : request.items) {
    WorkItem item;
    item.sample = std::move(from.sample);
    item.answers = std::move(from.answers);
    item.candidates = std::move(from.candidates);
    item.gold_failed = from.gold_failed;
    item.failure = from.failure;
    StageEvidence evidence;
    for (const StageId id : asked) {
      const Instant start = clock.now();
      find(stages, id).process(item);
      const auto service_us = static_cast<std::uint64_t>((clock.now() - start).count());
      evidence.times.push_back({id, 0, service_us});
    }
    if (item.interrupted) {
      return {request.id, {}, true};
    }
    if (!item.trouble.empty() && troubles != nullptr) {
      troubles->push_back({item.sample.database, std::move(item.trouble)});
    }
    evidence.candidates = std::move(item.candidates);
    evidence.gold_failed = item.gold_failed;
    evidence.failure = item.failure;
    reply.items.push_back(std::move(evidence));
  }
  return reply;
}

}  // namespace fd
