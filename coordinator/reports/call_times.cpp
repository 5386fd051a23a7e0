#include "coordinator/reports/call_times.hpp"

#include <cstdint>

#include "coordinator/reports/quantiles.hpp"
#include "protocol/base/saturating.hpp"

namespace fd {

void CallTimes::add(const CallView& call) {
  const auto name = text_of(call.endpoint);
  if (call.end != CallEnd::answered || !name.ok()) {
    return;
  }
  Provider& provider = providers_[*name];
  provider.queue.add(call.queue_us);
  if (call.connect_us) {
    provider.connect.add(*call.connect_us);
  }
  if (call.first_byte_us) {
    provider.first_byte.add(*call.first_byte_us);
  }
  std::uint64_t total = call.queue_us;
  add_saturating(total, call.service_us);
  provider.total.add(total);
}

json::Value CallTimes::report() const {
  json::Object report;
  for (const auto& [name, times] : providers_) {
    report[name] = json::Object{{"count", times.total.count()},
                                {"queue", quantiles_object(quantiles_ms(times.queue))},
                                {"connect", quantiles_object(quantiles_ms(times.connect))},
                                {"first_byte", quantiles_object(quantiles_ms(times.first_byte))},
                                {"total", quantiles_object(quantiles_ms(times.total))}};
  }
  return report;
}

}  // namespace fd
