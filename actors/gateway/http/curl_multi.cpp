#include "actors/gateway/http/curl_multi.hpp"

#include <cerrno>

#include <sys/epoll.h>

#include "protocol/base/result.hpp"

namespace fd {
namespace {

std::uint32_t events_of(int what) {
  return ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) |
         ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
}

int what_of(std::uint32_t events) {
  return ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
         ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
         ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
}

}  // namespace

CurlMulti::CurlMulti(int epoll, std::uint32_t index, const Clock& clock)
    : epoll_(epoll), index_(index), clock_(clock), multi_(curl_multi_init()) {
  FD_CHECK(multi_ != nullptr);
  // A cache that is smaller than the number of transfers opens a connection for almost every call.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(kMaxMultiTransfers));
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::socket_changed);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::timer_changed);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlMulti::~CurlMulti() {
  curl_multi_cleanup(multi_);
}

void CurlMulti::add(CURL* easy) {
  FD_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
  ++transfers_;
}

void CurlMulti::remove(CURL* easy) {
  FD_CHECK(curl_multi_remove_handle(multi_, easy) == CURLM_OK);
  --transfers_;
}

void CurlMulti::act(curl_socket_t socket, int what) {
  int running = 0;
  FD_CHECK(curl_multi_socket_action(multi_, socket, what, &running) == CURLM_OK);
}

void CurlMulti::on_socket(curl_socket_t socket, std::uint32_t events) {
  act(socket, what_of(events));
}

void CurlMulti::on_time(Instant now) {
  if (due_ && *due_ <= now) {
    due_.reset();
    act(CURL_SOCKET_TIMEOUT, 0);
  }
}

CURL* CurlMulti::next_done(CURLcode& code) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) {
      code = message->data.result;
      return message->easy_handle;
    }
  }
  return nullptr;
}

/// libcurl wants a socket watched otherwise. It keeps connections open that no transfer uses, and
/// takes those out of the watch.
int CurlMulti::socket_changed(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                              void* known) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (what == CURL_POLL_REMOVE) {
    // A socket that was closed before has left epoll by itself.
    epoll_ctl(multi.epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.events = events_of(what);
  event.data.u64 = std::uint64_t{multi.index_} << 32 | static_cast<std::uint32_t>(socket);
  if (known == nullptr) {
    curl_multi_assign(multi.multi_, socket, self);
  }
  // One that cannot be watched meets its time-out: to say so to libcurl would end them all.
  epoll_ctl(multi.epoll_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  return 0;
}

int CurlMulti::timer_changed(CURLM* /*multi*/, long timeout_ms, void* self) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (timeout_ms < 0) {
    multi.due_.reset();
  } else {
    multi.due_ = multi.clock_.now() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

}  // namespace fd
