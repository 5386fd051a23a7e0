#include "worker/statement_watch.hpp"

#include <utility>

#include "protocol/base/digest.hpp"

namespace fd {

bool StatementWatch::look(const RunningSql& running, const std::string& database,
                          Seen& seen) const {
  const Instant now = clock_.now();
  if (running.looks == 0) {
    seen = {now, false};
  }
  const bool slow = now - seen.begun >= kSlowStatement;
  if (slow && !seen.named) {
    seen.named = true;
    log_.warn("slow_statement",
              {{"sample", std::string(running.sample)},
               {"database", database},
               {"seconds", std::to_string((now - seen.begun) / std::chrono::seconds(1))},
               {"sql", std::string(running.sql)}});
  }
  const bool ran_when_hurried = seen.begun <= hurried_.load();
  return !over_ && !(slow && ran_when_hurried);
}

SandboxOpener watched_opener(std::string directory, std::shared_ptr<StatementWatch> watch) {
  return [directory = std::move(directory), watch = std::move(watch)](
             const std::string& database) -> Result<std::unique_ptr<SqlSandbox>> {
    const auto digest = Digest::from_hex(database);
    if (!digest) {
      return Error{Errc::invalid_input, "'" + database + "' is no digest of a database"};
    }
    return open_sqlite_sandbox(
        directory + "/" + digest->hex(),
        [watch, database, seen = StatementWatch::Seen{}](const RunningSql& running) mutable {
          return watch->look(running, database, seen);
        });
  };
}

}  // namespace fd
