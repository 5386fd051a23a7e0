#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <zmq.hpp>

#include "actors/keys/allow_list.hpp"
#include "actors/system/wake_event.hpp"
#include "actors/transport/zmq_context.hpp"

namespace fd {

/// Answers the ZAP requests of one ZeroMQ context on a thread of its own. Where nobody answers,
/// libzmq 4.3.4 admits everyone; so when this thread ends before its object does, the process ends.
class ZapHandler {
 public:
  /// Is ready for requests when it returns: no socket that relies on it may be bound before.
  /// `refused` (may be empty) hears of who was not admitted, on the handler's thread.
  /// Errors: invalid_input: too few open files are allowed.
  static Result<std::unique_ptr<ZapHandler>> make(const ZmqContext& context,
                                                  std::shared_ptr<const AllowList> allowed,
                                                  std::function<void(std::string)> refused);
  /// Requires: every socket that relies on it is closed.
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

 private:
  ZapHandler(const ZmqContext& context, WakeEvent stop, std::shared_ptr<const AllowList> allowed,
             std::function<void(std::string)> refused);
  void run();
  bool answer_one();
  zmq::socket_t socket_;
  WakeEvent stop_;
  std::shared_ptr<const AllowList> allowed_;
  std::function<void(std::string)> refused_;
  std::thread thread_;
};

}  // namespace fd
