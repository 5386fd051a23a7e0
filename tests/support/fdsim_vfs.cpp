#include "tests/support/fdsim_vfs.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <type_traits>
#include <vector>

#include <sqlite3.h>

#include "protocol/base/result.hpp"

namespace fd::testing_support {
namespace {

using Status = SimulatedDisk::Status;

constexpr int kVfsSectorBytes = 4096;
constexpr int kNameBytesMax = 512;
constexpr sqlite3_int64 kNow =
    212000000000000000;  // milliseconds of the Julian day: always the same

struct Handle;

/// What the open handles of one file share: locks, and the shared memory of its write-ahead log.
struct Shared {
  int readers = 0;
  const Handle* writer = nullptr;  ///< has RESERVED, PENDING or EXCLUSIVE
  int writer_level = SQLITE_LOCK_NONE;
  std::vector<std::unique_ptr<char[]>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shm_readers{};
  std::array<const Handle*, SQLITE_SHM_NLOCK> shm_writer{};
};

}  // namespace

struct FdsimVfs::Impl {
  explicit Impl(SimulatedDisk& the_disk) : disk(the_disk) {}

  SimulatedDisk& disk;
  std::string name;
  sqlite3_vfs vfs{};
  std::mutex mutex;
  std::map<const SimulatedDisk::File*, std::weak_ptr<Shared>> shared;  // guarded by mutex
};

namespace {

struct Handle {
  sqlite3_file base{};  // first: SQLite sees only this
  FdsimVfs::Impl* owner = nullptr;
  SimulatedDisk::FilePtr file;
  std::shared_ptr<Shared> shared;
  int level = SQLITE_LOCK_NONE;
  bool sync_folder = false;  ///< before its first sync is done
  std::array<bool, SQLITE_SHM_NLOCK> shm_reads{};
};

static_assert(std::is_standard_layout_v<Handle>, "a sqlite3_file* is the address of its Handle");

Handle& handle_of(sqlite3_file* file) {
  return *reinterpret_cast<Handle*>(file);
}
FdsimVfs::Impl& owner_of(sqlite3_vfs* vfs) {
  return *static_cast<FdsimVfs::Impl*>(vfs->pAppData);
}

// --- one file -----------------------------------------------------------------------------------

int unlock(sqlite3_file* file, int level);
int shm_unmap(sqlite3_file* file, int remove);

int close_file(sqlite3_file* file) {
  unlock(file, SQLITE_LOCK_NONE);
  handle_of(file).~Handle();
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  const Handle& handle = handle_of(file);
  std::string bytes;
  if (handle.owner->disk.read(handle.file, static_cast<std::uint64_t>(offset),
                              static_cast<std::size_t>(count), bytes) != Status::ok) {
    return SQLITE_IOERR_READ;
  }
  std::memset(out, 0, static_cast<std::size_t>(count));
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size() == static_cast<std::size_t>(count) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  const Handle& handle = handle_of(file);
  switch (handle.owner->disk.write(
      handle.file, static_cast<std::uint64_t>(offset),
      {static_cast<const char*>(bytes), static_cast<std::size_t>(count)})) {
    case Status::ok:
      return SQLITE_OK;
    case Status::full:
      return SQLITE_FULL;
    case Status::io_error:
      break;
  }
  return SQLITE_IOERR_WRITE;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const Handle& handle = handle_of(file);
  return handle.owner->disk.truncate(handle.file, static_cast<std::uint64_t>(size)) == Status::ok
             ? SQLITE_OK
             : SQLITE_IOERR_TRUNCATE;
}

int sync_file(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  if (handle.owner->disk.sync(handle.file) != Status::ok) {
    return SQLITE_IOERR_FSYNC;
  }
  if (handle.sync_folder && handle.owner->disk.sync_folder() != Status::ok) {
    return SQLITE_IOERR_DIR_FSYNC;
  }
  handle.sync_folder = false;
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* out) {
  const Handle& handle = handle_of(file);
  std::uint64_t size = 0;
  const Status status = handle.owner->disk.size(handle.file, size);
  *out = static_cast<sqlite3_int64>(size);
  return status == Status::ok ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

int file_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
  return kVfsSectorBytes;
}
int device_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// --- locks of the database file
// -------------------------------------------------------------------

int lock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  const std::lock_guard guard(handle.owner->mutex);
  Shared& shared = *handle.shared;
  if (level <= handle.level) {
    return SQLITE_OK;
  }
  const bool others_write = shared.writer != nullptr && shared.writer != &handle;
  if (level == SQLITE_LOCK_SHARED) {
    if (others_write && shared.writer_level >= SQLITE_LOCK_PENDING) {
      return SQLITE_BUSY;
    }
    shared.readers += 1;
  } else {
    if (others_write) {
      return SQLITE_BUSY;
    }
    shared.writer = &handle;
    shared.writer_level = std::max(shared.writer_level, level);
    if (level == SQLITE_LOCK_EXCLUSIVE && shared.readers > 1) {
      shared.writer_level = SQLITE_LOCK_PENDING;  // nobody new comes in
      return SQLITE_BUSY;
    }
  }
  handle.level = level;
  return SQLITE_OK;
}

int unlock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  const std::lock_guard guard(handle.owner->mutex);
  Shared& shared = *handle.shared;
  if (shared.writer == &handle && level <= SQLITE_LOCK_SHARED) {
    shared.writer = nullptr;
    shared.writer_level = SQLITE_LOCK_NONE;
  }
  if (level == SQLITE_LOCK_NONE && handle.level >= SQLITE_LOCK_SHARED) {
    shared.readers -= 1;
  }
  handle.level = std::min(handle.level, level);
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* out) {
  const Handle& handle = handle_of(file);
  const std::lock_guard guard(handle.owner->mutex);
  *out = handle.shared->writer != nullptr ? 1 : 0;
  return SQLITE_OK;
}

// --- shared memory of the write-ahead log
// ---------------------------------------------------------

int shm_map(sqlite3_file* file, int region, int bytes, int extend, void volatile** out) {
  const Handle& handle = handle_of(file);
  const std::lock_guard guard(handle.owner->mutex);
  auto& regions = handle.shared->regions;
  const auto index = static_cast<std::size_t>(region);
  *out = nullptr;
  if (index >= regions.size() && extend == 0) {
    return SQLITE_OK;
  }
  while (index >= regions.size()) {
    regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(bytes)));
  }
  *out = regions[index].get();
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int first, int count, int flags) {
  Handle& handle = handle_of(file);
  const std::lock_guard guard(handle.owner->mutex);
  Shared& shared = *handle.shared;
  const bool release = (flags & SQLITE_SHM_UNLOCK) != 0;
  const bool alone = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  const auto begin = static_cast<std::size_t>(first);
  const std::size_t end = begin + static_cast<std::size_t>(count);
  for (std::size_t slot = begin; slot < end && !release; ++slot) {
    const int other_readers = shared.shm_readers[slot] - (handle.shm_reads[slot] ? 1 : 0);
    const bool others_write =
        shared.shm_writer[slot] != nullptr && shared.shm_writer[slot] != &handle;
    if (others_write || (alone && other_readers > 0)) {
      return SQLITE_BUSY;
    }
  }
  for (std::size_t slot = begin; slot < end; ++slot) {
    if (alone) {
      shared.shm_writer[slot] = release ? nullptr : &handle;
    } else if (handle.shm_reads[slot] == release) {
      handle.shm_reads[slot] = !release;
      shared.shm_readers[slot] += release ? -1 : 1;
    }
  }
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file* file) {
  const std::lock_guard guard(handle_of(file).owner->mutex);
}

/// The memory lives as long as a handle of the file: as a -shm file that nobody relies on.
int shm_unmap(sqlite3_file* file, int remove) {
  const Handle& handle = handle_of(file);
  const std::lock_guard guard(handle.owner->mutex);
  if (remove != 0) {
    handle.shared->regions.clear();
  }
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {2,
                                         close_file,
                                         read_file,
                                         write_file,
                                         truncate_file,
                                         sync_file,
                                         file_size,
                                         lock,
                                         unlock,
                                         check_reserved_lock,
                                         file_control,
                                         sector_size,
                                         device_characteristics,
                                         shm_map,
                                         shm_lock,
                                         shm_barrier,
                                         shm_unmap,
                                         nullptr,
                                         nullptr};

// --- names
// ----------------------------------------------------------------------------------------

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  FdsimVfs::Impl& owner = owner_of(vfs);
  out->pMethods = nullptr;
  SimulatedDisk::FilePtr file;
  if (name == nullptr) {
    file = std::make_shared<SimulatedDisk::File>();  // temporary: lost with its handle
  } else if (file = owner.disk.find(name); file == nullptr && (flags & SQLITE_OPEN_CREATE) != 0) {
    file = owner.disk.create(name);
  }
  if (file == nullptr) {
    return SQLITE_CANTOPEN;
  }
  auto* handle = new (static_cast<void*>(out)) Handle;
  handle->owner = &owner;
  handle->file = file;
  constexpr int kJournals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  handle->sync_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kJournals) != 0;
  {
    const std::lock_guard guard(owner.mutex);
    auto& known = owner.shared[file.get()];
    handle->shared = known.lock();
    if (handle->shared == nullptr) {
      known = handle->shared = std::make_shared<Shared>();
    }
  }
  handle->base.pMethods = &kMethods;
  if (out_flags != nullptr) {
    *out_flags = flags;
  }
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  SimulatedDisk& disk = owner_of(vfs).disk;
  if (disk.find(name) == nullptr) {
    return SQLITE_IOERR_DELETE_NOENT;
  }
  if (disk.remove(name) != Status::ok) {
    return SQLITE_IOERR_DELETE;
  }
  return sync_folder != 0 && disk.sync_folder() != Status::ok ? SQLITE_IOERR_DIR_FSYNC : SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int what, int* out) {
  const SimulatedDisk& disk = owner_of(vfs).disk;
  const SimulatedDisk::FilePtr file = disk.find(name);
  std::uint64_t size = 0;
  if (file != nullptr && disk.size(file, size) != Status::ok) {
    return SQLITE_IOERR_ACCESS;
  }
  // As the Unix VFS: an empty file does not exist.
  *out = file != nullptr && (what != SQLITE_ACCESS_EXISTS || size > 0) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int bytes, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(bytes)) {
    return SQLITE_CANTOPEN;
  }
  std::strcpy(out, name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int bytes, char* out) {
  std::memset(out, 0, static_cast<std::size_t>(bytes));
  return bytes;
}
int sleep(sqlite3_vfs*, int microseconds) {
  return microseconds;
}
int current_time(sqlite3_vfs*, sqlite3_int64* out) {
  *out = kNow;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

FdsimVfs::FdsimVfs(SimulatedDisk& disk) : impl_(std::make_unique<Impl>(disk)) {
  static std::atomic<int> count = 0;
  impl_->name = "fdsim" + std::to_string(++count);
  sqlite3_vfs& vfs = impl_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = kNameBytesMax;
  vfs.zName = impl_->name.c_str();
  vfs.pAppData = impl_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = remove_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time;
  FD_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
  // The salts of write-ahead logs come from SQLite's own generator, which is one for the process.
  constexpr int kRandomSeed = 1;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, kRandomSeed, static_cast<sqlite3*>(nullptr));
}

FdsimVfs::~FdsimVfs() {
  sqlite3_vfs_unregister(&impl_->vfs);
}

const std::string& FdsimVfs::name() const {
  return impl_->name;
}

}  // namespace fd::testing_support
