#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fd::testing_support {

/// A disk in memory that loses power, fails and fills up where a test says so. What it models:
///
/// * A write reaches the disk at sync(). Until then a power cut keeps any subset of the written
///   512-byte sectors, in any order, each whole or torn at any byte (the bytes of a sector that
///   were not written stay as they were). A change of the size that was not synced is kept or lost
///   alike.
/// * A new or removed name is durable after sync_folder(); until then a power cut keeps any prefix
/// of
///   what happened to a name.
/// * A sync that fails loses its writes for good, while the running program still reads them: no
/// later
///   sync brings them back (what Linux does).
/// * A full disk takes the part of a write that fits.
///
/// What it leaves out: reads never fail but while the power is off, and bytes at rest never change.
/// All of it follows from the seed and the calls. Thread: any.
class SimulatedDisk {
 public:
  enum class Status { ok, io_error, full };

  /// A file, which lives on after its name was removed.
  struct File {
    std::string current;  ///< what the program reads
    std::string durable;  ///< what is on the disk for certain
    struct Change {
      std::uint64_t offset = 0;
      std::string bytes;
      bool truncate = false;  ///< to `offset`
    };
    std::vector<Change> pending;  ///< in order; not synced
  };
  using FilePtr = std::shared_ptr<File>;

  explicit SimulatedDisk(std::uint64_t seed) : random_(seed) {}

  // --- faults -------------------------------------------------------------------------------

  /// Lets `changes` more changes through (writes, truncations, syncs, names); from then on
  /// everything fails.
  void power_off_after(std::uint64_t changes);
  /// Takes the power away now, if it is still there, and brings it back: what was not synced is
  /// lost as described above, and no fault is planned any more.
  void power_cut();
  /// Makes the `nth` sync from now fail (1: the next), and no other.
  void fail_sync(std::uint64_t nth);
  /// Makes the `nth` write from now fail (1: the next), and no other.
  void fail_write(std::uint64_t nth);
  /// Lets the files grow by `bytes` more, all in all; nothing: without limit.
  void limit_space(std::optional<std::uint64_t> bytes);
  /// Returns the changes so far.
  [[nodiscard]] std::uint64_t changes() const;
  /// Returns whether a planned fault has happened since the last power cut.
  [[nodiscard]] bool faulted() const;

  // --- what a file system offers ------------------------------------------------------------

  /// Returns the file of that name, or nothing.
  FilePtr find(const std::string& name) const;
  /// Returns a new empty file of that name, or nothing while the power is off.
  FilePtr create(const std::string& name);
  Status remove(const std::string& name);
  Status sync_folder();
  Status read(const FilePtr& file, std::uint64_t offset, std::size_t count, std::string& out) const;
  Status write(const FilePtr& file, std::uint64_t offset, std::string_view bytes);
  Status truncate(const FilePtr& file, std::uint64_t size);
  Status sync(const FilePtr& file);
  Status size(const FilePtr& file, std::uint64_t& out) const;

  // --- for tests, between two lives of a program --------------------------------------------

  /// Returns a file's bytes. Requires: it exists.
  [[nodiscard]] std::string bytes(const std::string& name) const;
  /// Puts a file there, durably.
  void put(const std::string& name, std::string bytes);
  /// Removes a file, durably, if it is there.
  void erase(const std::string& name);

 private:
  struct NameChange {
    std::string name;
    FilePtr file;  ///< nothing: removed
  };

  bool change_allowed();
  bool chance(double probability);
  void settle_some(File& file, double probability);
  static void apply(File::Change& change, std::string& bytes);

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<std::string, FilePtr> names_;
  std::map<std::string, FilePtr> durable_names_;
  std::vector<NameChange> pending_names_;
  std::uint64_t changes_ = 0;
  std::optional<std::uint64_t> off_at_;  ///< number of changes
  std::uint64_t fail_sync_ = 0;          ///< 0: none is planned
  std::uint64_t fail_write_ = 0;
  std::optional<std::uint64_t> space_;
  bool powered_ = true;
  bool faulted_ = false;
};

}  // namespace fd::testing_support
