#include "actors/journal/segment_name.hpp"

#include <charconv>
#include <cstdio>
#include <string_view>

namespace fd {
namespace {

constexpr std::string_view kSealedSuffix = ".fdj";
constexpr std::string_view kOpenSuffix = ".open.fdj";
constexpr std::size_t kIncarnationDigits = 16;
constexpr std::size_t kNumberDigits = 8;

template <class T>
bool parse_number(std::string_view digits, int base, T& out) {
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
}

}  // namespace

std::string segment_name(const SegmentHeader& header, bool sealed) {
  char numbers[1 + kIncarnationDigits + 1 + 10 + 1];
  std::snprintf(numbers, sizeof numbers, ".%016llx.%08u",
                static_cast<unsigned long long>(header.journal.incarnation), header.number);
  return header.journal.run_id + numbers + std::string(sealed ? kSealedSuffix : kOpenSuffix);
}

std::optional<SegmentFile> parse_segment_name(const std::string& name) {
  SegmentFile file;
  file.name = name;
  std::string_view rest = name;
  file.sealed = !rest.ends_with(kOpenSuffix);
  const std::string_view suffix = file.sealed ? kSealedSuffix : kOpenSuffix;
  constexpr std::size_t kTail = 1 + kIncarnationDigits + 1 + kNumberDigits;
  if (!rest.ends_with(suffix) || rest.size() <= kTail + suffix.size()) {
    return std::nullopt;
  }
  rest.remove_suffix(suffix.size());
  const std::string_view tail = rest.substr(rest.size() - kTail);
  if (tail[0] != '.' || tail[1 + kIncarnationDigits] != '.' ||
      !parse_number(tail.substr(1, kIncarnationDigits), 16, file.incarnation) ||
      !parse_number(tail.substr(kTail - kNumberDigits), 10, file.number)) {
    return std::nullopt;
  }
  file.run_id = rest.substr(0, rest.size() - kTail);
  return file;
}

}  // namespace fd
