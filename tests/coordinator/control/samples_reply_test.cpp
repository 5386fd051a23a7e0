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
  const Samples reply = samples_reply(send, samples_of(5, 10), kSamplesBytes);
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
  const Samples reply = samples_reply(send_of({0, 1, 3}), samples, kSamplesBytes);
  EXPECT_EQ(ordinals(reply), (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(reply.next, 3u);

  // To the byte: what is bounded by the limit fits, one byte more does not.
  const std::size_t both = 2 * encoded_size_bound(SampleItem{samples[0], {}, false});
  samples[1].canonical_input.append(kSamplesBytes - both, 'i');
  EXPECT_EQ(samples_reply(send_of({0, 1}), samples, kSamplesBytes).items.size(), 2u);
  samples[1].canonical_input += 'i';
  EXPECT_EQ(samples_reply(send_of({0, 1}), samples, kSamplesBytes).next, 1u);
}

TEST(SamplesReply, BringsTheFirstHoweverLargeItIs) {
  const Samples reply =
      samples_reply(send_of({0, 1}), samples_of(2, 2 * kSamplesBytes), kSamplesBytes);
  EXPECT_EQ(ordinals(reply), (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(reply.next, 1u);
}

/// Position 0 has five answers of 100 bytes and is followed by another sample.
class SamplesInPieces : public testing::Test {
 protected:
  SamplesInPieces() {
    for (std::uint8_t number = 0; number < 5; ++number) {
      Answer& answer = send_.answers[0].emplace_back();
      answer.call_key.bytes.fill(number);
      answer.candidate = number;
      answer.text = std::string(100, 'a');
    }
    send_.next = 2;
  }
  std::size_t bytes_of(std::size_t answers) const {
    return encoded_size_bound(SampleItem{samples_[0], {}, false}) +
           answers * encoded_size_bound(send_.answers.at(0)[0]);
  }
  static std::vector<std::uint32_t> candidates(const SampleItem& item) {
    std::vector<std::uint32_t> found;
    for (const Answer& answer : item.answers) {
      found.push_back(answer.candidate);
    }
    return found;
  }

  std::vector<Sample> samples_ = samples_of(2, 10);
  SendSamples send_ = send_of({0, 1});
};

TEST_F(SamplesInPieces, AnswersThatDoNotFitFollowWhenTheyAreAskedFor) {
  const Samples first = samples_reply(send_, samples_, bytes_of(2));
  ASSERT_EQ(first.items.size(), 1u);
  EXPECT_EQ(candidates(first.items[0]), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_TRUE(first.items[0].more);
  EXPECT_EQ(first.next, 0u);
  send_.after = send_.answers[0][1].call_key;
  const Samples second = samples_reply(send_, samples_, bytes_of(2));
  EXPECT_EQ(second.after, send_.after);
  EXPECT_EQ(candidates(second.items.at(0)), (std::vector<std::uint32_t>{2, 3}));
  EXPECT_TRUE(second.items[0].more);
  EXPECT_EQ(second.next, 0u);
  send_.after = send_.answers[0][3].call_key;
  const Samples last = samples_reply(send_, samples_, bytes_of(2));
  EXPECT_EQ(candidates(last.items.at(0)), (std::vector<std::uint32_t>{4}));
  EXPECT_FALSE(last.items[0].more);
  EXPECT_EQ(last.next, last.items.size() == 2 ? 2u : 1u);
}

TEST_F(SamplesInPieces, AllOfThemFitToTheByte) {
  const Samples whole = samples_reply(send_, samples_, bytes_of(5));
  ASSERT_EQ(whole.items.size(), 1u);
  EXPECT_EQ(whole.items[0].answers.size(), 5u);
  EXPECT_FALSE(whole.items[0].more);
  EXPECT_EQ(whole.next, 1u);
  const Samples cut = samples_reply(send_, samples_, bytes_of(5) - 1);
  EXPECT_EQ(cut.items.at(0).answers.size(), 4u);
  EXPECT_TRUE(cut.items[0].more);
  EXPECT_EQ(cut.next, 0u);
}

TEST_F(SamplesInPieces, OneAnswerAtLeastComesHoweverLargeItIs) {
  const Samples first = samples_reply(send_, samples_, 1);
  EXPECT_EQ(candidates(first.items.at(0)), (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(first.items[0].more);
}

/// The sample that was asked for has its outcome by now: the next one begins at its first answer.
TEST_F(SamplesInPieces, AnotherSampleThanTheFirstThatWasAskedForComesWhole) {
  send_.answers[1] = send_.answers[0];
  send_.positions = {1};
  send_.after = send_.answers[0][1].call_key;
  const Samples reply = samples_reply(send_, samples_, kSamplesBytes);
  EXPECT_EQ(reply.items.at(0).answers.size(), 5u);
}

}  // namespace
}  // namespace fd
