#pragma once

#include <memory>

#include "protocol/base/result.hpp"

namespace zmq {
class context_t;
}

namespace fd {

/// Two threads of libzmq, which serve every socket that is made with it. Copies are the same one.
/// It lasts as long as the last copy, and sends what its sockets had queued, for at most 2 s, as it
/// ends. Thread: any.
class ZmqContext {
 public:
  /// Errors: invalid_input: too few open files are allowed.
  static Result<ZmqContext> make();
  [[nodiscard]] zmq::context_t& get() const { return *context_; }

 private:
  explicit ZmqContext(std::shared_ptr<zmq::context_t> context) : context_(std::move(context)) {}
  std::shared_ptr<zmq::context_t> context_;
};

}  // namespace fd
