#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/control/coordinator_ports.hpp"
#include "protocol/frame.hpp"

namespace fd::testing_support {

/// Ports that only write down what was asked of them, in order; a test answers by hand.
class FakePorts final : public CoordinatorPorts {
 public:
  [[nodiscard]] Instant now() const override { return time; }
  void send(const PeerId& peer, std::string frame) override {
    const auto view = decode_frame(frame);
    ASSERT_TRUE(view.ok());
    done.push_back("send " + std::to_string(static_cast<int>(view->kind)) + " " + peer);
    sent.push_back(std::move(frame));
  }
  void append(std::vector<LedgerEvent> events, std::function<void()> then) override {
    done.push_back("append " + std::to_string(events.size()));
    commits.push_back(std::move(then));
  }
  void post(LeasesDurable leases) override {
    done.emplace_back("post");
    durable.push_back(std::move(leases));
  }
  void load_shard(std::uint32_t shard) override { done.push_back("load " + std::to_string(shard)); }
  void write_shard(std::shared_ptr<ShardResult> result) override {
    done.push_back("write " + std::to_string(result->shard));
    written.push_back(std::move(result));
  }
  void read_database(SendDatabase asked) override {
    done.emplace_back("read database");
    databases.push_back(std::move(asked));
  }
  void report(std::shared_ptr<const Progress> shown) override { progress = std::move(shown); }
  void warn(std::string_view event, Log::Fields fields) override {
    std::string line{event};
    for (const auto& [name, value] : fields) {
      line += " " + std::string(name) + "=" + value;
    }
    warnings.push_back(std::move(line));
  }
  [[nodiscard]] std::string time_of_day(Duration ahead) const override {
    return "in " + std::to_string(std::chrono::floor<std::chrono::seconds>(ahead).count()) + " s";
  }
  void tell(std::string line) override { told.push_back(std::move(line)); }
  void ended(RunEnd how) override {
    done.emplace_back("ended");
    ends.push_back(std::move(how));
  }

  /// Has the oldest append that waits committed.
  void commit() {
    ASSERT_FALSE(commits.empty());
    const auto then = std::move(commits.front());
    commits.pop_front();
    then();
  }
  /// Returns the messages of type M that were sent, oldest first.
  template <class M>
  [[nodiscard]] std::vector<M> messages() const {
    std::vector<M> found;
    for (const std::string& bytes : sent) {
      const FrameView frame = decode_frame(bytes).value();
      if (frame.kind == M::kKind) {
        found.push_back(decode<M>(frame.body).value());
      }
    }
    return found;
  }

  Instant time{};
  std::vector<std::string> done;  ///< what was asked for: "send KIND PEER", "append COUNT", ...
  std::vector<std::string> sent;  ///< frames
  std::deque<std::function<void()>> commits;
  std::vector<LeasesDurable> durable;
  std::vector<std::shared_ptr<ShardResult>> written;
  std::vector<SendDatabase> databases;
  std::shared_ptr<const Progress> progress;
  std::vector<std::string> warnings;
  std::vector<std::string> told;
  std::vector<RunEnd> ends;
};

}  // namespace fd::testing_support
