#include "actors/config/schema.hpp"

namespace fd {

void add_later_keys(std::vector<Key>& /*keys*/, RunConfig& /*config*/) {}

}  // namespace fd
