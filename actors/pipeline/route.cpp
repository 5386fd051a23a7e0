#include "actors/pipeline/route.hpp"

#include <algorithm>
#include <iterator>

namespace fd {

void Route::send(WorkBatch batch) {
  std::vector<WorkItem>& items = *batch.items;
  // The last part is the batch itself.
  const std::size_t part = (items.size() + targets_.size() - 1) / targets_.size();
  while (items.size() > std::max<std::size_t>(part, 1)) {
    auto split = std::make_shared<std::vector<WorkItem>>(
        std::make_move_iterator(items.end() - static_cast<std::ptrdiff_t>(part)),
        std::make_move_iterator(items.end()));
    items.resize(items.size() - part);
    act::post(targets_[turn_++ % targets_.size()], WorkBatch{std::move(split), batch.sent});
  }
  act::post(targets_[turn_++ % targets_.size()], std::move(batch));
}

}  // namespace fd
