#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace fd {

/// A map that forgets what was not used for longest, by count and by bytes.
template <class Value>
class LeastRecentlyUsed {
 public:
  LeastRecentlyUsed(std::size_t max_count, std::size_t max_bytes)
      : max_count_(max_count), max_bytes_(max_bytes) {}

  /// Returns the value, or null. Lifetime: until the next put().
  Value* find(const std::string& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) {
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }

  /// Adds a value that is not there. It stays even when it alone is past the limit of bytes,
  /// because the caller is about to use it.
  Value& put(const std::string& key, Value value, std::size_t bytes) {
    entries_.push_front({key, std::move(value), bytes});
    places_[key] = entries_.begin();
    bytes_ += bytes;
    while (entries_.size() > 1 && (entries_.size() > max_count_ || bytes_ > max_bytes_)) {
      bytes_ -= entries_.back().bytes;
      places_.erase(entries_.back().key);
      entries_.pop_back();
    }
    return entries_.front().value;
  }

  /// Forgets a value that is there.
  void erase(const std::string& key) {
    const auto found = places_.find(key);
    bytes_ -= found->second->bytes;
    entries_.erase(found->second);
    places_.erase(found);
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::size_t bytes = 0;
  };
  std::size_t max_count_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  ///< most recently used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
};

}  // namespace fd
