// Loads a coordinator with many workers from one process, which make up all answers themselves, and
// measures what the coordinator does with them: outcomes a second, and how long it takes to answer
// a heartbeat. One thread, one socket a worker.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <deque>
#include <iostream>
#include <memory>
#include <vector>

#include <sys/resource.h>
#include <zmq.hpp>

#include "actors/system/command_line.hpp"
#include "protocol/frame.hpp"
#include "tests/load/load_worker.hpp"

namespace fd::load {
namespace {

constexpr int kMessagesAtOnce = 16;  ///< of one socket, before the others get their turn
constexpr int kFinishedAtOnce = 32;  ///< samples of one worker, before the others get their turn

CommandSpec command() {
  CommandSpec spec;
  spec.usage = "fd_load --connect ENDPOINT [options]";
  spec.about =
      "Serves one run of a coordinator with made-up answers and prints, as JSON, what it measured.";
  spec.options = {{"--connect", "ENDPOINT", "of the coordinator", false},
                  {"--workers", "N", "simulated workers (default: 64)", false},
                  {"--rate", "N", "outcomes a second at most, 0: no limit (default: 0)", false},
                  {"--answer-bytes", "N", "length of an answer (default: 200)", false},
                  {"--help", "", "this text", false}};
  return spec;
}

struct Settings {
  std::string endpoint;
  std::uint32_t workers = 64;
  std::uint64_t rate = 0;
  std::size_t answer_bytes = 200;
};

/// One worker with its connection.
struct Peer {
  zmq::socket_t socket;
  std::deque<std::string> unsent;
  std::unique_ptr<LoadWorker> worker;

  explicit Peer(zmq::context_t& context, const std::string& endpoint)
      : socket(context, zmq::socket_type::dealer) {
    socket.set(zmq::sockopt::linger, 0);
    socket.connect(endpoint);
  }
  void flush() {
    while (!unsent.empty() && socket.send(zmq::buffer(unsent.front()), zmq::send_flags::dontwait)) {
      unsent.pop_front();
    }
  }
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Hands out leave to finish samples: no more than `rate` a second, and after a pause not all at
/// once.
class Pace {
 public:
  Pace(std::uint64_t rate, Instant now) : rate_(static_cast<double>(rate)), at_(now) {}
  bool take(Instant now) {
    if (rate_ == 0) {
      return true;
    }
    left_ += static_cast<double>((now - at_).count()) * rate_ / 1e6;
    left_ = std::min(left_, std::max(1.0, rate_ * kBurstSeconds));
    at_ = now;
    if (left_ < 1) {
      return false;
    }
    left_ -= 1;
    return true;
  }

 private:
  static constexpr double kBurstSeconds = 0.05;
  double rate_;
  double left_ = 0;
  Instant at_;
};

class Load {
 public:
  Load(const Settings& settings, const Clock& clock)
      : settings_(settings), clock_(clock), pace_(settings.rate, clock.now()) {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto incarnation = static_cast<std::uint64_t>(wall / std::chrono::milliseconds(1));
    for (std::uint32_t number = 0; number < settings.workers; ++number) {
      auto peer = std::make_unique<Peer>(context_, settings.endpoint);
      Peer* const raw = peer.get();
      peer->worker = std::make_unique<LoadWorker>(
          number, (incarnation << 16) + number + 1, settings.answer_bytes, measured_,
          [raw](std::string frame) { raw->unsent.push_back(std::move(frame)); });
      peers_.push_back(std::move(peer));
      items_.push_back({raw->socket.handle(), 0, ZMQ_POLLIN, 0});
    }
  }

  /// Serves until the coordinator says that the run is over.
  void run() {
    while (!over()) {
      zmq::poll(items_.data(), items_.size(), std::chrono::milliseconds(wait_ms()));
      const Instant begin = clock_.now();
      bool work = false;
      for (std::size_t i = 0; i < peers_.size(); ++i) {
        work = serve(*peers_.at((first_ + i) % peers_.size())) || work;
      }
      ++first_;  // another one is first each time: the pace is for all together
      busy_ = work;
      round_us_.push_back(static_cast<std::uint32_t>((clock_.now() - begin).count()));
      if (!began_ && measured_.outcomes > 0) {
        began_ = begin;
      }
      if (measured_.acknowledged != last_acknowledged_) {
        last_acknowledged_ = measured_.acknowledged;
        ended_ = clock_.now();
      }
    }
  }

  void print() {
    const double wall_s = began_ ? static_cast<double>((ended_ - *began_).count()) / 1e6 : 0;
    const auto outcomes = static_cast<double>(measured_.outcomes);
    std::printf(
        "{\"workers\": %u, \"outcomes\": %llu, \"acknowledged_records\": %llu, \"refused\": %llu, "
        "\"wall_s\": %.3f, \"outcomes_per_s\": %.0f, \"orders\": %zu, \"control_ms\": "
        "{\"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f}, \"new_lease_ms\": {\"p50\": %.2f, \"p99\": "
        "%.2f}, \"no_new_lease_ms\": {\"p50\": %.2f, "
        "\"p99\": %.2f}, \"own_round_ms\": {\"p99\": %.2f, "
        "\"max\": %.2f}, \"own_cpu_us_per_outcome\": %.1f}\n",
        settings_.workers, static_cast<unsigned long long>(measured_.outcomes),
        static_cast<unsigned long long>(measured_.acknowledged),
        static_cast<unsigned long long>(measured_.refused), wall_s,
        wall_s > 0 ? outcomes / wall_s : 0, measured_.control_us.size(),
        quantile_ms(measured_.control_us, 0.5), quantile_ms(measured_.control_us, 0.99),
        quantile_ms(measured_.control_us, 1), quantile_ms(measured_.granting_us, 0.5),
        quantile_ms(measured_.granting_us, 0.99), quantile_ms(measured_.plain_us, 0.5),
        quantile_ms(measured_.plain_us, 0.99), quantile_ms(round_us_, 0.99),
        quantile_ms(round_us_, 1), outcomes > 0 ? cpu_seconds() * 1e6 / outcomes : 0);
  }

 private:
  [[nodiscard]] bool over() const {
    return std::any_of(peers_.begin(), peers_.end(),
                       [](const auto& peer) { return peer->worker->run_over(); });
  }

  [[nodiscard]] long wait_ms() const {
    if (busy_) {
      return 0;
    }
    Instant due = Instant::max();
    bool unsent = false;
    for (const auto& peer : peers_) {
      due = std::min(due, peer->worker->due());
      unsent = unsent || !peer->unsent.empty();
    }
    const auto left = (due - clock_.now()) / std::chrono::milliseconds(1);
    return std::clamp<long>(static_cast<long>(left), 0, unsent || settings_.rate > 0 ? 1 : 100);
  }

  /// Gives one worker its turn. Returns whether it has more to do.
  bool serve(Peer& peer) {
    int received = 0;
    for (zmq::message_t message;
         received < kMessagesAtOnce && peer.socket.recv(message, zmq::recv_flags::dontwait);
         ++received) {
      peer.worker->receive(clock_.now(), {message.data<char>(), message.size()});
    }
    int finished = 0;
    while (finished < kFinishedAtOnce && pace_.take(clock_.now())) {
      if (!peer.worker->finish_one(clock_.now())) {
        break;
      }
      ++finished;
    }
    if (const Instant now = clock_.now(); now >= peer.worker->due()) {
      peer.worker->tick(now);
    }
    peer.flush();
    return received == kMessagesAtOnce || finished == kFinishedAtOnce;
  }

  static double quantile_ms(std::vector<std::uint32_t>& values, double share) {
    if (values.empty()) {
      return 0;
    }
    std::sort(values.begin(), values.end());
    const auto last = static_cast<double>(values.size() - 1);
    return static_cast<double>(values.at(static_cast<std::size_t>(share * last))) / 1e3;
  }

  Settings settings_;
  const Clock& clock_;
  zmq::context_t context_{1};
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<zmq::pollitem_t> items_;
  Measured measured_;
  Pace pace_;
  bool busy_ = false;
  std::size_t first_ = 0;
  std::vector<std::uint32_t> round_us_;
  std::optional<Instant> began_;
  Instant ended_{};
  std::uint64_t last_acknowledged_ = 0;
};

Result<Settings> settings_of(const ParsedCommand& parsed) {
  Settings settings;
  settings.endpoint = parsed.value("--connect").value_or("");
  if (settings.endpoint.empty()) {
    return Error{Errc::invalid_input, "--connect ENDPOINT is missing"};
  }
  FD_TRY(const std::uint64_t workers, parsed.number("--workers", 64, 1, 1000));
  settings.workers = static_cast<std::uint32_t>(workers);
  FD_TRY(settings.rate, parsed.number("--rate", 0, 0, 10'000'000));
  FD_TRY(settings.answer_bytes, parsed.number("--answer-bytes", 200, 1, 1u << 20));
  return settings;
}

}  // namespace
}  // namespace fd::load

int main(int argc, char** argv) {
  const auto parsed =
      fd::parse_command(fd::load::command(), std::vector<std::string>(argv + 1, argv + argc));
  if (parsed.ok() && parsed->has("--help")) {
    std::cout << fd::help_text(fd::load::command());
    return 0;
  }
  const auto settings = parsed.ok() ? fd::load::settings_of(*parsed) : parsed.error();
  if (!settings.ok()) {
    std::cerr << "fd_load: " << settings.error().message << "\n";
    return 2;
  }
  const fd::SystemClock clock;
  fd::load::Load load(*settings, clock);
  load.run();
  load.print();
  return 0;
}
