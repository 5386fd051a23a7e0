#include "actors/transport/zap_handler.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

#include "actors/system/failpoint.hpp"
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

ZapHandler::ZapHandler(zmq::context_t& context, std::shared_ptr<const AllowList> allowed,
                       std::function<void(std::string)> refused)
    : socket_(context, zmq::socket_type::rep),
      stop_fd_(::eventfd(0, EFD_CLOEXEC)),
      allowed_(std::move(allowed)),
      refused_(std::move(refused)) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind(kZapEndpoint);
  thread_ = std::thread([this] { run(); });
}

ZapHandler::~ZapHandler() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_fd_, &one, sizeof one);
  thread_.join();
  socket_.close();
  ::close(stop_fd_);
}

void ZapHandler::run() {
  std::array<zmq::pollitem_t, 2> items{
      {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, stop_fd_, ZMQ_POLLIN, 0}}};
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
