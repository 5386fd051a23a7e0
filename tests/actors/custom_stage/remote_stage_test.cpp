// A route does not care where the next stage lives: the same chain gives the same evidence with the
// stage in this process and with the stage behind ZeroMQ.

#include "actors/remote_stage.hpp"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "actors/zmq_transport.hpp"
#include "tests/actors/custom_stage/no_select_star.hpp"

namespace fd {
namespace {

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

class RemoteStageTest : public testing::Test {
 protected:
  RemoteStageTest() {
    act::configure(config_, 2);
    system_ = std::make_unique<caf::actor_system>(config_);
    sink_ = system_->spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const WorkBatch& batch) { arrived_.set_value(batch); }};
    });
  }
  ~RemoteStageTest() override {
    for (const caf::actor& actor : {first_, sink_}) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    first_ = nullptr;
    sink_ = nullptr;
    system_.reset();
  }

  const SystemClock clock_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor sink_;
  caf::actor first_;
  std::promise<WorkBatch> arrived_;
};

/// The first reply is lost on purpose: the request is asked again, and counts once.
TEST_F(RemoteStageTest, EvidenceIsThatOfTheLocalStageAlsoWhenAReplyIsLost) {
  std::vector<WorkItem> expected = *some_items();
  for (WorkItem& item : expected) {
    NoSelectStarStage().process(item);
  }

  NoSelectStarStage served;
  std::atomic<int> requests = 0;
  std::promise<ZmqTransport*> server_ready;
  auto server_future = server_ready.get_future().share();
  auto server = ZmqTransport::bind({"tcp://127.0.0.1:*"}, {}, [&](std::vector<Incoming> messages) {
    for (const Incoming& message : messages) {
      auto reply = serve_stage(served, clock_, message.bytes);
      ASSERT_TRUE(reply.ok());
      if (++requests > 1) {
        server_future.get()->send(message.peer, *reply);
        server_future.get()->send(message.peer, *reply);  // repeated: taken once
      }
    }
  });
  ASSERT_TRUE(server.ok());
  server_ready.set_value(server->get());
  std::promise<caf::actor> stand_in;
  auto stand_in_future = stand_in.get_future().share();
  auto client = ZmqTransport::connect(
      (*server)->endpoints().front(), {}, [stand_in_future](std::vector<Incoming> messages) {
        for (const Incoming& message : messages) {
          const auto frame = decode_frame(message.bytes);
          ASSERT_TRUE(frame.ok());
          auto reply = decode_stage_reply(frame->body);
          ASSERT_TRUE(reply.ok());
          act::post(stand_in_future.get(),
                    StageReplyIn{std::make_shared<StageReply>(std::move(*reply))});
        }
      });
  ASSERT_TRUE(client.ok());
  first_ = spawn_remote_stage(*system_, StageId::rules, **client, "", Route({sink_}), clock_,
                              std::chrono::milliseconds(20));
  stand_in.set_value(first_);
  act::post(first_, WorkBatch{some_items(), clock_.now()});

  const WorkBatch batch = arrived_.get_future().get();
  ASSERT_EQ(batch.items->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*batch.items)[i].candidates, expected[i].candidates);
    EXPECT_EQ((*batch.items)[i].shard, 3u);
    EXPECT_EQ((*batch.items)[i].fence, 17u);
  }
  EXPECT_GE(requests, 2);
  client->reset();
  server->reset();
}

TEST_F(RemoteStageTest, ARequestForAnotherStageIsRefusedWithBothNamed) {
  NoSelectStarStage stage;
  const std::string frame =
      encode_frame(MessageKind::stage_request, "", encode(StageRequest{1, StageId::exec, {}}));
  const auto reply = serve_stage(stage, clock_, frame);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().message, "stage request: for the stage exec, this one is rules");
}

}  // namespace
}  // namespace fd
