#include "actors/transport/zap_handler.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "actors/system/failpoint.hpp"
#include "actors/system/thread_name.hpp"
#include "actors/transport/zap.hpp"

namespace fd {
namespace {

constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";

[[noreturn]] void fail_closed(const char* why) {
  std::fprintf(stderr, "the thread that checks keys has ended (%s): nobody is let in\n", why);
  std::fflush(stderr);
  std::_Exit(70);
}

}  // namespace

Result<std::unique_ptr<ZapHandler>> ZapHandler::make(const ZmqContext& context,
                                                     std::shared_ptr<const AllowList> allowed,
                                                     std::function<void(std::string)> refused) {
  FD_TRY(WakeEvent stop, WakeEvent::make());
  try {
    return std::unique_ptr<ZapHandler>(
        new ZapHandler(context, std::move(stop), std::move(allowed), std::move(refused)));
  } catch (const zmq::error_t& error) {
    return Error{Errc::invalid_input, std::string("cannot check keys: ") + error.what()};
  }
}

ZapHandler::ZapHandler(const ZmqContext& context, WakeEvent stop,
                       std::shared_ptr<const AllowList> allowed,
                       std::function<void(std::string)> refused)
    : socket_(context.get(), zmq::socket_type::rep),
      stop_(std::move(stop)),
      allowed_(std::move(allowed)),
      refused_(std::move(refused)) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind(kZapEndpoint);
  thread_ = std::thread([this] { run(); });
}

ZapHandler::~ZapHandler() {
  stop_.wake();
  thread_.join();
  socket_.close();
}

void ZapHandler::run() {
  name_thread("fd-zap");
  std::array<zmq::pollitem_t, 2> items{
      {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, stop_.get(), ZMQ_POLLIN, 0}}};
  while (items[1].revents == 0) {
    try {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds(-1));
      if ((items[0].revents & ZMQ_POLLIN) != 0 && !answer_one()) {
        fail_closed("a request could not be read");
      }
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) {
        fail_closed(error.what());
      }
    }
  }
}

/// Reads and answers one request. Returns false when that cannot go on.
bool ZapHandler::answer_one() {
  if (FD_FAILPOINT_ERROR("zap.read_error") != 0) {
    return false;
  }
  std::vector<std::string> request;
  zmq::message_t part;
  do {
    if (!socket_.recv(part)) {
      return false;
    }
    request.push_back(part.to_string());
  } while (part.more());
  ZapReply reply = answer_zap(request, *allowed_);
  if (reply.frames.empty()) {
    return false;  // only libzmq speaks here: this would be another protocol
  }
  if (!reply.admitted && refused_) {
    refused_(std::move(reply.detail));
  }
  for (std::size_t i = 0; i < reply.frames.size(); ++i) {
    socket_.send(zmq::buffer(reply.frames[i]),
                 i + 1 < reply.frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
  return true;
}

}  // namespace fd
