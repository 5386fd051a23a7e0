#include "actors/stages/call_stage.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fd {
namespace {

const Answer* find_answer(const std::vector<Answer>& answers, const Digest& key) {
  const auto found = std::ranges::find(answers, key, &Answer::call_key);
  return found != answers.end() ? &*found : nullptr;
}

/// Returns whether a call can join the purchase `first` as its last candidate: all but its seed is
/// the same, and that is as far from the first one's as the candidate. Calls come in the order of
/// their candidates.
bool joins(const ChatCall& first, const ChatCall& call) {
  DecodeConfig decode = first.decode;
  if (decode.seed) {
    *decode.seed += first.count;
  }
  return in_purchase(first, first.count + 1, call) && call.model == first.model &&
         call.decode == decode && call.messages == first.messages;
}

/// Returns whether no answer could change what becomes of an item.
bool is_decided(const WorkItem& item) {
  return item.failure.has_value() || item.gold_failed;
}

void set_lease(const WorkItem& item, std::vector<ChatCall>& calls) {
  for (ChatCall& call : calls) {
    call.shard = item.shard;
    call.fence = item.fence;
    call.era = item.era;
  }
}

std::uint32_t candidates_of(const std::vector<ChatCall>& calls) {
  std::uint32_t sum = 0;
  for (const ChatCall& call : calls) {
    sum += call.count;
  }
  return sum;
}

}  // namespace

/// What an item needs: calls that it has answers to, and those that it has none to.
struct CallStage::Walked {
  std::vector<Digest> answered;
  std::vector<ChatCall> missing;
};

CallStage::CallStage(std::unique_ptr<const Questions> questions, std::uint32_t count_max)
    : questions_(std::move(questions)), count_max_(count_max) {
  FD_CHECK(count_max_ >= 1);
}

CallStage::Walked CallStage::walk(const WorkItem& item) const {
  Walked walked;
  for (ChatCall& first : questions_->first(item)) {
    std::optional<ChatCall> call = std::move(first);
    while (call) {
      const Answer* answer = find_answer(item.answers, call->call_key);
      if (answer == nullptr) {
        walked.missing.push_back(*std::move(call));
        break;
      }
      walked.answered.push_back(call->call_key);
      call = questions_->repair(item, *answer);
    }
  }
  return walked;
}

std::vector<ChatCall> CallStage::purchases(std::vector<ChatCall> missing) const {
  if (count_max_ == 1) {
    return missing;
  }
  std::vector<ChatCall> calls;
  for (ChatCall& call : missing) {
    if (!calls.empty() && calls.back().count < count_max_ && joins(calls.back(), call)) {
      ++calls.back().count;
      calls.back().more_keys.push_back(call.call_key);
    } else {
      calls.push_back(std::move(call));
    }
  }
  return calls;
}

std::vector<ChatCall> CallStage::plan(const WorkItem& item) const {
  return is_decided(item) ? std::vector<ChatCall>() : purchases(walk(item).missing);
}

std::vector<ChatCall> CallStage::begin(CalledSample& sample) const {
  WorkItem& item = sample.item;
  item.to_ask.reset();
  Walked walked = walk(item);
  std::erase_if(item.answers, [&](const Answer& answer) {
    return answer.role == questions_->role() &&
           std::ranges::find(walked.answered, answer.call_key) == walked.answered.end();
  });
  std::vector<ChatCall> calls;
  if (!is_decided(item)) {
    calls = purchases(std::move(walked.missing));
  }
  set_lease(item, calls);
  sample.open = candidates_of(calls);
  if (calls.empty()) {
    close(item);
  }
  return calls;
}

CallProgress CallStage::take(CalledSample& sample, ChatResult result,
                             std::vector<ChatCall>& more) const {
  std::vector<ChatCall> calls;
  if (result.failure == Reason::none) {
    FD_CHECK(sample.open > 0);
    --sample.open;
    if (std::optional<ChatCall> repair = questions_->repair(sample.item, result.answer)) {
      ++sample.open;
      calls.push_back(*std::move(repair));
    }
    sample.item.answers.push_back(std::move(result.answer));
  }
  if (!result.partial) {
    end_call(sample, result, calls);
  }
  set_lease(sample.item, calls);
  std::ranges::move(calls, std::back_inserter(more));
  if (sample.open > 0) {
    return CallProgress::waiting;
  }
  add_time(sample.item, {questions_->stage(), sample.queue_us, sample.service_us});
  if (sample.cancelled) {
    return CallProgress::dropped;
  }
  if (sample.failed) {
    sample.item.failure = sample.failed->second;
  }
  close(sample.item);
  return CallProgress::done;
}

/// A call ended. What of a purchase did not come is asked for again, unless the call failed.
void CallStage::end_call(CalledSample& sample, const ChatResult& result,
                         std::vector<ChatCall>& more) const {
  sample.queue_us = std::max(sample.queue_us, result.call.queue_us);
  sample.service_us = std::max(sample.service_us, result.call.service_us);
  const bool failed = result.failure != Reason::none;
  if (!failed && result.call.count == 1) {
    return;
  }
  std::vector<ChatCall> missing = absent(sample.item, result.call);
  if (!failed) {
    std::ranges::move(purchases(std::move(missing)), std::back_inserter(more));
    return;
  }
  if (missing.empty()) {
    return;  // all that it was asked for had come before
  }
  FD_CHECK(sample.open >= missing.size());
  sample.open -= static_cast<std::uint32_t>(missing.size());
  if (result.call.end == CallEnd::cancelled) {
    sample.cancelled = true;
  } else if (const CallIdentity& lowest = missing.front();
             !sample.failed || lowest < sample.failed->first) {
    sample.failed.emplace(lowest, result.failure);
  }
}

/// Returns the calls of a purchase that has ended whose answers did not come.
std::vector<ChatCall> CallStage::absent(const WorkItem& item, const Call& ended) const {
  std::vector<ChatCall> missing = walk(item).missing;
  std::erase_if(missing,
                [&](const ChatCall& call) { return !in_purchase(ended, ended.count, call); });
  return missing;
}

void CallStage::close(WorkItem& item) const {
  std::ranges::sort(item.answers, {}, &Answer::order);
  if (!item.failure) {
    questions_->conclude(item);
  }
}

std::optional<Record> record_of(const WorkItem& item, const ChatResult& result) {
  const bool unsent = !result.partial && result.call.end == CallEnd::cancelled;
  if (unsent && result.call.attempts == 0) {
    return std::nullopt;
  }
  Record record;
  record.shard = item.shard;
  record.fence = item.fence;
  if (result.failure == Reason::none) {
    record.answer = result.answer;
  }
  if (!result.partial) {
    record.call = result.call;
  }
  return record;
}

}  // namespace fd
