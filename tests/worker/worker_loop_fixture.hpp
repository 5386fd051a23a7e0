#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/loader.hpp"
#include "protocol/frame.hpp"
#include "tests/support/hand_clock.hpp"
#include "worker/worker_loop.hpp"

namespace fd::testing_support {

/// What the parts of a worker did, in order.
using Events = std::vector<std::string>;

/// A journal whose records are durable at once, or not before durable() is called.
class HandJournal final : public CallJournal {
 public:
  HandJournal(Events& events, std::deque<std::pair<Then, Written>>& held, const bool& holds)
      : events_(events), held_(held), holds_(holds) {}
  ~HandJournal() override { events_.push_back("journal closed"); }
  std::uint32_t append_intent(const JournalIntent&, Then then) override {
    events_.push_back("intent");
    done(std::move(then), 0);
    return ++tickets_;
  }
  std::uint64_t append_end(std::uint32_t, const JournalEnd&, Then then) override {
    events_.push_back("end");
    done(std::move(then), ++seq_);
    return seq_;
  }
  void append_cancelled(std::uint32_t, const JournalCancelled&, Then then) override {
    events_.push_back("cancelled");
    done(std::move(then), 0);
  }
  void release(std::uint64_t seq) override { events_.push_back("release " + std::to_string(seq)); }
  void flush() override {}

 private:
  void done(Then then, std::uint64_t seq) {
    if (!then) {
      return;
    }
    held_.emplace_back(std::move(then), Written{true, seq});
    if (!holds_) {
      for (auto& [what, written] : std::exchange(held_, {})) {
        what(written);
      }
    }
  }
  Events& events_;
  std::deque<std::pair<Then, Written>>& held_;
  const bool& holds_;
  std::uint32_t tickets_ = 0;
  std::uint64_t seq_ = 0;
};

/// Notes what it is told.
class NotingGateway final : public Gateway {
 public:
  NotingGateway(Events& events, std::vector<ChatCall>& calls, const CallLoad& load)
      : events_(events), calls_(calls), load_(load) {}
  ~NotingGateway() override { events_.push_back("gateway ended"); }
  void submit(ChatCall call) override {
    events_.push_back("sent");
    calls_.push_back(std::move(call));
  }
  void set_shares(const std::vector<Share>& shares) override {
    for (const Share& share : shares) {
      events_.push_back("share " + share.provider + " " + std::to_string(share.calls));
    }
  }
  [[nodiscard]] CallLoad load() const override { return load_; }
  void set_send_deadline(Instant deadline) override {
    events_.push_back("deadline " + std::to_string(deadline.time_since_epoch().count()));
  }
  void cancel_waiting() override { events_.push_back("cancel"); }
  void close() override {}

 private:
  Events& events_;
  std::vector<ChatCall>& calls_;
  const CallLoad& load_;
};

class NotingStages final : public SessionStages {
 public:
  NotingStages(Events& events, std::vector<WorkItem>& items, std::unique_ptr<Gateway> gateway)
      : events_(events), items_(items), gateway_(std::move(gateway)) {}
  ~NotingStages() override {
    gateway_.reset();
    events_.push_back("stages ended");
  }
  void take(std::vector<WorkItem> items) override {
    for (WorkItem& item : items) {
      events_.push_back("started");
      items_.push_back(std::move(item));
    }
  }
  void use_peers(std::vector<PeerInfo> peers) override {
    events_.push_back("peers " + std::to_string(peers.size()));
  }
  Gateway& gateway() override { return *gateway_; }
  [[nodiscard]] CallLoad load() const override { return gateway_->load(); }

 private:
  Events& events_;
  std::vector<WorkItem>& items_;
  std::unique_ptr<Gateway> gateway_;
};

/// A lane that never gets done by itself.
class NotingServers final : public StageServers {
 public:
  explicit NotingServers(std::map<std::uint64_t, std::shared_ptr<StageRequest>>& requests)
      : requests_(requests) {}
  [[nodiscard]] std::uint32_t lanes() const override { return 1; }
  void serve(std::uint32_t, std::uint64_t ticket, std::shared_ptr<StageRequest> request) override {
    requests_[ticket] = std::move(request);
  }

 private:
  std::map<std::uint64_t, std::shared_ptr<StageRequest>>& requests_;
};

/// A worker's loop, its ports, parts and disk by hand, and a coordinator that is played by hand.
class WorkerLoopTest : public testing::Test,
                       protected WorkerPorts,
                       protected SessionParts,
                       protected DatabaseStore {
 protected:
  WorkerLoopTest() {
    options_.core.name = "w1";
    options_.core.incarnation = 5;
    options_.database_cache_bytes = 100;
    RunConfig config;
    config.task = "text2sql";
    config.contract.fields = {"question"};
    config.teacher.model = "m";
    config.teacher.prompt = "{{question}}";
    config.gateway.providers.emplace_back().name = "p";
    config.gateway.providers.back().base_url = "http://127.0.0.1:1/v1";
    spec_ = json::canonical(effective_config(config));
    config.gateway.request_timeout_s = 60;
    changed_spec_ = json::canonical(effective_config(config));
  }

  void start() {
    loop_.reset(new WorkerLoop(clock_, log_, *this, *this, *this, options_));
    loop_->start();
    wake();
  }
  /// Time passes, and the wake-up that is planned comes.
  void wake(Duration after = Duration::zero()) {
    clock_.now_ += after;
    loop_->wake(generation_);
  }
  template <class Message>
  void hear(const Message& message) {
    loop_->take(encode_frame("run", Speaker{7, 1, 5}, message));
  }
  [[nodiscard]] Order order(std::vector<GrantedLease> leases = {}) const {
    Order order;
    order.ack_seq = state_.seq;
    order.config = sha256(spec_);
    order.shares = {{"p", 4}};
    order.share_number = 1;
    order.leases = std::move(leases);
    order.ttl_ms = 10000;
    order.heartbeat_ms = 1000;
    return order;
  }
  /// Brings the worker to where it has the run's config and a lease of one shard.
  void join(std::uint32_t samples = 2) {
    start();
    hear(order());
    hear(RunSpec{sha256(spec_), spec_});
    hear(order({{0, 1, samples}}));
    events_.clear();
  }
  [[nodiscard]] static Sample sample(std::uint32_t number, const std::string& database = "") {
    Sample sample;
    sample.id = sha256("sample " + std::to_string(number));
    sample.canonical_input = "{}";
    sample.database = database;
    return sample;
  }
  void send_samples(const std::vector<Sample>& samples) {
    Samples reply;
    reply.fence = 1;
    reply.next = static_cast<std::uint32_t>(samples.size());
    for (const Sample& one : samples) {
      reply.items.push_back({one, {}, false});
    }
    hear(reply);
  }
  /// The disk has nothing of the database that was looked for last.
  void find_nothing() { loop_->take(DatabaseLooked{looks_.back(), last_look_, {}, 0}); }
  /// Another worker wants exec to be run over these.
  void ask_as_peer(std::uint64_t id, const std::vector<Sample>& samples) {
    StageRequest request{id, StageId::exec, {}, StageId::exec, sha256(spec_)};
    for (const Sample& one : samples) {
      request.items.emplace_back().sample = one;
    }
    loop_->take_request("p1", encode_frame("run", Speaker{7, 0, 77}, request));
  }
  /// The stages are done with a sample.
  void finish(const Sample& one) {
    WorkItem item;
    item.run = items_.back().run;
    item.fence = 1;
    item.sample = one;
    item.outcome.emplace().sample_id = one.id;
    loop_->finish({item});
  }
  [[nodiscard]] bool noted(const std::string& event) const {
    return std::ranges::find(events_, event) != events_.end();
  }
  template <class Message>
  [[nodiscard]] const Message* last_sent() const {
    const Message* found = nullptr;
    for (const auto& message : sent_) {
      if (const auto* one = std::get_if<Message>(&message)) {
        found = one;
      }
    }
    return found;
  }

  // WorkerPorts
  void send(Wire, std::string bytes) override {
    const auto frame = decode_frame(bytes);
    ASSERT_TRUE(frame.ok());
    EXPECT_FALSE(exit_code_.has_value()) << "nothing is sent after the end";
    if (frame->kind == MessageKind::worker_state) {
      state_ = decode<WorkerState>(frame->body).value();
      events_.push_back("state");
      sent_.emplace_back(state_);
    } else if (frame->kind == MessageKind::deliver) {
      events_.push_back("deliver");
      sent_.emplace_back(decode<Deliver>(frame->body).value());
    } else if (frame->kind == MessageKind::fetch_database) {
      sent_.emplace_back(decode<FetchDatabase>(frame->body).value());
    } else if (frame->kind == MessageKind::fetch) {
      sent_.emplace_back(decode<Fetch>(frame->body).value());
    }
  }
  void reconnect_bulk() override { events_.push_back("reconnect"); }
  void wake_at(Instant due, std::uint64_t generation) override {
    wake_at_ = due;
    generation_ = generation;
  }
  void peers_known(const std::vector<PeerInfo>&) override {}
  void silent(Duration) override {}
  void journal_failed(const Error&) override { events_.push_back("journal failed"); }
  void ended(int exit_code) override {
    EXPECT_FALSE(exit_code_.has_value());
    exit_code_ = exit_code;
    events_.push_back("ended");
  }
  // SessionParts
  Result<OpenedJournal> open_journal(const JournalIdentity& identity,
                                     std::function<void(const Error&)>) override {
    events_.push_back("journal opened");
    identities_.push_back(identity);
    if (journal_error_) {
      return *journal_error_;
    }
    OpenedJournal opened;
    opened.found = std::exchange(left_, {});
    opened.journal = std::make_unique<HandJournal>(events_, held_, holds_);
    return opened;
  }
  Result<std::unique_ptr<Gateway>> make_gateway(const RunConfig&, CallJournal&, std::uint64_t,
                                                ChatCallback callback) override {
    callback_ = std::move(callback);
    return std::unique_ptr<Gateway>(std::make_unique<NotingGateway>(events_, calls_, load_));
  }
  Result<std::unique_ptr<SessionStages>> start_stages(const SessionIdentity&,
                                                      const RunConfig& config, const Digest&,
                                                      GatewayFactory make_gateway) override {
    events_.push_back("stages started");
    if (stages_error_) {
      return *stages_error_;
    }
    FD_TRY(std::unique_ptr<Gateway> gateway, make_gateway(config, [](const ChatResult&) {}));
    return std::unique_ptr<SessionStages>(
        std::make_unique<NotingStages>(events_, items_, std::move(gateway)));
  }
  Result<std::unique_ptr<StageServers>> start_servers(const RunConfig&) override {
    return std::unique_ptr<StageServers>(std::make_unique<NotingServers>(requests_));
  }
  void reply_to_peer(const std::string& peer, std::string frame) override {
    replies_.emplace_back(peer, std::move(frame));
  }
  // DatabaseStore
  void list() override {}
  void look(const Digest& digest, std::uint64_t look) override {
    looks_.push_back(digest);
    last_look_ = look;
  }
  void add(DatabaseChunk chunk) override { adds_.push_back(std::move(chunk)); }
  void remove(const Digest& digest) override { removed_.push_back(digest); }

  using Sent = std::variant<WorkerState, Deliver, FetchDatabase, Fetch>;
  HandClock clock_;
  Log log_{std::nullopt, "test"};
  WorkerLoopOptions options_;
  std::string spec_;
  std::string changed_spec_;
  Events events_;
  std::vector<Sent> sent_;
  WorkerState state_;  ///< the last one
  std::optional<int> exit_code_;
  Instant wake_at_;
  std::uint64_t generation_ = 0;
  std::vector<JournalIdentity> identities_;
  RecoveredJournal left_;  ///< in the journal that is opened next
  std::optional<Error> journal_error_;
  std::optional<Error> stages_error_;
  std::deque<std::pair<CallJournal::Then, CallJournal::Written>> held_;
  bool holds_ = false;
  std::vector<ChatCall> calls_;
  CallLoad load_;  ///< of the gateway
  ChatCallback callback_;
  std::vector<WorkItem> items_;  ///< handed to the stages
  std::map<std::uint64_t, std::shared_ptr<StageRequest>> requests_;
  std::vector<std::pair<std::string, std::string>> replies_;
  std::vector<Digest> looks_;
  std::uint64_t last_look_ = 0;
  std::vector<DatabaseChunk> adds_;
  std::vector<Digest> removed_;
  std::unique_ptr<WorkerLoop> loop_;
};

}  // namespace fd::testing_support
