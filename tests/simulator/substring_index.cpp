#include "tests/simulator/substring_index.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/base/result.hpp"

namespace fd::simulator {
namespace {

constexpr std::size_t kRunBytes = 8;

std::uint64_t run_at(std::string_view text, std::size_t offset) {
  std::uint64_t run = 0;
  std::memcpy(&run, text.data() + offset, kRunBytes);
  return run;
}

std::uint32_t hash_run(std::uint64_t run, std::uint32_t bits) {
  return static_cast<std::uint32_t>(((run ^ (run >> 29u)) * 0x9E3779B97F4A7C15u) >> (64u - bits));
}

std::uint32_t bits_for(std::size_t count, std::uint32_t least, std::uint32_t most) {
  std::uint32_t bits = least;
  while (bits < most && (std::size_t{1} << bits) < count) {
    ++bits;
  }
  return bits;
}

/// Returns, for each pattern, the offset of its rarest run. Counts share cells by hash: a collision
/// makes a run look more frequent than it is, which costs speed and never an answer.
std::vector<std::uint32_t> rarest_runs(const std::vector<std::string>& patterns) {
  std::size_t runs = 0;
  for (const std::string& pattern : patterns) {
    runs += pattern.size();
  }
  const std::uint32_t bits = bits_for(runs * 2, 10, 24);
  std::vector<std::uint32_t> counts(std::size_t{1} << bits);
  for (const std::string& pattern : patterns) {
    for (std::size_t offset = 0; offset + kRunBytes <= pattern.size(); ++offset) {
      ++counts[hash_run(run_at(pattern, offset), bits)];
    }
  }
  std::vector<std::uint32_t> chosen(patterns.size(), 0);
  for (std::size_t index = 0; index < patterns.size(); ++index) {
    const std::string& pattern = patterns[index];
    std::uint32_t least = UINT32_MAX;
    for (std::size_t offset = 0; offset + kRunBytes <= pattern.size(); ++offset) {
      const std::uint32_t count = counts[hash_run(run_at(pattern, offset), bits)];
      if (count < least) {
        least = count;
        chosen[index] = static_cast<std::uint32_t>(offset);
      }
    }
  }
  return chosen;
}

}  // namespace

SubstringIndex::SubstringIndex(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
  FD_CHECK(patterns_.size() < UINT32_MAX);
  for (std::uint32_t index = 0; index < patterns_.size(); ++index) {
    FD_CHECK(!patterns_[index].empty());
    if (patterns_[index].size() < kRunBytes) {
      short_patterns_.emplace(patterns_[index], index);
    }
  }
  file_long_patterns(rarest_runs(patterns_));
}

void SubstringIndex::file_long_patterns(const std::vector<std::uint32_t>& chosen) {
  slot_bits_ = bits_for(patterns_.size() * 8, 10, 22);
  for (std::uint32_t index = 0; index < patterns_.size(); ++index) {
    if (patterns_[index].size() >= kRunBytes) {
      entries_.push_back({run_at(patterns_[index], chosen[index]), chosen[index], index});
    }
  }
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& left, const Entry& right) {
    const std::uint32_t left_slot = slot_of(left.run);
    const std::uint32_t right_slot = slot_of(right.run);
    if (left_slot != right_slot) {
      return left_slot < right_slot;
    }
    const std::size_t left_size = patterns_[left.pattern].size();
    const std::size_t right_size = patterns_[right.pattern].size();
    return left_size != right_size ? left_size > right_size : left.pattern < right.pattern;
  });
  const std::size_t slots = std::size_t{1} << slot_bits_;
  slot_start_.assign(slots + 1, 0);
  occupied_.assign(slots / 64, 0);
  for (const Entry& entry : entries_) {
    const std::uint32_t slot = slot_of(entry.run);
    ++slot_start_[slot + 1];
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  }
  for (std::size_t slot = 0; slot < slots; ++slot) {
    slot_start_[slot + 1] += slot_start_[slot];
  }
}

std::uint32_t SubstringIndex::slot_of(std::uint64_t run) const {
  return hash_run(run, slot_bits_);
}

std::optional<std::uint32_t> SubstringIndex::longest_in(std::string_view text) const {
  std::size_t best_size = 0;
  std::uint32_t best = 0;
  const bool any_long = !entries_.empty();
  for (std::size_t position = 0; any_long && position + kRunBytes <= text.size(); ++position) {
    const std::uint64_t run = run_at(text, position);
    const std::uint32_t slot = slot_of(run);
    if (((occupied_[slot / 64] >> (slot % 64)) & 1u) == 0) {
      continue;
    }
    for (std::uint32_t at = slot_start_[slot]; at < slot_start_[slot + 1]; ++at) {
      const Entry& entry = entries_[at];
      const std::string& pattern = patterns_[entry.pattern];
      if (pattern.size() < best_size) {
        break;  // the longest stand first
      }
      const bool better = pattern.size() > best_size || entry.pattern < best;
      if (better && entry.run == run && entry.offset <= position &&
          text.substr(position - entry.offset, pattern.size()) == pattern) {
        best = entry.pattern;
        best_size = pattern.size();
      }
    }
  }
  if (best_size > 0) {
    return best;
  }
  return longest_short_in(text);
}

std::optional<std::uint32_t> SubstringIndex::longest_short_in(std::string_view text) const {
  if (short_patterns_.empty()) {
    return std::nullopt;
  }
  for (std::size_t size = kRunBytes - 1; size > 0; --size) {
    std::optional<std::uint32_t> best;
    for (std::size_t position = 0; position + size <= text.size(); ++position) {
      const auto found = short_patterns_.find(text.substr(position, size));
      if (found != short_patterns_.end() && (!best || found->second < *best)) {
        best = found->second;
      }
    }
    if (best) {
      return best;
    }
  }
  return std::nullopt;
}

}  // namespace fd::simulator
