#include "tests/load/load_worker.hpp"

#include <algorithm>
#include <utility>

#include "actors/sandbox/sql_sandbox.hpp"
#include "protocol/frame.hpp"

namespace fd::load {
namespace {

constexpr std::string_view kModel = "load";

WorkerCoreConfig core_config(std::uint32_t number, std::uint64_t incarnation) {
  WorkerCoreConfig config;
  config.name = "load-" + std::to_string(number);
  config.incarnation = incarnation;
  config.policy = verdict_policy();
  return config;
}

Record answer_to(const StartSample& sample, std::size_t answer_bytes) {
  Record record;
  record.shard = sample.shard;
  record.fence = sample.fence;
  Answer& answer = record.answer.emplace();
  answer.sample_id = sample.item.sample.id;
  answer.call_key = sha256(sample.item.sample.canonical_input);
  answer.model = kModel;
  answer.text = "SELECT '" + answer.call_key.hex() + "'";
  answer.text.resize(std::max(answer.text.size(), answer_bytes), ' ');
  answer.finish_reason = "stop";
  Call& call = record.call.emplace();
  call.sample_id = answer.sample_id;
  call.call_key = answer.call_key;
  call.endpoint = kModel;
  call.attempts = 1;
  call.http_status = 200;
  call.prompt_tokens = 100;
  call.completion_tokens = answer.text.size() / 4;
  call.service_us = 1;
  return record;
}

Record outcome_of(const StartSample& sample, const Answer& answer) {
  Record record;
  record.shard = sample.shard;
  record.fence = sample.fence;
  Outcome& outcome = record.outcome.emplace();
  outcome.sample_id = answer.sample_id;
  outcome.verdict = Verdict::kept;
  outcome.reason = Reason::none;
  outcome.chosen = 0;
  Candidate candidate;
  candidate.call_key = answer.call_key;
  candidate.text = answer.text.substr(0, answer.text.find_last_not_of(' ') + 1);
  candidate.clean_rule = "plain";
  candidate.score = 1.0;
  outcome.candidates.push_back(std::move(candidate));
  return record;
}

}  // namespace

LoadWorker::LoadWorker(std::uint32_t number, std::uint64_t incarnation, std::size_t answer_bytes,
                       Measured& measured, Send send)
    : answer_bytes_(answer_bytes),
      measured_(measured),
      send_(std::move(send)),
      core_(core_config(number, incarnation)) {}

void LoadWorker::tick(Instant now) {
  step(now, WorkerTicked{});
}

void LoadWorker::receive(Instant now, std::string_view bytes) {
  if (!dispatch(now, bytes).ok()) {
    ++measured_.refused;
  }
}

Result<void> LoadWorker::dispatch(Instant now, std::string_view bytes) {
  FD_TRY(const FrameView frame, decode_frame(bytes));
  FromCoordinator from{std::string(frame.run_id), frame.speaker};
  switch (frame.kind) {
    case MessageKind::order: {
      FD_TRY(Order order, decode<Order>(frame.body));
      if (const auto sent = states_sent_.find(order.ack_seq); sent != states_sent_.end()) {
        const auto took_us = static_cast<std::uint32_t>((now - sent->second).count());
        measured_.control_us.push_back(took_us);
        (has_new_lease(order) ? measured_.granting_us : measured_.plain_us).push_back(took_us);
        states_sent_.erase(states_sent_.begin(), std::next(sent));
      }
      run_over_ = run_over_ || (served_ && order.run_over);
      step(now, OrderArrived{std::move(from), std::move(order)});
      return {};
    }
    case MessageKind::run_spec: {
      FD_TRY(RunSpec spec, decode<RunSpec>(frame.body));
      served_ = true;
      step(now, RunSpecArrived{std::move(from), std::move(spec)});
      return {};
    }
    case MessageKind::samples: {
      FD_TRY(Samples samples, decode<Samples>(frame.body));
      step(now, SamplesArrived{std::move(from), std::move(samples)});
      return {};
    }
    case MessageKind::ack: {
      FD_TRY(const Ack ack, decode<Ack>(frame.body));
      while (!batches_.empty() && batches_.begin()->first <= ack.seq) {
        measured_.acknowledged += batches_.begin()->second;
        batches_.erase(batches_.begin());
      }
      step(now, AckArrived{std::move(from), ack});
      return {};
    }
    case MessageKind::flush_marker: {
      FD_TRY(const FlushMarker marker, decode<FlushMarker>(frame.body));
      step(now, FlushMarkerReturned{std::move(from), marker});
      return {};
    }
    default:
      return Error{Errc::invalid_input, "message: not one for this worker"};
  }
}

bool LoadWorker::has_new_lease(const Order& order) {
  const std::uint64_t before = highest_fence_;
  for (const GrantedLease& lease : order.leases) {
    highest_fence_ = std::max(highest_fence_, lease.fence);
  }
  return highest_fence_ > before;
}

bool LoadWorker::finish_one(Instant now) {
  if (samples_.empty()) {
    return false;
  }
  const StartSample sample = std::move(samples_.front());
  samples_.pop_front();
  Record answered = answer_to(sample, answer_bytes_);
  Record outcome = outcome_of(sample, *answered.answer);
  step(now, RecordReady{std::move(answered), false, 0});
  ++measured_.outcomes;
  step(now, RecordReady{std::move(outcome), true, 0});
  return true;
}

void LoadWorker::step(Instant now, WorkerEvent event) {
  perform(now, core_.step(now, std::move(event)));
}

void LoadWorker::perform(Instant now, WorkerEffects effects) {
  if (effects.reset) {
    samples_.clear();
    batches_.clear();
  }
  for (StartSample& sample : effects.start) {
    samples_.push_back(std::move(sample));
  }
  for (const WorkerMessage& message : effects.send) {
    send(now, message);
  }
}

void LoadWorker::send(Instant now, const WorkerMessage& message) {
  if (const auto* state = std::get_if<WorkerState>(&message)) {
    states_sent_[state->seq] = now;
  } else if (const auto* deliver = std::get_if<Deliver>(&message)) {
    batches_[deliver->seq] = deliver->records.size();
  }
  send_(frame_of(core_.run_id(), core_.speaker(), message));
}

}  // namespace fd::load
