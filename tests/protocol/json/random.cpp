#include "tests/protocol/json/random.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

namespace fd::json {
namespace {

constexpr std::array<std::string_view, 20> kPieces = {"a",
                                                      "b",
                                                      "Z",
                                                      "1",
                                                      "SELECT ",
                                                      "\"",
                                                      "\\",
                                                      "/",
                                                      "\n",
                                                      "\t",
                                                      std::string_view("\0", 1),
                                                      "\x1F",
                                                      "\x7F",
                                                      "\xC2\x80",
                                                      "\xC3\xA9",
                                                      "\xE2\x82\xAC",
                                                      "\xED\x9F\xBF",
                                                      "\xEE\x80\x80",
                                                      "\xEF\xBF\xBD",
                                                      "\xF0\x9F\x98\x80"};

void append_escape(unsigned unit, std::string& out) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "\\u%04x", unit);
  out += buffer;
}

}  // namespace

Value RandomJson::value(int depth) {
  switch (below(depth > 0 ? 8 : 5)) {
    case 0:
      return {};
    case 1:
      return below(2) == 0;
    case 2:
      return static_cast<double>(below(2'000'001)) - 1e6;
    case 3:
      return number();
    case 4:
      return string();
    case 5: {
      Array items;
      for (std::size_t i = below(5); i > 0; --i) {
        items.push_back(value(depth - 1));
      }
      return items;
    }
    default:
      return object(depth - 1, 6);
  }
}

Value RandomJson::object(int depth, std::size_t members) {
  Object object;
  for (std::size_t i = below(members + 1); i > 0; --i) {
    object.insert_or_assign(string(), value(depth));
  }
  return object;
}

double RandomJson::number() {
  while (true) {
    const auto number = std::bit_cast<double>(random_());
    if (std::isfinite(number)) {
      return number;
    }
  }
}

std::string RandomJson::string() {
  std::string out;
  for (std::size_t i = below(below(8) == 0 ? 40 : 6); i > 0; --i) {
    out += kPieces[below(kPieces.size())];
  }
  return out;
}

std::string RandomJson::text(const Value& value) {
  std::string out;
  blanks(out);
  write(value, out);
  blanks(out);
  return out;
}

void RandomJson::blanks(std::string& out) {
  while (below(3) == 0) {
    out += " \t\n\r"[below(4)];
  }
}

void RandomJson::write(const Value& value, std::string& out) {
  if (const std::string* text = value.as_string()) {
    write_string(*text, out);
  } else if (const double* number = value.as_number()) {
    char buffer[40];
    // Seventeen digits identify a double; an exponent keeps it from being a whole number.
    std::snprintf(buffer, sizeof buffer, below(2) == 0 ? "%.16e" : "%.17E", *number);
    out += buffer;
  } else if (const Array* items = value.as_array()) {
    char before = '[';
    for (const Value& item : *items) {
      out += std::exchange(before, ',');
      blanks(out);
      write(item, out);
      blanks(out);
    }
    out += items->empty() ? "[ ]" : "]";
  } else if (const Object* members = value.as_object()) {
    std::vector<const Object::value_type*> order;
    for (const auto& member : *members) {
      order.push_back(&member);
    }
    std::shuffle(order.begin(), order.end(), random_);
    char before = '{';
    for (const auto* member : order) {
      out += std::exchange(before, ',');
      blanks(out);
      write_string(member->first, out);
      blanks(out);
      out += ':';
      blanks(out);
      write(member->second, out);
      blanks(out);
    }
    out += members->empty() ? "{\n}" : "}";
  } else {
    append_canonical(value, out);
  }
}

void RandomJson::write_string(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    const bool must_escape = byte < 0x20 || byte == '"' || byte == '\\';
    if (!must_escape && below(4) != 0) {
      out += text.substr(at, length);
    } else {
      unsigned point = length == 1 ? byte : byte & (0xFFu >> (length + 1));
      for (std::size_t i = 1; i < length; ++i) {
        point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
      }
      if (point >= 0x10000) {
        append_escape(0xD800 + ((point - 0x10000) >> 10), out);
        append_escape(0xDC00 + ((point - 0x10000) & 0x3FF), out);
      } else {
        append_escape(point, out);
      }
    }
    at += length;
  }
  out += '"';
}

}  // namespace fd::json
