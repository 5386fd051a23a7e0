// What WorkerLoop does when the fate of a database changes.

#include "protocol/exit_code.hpp"
#include "worker/worker_loop.hpp"

namespace fd {

void WorkerLoop::take(const DatabasesListed& listed) {
  if (!over_) {
    databases_.take(listed);
    heed_databases();
  }
}

/// A sample failed for its database's sake: the coordinator is told, and the copy is looked at
/// before another sample uses it.
void WorkerLoop::take(const DatabaseTrouble& trouble) {
  if (!over_) {
    log_.error("database_trouble", {{"why", trouble.why}});
    databases_.distrust(trouble.database);
    step(TroubleMet{trouble.why});
  }
}

void WorkerLoop::take(const DatabaseLooked& looked) {
  if (!over_) {
    databases_.take(looked);
    heed_databases();
  }
}

void WorkerLoop::take(const DatabaseAdded& added) {
  if (!over_) {
    databases_.take(added);
    heed_databases();
  }
}

void WorkerLoop::heed_databases() {
  const DatabaseNews news = databases_.news();
  if (over_ || session_ == nullptr) {
    return;
  }
  if (news.disk_failed) {
    log_.error("database_not_stored", {{"why", news.disk_failed->message}});
    end(kExitStorage);
    return;
  }
  session_->take(news);
  for (const auto& [digest, why] : news.given_up) {
    step(TroubleMet{why});  // may be the last: time is up for a worker that leaves
  }
  flush();
}

}  // namespace fd
