// A worker's service to others, over its loop: what it does for batches that need databases.

#include "worker/peer_service.hpp"

#include <gtest/gtest.h>

#include "tests/worker/worker_loop_fixture.hpp"

namespace fd {
namespace {

using testing_support::WorkerLoopTest;

/// A worker with one lane and room for one of the databases.
class PeerServiceTest : public WorkerLoopTest {
 protected:
  PeerServiceTest() {
    options_.serves_peers = true;
    options_.database_cache_bytes = first_.size();
  }

  /// Lets the disk and the coordinator do what the worker asks of them, once.
  void bring() {
    for (; looked_ < looks_.size(); ++looked_) {
      loop_->take(DatabaseLooked{looks_[looked_], looked_ + 1, {}, 0});
    }
    for (std::size_t i = std::exchange(heard_, sent_.size()); i < heard_; ++i) {
      if (const auto* fetch = std::get_if<FetchDatabase>(&sent_[i])) {
        ++fetches_[fetch->digest];
        const std::string bytes = databases_.at(fetch->digest);
        hear(DatabaseChunk{fetch->digest, 0, bytes.size(), bytes});
      }
    }
    for (const DatabaseChunk& chunk : std::exchange(adds_, {})) {
      loop_->take(DatabaseAdded{chunk.digest, chunk.bytes.size(), true, {}});
    }
  }
  /// The lane is done: each sample comes back with its id as a candidate's text.
  void serve() {
    for (const auto& [ticket, request] : std::exchange(requests_, {})) {
      StageReply reply{request->id, {}, false};
      for (const StageItem& item : request->items) {
        StageEvidence& evidence = reply.items.emplace_back();
        evidence.candidates.emplace_back().text = item.sample.id.hex();
        evidence.failure = item.failure;
      }
      loop_->served(ticket, std::move(reply));
    }
  }
  /// That a request is still at work is no reply to it.
  void reply_to_peer(const std::string& peer, std::string frame) override {
    const StageReply reply = decode<StageReply>(decode_frame(frame)->body).value();
    if (reply.working) {
      working_.push_back(reply.id);
    } else {
      WorkerLoopTest::reply_to_peer(peer, std::move(frame));
    }
  }
  std::vector<std::uint64_t> working_;  ///< requests that were said to be still at work
  [[nodiscard]] std::vector<StageReply> replies() const {
    std::vector<StageReply> found;
    for (const auto& [peer, bytes] : replies_) {
      found.push_back(decode<StageReply>(decode_frame(bytes)->body).value());
    }
    return found;
  }
  [[nodiscard]] Sample of(std::uint32_t number, const std::string& database) const {
    return sample(number, sha256(database).hex());
  }
  static void expect_samples(const StageReply& reply, const std::vector<Sample>& samples) {
    ASSERT_EQ(reply.items.size(), samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      ASSERT_EQ(reply.items[i].candidates.size(), 1u);
      EXPECT_EQ(reply.items[i].candidates[0].text, samples[i].id.hex()) << i;
    }
  }

  const std::string first_ = "database 1";
  const std::string second_ = "database 2";
  const std::string large_ = "database 12";
  const std::map<Digest, std::string> databases_ = {
      {sha256(first_), first_}, {sha256(second_), second_}, {sha256(large_), large_}};
  std::size_t looked_ = 0;
  std::size_t heard_ = 0;
  std::map<Digest, std::uint32_t> fetches_;
};

TEST_F(PeerServiceTest, ABatchWhoseDatabasesDoNotFitTogetherEnds) {
  join();
  const std::vector<Sample> samples = {of(0, first_), of(1, second_), of(2, first_)};
  ask_as_peer(9, samples);
  for (int round = 0; round < 10 && replies_.empty(); ++round) {
    bring();
    serve();
    wake(std::chrono::seconds(1));
  }
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(fetches_.at(sha256(first_)), 1u);
  EXPECT_EQ(fetches_.at(sha256(second_)), 1u);
  EXPECT_EQ(replies()[0].id, 9u);
  expect_samples(replies()[0], samples);
  EXPECT_EQ(state_.served, 3u);
}

/// While a part waits for the lane, another batch has the other database fetched.
TEST_F(PeerServiceTest, WhatWaitsForALaneKeepsItsDatabase) {
  join();
  ask_as_peer(1, {sample(0)});  // has the lane
  ask_as_peer(2, {of(1, first_)});
  bring();
  ask_as_peer(3, {of(2, second_)});
  bring();
  bring();
  EXPECT_TRUE(removed_.empty());
  for (int round = 0; round < 10 && replies_.size() < 3; ++round) {
    serve();
    wake(std::chrono::seconds(1));
    bring();
  }
  EXPECT_EQ(replies_.size(), 3u);
  EXPECT_EQ(fetches_.at(sha256(first_)), 1u);
}

TEST_F(PeerServiceTest, SamplesFailWhoseDatabaseFitsNowhereAndNoOthers) {
  join();
  ask_as_peer(9, {of(0, large_), of(1, first_), sample(2)});
  for (int round = 0; round < 10 && replies_.empty(); ++round) {
    bring();
    serve();
    wake(std::chrono::seconds(1));
  }
  ASSERT_EQ(replies_.size(), 1u);
  const StageReply reply = replies()[0];
  EXPECT_EQ(reply.items[0].failure, Reason::internal);
  EXPECT_EQ(reply.items[1].failure, std::nullopt);
  EXPECT_EQ(reply.items[2].failure, std::nullopt);
  ASSERT_EQ(state_.troubles.size(), 1u);
  EXPECT_NE(state_.troubles[0].find("does not fit"), std::string::npos);
}

TEST_F(PeerServiceTest, ABatchOfWhichAPartWasInterruptedIsPutOffAsAWhole) {
  join();
  ask_as_peer(9, {of(0, first_), sample(1)});
  bring();
  ASSERT_EQ(requests_.size(), 1u);  // there is one lane
  const std::uint64_t ticket = requests_.begin()->first;
  requests_.clear();
  loop_->served(ticket, StageReply{9, {}, true});
  EXPECT_TRUE(replies_.empty());  // the other part is still to come
  serve();
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_TRUE(replies()[0].not_now);
  EXPECT_TRUE(replies()[0].items.empty());
  ask_as_peer(9, {sample(1)});
  serve();
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_EQ(replies()[1].items.size(), 1u);
}

TEST_F(PeerServiceTest, ABatchThatStaysAtWorkIsSaidToBeAndNoOther) {
  join();
  ask_as_peer(9, {of(0, first_), of(1, second_)});
  bring();
  ask_as_peer(10, {sample(2)});  // waits for the lane
  wake(std::chrono::seconds(1));
  EXPECT_TRUE(working_.empty());
  wake(std::chrono::seconds(1));
  EXPECT_EQ(working_, std::vector<std::uint64_t>{9});
}

TEST_F(PeerServiceTest, OneBatchTooManyIsPutOff) {
  join();
  for (std::uint64_t id = 1; id <= kServeQueueMax; ++id) {
    ask_as_peer(id, {sample(0)});
  }
  EXPECT_TRUE(replies_.empty());
  ask_as_peer(kServeQueueMax + 1, {sample(0)});
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_TRUE(replies()[0].not_now);
  serve();
  ask_as_peer(kServeQueueMax + 2, {sample(0)});
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_FALSE(replies()[1].not_now);
}

TEST_F(PeerServiceTest, ABatchAtWorkIsNotTakenTwiceAndOneThatWasServedIsServedAgain) {
  join();
  ask_as_peer(1, {sample(0)});
  ask_as_peer(1, {sample(0)});
  serve();
  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(replies_.size(), 1u);
  ask_as_peer(1, {sample(0)});
  serve();
  EXPECT_EQ(replies_.size(), 2u);
}

/// Samples of this worker waited for it, and its lease is over.
TEST_F(WorkerLoopTest, ADatabaseThatNobodyWaitsForAnyMoreIsNotFetched) {
  options_.database_cache_bytes = 20;
  options_.serves_peers = true;
  join();
  const Digest kept = sha256("kept");
  const Digest dropped = sha256("dropped");
  send_samples({sample(0, dropped.hex()), sample(1, kept.hex())});
  ask_as_peer(1, {sample(2, kept.hex())});
  ASSERT_EQ(looks_, (std::vector{dropped, kept}));
  hear(order());  // without the lease
  loop_->take(DatabaseLooked{dropped, 1, {}, 0});
  EXPECT_EQ(last_sent<FetchDatabase>(), nullptr);
  loop_->take(DatabaseLooked{kept, 2, {}, 0});
  ASSERT_NE(last_sent<FetchDatabase>(), nullptr);
  EXPECT_EQ(last_sent<FetchDatabase>()->digest, kept);
}

TEST_F(PeerServiceTest, WhatNoFrameCanCarryBackIsPutOff) {
  join();
  ask_as_peer(9, {sample(0)});
  ASSERT_EQ(requests_.size(), 1u);
  StageReply reply{9, {}, false};
  reply.items.emplace_back().candidates.emplace_back().text = std::string(kMaxFrameBytes, 'x');
  loop_->served(requests_.begin()->first, std::move(reply));
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_TRUE(replies()[0].not_now);
  EXPECT_TRUE(replies()[0].items.empty());
}

}  // namespace
}  // namespace fd
