// A route does not care where the next stage lives: the same chain gives the same evidence with the
// stages in this process and with the stages behind ZeroMQ.

#include "actors/pipeline/remote_stage.hpp"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "actors/pipeline/serve_stages.hpp"
#include "actors/stages/clean.hpp"
#include "actors/stages/rule_filter.hpp"
#include "actors/stages/score.hpp"
#include "actors/stages/select.hpp"
#include "actors/transport/zmq_transport.hpp"

namespace fd {
namespace {

constexpr std::string_view kRun = "r1";
constexpr Speaker kAsker{7, 0, 3};

std::shared_ptr<std::vector<WorkItem>> some_items() {
  auto items = std::make_shared<std::vector<WorkItem>>();
  for (const char* sql : {"SELECT * FROM t", "SELECT a FROM t", "SELECT *, b FROM u"}) {
    WorkItem item;
    item.shard = 3;
    item.fence = 17;
    item.sample.canonical_input = "{}";
    item.candidates.emplace_back();
    item.candidates.back().text = sql;
    items->push_back(std::move(item));
  }
  return items;
}

std::vector<std::unique_ptr<Stage>> rules() {
  std::vector<std::unique_ptr<Stage>> stages;
  RunConfig config;
  config.gates.rules.banned_patterns = {"SELECT \\*"};
  stages.push_back(make_rules_stage(config).value());
  return stages;
}

/// A worker that serves one stage, and loses the first requests.
class Server {
 public:
  explicit Server(int losses) : losses_(losses) {
    auto ready = ready_.get_future().share();
    auto made = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, [this, ready](auto messages) {
      for (const Incoming& message : messages) {
        serve(*ready.get(), message);
      }
    });
    EXPECT_TRUE(made.ok());
    transport_ = std::move(made).value();
    ready_.set_value(transport_.get());
  }

  [[nodiscard]] PeerInfo info(std::uint64_t incarnation) const {
    return {"w", transport_->endpoints().front(), "", {StageId::rules}, incarnation, 1};
  }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void serve(Transport& out, const Incoming& message) {
    const auto frame = decode_frame(message.bytes);
    ASSERT_TRUE(frame.ok());
    ASSERT_EQ(frame->run_id, kRun);
    ASSERT_EQ(frame->speaker, kAsker);
    auto request = decode<StageRequest>(frame->body);
    ASSERT_TRUE(request.ok());
    if (++requests_ <= losses_) {
      return;
    }
    const StageReply served = serve_stages(stages_, clock_, std::move(*request));
    StageReply foreign = served;  // to an earlier process of the asker's: dropped
    for (StageEvidence& evidence : foreign.items) {
      evidence.candidates.clear();
    }
    out.send(message.peer, encode_frame(kRun, Speaker{7, 0, 2}, foreign));
    const std::string reply = encode_frame(kRun, frame->speaker, served);
    out.send(message.peer, reply);
    out.send(message.peer, reply);  // repeated: taken once
  }

  const SystemClock clock_;
  const std::vector<std::unique_ptr<Stage>> stages_ = rules();
  int losses_ = 0;
  std::atomic<int> requests_ = 0;
  std::promise<ZmqTransport*> ready_;
  std::unique_ptr<ZmqTransport> transport_;
};

class RemoteStageTest : public testing::Test {
 protected:
  RemoteStageTest() : log_(LogLevel::error, "test") {
    act::configure(config_, 2);
    system_ = std::make_unique<caf::actor_system>(config_);
    sink_ = system_->spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const WorkBatch& batch) { arrived_.set_value(batch); }};
    });
    calls_ = system_->spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const WorkBatch& batch) { to_ask_.set_value(batch); }};
    });
    RemoteStagesOptions options;
    options.run_id = kRun;
    options.speaker = kAsker;
    options.local = {StageId::teacher, StageId::clean, StageId::exec, StageId::score,
                     StageId::select};
    options.patience = std::chrono::milliseconds(20);
    const PeerConnector connect =
        [](const PeerInfo& peer, ReceiveCallback receive) -> Result<std::unique_ptr<Transport>> {
      FD_TRY(std::unique_ptr<Transport> made,
             ZmqTransport::connect(ZmqContext::make().value(), peer.endpoint, {}, Traffic::bulk,
                                   std::move(receive)));
      return made;
    };
    remote_ = spawn_remote_stages(*system_, clock_, log_, std::move(options), connect);
    first_ = spawn_proxy(*system_, StageId::rules, remote_);
    UseTargets use;
    use.targets.emplace(StageId::rules, first_);
    use.targets.emplace(StageId::exec, sink_);
    use.targets.emplace(StageId::teacher, calls_);
    use.targets.emplace(StageId::select, sink_);
    act::post(remote_, std::move(use));
  }
  ~RemoteStageTest() override {
    for (caf::actor* actor : {&first_, &remote_, &sink_, &calls_}) {
      caf::anon_send_exit(*actor, caf::exit_reason::user_shutdown);
      *actor = nullptr;
    }
    system_.reset();
  }

  void publish(std::vector<PeerInfo> peers) {
    act::post(remote_, PeersKnown{std::make_shared<std::vector<PeerInfo>>(std::move(peers))});
  }
  void expect_local_evidence(const WorkBatch& batch) {
    std::vector<WorkItem> expected = *some_items();
    ASSERT_EQ(batch.items->size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      rules().front()->process(expected[i]);
      EXPECT_EQ((*batch.items)[i].candidates, expected[i].candidates);
      EXPECT_EQ((*batch.items)[i].shard, 3u);
      EXPECT_EQ((*batch.items)[i].fence, 17u);
    }
  }

  const SystemClock clock_;
  const Log log_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor sink_;
  caf::actor calls_;
  caf::actor remote_;
  caf::actor first_;
  std::promise<WorkBatch> arrived_;
  std::promise<WorkBatch> to_ask_;
};

/// The first request is lost on purpose: it is asked again, and counts once.
TEST_F(RemoteStageTest, EvidenceIsThatOfTheLocalStageAlsoWhenARequestIsLost) {
  const Server server(1);
  act::post(first_, WorkBatch{some_items(), clock_.now()});
  publish({server.info(1)});
  expect_local_evidence(arrived_.get_future().get());
  EXPECT_GE(server.requests(), 2);
}

TEST_F(RemoteStageTest, WhatAPeerHadThatIsGoneAnotherDoes) {
  const Server silent(1 << 30);
  const Server server(0);
  publish({silent.info(1)});
  act::post(first_, WorkBatch{some_items(), clock_.now()});
  publish({server.info(2)});
  expect_local_evidence(arrived_.get_future().get());
}

TEST_F(RemoteStageTest, ASampleOnItsWayToItsCallsGoesThereAndHasOneTimeOfAStage) {
  const Server server(0);
  publish({server.info(1)});
  auto items = some_items();
  for (WorkItem& item : *items) {
    item.to_ask = std::make_shared<CallsToCome>();
    item.times = {{StageId::rules, 1, 2}};
  }
  act::post(first_, WorkBatch{items, clock_.now()});
  const WorkBatch batch = to_ask_.get_future().get();
  ASSERT_EQ(batch.items->size(), 3u);
  EXPECT_EQ(batch.items->front().times.size(), 1u);
}

std::shared_ptr<std::vector<WorkItem>> large_item(std::size_t bytes) {
  auto items = some_items();
  items->resize(1);
  items->front().answers.resize(2);
  for (Answer& answer : items->front().answers) {
    answer.text.assign(bytes / 2, 'x');
  }
  return items;
}

TEST_F(RemoteStageTest, ASampleThatFillsAFrameIsServed) {
  const Server server(0);
  publish({server.info(1)});
  act::post(first_, WorkBatch{large_item(14u << 20), clock_.now()});
  const WorkBatch batch = arrived_.get_future().get();
  EXPECT_EQ(batch.items->front().failure, std::nullopt);
  EXPECT_EQ(batch.items->front().times.size(), 1u);
}

TEST_F(RemoteStageTest, ASampleTooLargeForAFrameFailsInsteadOfWaitingForEver) {
  act::post(first_, WorkBatch{large_item(16u << 20), clock_.now()});
  const WorkBatch batch = arrived_.get_future().get();
  EXPECT_EQ(batch.items->front().failure, Reason::internal);
}

TEST(StageServer, AChainRunsInOrderAndTimesEveryStage) {
  std::vector<std::unique_ptr<Stage>> stages = rules();
  RunConfig config;
  stages.push_back(make_score_stage(config));
  stages.push_back(make_clean_stage(config));
  StageRequest request;
  request.id = 7;
  request.stage = StageId::clean;
  request.last = StageId::rules;
  request.items.emplace_back().answers.emplace_back().text = "SELECT * FROM t";
  const StageReply reply = serve_stages(stages, SystemClock(), request);
  EXPECT_EQ(reply.id, 7u);
  ASSERT_EQ(reply.items.size(), 1u);
  ASSERT_EQ(reply.items[0].times.size(), 2u);
  EXPECT_EQ(reply.items[0].times[0].stage, StageId::clean);
  EXPECT_EQ(reply.items[0].times[1].stage, StageId::rules);
  ASSERT_EQ(reply.items[0].candidates.size(), 1u);
  EXPECT_EQ(reply.items[0].candidates[0].text, "SELECT * FROM t");
  EXPECT_EQ(reply.items[0].candidates[0].rule, Reason::banned_pattern);
  EXPECT_EQ(reply.items[0].candidates[0].score, std::nullopt);
}

}  // namespace
}  // namespace fd
