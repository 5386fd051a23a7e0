#include "worker/silence_report.hpp"

#include <thread>

#include "actors/system/thread_name.hpp"
#include "worker/reachability.hpp"

namespace fd {

void SilenceReport::look() {
  if (const std::int64_t silent_s = silent_s_.exchange(0); silent_s != 0 && !why_.valid()) {
    shown_s_ = silent_s;
    std::packaged_task<std::string()> probe([endpoint = endpoint_] {
      name_thread("fd-probe");
      return why_unreachable(endpoint, std::chrono::seconds(2));
    });
    why_ = probe.get_future();
    std::thread(std::move(probe)).detach();
  }
  if (why_.valid() && why_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    log_.warn("coordinator_silent", {{"connect", endpoint_},
                                     {"for_s", std::to_string(shown_s_)},
                                     {"why", why_.get()},
                                     {"now", "trying again"}});
  }
}

}  // namespace fd
