#include "protocol/json/json.hpp"

#include <algorithm>

namespace fd::json {
namespace {

constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53

using MemberPtr = const Object::value_type*;

/// Returns the members in RFC 8785's order, which differs from the map's only where a key has a
/// character of U+E000..U+FFFF and another has one above.
std::vector<MemberPtr> in_canonical_order(const Object& members) {
  std::vector<MemberPtr> order;
  order.reserve(members.size());
  for (const auto& member : members) {
    order.push_back(&member);
  }
  const auto less = [](MemberPtr left, MemberPtr right) {
    return key_less(left->first, right->first);
  };
  if (!std::is_sorted(order.begin(), order.end(), less)) {
    std::sort(order.begin(), order.end(), less);
  }
  return order;
}

/// Writes a value, canonical or with line breaks and indentation.
class Writer {
 public:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void write(const Value& value) {
    if (value.is_null()) {
      out_ += "null";
    } else if (const bool* boolean = value.as_bool()) {
      out_ += *boolean ? "true" : "false";
    } else if (const double* number = value.as_number()) {
      append_number(*number, out_);
    } else if (const std::string* text = value.as_string()) {
      append_string(*text, out_);
    } else if (const Array* items = value.as_array()) {
      write_array(*items);
    } else {
      write_object(*value.as_object());
    }
  }

 private:
  void write_array(const Array& items) {
    out_ += '[';
    ++depth_;
    for (const Value& item : items) {
      next_part(&item == items.data());
      write(item);
    }
    close(items.empty(), ']');
  }

  void write_object(const Object& members) {
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const MemberPtr member : in_canonical_order(members)) {
      next_part(first);
      first = false;
      append_string(member->first, out_);
      out_ += pretty_ ? ": " : ":";
      write(member->second);
    }
    close(members.empty(), '}');
  }

  void next_part(bool first) {
    if (!first) {
      out_ += ',';
    }
    break_line();
  }

  void close(bool empty, char bracket) {
    --depth_;
    if (!empty) {
      break_line();
    }
    out_ += bracket;
  }

  void break_line() {
    if (pretty_) {
      out_ += '\n';
      out_.append(2 * depth_, ' ');
    }
  }

  std::string& out_;
  const bool pretty_;
  std::size_t depth_ = 0;
};

}  // namespace

Value::Value(std::uint64_t number)
    : data_(static_cast<double>(std::min(number, std::uint64_t{1} << 53))) {}

Value::Value(std::int64_t number)
    : data_(static_cast<double>(
          std::clamp(number, -(std::int64_t{1} << 53), std::int64_t{1} << 53))) {}

const Value* Value::find(std::string_view key) const {
  const Object* members = as_object();
  if (members == nullptr) {
    return nullptr;
  }
  const auto found = members->find(key);
  return found == members->end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> Value::as_uint() const {
  const double* number = as_number();
  if (number == nullptr || !(*number >= 0 && *number <= kMaxExactInteger)) {
    return std::nullopt;
  }
  const auto whole = static_cast<std::uint64_t>(*number);
  if (static_cast<double>(whole) != *number) {
    return std::nullopt;
  }
  return whole;
}

std::string canonical(const Value& value) {
  std::string out;
  append_canonical(value, out);
  return out;
}

void append_canonical(const Value& value, std::string& out) {
  Writer(out, false).write(value);
}

std::string pretty(const Value& value) {
  std::string out;
  Writer(out, true).write(value);
  return out;
}

bool key_less(std::string_view left, std::string_view right) {
  const std::size_t common = std::min(left.size(), right.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (left[i] == right[i]) {
      continue;
    }
    const auto a = static_cast<unsigned char>(left[i]);
    const auto b = static_cast<unsigned char>(right[i]);
    // The order of UTF-8 bytes is that of code points, and so is the order of UTF-16 units, but for
    // surrogates (D800..DFFF) coming before E000..FFFF. In UTF-8 those two are told apart by their
    // first bytes: F0..F4 against EE and EF.
    const bool a_astral = a >= 0xF0;
    const bool b_astral = b >= 0xF0;
    if (a_astral != b_astral && std::min(a, b) >= 0xEE) {
      return a_astral;
    }
    return a < b;
  }
  return left.size() < right.size();
}

}  // namespace fd::json
