#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/worker_disk.hpp"
#include "worker/worker_core.hpp"

namespace fd::sim {

/// One life of fd-worker: the real core, a shell with the order of the real one (worker_actor.cpp),
/// a gateway with slots in front of the teacher, and a journal around it: the intent is on disk
/// before a call is sent, the answer before it is handed on.
class WorkerProcess final : public Process, public Receiver {
 public:
  /// How a life ends by itself: asked to, because its disk or a sample killed it, or because the
  /// coordinator would not have it.
  enum class End { stopped, disk_failed, poisoned, refused };

  /// `ended` is called at most once. Lifetime: `services` and `disk` outlive this.
  WorkerProcess(Services& services, WorkerDisk& disk, std::uint32_t number,
                std::uint64_t incarnation, std::function<void(WorkerProcess&, End)> ended);

  void start();
  void stop();  ///< SIGTERM
  void receive(const std::string& from, std::string bytes) override;
  void connected_again(const std::string& connection) override;
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }

 private:
  /// A sample in the pipeline.
  struct Item {
    std::uint32_t shard = 0;
    std::uint64_t fence = 0;
    Sample sample;
    std::vector<Answer> answers;
    std::uint32_t missing = 0;
    bool cancelled = false;
    Reason failure = Reason::none;
  };
  struct Call {
    std::uint64_t item = 0;
    std::uint32_t number = 0;  ///< of its sample's calls
    std::uint32_t count = 1;   ///< more than one: a purchase from `number` on
    std::uint32_t ticket = 0;
  };

  void step(WorkerEvent event);
  Result<void> dispatch(const std::string& bytes);
  void perform(WorkerEffects effects);
  void recover();
  void send(const WorkerMessage& message);
  void wake();
  void end(End how);
  // pipeline
  void begin(StartSample sample);
  [[nodiscard]] const Sample& item_sample(const Call& call) const {
    return items_.at(call.item).sample;
  }
  [[nodiscard]] CallIdentity identity(const Call& call) const;
  [[nodiscard]] std::vector<Record> records_of(const Call& call, const Reply& reply) const;
  void hand_on(const Call& call, Record record, std::uint64_t journal_seq);
  void finish_call(const Call& call, const Reply& reply);
  void ask_for(std::uint64_t item, std::vector<std::uint32_t> missing);
  void cancel_call(const Call& call);
  void pass_on(std::uint64_t number);
  void finish_item(std::uint64_t number);
  [[nodiscard]] const Poison* poison_of(const Sample& sample) const;
  // gateway
  void submit(Call call);
  void send_waiting();
  void cancel_waiting();
  void request(const Call& call);

  Services& services_;
  WorkerDisk& disk_;
  std::uint32_t number_;
  std::uint64_t incarnation_;
  std::function<void(WorkerProcess&, End)> ended_;
  Random random_;
  WorkerCore core_;
  std::string control_;  ///< connection for states
  std::string bulk_;     ///< connection for all else
  std::optional<Instant> wake_at_;
  std::uint64_t wake_generation_ = 0;
  bool over_ = false;
  // the pipeline of the run, when there is one
  bool configured_ = false;
  std::uint64_t run_ = 0;  ///< rises with every run taken up
  std::map<std::uint64_t, Item> items_;
  std::uint64_t last_item_ = 0;
  std::uint32_t slots_ = 1;
  std::uint32_t in_flight_ = 0;
  std::uint32_t journaling_ = 0;    ///< intents on their way to the disk
  std::uint64_t cancelled_at_ = 0;  ///< calls with a lower ticket are dropped unless in flight
  std::uint32_t last_ticket_ = 0;
  std::deque<Call> waiting_;
};

}  // namespace fd::sim
