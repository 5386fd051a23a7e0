#pragma once

#include "coordinator/shards/write.hpp"

namespace fd {

/// Puts the texts back that a worker left out of outcomes because the answers have them
/// (Candidate::text_in_answer). A text whose answer is not there stays empty. Pure.
void put_texts_back(ShardResult& result);

}  // namespace fd
