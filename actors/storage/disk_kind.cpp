#include "actors/storage/disk_kind.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "actors/storage/errno_error.hpp"

namespace fd {
namespace {

// Not in every linux/magic.h.
constexpr std::uint64_t kCifs = 0xFF534D42;
constexpr std::uint64_t kSmb2 = 0xFE534D42;

}  // namespace

DiskKind disk_kind(std::uint64_t type) {
  switch (type) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case kCifs:
    case kSmb2:
      return DiskKind::network;
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
      return DiskKind::memory;
    default:
      return DiskKind::lasting;
  }
}

Result<DiskKind> disk_kind_of(const std::string& folder) {
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) != 0) {
    return system_error(folder);
  }
  // 32 bits, which a signed f_type may have extended.
  return disk_kind(static_cast<std::uint32_t>(status.f_type));
}

Result<void> accept_disk(DiskKind kind, const std::string& folder) {
  if (kind != DiskKind::network) {
    return {};
  }
  return Error{
      Errc::invalid_input,
      folder +
          ": lies on a network file system (NFS or SMB), where a run's ledger is not safe; "
          "choose a folder on a disk of this machine, and copy the run once it has ended"};
}

Result<void> check_disk(const std::string& folder) {
  FD_TRY(const DiskKind kind, disk_kind_of(folder));
  return accept_disk(kind, folder);
}

}  // namespace fd
