#include "actors/transport/zmq_context.hpp"

#include <utility>

#include <zmq.hpp>

#include "actors/transport/transport_limits.hpp"

namespace fd {

Result<ZmqContext> ZmqContext::make() {
  try {
    auto context = std::make_shared<zmq::context_t>(1);
    context->set(zmq::ctxopt::max_sockets, kContextSocketsMax);
    return ZmqContext(std::move(context));
  } catch (const zmq::error_t& error) {
    return Error{Errc::invalid_input, std::string("cannot start libzmq: ") + error.what()};
  }
}

}  // namespace fd
