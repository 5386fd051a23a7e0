// CoordinatorLoop over ports that a test plays by hand: the order of effects, who is refused, the
// end.

#include "coordinator/control/coordinator_loop.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "protocol/frame.hpp"
#include "tests/coordinator/control/fake_ports.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::FakePorts;
using Strings = std::vector<std::string>;

constexpr std::uint64_t kIncarnation = 5;

/// A run with one shard of two samples, and one worker.
class CoordinatorLoopTest : public testing::Test {
 protected:
  CoordinatorLoopTest() {
    options_.run_id = "run";
    options_.config_json = "{}";
    options_.policy = "policy";
    options_.core.config = sha256("{}");
    options_.core.ledger = 7;
    options_.core.start = 9;
    options_.core.providers = {{"p", 4}};
    options_.shards = {{2, false, std::nullopt}};
  }
  ~CoordinatorLoopTest() override { ports_->commits.clear(); }  // they hold the ports
  void begin() { loop_.emplace(ports_, options_); }

  template <class Message>
  Incoming frame(const Message& message, const std::string& run = "run") const {
    return {"peer", encode_frame(run, Speaker{7, 9, kIncarnation}, message), {}};
  }
  WorkerState state() {
    WorkerState state;
    state.name = "w";
    state.seq = ++seq_;
    state.heard = seq_ - 1;
    state.config = options_.core.config;
    state.stages = all_stages();
    state.policy = "policy";
    state.version = FD_VERSION;
    return state;
  }
  void hear(const WorkerState& state) { loop_->take(frame(state)); }

  static SampleId id(std::uint8_t position) {
    SampleId id;
    id.bytes[1] = position;
    return id;
  }
  static LoadedShard shard() {
    LoadedShard shard;
    shard.samples.resize(2);
    shard.samples[0].id = id(0);
    shard.samples[1].id = id(1);
    return shard;
  }
  Record outcome(std::uint8_t position) const {
    Record record{0, fence_, {}, {}, {}, {}};
    record.outcome.emplace();
    record.outcome->sample_id = id(position);
    record.outcome->verdict = Verdict::kept;
    record.outcome->reason = Reason::none;
    record.outcome->times = {{StageId::exec, 3, 5}};
    return record;
  }
  Record answered(std::uint8_t position, const std::string& finish_reason) const {
    Record record{0, fence_, {}, {}, {}, {}};
    record.answer.emplace();
    record.answer->sample_id = id(position);
    record.answer->call_key = sha256(std::string(1, static_cast<char>(position)));
    record.answer->finish_reason = finish_reason;
    return record;
  }
  void deliver(std::vector<Record> records) {
    loop_->take(frame(Deliver{++delivered_, std::move(records)}));
  }
  void commit_all() {
    while (!ports_->commits.empty()) {
      ports_->commit();
    }
    for (LeasesDurable& leases : std::exchange(ports_->durable, {})) {
      loop_->leases_durable(std::move(leases));
    }
  }
  /// The worker has the shard under a durable lease, and the shard is read.
  void work() {
    begin();
    hear(state());
    hear(state());
    commit_all();
    loop_->loaded(shard());
    commit_all();
    fence_ = ports_->messages<Order>().back().leases.at(0).fence;
    ports_->done.clear();
  }

  std::shared_ptr<FakePorts> ports_ = std::make_shared<FakePorts>();
  CoordinatorLoopOptions options_;
  std::optional<CoordinatorLoop> loop_;
  std::uint64_t seq_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t fence_ = 0;
};

TEST_F(CoordinatorLoopTest, AnOrderNamesALeaseOnlyOnceItIsDurable) {
  begin();
  hear(state());
  hear(state());
  EXPECT_TRUE(ports_->messages<Order>().back().leases.empty());
  EXPECT_TRUE(ports_->durable.empty());
  commit_all();
  EXPECT_EQ(ports_->messages<Order>().back().leases.size(), 1u);
}

TEST_F(CoordinatorLoopTest, AnAckLeavesBehindTheCommitOfItsRecords) {
  work();
  deliver({outcome(0)});
  EXPECT_EQ(ports_->done, (Strings{"append 1"}));
  ports_->commit();
  EXPECT_EQ(ports_->done, (Strings{"append 1", "send 9 peer"}));
  EXPECT_EQ(ports_->messages<Ack>().back().seq, 1u);
}

TEST_F(CoordinatorLoopTest, NothingOvertakesAnAckThatWaits) {
  work();
  deliver({outcome(0)});
  loop_->take(frame(FlushMarker{3}));
  EXPECT_EQ(ports_->done, (Strings{"append 1", "append 0"}));
  commit_all();
  EXPECT_EQ(ports_->done, (Strings{"append 1", "append 0", "send 9 peer", "send 12 peer"}));
}

TEST_F(CoordinatorLoopTest, AnOrderWaitsForNoCommit) {
  work();
  deliver({outcome(0)});
  hear(state());
  EXPECT_EQ(std::ranges::count(ports_->done, "send 2 peer"), 1);
}

TEST_F(CoordinatorLoopTest, AShardIsWrittenBehindTheCommitOfItsLastOutcome) {
  work();
  deliver({outcome(0), outcome(1)});
  EXPECT_TRUE(ports_->written.empty());
  ports_->commit();
  EXPECT_EQ(ports_->done, (Strings{"append 2", "send 9 peer", "write 0"}));
  ASSERT_EQ(ports_->written.size(), 1u);
  EXPECT_EQ(ports_->written[0]->outcomes.size(), 2u);
}

TEST_F(CoordinatorLoopTest, AShardIsCountedOnceItsFilesAreWritten) {
  options_.shards = {{2, false, std::nullopt}, {2, true, std::nullopt}};
  const auto shown = [&] {
    loop_->tick();
    return std::pair(ports_->progress->shards_committed, ports_->progress->shards_failed);
  };
  using Shards = std::pair<std::uint32_t, std::uint32_t>;
  for (const Verdict verdict : {Verdict::kept, Verdict::failed}) {
    ports_ = std::make_shared<FakePorts>();
    seq_ = delivered_ = 0;
    work();
    Record last = outcome(1);
    last.outcome->verdict = verdict;
    last.outcome->reason = verdict == Verdict::kept ? Reason::none : Reason::provider_error;
    deliver({outcome(0), last});
    commit_all();
    ASSERT_EQ(ports_->written.size(), 1u);
    EXPECT_EQ(shown(), Shards(1, 0)) << "the one of an earlier start";
    loop_->written(0, {});
    EXPECT_EQ(shown(), verdict == Verdict::kept ? Shards(2, 0) : Shards(1, 1));
    commit_all();
  }
}

TEST_F(CoordinatorLoopTest, AShardIsReadOnceHoweverOftenItIsAskedFor) {
  options_.shards = {{2, false, LeaseGranted{0, 3, "w", kIncarnation}}};
  options_.core.last_fence = 3;
  begin();
  fence_ = 3;
  WorkerState holder = state();
  holder.leases = {{0, 3, 2, 0}};
  hear(holder);
  deliver({outcome(0)});
  EXPECT_EQ(std::ranges::count(ports_->done, "load 0"), 1);
}

TEST_F(CoordinatorLoopTest, AShardThatCannotBeReadEndsTheRun) {
  begin();
  loop_->loaded(Error{Errc::corrupt, "input.jsonl: damaged"});
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::failed);
  EXPECT_EQ(ports_->ends[0].error.message, "input.jsonl: damaged");
}

// --- who is refused -----------------------------------------------------------------------------

TEST_F(CoordinatorLoopTest, AMessageOfAnotherRunIsCountedAndChangesNothing) {
  work();
  loop_->take(frame(Deliver{1, {outcome(0)}}, "other"));
  EXPECT_EQ(ports_->done, Strings{});
  EXPECT_EQ(ports_->warnings.back(), "message_refused why=message of another run: other total=1");
}

TEST_F(CoordinatorLoopTest, RefusedMessagesAreLoggedTwentyTimesAtMost) {
  begin();
  for (int i = 0; i < 21; ++i) {
    loop_->take({"peer", "no frame", {}});
  }
  EXPECT_EQ(ports_->warnings.size(), 20u);
}

TEST_F(CoordinatorLoopTest, AWorkerThatJudgesOtherwiseIsToldWhyItMayNotTakePart) {
  begin();
  WorkerState other = state();
  other.policy = "another policy";
  hear(other);
  ASSERT_EQ(ports_->messages<Order>().size(), 1u);
  EXPECT_EQ(ports_->messages<Order>()[0].refused,
            "worker 'w' judges SQL by 'another policy', this coordinator by 'policy': verdicts "
            "could differ");
  EXPECT_EQ(ports_->done, (Strings{"send 2 peer"}));
}

TEST_F(CoordinatorLoopTest, ASenderThatIsNotWhoItSaysIsNotAnswered) {
  options_.check_sender = [](const std::string& user, const WorkerState&) -> Result<void> {
    return Error{Errc::refused, "not " + user};
  };
  begin();
  hear(state());
  EXPECT_EQ(ports_->done, Strings{});
  EXPECT_EQ(ports_->warnings, (Strings{"message_refused why=not  total=1"}));
}

TEST_F(CoordinatorLoopTest, AWorkerOfAnotherProtocolGetsAFrameThatNamesOurs) {
  begin();
  Incoming incoming = frame(state());
  incoming.bytes[5] = 99;  // the version
  loop_->take(incoming);
  EXPECT_EQ(ports_->done, (Strings{"send 2 peer"}));
}

// --- what workers cannot do ---------------------------------------------------------------------

TEST_F(CoordinatorLoopTest, AFinishReasonThatIsNotKnownIsToldOnce) {
  work();
  deliver({answered(0, "sur prise"), answered(1, "sur prise")});
  deliver({answered(0, "length"), answered(1, "stop")});
  EXPECT_EQ(ports_->warnings, (Strings{"finish_reason_unknown word=sur prise"}));
  EXPECT_EQ(ports_->told, (Strings{"finish_reason \"sur prise\" is not known: such answers count "
                                   "as truncated"}));
}

TEST_F(CoordinatorLoopTest, ATroubleOfAWorkerIsToldOnce) {
  begin();
  WorkerState troubled = state();
  troubled.troubles = {"no room for a database"};
  hear(troubled);
  troubled.seq = ++seq_;
  troubled.troubles = {"no room for a database", "a key is missing"};
  hear(troubled);
  EXPECT_EQ(ports_->warnings, (Strings{"worker_trouble worker=w what=no room for a database",
                                       "worker_trouble worker=w what=a key is missing"}));
  EXPECT_EQ(ports_->told,
            (Strings{"worker w: \"no room for a database\"", "worker w: \"a key is missing\""}));
}

// --- databases ----------------------------------------------------------------------------------

TEST_F(CoordinatorLoopTest, APieceOfADatabaseIsReadOnceUntilItIsThere) {
  const Digest digest = sha256("database");
  options_.databases = {digest.hex()};
  work();
  loop_->take(frame(FetchDatabase{digest, 0}));
  loop_->take(frame(FetchDatabase{digest, 0}));
  EXPECT_EQ(ports_->done, (Strings{"read database"}));
  loop_->database_read(ports_->databases.at(0), FilePiece{"bytes", 5});
  ASSERT_EQ(ports_->messages<DatabaseChunk>().size(), 1u);
  EXPECT_EQ(ports_->messages<DatabaseChunk>()[0], (DatabaseChunk{digest, 0, 5, "bytes"}));
  loop_->take(frame(FetchDatabase{digest, 0}));
  EXPECT_EQ(ports_->databases.size(), 2u);
}

TEST_F(CoordinatorLoopTest, PiecesOfDatabasesThatWaitAreBounded) {
  const Digest digest = sha256("database");
  options_.databases = {digest.hex()};
  work();
  for (std::uint64_t piece = 0; piece <= DatabaseReads::kMax; ++piece) {
    loop_->take(frame(FetchDatabase{digest, piece * kDatabaseChunkBytes}));
  }
  EXPECT_EQ(ports_->databases.size(), DatabaseReads::kMax);
  loop_->database_read(ports_->databases.at(0), FilePiece{"bytes", 5});
  loop_->take(frame(FetchDatabase{digest, DatabaseReads::kMax * kDatabaseChunkBytes}));
  EXPECT_EQ(ports_->databases.size(), DatabaseReads::kMax + 1);
}

/// A worker takes what has no answer when its marker returns for lost.
TEST_F(CoordinatorLoopTest, AFlushMarkerWaitsForThePiecesThatAreBeingReadForItsWorker) {
  const Digest digest = sha256("database");
  options_.databases = {digest.hex()};
  work();
  loop_->take(frame(FetchDatabase{digest, 0}));
  loop_->take(frame(FetchDatabase{digest, kDatabaseChunkBytes}));
  loop_->take(frame(FlushMarker{1}));
  loop_->take(frame(FlushMarker{2}));
  Incoming other = frame(FlushMarker{9});
  other.peer = "other";
  loop_->take(other);
  ASSERT_EQ(ports_->messages<FlushMarker>().size(), 1u) << "of a worker that waits for nothing";
  loop_->database_read(ports_->databases.at(0), FilePiece{"bytes", 5});
  EXPECT_EQ(ports_->messages<FlushMarker>().size(), 1u) << "one piece is still being read";
  loop_->database_read(ports_->databases.at(1), FilePiece{"bytes", 5});
  ASSERT_EQ(ports_->messages<FlushMarker>().size(), 2u);
  EXPECT_EQ(ports_->messages<FlushMarker>().back().number, 2u) << "it stands for the first";
}

TEST_F(CoordinatorLoopTest, ADatabaseThatIsNotTheRunsIsRefusedAndNotRead) {
  work();
  const Digest digest = sha256("database");
  loop_->take(frame(FetchDatabase{digest, 0}));
  EXPECT_EQ(ports_->done, Strings{});
  EXPECT_EQ(ports_->warnings.back(),
            "message_refused why=not a database of this run: " + digest.hex() + " total=1");
}

TEST_F(CoordinatorLoopTest, ADatabaseOfTheRunThatCannotBeReadEndsIt) {
  const Digest digest = sha256("database");
  options_.databases = {digest.hex()};
  work();
  loop_->take(frame(FetchDatabase{digest, 0}));
  loop_->database_read(ports_->databases.at(0), Error{Errc::corrupt, "databases/x: is gone"});
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::failed);
  EXPECT_EQ(ports_->ends[0].error.code, Errc::corrupt);
}

// --- the end ------------------------------------------------------------------------------------

TEST_F(CoordinatorLoopTest, ARunWithoutAWorkerEndsAsOneThatIsNoBrokenRun) {
  work();
  loop_->fail(Error{Errc::unavailable, "no worker is left"}, RunEnd::Kind::no_worker);
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::no_worker);
}

TEST_F(CoordinatorLoopTest, AFinishedRunTellsItsWorkersBeforeItEnds) {
  work();
  deliver({outcome(0), outcome(1)});
  commit_all();
  hear(state());
  ports_->done.clear();
  loop_->written(0, {});
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::finished);
  EXPECT_EQ(ports_->ends[0].times.stages.at(StageId::exec).count, 2u);
  EXPECT_EQ(ports_->done, (Strings{"append 1", "send 2 peer", "append 0", "ended"}));
  EXPECT_TRUE(ports_->messages<Order>().back().run_over);
  EXPECT_EQ(ports_->progress->done, 2u);
}

TEST_F(CoordinatorLoopTest, AfterTheEndNothingIsTakenAndNothingIsSent) {
  const Digest digest = sha256("database");
  options_.databases = {digest.hex()};
  work();
  loop_->take(frame(FetchDatabase{digest, 0}));
  loop_->fail(Error{Errc::storage, "gone"});
  ports_->done.clear();
  ports_->warnings.clear();
  hear(state());
  loop_->take({"peer", "no frame", {}});
  deliver({outcome(0)});
  loop_->database_read(ports_->databases.at(0), FilePiece{"bytes", 5});
  loop_->loaded(shard());
  loop_->written(0, Error{Errc::storage, "gone too"});
  loop_->leases_durable({fence_, {}});
  loop_->tick();
  loop_->drain();
  EXPECT_EQ(ports_->done, Strings{});
  EXPECT_EQ(ports_->warnings, Strings{});
  EXPECT_EQ(ports_->ends.size(), 1u);
}

TEST_F(CoordinatorLoopTest, ADrainWaitsForCallsInFlightButNotForEver) {
  options_.drain = seconds(25);
  options_.core.ttl = seconds(100);
  work();
  WorkerState busy = state();
  busy.draining = true;
  busy.in_flight = 3;
  loop_->drain();
  hear(busy);
  ports_->time += seconds(25) - milliseconds(1);
  loop_->tick();
  EXPECT_TRUE(ports_->ends.empty());
  ports_->time += milliseconds(1);
  loop_->tick();
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::drained);
  EXPECT_EQ(ports_->ends[0].in_flight, 3u);
}

TEST_F(CoordinatorLoopTest, ADrainEndsAsSoonAsNobodyHoldsAnything) {
  work();
  loop_->drain();
  EXPECT_TRUE(ports_->ends.empty());
  WorkerState idle = state();
  idle.draining = true;
  hear(idle);
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::drained);
  EXPECT_EQ(ports_->ends[0].in_flight, 0u);
}

/// A state of the worker whose calls wait for these endpoints.
WorkerState waiting(WorkerState state, std::vector<EndpointReport> endpoints) {
  state.waiting = 1;
  state.endpoints = std::move(endpoints);
  return state;
}

TEST_F(CoordinatorLoopTest, EndpointsThatAllRefuseDrainTheRunAndAreNamed) {
  options_.core.providers = {{"e", 4}, {"f", 4}};
  work();
  const EndpointReport refuses{"e", EndpointState::refuses, false, 0, "HTTP 401: no"};
  const EndpointReport good{"f", EndpointState::good, true, 0, ""};
  hear(waiting(state(), {refuses, good}));
  EXPECT_FALSE(ports_->messages<Order>().back().drain);
  hear(waiting(state(), {refuses}));  // which has not asked f
  EXPECT_FALSE(ports_->messages<Order>().back().drain);
  const EndpointReport gone{"f", EndpointState::refuses, true, 0, "HTTP 402: pay"};
  hear(waiting(state(), {refuses, gone}));
  EXPECT_TRUE(ports_->messages<Order>().back().drain);
  WorkerState idle = state();
  idle.draining = true;
  hear(idle);
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::no_endpoint);
  EXPECT_EQ(ports_->ends[0].error.message, "endpoint e: HTTP 401: no; endpoint f: HTTP 402: pay");
}

TEST_F(CoordinatorLoopTest, AnEndpointThatIsNotThereIsWaitedForAsTheConfigSays) {
  options_.core.providers = {{"e", 4}};
  options_.gateway.outage_timeout_s = 2;
  options_.gateway.startup_timeout_s = 5;
  for (const bool answered : {true, false}) {
    begin();
    hear(state());
    const std::uint64_t patience_ms = answered ? 2000 : 5000;
    EndpointReport away{"e", EndpointState::waits, answered, patience_ms - 1, "nobody"};
    hear(waiting(state(), {away}));
    EXPECT_FALSE(ports_->messages<Order>().back().drain);
    away.out_ms = patience_ms;
    hear(waiting(state(), {away}));
    EXPECT_TRUE(ports_->messages<Order>().back().drain);
  }
}

TEST_F(CoordinatorLoopTest, AWorkerThatHasNoCallsToMakeSaysNothingAboutEndpoints) {
  options_.core.providers = {{"e", 4}};
  work();
  WorkerState idle = state();
  idle.endpoints = {{"e", EndpointState::refuses, false, 0, "no"}};
  hear(idle);
  EXPECT_FALSE(ports_->messages<Order>().back().drain);
}

TEST_F(CoordinatorLoopTest, AShardThatHasOtherSamplesThanWhenTheRunBeganEndsIt) {
  begin();
  hear(state());
  hear(state());
  commit_all();
  LoadedShard other = shard();
  other.samples.pop_back();
  loop_->loaded(std::move(other));
  ASSERT_EQ(ports_->ends.size(), 1u);
  EXPECT_EQ(ports_->ends[0].kind, RunEnd::Kind::failed);
  EXPECT_EQ(ports_->ends[0].error.code, Errc::corrupt);
  EXPECT_EQ(ports_->ends[0].error.message, "shard 0: has 1 samples, and had 2 when the run began");
}

}  // namespace
}  // namespace fd
