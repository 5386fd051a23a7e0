#include "coordinator/control/samples_reply.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fd {

Samples samples_reply(const SendSamples& send, const std::vector<Sample>& samples,
                      std::size_t max_bytes) {
  Samples reply;
  reply.shard = send.shard;
  reply.fence = send.fence;
  reply.from = send.from;
  reply.next = send.next;
  reply.alone = send.alone;
  reply.after = send.after;
  std::size_t bytes = 0;
  for (const std::uint32_t position : send.positions) {
    SampleItem item;
    item.sample = samples.at(position);
    std::vector<Answer> answers;
    if (const auto found = send.answers.find(position); found != send.answers.end()) {
      answers = found->second;
    }
    if (send.after && position == send.from) {
      const auto last = std::ranges::find(answers, *send.after, &Answer::call_key);
      answers.erase(answers.begin(), last == answers.end() ? last : std::next(last));
    }
    bytes += encoded_size_bound(item);
    for (Answer& answer : answers) {
      bytes += encoded_size_bound(answer);
      item.more = bytes > max_bytes && !item.answers.empty();
      if (item.more) {
        break;
      }
      item.answers.push_back(std::move(answer));
    }
    if ((bytes > max_bytes && !reply.items.empty()) || item.more) {
      reply.next = position;
    }
    if (bytes <= max_bytes || reply.items.empty()) {
      reply.items.push_back(std::move(item));
    }
    if (reply.next == position) {
      break;
    }
  }
  return reply;
}

}  // namespace fd
