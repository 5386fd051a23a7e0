// One key more, as the next version could have it: it is semantic, and was added after the first
// version.
#include "actors/config/schema.hpp"

namespace fd {

void add_later_keys(std::vector<Key>& keys, RunConfig& config) {
  keys.push_back({.path = "gates.select.later",
                  .slot = &config.later,
                  .effect = Effect::semantic,
                  .added = true,
                  .limits = {0, 100},
                  .meaning = "Is not there yet."});
}

}  // namespace fd
