#include "coordinator/control/samples_reply.hpp"

#include <utility>

namespace fd {

Samples samples_reply(const SendSamples& send, const std::vector<Sample>& samples) {
  Samples reply;
  reply.shard = send.shard;
  reply.fence = send.fence;
  reply.from = send.from;
  reply.next = send.next;
  reply.alone = send.alone;
  std::size_t bytes = 0;
  for (const std::uint32_t position : send.positions) {
    SampleItem item;
    item.sample = samples.at(position);
    if (const auto answers = send.answers.find(position); answers != send.answers.end()) {
      item.answers = answers->second;
    }
    bytes += encoded_size_bound(item);
    if (bytes > kSamplesBytes && !reply.items.empty()) {
      reply.next = position;
      break;
    }
    reply.items.push_back(std::move(item));
  }
  return reply;
}

}  // namespace fd
