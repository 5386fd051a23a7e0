#include "coordinator/control/samples_reply.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

std::vector<Sample> samples_of(std::size_t count, std::size_t input_bytes) {
  std::vector<Sample> samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    samples[i].ordinal = i;
    samples[i].canonical_input = std::string(input_bytes, 'i');
  }
  return samples;
}

SendSamples send_of(std::vector<std::uint32_t> positions) {
  SendSamples send;
  send.shard = 3;
  send.fence = 7;
  send.from = positions.front();
  send.next = 100;
  send.positions = std::move(positions);
  return send;
}

std::vector<std::uint64_t> ordinals(const Samples& reply) {
  std::vector<std::uint64_t> ordinals;
  for (const SampleItem& item : reply.items) {
    ordinals.push_back(item.sample.ordinal);
  }
  return ordinals;
}

TEST(SamplesReply, BringsWhatIsNamedWithItsRecordedAnswers) {
  SendSamples send = send_of({1, 4});
  send.answers[4] = {Answer{}};
  send.alone = true;
  const Samples reply = samples_reply(send, samples_of(5, 10));
  EXPECT_EQ(ordinals(reply), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_TRUE(reply.items[0].answers.empty());
  EXPECT_EQ(reply.items[1].answers.size(), 1u);
  EXPECT_EQ(reply.shard, 3u);
  EXPECT_EQ(reply.fence, 7u);
  EXPECT_EQ(reply.from, 1u);
  EXPECT_EQ(reply.next, 100u);
  EXPECT_TRUE(reply.alone);
}

TEST(SamplesReply, StopsBeforeTheFirstThatDoesNotFit) {
  std::vector<Sample> samples = samples_of(4, kSamplesBytes / 3);
  const Samples reply = samples_reply(send_of({0, 1, 3}), samples);
  EXPECT_EQ(ordinals(reply), (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(reply.next, 3u);

  // To the byte: what is bounded by the limit fits, one byte more does not.
  const std::size_t both = 2 * encoded_size_bound(SampleItem{samples[0], {}});
  samples[1].canonical_input.append(kSamplesBytes - both, 'i');
  EXPECT_EQ(samples_reply(send_of({0, 1}), samples).items.size(), 2u);
  samples[1].canonical_input += 'i';
  EXPECT_EQ(samples_reply(send_of({0, 1}), samples).next, 1u);
}

TEST(SamplesReply, BringsTheFirstHoweverLargeItIs) {
  const Samples reply = samples_reply(send_of({0, 1}), samples_of(2, 2 * kSamplesBytes));
  EXPECT_EQ(ordinals(reply), (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(reply.next, 1u);
}

}  // namespace
}  // namespace fd
