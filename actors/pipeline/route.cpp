#include "actors/pipeline/route.hpp"

namespace fd {

void Route::send(WorkBatch batch) const {
  if (queue_ == nullptr) {
    act::post(targets_.front(), std::move(batch));
    return;
  }
  for (const std::size_t lane : queue_->put(std::move(*batch.items), batch.sent)) {
    act::post(targets_[lane], LaneWoken{});
  }
}

}  // namespace fd
