#include "coordinator/control/status_file.hpp"
#include "coordinator/inspect/status.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

void add(const std::string& label, const std::string& text, std::string& out) {
  constexpr std::size_t kLabelWidth = 10;
  out += label + std::string(label.size() < kLabelWidth ? kLabelWidth - label.size() : 1, ' ') +
         text + "\n";
}

std::string state_text(const RunStatus& status) {
  const std::string start =
      status.epoch ? " (start " + std::to_string(*status.epoch) + ", at " + *status.since + ")"
                   : std::string();
  switch (status.state) {
    case RunState::running:
      return status.updated_at ? "running" + start + ", as of " + *status.updated_at
                               : "somebody works on it, and has not said yet how far it is";
    case RunState::stopped:
      return "nobody is working on it" + (status.updated_at
                                              ? start + "; last heard of at " + *status.updated_at
                                              : std::string());
    case RunState::ended:
      return "ended with exit code " + std::to_string(status.exit_code.value_or(0)) + " at " +
             status.finished_at.value_or("");
  }
  return {};
}

std::string samples_text(const RunStatus& status) {
  return grouped(status.done) + " of " + grouped(status.total) + " done (" +
         percent(status.done, status.total) + "): " + grouped(status.kept) + " kept, " +
         grouped(status.rejected) + " rejected, " + grouped(status.failed) + " failed";
}

std::string calls_text(const RunStatus& status) {
  if (!status.calls) {
    return "not known: they are counted while somebody works on the run, and when it ends";
  }
  return grouped(*status.calls) +
         (status.state == RunState::running ? ", and " + grouped(status.in_flight) + " in flight"
                                            : std::string()) +
         "; " + grouped(status.prompt_tokens) + " tokens in, " + grouped(status.completion_tokens) +
         " out; cost " + cost_text(status.cost, *status.calls, status.unpriced) +
         (status.calls_complete ? "" : " (those of earlier starts are still being counted)");
}

std::string shards_text(const RunStatus& status) {
  return grouped(status.shards_committed) + " of " + grouped(status.shards) + " committed, " +
         grouped(status.shards_failed) + " with failed samples, " + grouped(status.shards_pending) +
         " pending" +
         (status.state == RunState::running ? "; " + grouped(status.shards_leased) + " leased"
                                            : std::string());
}

std::string worker_text(const WorkerView& worker) {
  const std::string stages = stage_names(worker.stages, " ");
  return printable(worker.name) + ": " + grouped(worker.leases) +
         (worker.leases == 1 ? " shard, " : " shards, ") + grouped(worker.in_flight) + " of " +
         grouped(worker.slots) + " calls, heard of " + grouped(worker.silent_ms) +
         " ms before; serves " + (stages.empty() ? "nothing" : stages) +
         (worker.peer_endpoint.empty()
              ? ""
              : ", to others at " + printable(worker.peer_endpoint) + ": " +
                    grouped(worker.serving) + " batches under way, " + grouped(worker.served) +
                    " samples done");
}

json::Value or_null(const std::optional<std::string>& text) {
  return text ? json::Value(*text) : json::Value();
}

}  // namespace

std::string_view name(RunState state) {
  return state == RunState::running ? "running" : state == RunState::stopped ? "stopped" : "ended";
}

std::string render_status(const RunStatus& status) {
  std::string out;
  add("run", status.run_id + " (" + status.root + ")", out);
  add("task", printable(status.task) + ", answered by " + printable(status.model), out);
  add("started", status.started_at, out);
  add("state", state_text(status), out);
  add("samples", samples_text(status), out);
  add("calls", calls_text(status), out);
  add("shards", shards_text(status), out);
  for (const WorkerView& worker : status.workers) {
    add("worker", worker_text(worker), out);
  }
  if (status.go_on) {
    add("to go on", *status.go_on, out);
  }
  return out;
}

json::Value to_json(const RunStatus& status) {
  json::Array workers;
  for (const WorkerView& worker : status.workers) {
    workers.push_back(to_json(worker));
  }
  const auto number = [](std::uint32_t value) { return static_cast<std::uint64_t>(value); };
  const bool cost_known = status.unpriced == 0 || status.unpriced != status.calls;
  return json::Object{
      {"run_id", status.run_id},
      {"task", status.task},
      {"model", status.model},
      {"state", name(status.state)},
      {"started_at", status.started_at},
      {"exit_code", status.exit_code ? json::Value(*status.exit_code) : json::Value()},
      {"finished_at", or_null(status.finished_at)},
      {"epoch", status.epoch ? json::Value(*status.epoch) : json::Value()},
      {"since", or_null(status.since)},
      {"updated_at", or_null(status.updated_at)},
      {"samples", json::Object{{"total", status.total},
                               {"done", status.done},
                               {"kept", status.kept},
                               {"rejected", status.rejected},
                               {"failed", status.failed}}},
      {"in_flight", number(status.in_flight)},
      {"calls", status.calls ? json::Value(*status.calls) : json::Value()},
      {"prompt_tokens", status.prompt_tokens},
      {"completion_tokens", status.completion_tokens},
      {"cost", cost_known ? json::Value(status.cost) : json::Value()},
      {"unpriced", status.unpriced},
      {"calls_complete", status.calls.has_value() && status.calls_complete},
      {"shards", json::Object{{"total", number(status.shards)},
                              {"committed", number(status.shards_committed)},
                              {"failed", number(status.shards_failed)},
                              {"pending", number(status.shards_pending)},
                              {"leased", number(status.shards_leased)}}},
      {"workers", std::move(workers)},
      {"go_on", or_null(status.go_on)}};
}

}  // namespace fd
