#include "coordinator/merge/failure_words.hpp"

namespace fd {
namespace {

std::string plain(std::string_view json_string) {
  auto text = text_of(json_string);
  return text.ok() ? std::move(text).value() : std::string();
}

}  // namespace

void FailureWordsCount::add(const CallView& call) {
  if (call.end == CallEnd::failed || call.end == CallEnd::refused ||
      call.end == CallEnd::unauthorized || call.end == CallEnd::outage) {
    ended_[call.sample_id] = call;
  }
}

void FailureWordsCount::count(const OutcomeView& outcome) {
  const auto found = ended_.find(outcome.sample_id);
  if (found != ended_.end()) {
    const CallView& call = found->second;
    sorts_[outcome.reason].add(
        {plain(call.endpoint), static_cast<std::uint32_t>(call.http_status), plain(call.error), 0});
  }
}

std::map<std::string, std::vector<FailureWords>> FailureWordsCount::words() const {
  std::map<std::string, std::vector<FailureWords>> words;
  for (const auto& [reason, sorts] : sorts_) {
    for (const ErrorSorts::Sort& sort : sorts.by_count()) {
      words[std::string(name(reason))].push_back({sort.first, sort.count});
    }
  }
  return words;
}

}  // namespace fd
