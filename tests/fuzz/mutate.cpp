#include "tests/fuzz/mutate.hpp"

#include <algorithm>
#include <array>

#include "protocol/base/coding.hpp"

namespace fd::fuzz {
namespace {

using sim::Random;

std::uint32_t place(Random& random, std::string_view bytes) {
  return random.below(static_cast<std::uint32_t>(bytes.size()) + 1);
}

/// Returns an integer of `size` bytes, big-endian, that is likely to be near a limit.
std::string edge(Random& random, unsigned size) {
  constexpr std::array<std::uint64_t, 12> kEdges = {0,          1,          0x7f,   0x80,
                                                    0xff,       0x1000,     0x1001, 0x7fffffff,
                                                    0x80000000, 0xffffffff, 0xffff, UINT64_MAX};
  std::uint64_t value = kEdges.at(random.below(kEdges.size()));
  if (random.chance(300)) {
    value = random.next() >> random.below(64);
  }
  std::string out;
  append_big_endian(value, size, out);
  return out;
}

/// Returns the first byte of a msgpack value of any type, and the length or number behind it.
std::string header(Random& random) {
  // 0xc0 to 0xdf: everything that is no small number, map, list or text.
  constexpr std::array<unsigned, 32> kBehind = {0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8,
                                                1, 2, 4, 8, 1, 1, 1, 1, 1, 1, 2, 4, 2, 4, 2, 4};
  if (random.chance(200)) {
    return std::string(1, static_cast<char>(random.next()));
  }
  const std::uint32_t kind = random.below(32);
  return std::string(1, static_cast<char>(0xc0 + kind)) + edge(random, kBehind.at(kind));
}

std::string nested(Random& random) {
  using std::string_view_literals::operator""sv;
  constexpr std::array<std::string_view, 5> kOpeners = {"\x91"sv, "\x81\x01"sv, "\xdc\x10\x00"sv,
                                                        "\xdd\xff\xff\xff\xff"sv, "\xdc\xff\xff"sv};
  const std::string_view opener = kOpeners.at(random.below(kOpeners.size()));
  const std::uint32_t depth = random.chance(20) ? 20000 : random.below(100);
  std::string out;
  for (std::uint32_t i = 0; i < depth; ++i) {
    out += opener;
  }
  return out;
}

void mutate_once(Random& random, std::string& bytes, std::string_view other) {
  const std::uint32_t at = place(random, bytes);
  const std::uint32_t to = place(random, bytes);
  const std::uint32_t low = std::min(at, to);
  const std::uint32_t length = std::max(at, to) - low;
  const auto overwrite = [&](const std::string& with) {
    bytes.replace(at, std::min(with.size(), bytes.size() - at), with);
  };
  switch (random.below(12)) {
    case 0:
    case 1:
      if (at < bytes.size()) {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      }
      return;
    case 2:
      return overwrite(edge(random, 1));
    case 3:
      return overwrite(edge(random, 1u << random.below(4)));
    case 4:
      return bytes.resize(at);
    case 5:
      bytes.erase(low, random.chance(500) ? 1 : length);
      return;
    case 6:
      bytes.insert(at, bytes.substr(low, std::min<std::uint32_t>(length, 4096)));
      return;
    case 7: {
      const std::uint32_t from = place(random, other);
      bytes = bytes.substr(0, at) + std::string(other.substr(from));
      return;
    }
    case 8:
      bytes.insert(at, header(random));
      return;
    case 9:
      return overwrite(header(random));
    case 10:
      bytes.insert(at, nested(random));
      return;
    default:
      bytes += random.chance(500) ? std::string(1, static_cast<char>(random.next()))
                                  : std::string(other.substr(place(random, other)));
      return;
  }
}

}  // namespace

void mutate(Random& random, std::string& bytes, std::string_view other) {
  for (std::uint32_t left = 1 + random.below(4); left > 0; --left) {
    mutate_once(random, bytes, other);
  }
  bytes.resize(std::min(bytes.size(), kMaxInputBytes));
}

std::string nonsense(Random& random) {
  std::string out;
  if (random.chance(100)) {
    out = nested(random);
  }
  for (std::uint32_t left = random.below(64); left > 0; --left) {
    out += random.chance(500) ? header(random) : std::string(1, static_cast<char>(random.next()));
  }
  return out;
}

}  // namespace fd::fuzz
