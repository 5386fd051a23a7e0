#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"

namespace fd::json {
namespace {

namespace dom = simdjson::dom;

struct DomMember {
  std::string_view key;
  dom::element value;
};

bool dom_less(const DomMember& left, const DomMember& right) {
  return key_less(left.key, right.key);
}

/// Returns whether a double holds `number` exactly.
bool exact(std::int64_t number) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  if (number >= -kLimit && number <= kLimit) {
    return true;
  }
  const std::uint64_t size =
      number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : static_cast<std::uint64_t>(number);
  // Beyond 2^53 a double has 53 leading bits: what is below them must be zero.
  const int spare = 64 - __builtin_clzll(size) - 53;
  return (size & ((std::uint64_t{1} << spare) - 1)) == 0;
}

bool exact(std::uint64_t number) {
  // simdjson gives unsigned integers only from 2^63 on: 64 bits, of which a double has 53.
  return (number & ((std::uint64_t{1} << 11) - 1)) == 0;
}

/// Writes the canonical text of parsed values. Keys are sorted on one stack that grows with the
/// nesting, so that nothing is allocated once it has been as deep.
class DomWriter {
 public:
  /// Appends `element`; false when it is one that we refuse and simdjson accepts.
  bool append(dom::element element, std::size_t depth, std::string& out) {
    switch (element.type()) {
      case dom::element_type::NULL_VALUE:
        out += "null";
        return true;
      case dom::element_type::BOOL:
        out += element.get_bool().value_unsafe() ? "true" : "false";
        return true;
      case dom::element_type::STRING:
        append_string(element.get_string().value_unsafe(), out);
        return true;
      case dom::element_type::INT64:
        append_number(static_cast<double>(element.get_int64().value_unsafe()), out);
        return exact(element.get_int64().value_unsafe());
      case dom::element_type::UINT64:
        append_number(static_cast<double>(element.get_uint64().value_unsafe()), out);
        return exact(element.get_uint64().value_unsafe());
      case dom::element_type::DOUBLE:
        append_number(element.get_double().value_unsafe(), out);
        return true;
      case dom::element_type::ARRAY:
        return append_array(element.get_array().value_unsafe(), depth + 1, out);
      case dom::element_type::OBJECT:
        return append_object(element.get_object().value_unsafe(), depth + 1, out);
    }
    return false;
  }

  /// Puts the members in canonical order on the stack and returns how many there are, or nothing
  /// when a key comes twice.
  std::optional<std::size_t> push_sorted(dom::object members) {
    const std::size_t from = stack_.size();
    for (const auto member : members) {
      stack_.push_back({member.key, member.value});
    }
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(from);
    if (!std::is_sorted(begin, stack_.end(), dom_less)) {
      std::sort(begin, stack_.end(), dom_less);
    }
    const auto same = [](const DomMember& left, const DomMember& right) {
      return left.key == right.key;
    };
    if (std::adjacent_find(begin, stack_.end(), same) != stack_.end()) {
      return std::nullopt;
    }
    return stack_.size() - from;
  }

  [[nodiscard]] DomMember at(std::size_t index) const { return stack_[index]; }
  void clear() { stack_.clear(); }

 private:
  bool append_array(dom::array items, std::size_t depth, std::string& out) {
    if (depth > kMaxDepth) {
      return false;
    }
    char before = '[';
    for (const dom::element item : items) {
      out += before;
      before = ',';
      if (!append(item, depth, out)) {
        return false;
      }
    }
    out += before == '[' ? "[]" : "]";
    return true;
  }

  bool append_object(dom::object members, std::size_t depth, std::string& out) {
    const std::size_t from = stack_.size();
    const std::optional<std::size_t> count = push_sorted(members);
    if (depth > kMaxDepth || !count) {
      return false;
    }
    out += '{';
    for (std::size_t i = 0; i < *count; ++i) {
      // By value: the stack may move while the member's own members are pushed.
      const DomMember member = stack_[from + i];
      if (i > 0) {
        out += ',';
      }
      append_string(member.key, out);
      out += ':';
      if (!append(member.value, depth, out)) {
        return false;
      }
    }
    out += '}';
    stack_.resize(from);
    return true;
  }

  std::vector<DomMember> stack_;
};

/// One top-level member. Strings are kept as they are and escaped when asked for: rows are mostly
/// strings, and most programs ask for few of them. Of the others the canonical text is kept.
struct Entry {
  RowParser::Member state = RowParser::Member::missing;
  bool is_string = false;
  std::string_view text;  ///< of a string
  std::size_t from = 0;   ///< canonical text of anything else, in Impl::texts
  std::size_t to = 0;
  std::string_view fault{};  ///< empty: none
};

}  // namespace

struct RowParser::Impl {
  dom::parser parser;
  std::vector<char> padded;
  DomWriter writer;
  std::vector<std::string_view> keys;  ///< sorted
  std::vector<Entry> entries;          ///< parallel to keys
  std::string texts;
  std::vector<RowMember> members;  ///< own what keys and entries view when simdjson could not

  void clear() {
    keys.clear();
    entries.clear();
    texts.clear();
    writer.clear();
  }

  void add_string(std::string_view key, std::string_view text) {
    keys.push_back(key);
    entries.push_back({Member::present, true, text, 0, 0, {}});
  }

  void add_text(std::string_view key, std::size_t from, bool null) {
    keys.push_back(key);
    entries.push_back({null ? Member::null : Member::present, false, {}, from, texts.size(), {}});
  }

  bool parse_fast(std::string_view line);
  Result<void> parse_slow(std::string_view line);
  [[nodiscard]] const Entry* find(std::string_view key) const;
  void append(const Entry& entry, std::string& out) const;
};

bool RowParser::Impl::parse_fast(std::string_view line) {
  if (line.size() > kMaxTextBytes) {
    return false;
  }
  if (padded.size() < line.size() + simdjson::SIMDJSON_PADDING) {
    padded.resize(2 * line.size() + simdjson::SIMDJSON_PADDING);
  }
  std::memcpy(padded.data(), line.data(), line.size());
  dom::object row;
  if (parser.parse(padded.data(), line.size(), false).get(row) != simdjson::SUCCESS) {
    return false;
  }
  const std::optional<std::size_t> count = writer.push_sorted(row);
  if (!count) {
    return false;
  }
  for (std::size_t i = 0; i < *count; ++i) {
    const DomMember member = writer.at(i);
    if (member.value.is_string()) {
      add_string(member.key, member.value.get_string().value_unsafe());
      continue;
    }
    const std::size_t from = texts.size();
    if (!writer.append(member.value, 1, texts)) {
      return false;
    }
    add_text(member.key, from, member.value.is_null());
  }
  return true;
}

/// The way of what simdjson refuses: mostly to find out what is wrong and where; the rest are whole
/// numbers of 2^64 and more, which RFC 8785 allows, and values that only their own field minds.
Result<void> RowParser::Impl::parse_slow(std::string_view line) {
  FD_TRY(members, parse_row(line));
  std::sort(members.begin(), members.end(), [](const RowMember& left, const RowMember& right) {
    return key_less(left.key, right.key);
  });
  for (const RowMember& member : members) {
    const std::string* text = member.value.as_string();
    if (text != nullptr && member.fault.empty()) {
      add_string(member.key, *text);
      continue;
    }
    const std::size_t from = texts.size();
    if (member.fault.empty()) {
      append_canonical(member.value, texts);
    } else {
      texts += member.source;
    }
    add_text(member.key, from, member.fault.empty() && member.value.is_null());
    entries.back().fault = member.fault;
  }
  return {};
}

const Entry* RowParser::Impl::find(std::string_view key) const {
  const auto found = std::lower_bound(keys.begin(), keys.end(), key, key_less);
  if (found == keys.end() || *found != key) {
    return nullptr;
  }
  return &entries[static_cast<std::size_t>(found - keys.begin())];
}

void RowParser::Impl::append(const Entry& entry, std::string& out) const {
  if (entry.is_string) {
    append_string(entry.text, out);
  } else {
    out.append(texts, entry.from, entry.to - entry.from);
  }
}

RowParser::RowParser() : impl_(std::make_unique<Impl>()) {}
RowParser::~RowParser() = default;
RowParser::RowParser(RowParser&&) noexcept = default;
RowParser& RowParser::operator=(RowParser&&) noexcept = default;

Result<void> RowParser::parse(std::string_view line) {
  impl_->clear();
  if (impl_->parse_fast(line)) {
    return {};
  }
  impl_->clear();
  Result<void> slow = impl_->parse_slow(line);
  if (!slow.ok()) {
    impl_->clear();
  }
  return slow;
}

std::string_view RowParser::fault(std::string_view key) const {
  const Entry* entry = impl_->find(key);
  return entry == nullptr ? std::string_view() : entry->fault;
}

RowParser::Member RowParser::member(std::string_view key) const {
  const Entry* entry = impl_->find(key);
  return entry == nullptr ? Member::missing : entry->state;
}

std::optional<std::string_view> RowParser::string(std::string_view key) const {
  const Entry* entry = impl_->find(key);
  if (entry == nullptr || !entry->is_string) {
    return std::nullopt;
  }
  return entry->text;
}

void RowParser::append_member(std::string_view key, std::string& out) const {
  const Entry* entry = impl_->find(key);
  FD_CHECK(entry != nullptr);
  impl_->append(*entry, out);
}

void RowParser::append_row(std::string& out) const {
  out += '{';
  for (std::size_t i = 0; i < impl_->keys.size(); ++i) {
    if (i > 0) {
      out += ',';
    }
    append_string(impl_->keys[i], out);
    out += ':';
    impl_->append(impl_->entries[i], out);
  }
  out += '}';
}

std::span<const std::string_view> RowParser::keys() const {
  return impl_->keys;
}

}  // namespace fd::json
