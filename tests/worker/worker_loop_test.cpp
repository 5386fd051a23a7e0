#include "worker/worker_loop.hpp"

#include <algorithm>

#include "protocol/exit_code.hpp"
#include "tests/worker/worker_loop_fixture.hpp"

namespace fd {
namespace {

using std::chrono::seconds;
using testing_support::Events;
using testing_support::WorkerLoopTest;

Record answer_record(const Sample& sample) {
  Record record{0, 1, {}, {}, {}, {}};
  static_cast<CallIdentity&>(record.answer.emplace()).sample_id = sample.id;
  record.answer->call_key = sha256("key " + sample.id.hex());
  static_cast<CallIdentity&>(record.call.emplace()) = *record.answer;
  return record;
}

// --- sessions -----------------------------------------------------------------------------------

TEST_F(WorkerLoopTest, ARunBeginsWithItsJournalAndEndsWithIt) {
  left_.ended.push_back(answer_record(sample(9)));
  left_.in_doubt.emplace_back().sample_id = sample(8).id;
  left_.incarnations = {3};
  start();
  hear(order());
  EXPECT_EQ(events_, (Events{"state", "journal opened", "state", "state"}));
  EXPECT_EQ(identities_[0].run_id, "run");
  EXPECT_EQ(identities_[0].incarnation, 6u);
  EXPECT_EQ(state_.owed, 2u) << "the first state that knows the run says what is owed";
  EXPECT_EQ(state_.recovered, std::vector<std::uint64_t>{3});
  wake(seconds(1));
  ASSERT_NE(last_sent<Deliver>(), nullptr);
  EXPECT_EQ(last_sent<Deliver>()->records.size(), 2u);

  hear(RunSpec{sha256(spec_), spec_});
  EXPECT_TRUE(noted("stages started"));
  events_.clear();
  Order over = order();
  over.run_over = true;
  hear(over);
  EXPECT_EQ(events_, (Events{"gateway ended", "stages ended", "journal closed"}));
}

TEST_F(WorkerLoopTest, AnotherConfigIsAnotherSession) {
  join();
  send_samples({sample(0), sample(1)});
  ASSERT_EQ(items_.size(), 2u);
  const std::uint64_t before = items_[0].run;
  events_.clear();
  left_.in_doubt.emplace_back().sample_id = sample(0).id;
  hear(RunSpec{sha256(changed_spec_), changed_spec_});
  const auto end = std::ranges::find(events_, "state");
  const Instant deadline = clock_.now() + seconds(10);
  EXPECT_EQ(Events(events_.begin(), end),
            (Events{"gateway ended", "stages ended", "journal closed", "journal opened",
                    "stages started", "peers 0", "share p 4",
                    "deadline " + std::to_string(deadline.time_since_epoch().count())}));
  EXPECT_EQ(identities_.back().incarnation, 7u);
  EXPECT_EQ(state_.config, sha256(changed_spec_));
  EXPECT_EQ(state_.owed, 1u) << "the call that was in flight; no sample";
  ASSERT_EQ(state_.leases.size(), 1u);
  EXPECT_EQ(state_.leases[0].outstanding, 0u);
  EXPECT_EQ(state_.leases[0].unfetched, 0u) << "what is missing comes under a new fence";

  // Late messages of the session before mean nothing.
  loop_->record(before, answer_record(sample(0)), 1);
  WorkItem late;
  late.run = before;
  late.outcome.emplace();
  loop_->finish({late});
  loop_->drop({late});
  EXPECT_FALSE(loop_->refused());
  EXPECT_FALSE(exit_code_.has_value());
}

// --- shares -------------------------------------------------------------------------------------

TEST_F(WorkerLoopTest, ASmallerShareIsConfirmedWithWhatIsInFlightOnceTheGatewayGoesByIt) {
  join();
  send_samples({sample(0), sample(1)});
  load_.at = {{"p", 4}};
  events_.clear();
  Order less = order({{0, 1, 2}});
  less.shares = {{"p", 1}};
  less.share_number = 2;
  hear(less);
  const auto told = std::ranges::find(events_, "share p 1");
  EXPECT_NE(std::find(told, events_.end(), "state"), events_.end()) << "said after it goes by it";
  EXPECT_EQ(state_.share_heard, 2u);
  EXPECT_EQ(state_.shares, (std::vector<Share>{{"p", 1}}));
  EXPECT_EQ(state_.calls, (std::vector<Share>{{"p", 4}}));

  // An order that was overtaken changes nothing.
  events_.clear();
  hear(order({{0, 1, 2}}));
  EXPECT_FALSE(noted("share p 4"));
  EXPECT_EQ(state_.shares, (std::vector<Share>{{"p", 1}}));
}

TEST_F(WorkerLoopTest, WhatIsGivenBackIsSaidSoonAfterACallEnded) {
  join();
  send_samples({sample(0), sample(1)});
  load_.at = {{"p", 4}};
  Order less = order({{0, 1, 2}});
  less.shares = {{"p", 1}};
  less.share_number = 2;
  hear(less);
  load_.at = {{"p", 3}};
  loop_->record(items_[0].run, answer_record(sample(0)), 1);
  EXPECT_LE(wake_at_, clock_.now() + std::chrono::milliseconds(20)) << "with the record";
  wake(std::chrono::milliseconds(100));
  EXPECT_EQ(state_.calls, (std::vector<Share>{{"p", 3}}));
}

TEST_F(WorkerLoopTest, AWorkerThatLeavesSaysThatItBeginsNoCall) {
  join();
  send_samples({sample(0), sample(1)});
  load_.at = {{"p", 2}};
  loop_->stop();
  EXPECT_TRUE(state_.leaving);
  EXPECT_TRUE(state_.shares.empty());
  EXPECT_EQ(state_.calls, (std::vector<Share>{{"p", 2}}));
}

TEST_F(WorkerLoopTest, TheSameConfigAgainChangesNothing) {
  join();
  hear(RunSpec{sha256(spec_), spec_});
  EXPECT_TRUE(events_.empty());
}

TEST_F(WorkerLoopTest, WhatWasSentBeforeTheSessionEndedKeepsItsNumberAndReleasesNothing) {
  join();
  send_samples({sample(0), sample(1)});
  loop_->record(items_[0].run, answer_record(sample(0)), 1);
  wake(std::chrono::milliseconds(10));
  ASSERT_NE(last_sent<Deliver>(), nullptr);
  EXPECT_EQ(last_sent<Deliver>()->seq, 1u);
  left_.ended.push_back(answer_record(sample(0)));
  hear(RunSpec{sha256(changed_spec_), changed_spec_});
  wake(std::chrono::milliseconds(10));
  ASSERT_EQ(last_sent<Deliver>()->seq, 2u) << "the journal offers the answer once more";
  events_.clear();
  hear(Ack{1});
  EXPECT_FALSE(noted("release 1")) << "the number is of the journal before";
  hear(Ack{2});
  EXPECT_TRUE(noted("release 1"));
}

// --- the order of effects -----------------------------------------------------------------------

TEST_F(WorkerLoopTest, NothingIsReleasedBeforeItIsAcknowledged) {
  join();
  send_samples({sample(0), sample(1)});
  loop_->record(items_[0].run, answer_record(sample(0)), 1);
  loop_->record(items_[0].run, answer_record(sample(1)), 2);
  wake(std::chrono::milliseconds(10));
  EXPECT_TRUE(noted("deliver"));
  EXPECT_FALSE(noted("release 1"));
  EXPECT_FALSE(noted("release 2"));
  hear(Ack{1});
  EXPECT_TRUE(noted("release 2"));
}

TEST_F(WorkerLoopTest, TheGatewayIsToldUntilWhenItMaySend) {
  join();
  hear(order({{0, 1, 2}}));  // answers no new state
  wake(seconds(1));
  hear(order({{0, 1, 2}}));
  const Instant deadline = clock_.now() + seconds(10);
  EXPECT_TRUE(noted("deadline " + std::to_string(deadline.time_since_epoch().count())));
}

TEST_F(WorkerLoopTest, ALeaseThatIsOverCancelsWhatWasNotSent) {
  join();
  send_samples({sample(0), sample(1)});
  events_.clear();
  wake(seconds(11));
  EXPECT_TRUE(noted("cancel"));
  loop_->drop(items_);
  wake(seconds(1));
  EXPECT_EQ(state_.owed, 0u);
}

TEST_F(WorkerLoopTest, AStopDeliversAndSaysSoBeforeTheEnd) {
  join();
  send_samples({sample(0)});
  loop_->stop();
  EXPECT_FALSE(exit_code_.has_value());
  events_.clear();
  finish(sample(0));
  wake(std::chrono::milliseconds(10));
  EXPECT_FALSE(exit_code_.has_value()) << "its record is not acknowledged";
  hear(Ack{1});
  EXPECT_EQ(exit_code_, kExitComplete);
  EXPECT_EQ(events_, (Events{"deliver", "state", "gateway ended", "stages ended", "journal closed",
                             "ended"}));
}

TEST_F(WorkerLoopTest, AfterTheEndNothingIsTaken) {
  join();
  send_samples({sample(0)});
  loop_->rejected();
  EXPECT_EQ(exit_code_, kExitRefused);
  events_.clear();
  hear(order());
  loop_->record(items_[0].run, answer_record(sample(0)), 1);
  finish(sample(0));
  loop_->stop();
  loop_->rejected();
  loop_->take(DatabaseLooked{sha256("d"), 1, {}, 0});
  loop_->take_request("peer", "not a frame");
  wake(seconds(60));
  EXPECT_TRUE(events_.empty());
}

// --- what cannot be done ------------------------------------------------------------------------

TEST_F(WorkerLoopTest, AJournalThatCannotBeOpenedEndsTheWorkerWithItsCode) {
  const std::vector<std::pair<Errc, int>> cases = {{Errc::corrupt, kExitCorrupt},
                                                   {Errc::unsupported, kExitMismatch},
                                                   {Errc::storage, kExitStorage}};
  for (const auto& [code, exit_code] : cases) {
    exit_code_.reset();
    state_ = {};
    start();
    journal_error_ = Error{code, "a journal"};
    hear(order());
    EXPECT_EQ(exit_code_, exit_code);
  }
}

TEST_F(WorkerLoopTest, AConfigThatCannotBeFollowedEndsTheWorker) {
  start();
  hear(order());
  stages_error_ = Error{Errc::invalid_input, "a rule"};
  hear(RunSpec{sha256(spec_), spec_});
  EXPECT_EQ(exit_code_, kExitUsage);
}

TEST_F(WorkerLoopTest, AConfigOfAnotherBuildEndsTheWorkerAsAMismatch) {
  start();
  hear(order());
  const std::string other = R"({"task":"text2sql"})";
  hear(RunSpec{sha256(other), other});
  EXPECT_EQ(exit_code_, kExitMismatch);
}

TEST_F(WorkerLoopTest, AJournalsDiskThatFailsEndsTheWorker) {
  join();
  loop_->journal_failed(Error{Errc::storage, "no space left"});
  EXPECT_EQ(exit_code_, kExitStorage);
  EXPECT_EQ(events_.back(), "ended");
}

TEST_F(WorkerLoopTest, ASampleWaitsForItsDatabase) {
  join();
  const std::string bytes = "a database";
  const Digest digest = sha256(bytes);
  send_samples({sample(0, digest.hex()), sample(1)});
  EXPECT_EQ(items_.size(), 1u);
  EXPECT_EQ(looks_, std::vector{digest});
  find_nothing();
  ASSERT_NE(last_sent<FetchDatabase>(), nullptr);
  hear(DatabaseChunk{digest, 0, bytes.size(), bytes});
  ASSERT_EQ(adds_.size(), 1u);
  loop_->take(DatabaseAdded{digest, bytes.size(), true, {}});
  ASSERT_EQ(items_.size(), 2u);
  EXPECT_EQ(items_[1].sample.id, sample(0).id);
}

TEST_F(WorkerLoopTest, ASampleWhoseDatabaseCannotBeHadFailsAndTheCoordinatorIsTold) {
  join(3);
  const Digest digest = sha256("large");
  send_samples({sample(0, digest.hex()), sample(1)});
  find_nothing();
  hear(DatabaseChunk{digest, 0, 101, "larg"});  // the cache holds 100 bytes
  EXPECT_EQ(items_.size(), 1u) << "nothing is asked of a teacher for it";
  ASSERT_EQ(state_.troubles.size(), 1u);
  EXPECT_NE(state_.troubles[0].find("--cache-mb"), std::string::npos);
  wake(std::chrono::milliseconds(10));
  const auto* deliver = last_sent<Deliver>();
  ASSERT_NE(deliver, nullptr);
  ASSERT_EQ(deliver->records.size(), 1u);
  EXPECT_EQ(deliver->records[0].outcome->sample_id, sample(0).id);
  EXPECT_EQ(deliver->records[0].outcome->verdict, Verdict::failed);
  EXPECT_EQ(deliver->records[0].outcome->reason, Reason::internal);
}

TEST_F(WorkerLoopTest, ADatabaseThatIsGivenUpWhenTimeIsUpForALeavingWorkerEndsItInOrder) {
  options_.serves_peers = true;
  join(3);
  const Digest digest = sha256("large");
  send_samples({sample(0, digest.hex()), sample(1)});
  ask_as_peer(9, {sample(7, digest.hex())});  // waits for it also when this worker leaves
  find_nothing();
  const DatabaseAdded damaged{digest, 0, false, Error{Errc::corrupt, "another digest"}};
  for (std::uint32_t times = 1; times < DatabaseClient::kDamagedMax; ++times) {
    hear(DatabaseChunk{digest, 0, 5, "l"});
    loop_->take(damaged);
  }
  hear(DatabaseChunk{digest, 0, 5, "l"});
  loop_->stop();
  clock_.now_ += options_.core.drain;
  EXPECT_FALSE(exit_code_.has_value());
  loop_->take(damaged);  // the first event after that, and the last of its kind
  EXPECT_EQ(exit_code_, kExitComplete);
}

TEST_F(WorkerLoopTest, AWorkerThatLeavesOffersANewSessionsJournalFirst) {
  join();
  send_samples({sample(0)});
  loop_->stop();
  EXPECT_FALSE(exit_code_.has_value());
  left_.in_doubt.emplace_back().sample_id = sample(0).id;
  hear(RunSpec{sha256(changed_spec_), changed_spec_});
  EXPECT_FALSE(exit_code_.has_value()) << "the call in doubt is not delivered";
  wake(std::chrono::milliseconds(10));
  ASSERT_NE(last_sent<Deliver>(), nullptr);
  hear(Ack{1});
  EXPECT_EQ(exit_code_, kExitComplete);
}

TEST_F(WorkerLoopTest, ADiskThatTakesNoDatabaseEndsTheWorker) {
  join();
  const Digest digest = sha256("a database");
  send_samples({sample(0, digest.hex())});
  find_nothing();
  hear(DatabaseChunk{digest, 0, 10, "a database"});
  loop_->take(DatabaseAdded{digest, 0, false, Error{Errc::storage, "no space left"}});
  EXPECT_EQ(exit_code_, kExitStorage);
}

TEST_F(WorkerLoopTest, ADatabaseForWhichASampleFailedIsToldAndLookedAt) {
  join();
  const Digest digest = sha256("a database");
  send_samples({sample(0, digest.hex())});
  loop_->take(DatabaseLooked{digest, 1, 10, 0});
  ASSERT_EQ(items_.size(), 1u);
  WorkItem failed = items_[0];
  failed.answers = {answer_record(sample(0)).answer.value()};
  failed.failure = Reason::internal;
  failed.trouble = "database x: disk I/O error";
  failed.outcome = Outcome{};
  failed.outcome->sample_id = failed.sample.id;
  failed.outcome->verdict = Verdict::failed;
  failed.outcome->reason = Reason::internal;
  loop_->finish({failed});
  wake(std::chrono::seconds(1));
  ASSERT_NE(last_sent<WorkerState>(), nullptr);
  EXPECT_EQ(last_sent<WorkerState>()->troubles,
            std::vector<std::string>{"database x: disk I/O error"});
  // It is tried once more, on a copy that was looked at, with the answer that it has.
  EXPECT_EQ(items_.size(), 1u);
  EXPECT_EQ(looks_, (std::vector<Digest>{digest, digest}));
  loop_->take(DatabaseLooked{digest, 2, 10, 0});
  ASSERT_EQ(items_.size(), 2u);
  EXPECT_EQ(items_[1].answers, failed.answers);
  EXPECT_EQ(items_[1].failure, std::nullopt);
  EXPECT_EQ(last_sent<Deliver>(), nullptr);
  // And then it has failed.
  failed.again = items_[1].again;
  loop_->finish({failed});
  wake(std::chrono::seconds(1));
  ASSERT_NE(last_sent<Deliver>(), nullptr);
  EXPECT_EQ(last_sent<Deliver>()->records.at(0).outcome->verdict, Verdict::failed);
}

TEST_F(WorkerLoopTest, RefusedMessagesAreCounted) {
  start();
  loop_->take("not a frame");
  hear(Ack{1});  // of no run yet: not refused, not heard
  hear(Deliver{1, {}});
  EXPECT_EQ(loop_->refused(), 2u);
}

// --- other workers ------------------------------------------------------------------------------

TEST_F(WorkerLoopTest, ARequestOfAPeerIsServedInItsSessionAlone) {
  options_.serves_peers = true;
  StageRequest request{9, StageId::exec, {}, StageId::exec, sha256(spec_)};
  const Speaker asking{7, 0, 77};
  start();
  loop_->take_request("p1", encode_frame("run", asking, request));
  ASSERT_EQ(replies_.size(), 1u) << "not now: there is no run";
  hear(order());
  hear(RunSpec{sha256(spec_), spec_});
  loop_->take_request("p1", encode_frame("run", asking, request));
  ASSERT_EQ(requests_.size(), 1u);
  const std::uint64_t ticket = requests_.begin()->first;
  hear(RunSpec{sha256(changed_spec_), changed_spec_});
  loop_->served(ticket, StageReply{9, {}, false});
  EXPECT_EQ(replies_.size(), 1u) << "its session is over";
  request.config = sha256(changed_spec_);
  loop_->take_request("p1", encode_frame("run", asking, request));
  ASSERT_EQ(requests_.size(), 2u);
  loop_->served(requests_.rbegin()->first, StageReply{9, {}, false});
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_EQ(replies_[1].first, "p1");
}

TEST_F(WorkerLoopTest, APeerIsToldThatItsRequestIsStillAtWork) {
  options_.serves_peers = true;
  start();
  hear(order());
  hear(RunSpec{sha256(spec_), spec_});
  const StageRequest request{9, StageId::exec, {}, StageId::exec, sha256(spec_)};
  loop_->take_request("p1", encode_frame("run", Speaker{7, 0, 77}, request));
  wake(std::chrono::seconds(1));
  EXPECT_TRUE(replies_.empty()) << "it may have begun just now";
  wake(std::chrono::seconds(1));
  ASSERT_EQ(replies_.size(), 1u);
  const auto frame = decode_frame(replies_[0].second);
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(*decode<StageReply>(frame->body), (StageReply{9, {}, false, true}));
  loop_->served(requests_.begin()->first, StageReply{9, {}, false});
  wake(std::chrono::seconds(1));
  EXPECT_EQ(replies_.size(), 2u) << "done";
}

}  // namespace
}  // namespace fd
