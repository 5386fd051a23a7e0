#pragma once

#include <cstdint>
#include <string>

#include "protocol/journal.hpp"

namespace fd::testing_support {

/// The intent of call `index`, and what comes of it.
inline JournalIntent intent_of(std::uint32_t index) {
  JournalIntent intent;
  intent.shard = index % 3;
  intent.fence = 5;
  intent.sample_id = sha256("sample " + std::to_string(index));
  intent.call_key = sha256("key " + std::to_string(index));
  intent.candidate = index % 2;
  intent.max_tokens = 512;
  return intent;
}

inline Record end_of(std::uint32_t index, const std::string& text = "SELECT 1") {
  const JournalIntent intent = intent_of(index);
  Record end;
  end.shard = intent.shard;
  end.fence = intent.fence;
  end.answer = Answer{intent, "m", text, "", "stop"};
  static_cast<CallIdentity&>(end.call.emplace()) = intent;
  return end;
}

inline JournalCancelled cancelled_of(std::uint32_t index) {
  const JournalIntent intent = intent_of(index);
  return {intent.sample_id, intent.call_key};
}

inline JournalIdentity identity_of(std::uint64_t incarnation = 1) {
  return {"run-1", "w1", incarnation};
}

}  // namespace fd::testing_support
