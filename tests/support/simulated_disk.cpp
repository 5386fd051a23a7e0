#include "tests/support/simulated_disk.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "protocol/base/result.hpp"

namespace fd::testing_support {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
/// How often a sector that is not kept whole is torn.
constexpr double kTorn = 0.25;

void overwrite(std::string& bytes, std::uint64_t offset, std::string_view with) {
  if (with.empty()) {
    return;
  }
  bytes.resize(std::max<std::size_t>(bytes.size(), offset + with.size()));
  std::copy(with.begin(), with.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

// --- faults -----------------------------------------------------------------------------------

void SimulatedDisk::power_off_after(std::uint64_t changes) {
  const std::lock_guard lock(mutex_);
  off_at_ = changes_ + changes;
}

void SimulatedDisk::power_cut() {
  const std::lock_guard lock(mutex_);
  // All or nothing of what was pending is as likely as something in between.
  static constexpr std::array kProbabilities = {0.0, 0.5, 0.9, 1.0};
  const double probability = kProbabilities[random_() % kProbabilities.size()];
  std::set<std::string> lost;  // what followed on a name whose change was lost is lost, too
  for (NameChange& change : pending_names_) {
    if (lost.count(change.name) > 0 || !chance(probability)) {
      lost.insert(change.name);
    } else if (change.file) {
      durable_names_[change.name] = std::move(change.file);
    } else {
      durable_names_.erase(change.name);
    }
  }
  pending_names_.clear();
  names_ = durable_names_;
  for (auto& [name, file] : names_) {
    settle_some(*file, probability);
    // Whoever has it open keeps the old one, and every operation on that is without effect.
    auto fresh = std::make_shared<File>();
    fresh->durable = file->durable;
    fresh->current = std::move(file->durable);
    file = std::move(fresh);
  }
  durable_names_ = names_;
  off_at_.reset();
  fail_sync_ = 0;
  fail_write_ = 0;
  space_.reset();
  powered_ = true;
  faulted_ = false;
}

void SimulatedDisk::fail_sync(std::uint64_t nth) {
  const std::lock_guard lock(mutex_);
  fail_sync_ = nth;
}
void SimulatedDisk::fail_write(std::uint64_t nth) {
  const std::lock_guard lock(mutex_);
  fail_write_ = nth;
}
void SimulatedDisk::limit_space(std::optional<std::uint64_t> bytes) {
  const std::lock_guard lock(mutex_);
  space_ = bytes;
}
std::uint64_t SimulatedDisk::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}
bool SimulatedDisk::faulted() const {
  const std::lock_guard lock(mutex_);
  return faulted_;
}

bool SimulatedDisk::change_allowed() {
  if (powered_ && off_at_ && changes_ >= *off_at_) {
    powered_ = false;
    faulted_ = true;
  }
  changes_ += powered_ ? 1 : 0;
  return powered_;
}

bool SimulatedDisk::chance(double probability) {
  return static_cast<double>(random_() % 1000) < probability * 1000;
}

void SimulatedDisk::apply(File::Change& change, std::string& bytes) {
  if (change.truncate) {
    bytes.resize(change.offset);
  } else {
    overwrite(bytes, change.offset, change.bytes);
  }
}

/// Puts a random part of what is pending on the disk, and forgets the rest.
void SimulatedDisk::settle_some(File& file, double probability) {
  for (File::Change& change : file.pending) {
    if (change.truncate) {
      if (chance(probability)) {
        apply(change, file.durable);
      }
      continue;
    }
    const std::string_view bytes = change.bytes;
    for (std::uint64_t at = 0; at < bytes.size();) {
      const std::uint64_t in_sector = kSectorBytes - (change.offset + at) % kSectorBytes;
      std::string_view sector = bytes.substr(at, in_sector);
      at += sector.size();
      if (!chance(probability)) {
        sector = chance(kTorn) ? sector.substr(0, random_() % sector.size()) : std::string_view();
      }
      overwrite(file.durable,
                change.offset + static_cast<std::uint64_t>(sector.data() - bytes.data()), sector);
    }
  }
  file.pending.clear();
}

// --- what a file system offers ----------------------------------------------------------------

SimulatedDisk::FilePtr SimulatedDisk::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

SimulatedDisk::FilePtr SimulatedDisk::create(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!change_allowed()) {
    return nullptr;
  }
  auto file = std::make_shared<File>();
  names_[name] = file;
  pending_names_.push_back({name, file});
  return file;
}

SimulatedDisk::Status SimulatedDisk::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!change_allowed()) {
    return Status::io_error;
  }
  names_.erase(name);
  pending_names_.push_back({name, nullptr});
  return Status::ok;
}

SimulatedDisk::Status SimulatedDisk::sync_folder() {
  const std::lock_guard lock(mutex_);
  if (!change_allowed()) {
    return Status::io_error;
  }
  pending_names_.clear();
  durable_names_ = names_;
  return Status::ok;
}

SimulatedDisk::Status SimulatedDisk::read(const FilePtr& file, std::uint64_t offset,
                                          std::size_t count, std::string& out) const {
  const std::lock_guard lock(mutex_);
  if (!powered_) {
    return Status::io_error;
  }
  out = offset < file->current.size() ? file->current.substr(offset, count) : std::string();
  return Status::ok;
}

SimulatedDisk::Status SimulatedDisk::write(const FilePtr& file, std::uint64_t offset,
                                           std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!change_allowed()) {
    return Status::io_error;
  }
  if (fail_write_ > 0 && --fail_write_ == 0) {
    faulted_ = true;
    return Status::io_error;
  }
  const std::uint64_t end = offset + bytes.size();
  const std::uint64_t growth = end > file->current.size() ? end - file->current.size() : 0;
  Status status = Status::ok;
  if (space_ && growth > *space_) {
    faulted_ = true;
    status = Status::full;
    bytes = bytes.substr(0, bytes.size() - std::min<std::uint64_t>(growth - *space_, bytes.size()));
    space_ = 0;
  } else if (space_) {
    *space_ -= growth;
  }
  if (!bytes.empty()) {
    overwrite(file->current, offset, bytes);
    file->pending.push_back({offset, std::string(bytes), false});
  }
  return status;
}

SimulatedDisk::Status SimulatedDisk::truncate(const FilePtr& file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (!change_allowed()) {
    return Status::io_error;
  }
  file->current.resize(size);
  file->pending.push_back({size, {}, true});
  return Status::ok;
}

SimulatedDisk::Status SimulatedDisk::sync(const FilePtr& file) {
  const std::lock_guard lock(mutex_);
  if (!change_allowed()) {
    return Status::io_error;
  }
  if (fail_sync_ > 0 && --fail_sync_ == 0) {
    faulted_ = true;
    settle_some(*file, 0.5);
    return Status::io_error;
  }
  for (File::Change& change : file->pending) {
    apply(change, file->durable);
  }
  file->pending.clear();
  return Status::ok;
}

SimulatedDisk::Status SimulatedDisk::size(const FilePtr& file, std::uint64_t& out) const {
  const std::lock_guard lock(mutex_);
  out = file->current.size();
  return powered_ ? Status::ok : Status::io_error;
}

// --- for tests --------------------------------------------------------------------------------

std::string SimulatedDisk::bytes(const std::string& name) const {
  const FilePtr file = find(name);
  FD_CHECK(file != nullptr);
  const std::lock_guard lock(mutex_);
  return file->current;
}

void SimulatedDisk::put(const std::string& name, std::string bytes) {
  const std::lock_guard lock(mutex_);
  auto file = std::make_shared<File>();
  file->durable = bytes;
  file->current = std::move(bytes);
  names_[name] = file;
  durable_names_[name] = std::move(file);
}

void SimulatedDisk::erase(const std::string& name) {
  const std::lock_guard lock(mutex_);
  names_.erase(name);
  durable_names_.erase(name);
}

}  // namespace fd::testing_support
