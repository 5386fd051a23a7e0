#include "protocol/json/object_reader.hpp"

#include <utility>

namespace fd::json {

ObjectReader::ObjectReader(const Value& value, std::string where)
    : value_(value), where_(std::move(where)) {
  if (value.as_object() == nullptr) {
    fail("it", "is no object");
  }
}

const Value* ObjectReader::member(std::string_view key) {
  const Value* found = value_.find(key);
  if (found == nullptr) {
    fail(key, "is missing");
  }
  return ok_.ok() ? found : nullptr;
}

std::string ObjectReader::text(std::string_view key) {
  const Value* found = member(key);
  if (found != nullptr && found->as_string() == nullptr) {
    fail(key, "is no text");
  }
  return ok_.ok() ? *found->as_string() : std::string();
}

Digest ObjectReader::digest(std::string_view key) {
  const auto found = Digest::from_hex(text(key));
  if (!found) {
    fail(key, "is no digest");
  }
  return found.value_or(Digest{});
}

std::optional<Digest> ObjectReader::digest_or_null(std::string_view key) {
  const Value* found = member(key);
  return found == nullptr || found->is_null() ? std::nullopt : std::optional(digest(key));
}

std::uint64_t ObjectReader::whole_up_to(std::string_view key, std::uint64_t max) {
  const Value* found = member(key);
  const std::uint64_t number = found == nullptr ? 0 : found->as_uint().value_or(0);
  if (found != nullptr && !found->as_uint()) {
    fail(key, "is no whole number");
  } else if (number > max) {
    fail(key, "is out of range");
  }
  return number;
}

const Array& ObjectReader::list(std::string_view key) {
  static const Array none;
  const Value* found = member(key);
  if (found != nullptr && found->as_array() == nullptr) {
    fail(key, "is no list");
  }
  return ok_.ok() ? *found->as_array() : none;
}

std::vector<std::string> ObjectReader::texts(std::string_view key) {
  std::vector<std::string> out;
  for (const Value& one : list(key)) {
    if (one.as_string() == nullptr) {
      fail(key, "has an item that is no text");
    } else {
      out.push_back(*one.as_string());
    }
  }
  return out;
}

std::vector<std::uint32_t> ObjectReader::wholes(std::string_view key) {
  std::vector<std::uint32_t> out;
  for (const Value& one : list(key)) {
    const std::optional<std::uint64_t> number = one.as_uint();
    if (!number || *number > UINT32_MAX) {
      fail(key, "has an item out of range");
    } else {
      out.push_back(static_cast<std::uint32_t>(*number));
    }
  }
  return out;
}

std::map<std::string, std::uint64_t> ObjectReader::counts(std::string_view key) {
  std::map<std::string, std::uint64_t> out;
  const Value* found = member(key);
  if (found != nullptr && found->as_object() == nullptr) {
    fail(key, "is no object");
  } else if (found != nullptr) {
    for (const auto& [name, count] : *found->as_object()) {
      if (const std::optional<std::uint64_t> number = count.as_uint()) {
        out[name] = *number;
      } else {
        fail(key, "has a count that is none");
      }
    }
  }
  return out;
}

void ObjectReader::fail(std::string_view key, std::string_view why) {
  if (ok_.ok()) {
    ok_ = Error{Errc::corrupt, where_ + ": " + std::string(key) + " " + std::string(why)};
  }
}

}  // namespace fd::json
