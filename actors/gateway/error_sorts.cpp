#include "actors/gateway/error_sorts.hpp"

#include <algorithm>

namespace fd {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Returns whether `c` goes on with a word. Bytes beyond ASCII do.
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::string without_numbers(std::string_view words) {
  std::string out;
  for (std::size_t at = 0; at < words.size();) {
    std::size_t end = at;
    while (end < words.size() && is_word(words[end])) {
      ++end;
    }
    const std::string_view word = words.substr(at, end - at);
    if (std::ranges::any_of(word, is_digit)) {
      out += '#';
    } else {
      out += word;
    }
    if (end < words.size()) {
      out += words[end++];
    }
    at = end;
  }
  return out;
}

bool same_sort(const EndpointError& a, const EndpointError& b) {
  return a.status == b.status && a.provider == b.provider &&
         without_numbers(a.words) == without_numbers(b.words);
}

bool ErrorSorts::add(const EndpointError& error) {
  const auto known =
      std::ranges::find_if(sorts_, [&](const Sort& sort) { return same_sort(sort.first, error); });
  if (known != sorts_.end()) {
    ++known->count;
    return false;
  }
  if (sorts_.size() >= kErrorSortsMax) {
    ++others_;
    return false;
  }
  sorts_.push_back({error, 1});
  return true;
}

std::vector<ErrorSorts::Sort> ErrorSorts::by_count() const {
  std::vector<Sort> sorts = sorts_;
  std::ranges::stable_sort(sorts, std::ranges::greater(), &Sort::count);
  return sorts;
}

}  // namespace fd
