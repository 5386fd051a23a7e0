#include "actors/sandbox/sqlite_accounting.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>

#include <sqlite3.h>

#include "actors/sandbox/sql_sandbox.hpp"
#include "protocol/base/result.hpp"
#include "protocol/stages.hpp"

namespace fd {
namespace {

// SQLite's allocator callbacks get no context, and one budget per process would let parallel
// queries disturb each other: the thread is the only place that says whose allocation this is.
thread_local HeapBudget* current_budget = nullptr;

/// In front of each block stands its size: malloc_usable_size() would differ between machines, and
/// SQLite sizes its buffers by it.
constexpr std::size_t kHeader = 8;

void* set_size(void* raw, std::int64_t bytes) {
  // Out of memory ends the process, as everywhere; only a budget may refuse.
  FD_CHECK(raw != nullptr);
  std::memcpy(raw, &bytes, sizeof(bytes));
  return static_cast<char*>(raw) + kHeader;
}

std::int64_t size_of(void* block) {
  std::int64_t bytes = 0;
  std::memcpy(&bytes, static_cast<char*>(block) - kHeader, sizeof(bytes));
  return bytes;
}

void* counted_malloc(int size) {
  if (current_budget != nullptr && !current_budget->take(size)) {
    return nullptr;
  }
  return set_size(std::malloc(static_cast<std::size_t>(size) + kHeader), size);
}

void counted_free(void* block) {
  if (block == nullptr) {
    return;
  }
  if (current_budget != nullptr) {
    current_budget->give_back(size_of(block));
  }
  std::free(static_cast<char*>(block) - kHeader);
}

void* counted_realloc(void* block, int size) {
  const std::int64_t growth = size - size_of(block);
  if (current_budget != nullptr && !current_budget->take(growth)) {
    return nullptr;
  }
  return set_size(
      std::realloc(static_cast<char*>(block) - kHeader, static_cast<std::size_t>(size) + kHeader),
      size);
}

int block_size(void* block) {
  return block == nullptr ? 0 : static_cast<int>(size_of(block));
}

int round_up(int size) {
  return (size + 7) & ~7;
}

/// SQLite's own page cache, to which the counting one passes everything on.
sqlite3_pcache_methods2& own_cache() {
  static sqlite3_pcache_methods2 methods{};
  return methods;
}

/// A page cache that knows whose pages it holds. SQLite makes a cache "purgeable" exactly when
/// there is a file behind it; tables of its own making (sorting, DISTINCT, recursion) are not, and
/// count.
struct Cache {
  sqlite3_pcache* inner = nullptr;
  bool purgeable = false;
  std::uint64_t steps_per_page = 1;
};

/// A page that is looked up costs a step for so many of its bytes: as long as reading it takes.
constexpr unsigned kPageBytesPerStepShift = 11;

Cache* of(sqlite3_pcache* cache) {
  return reinterpret_cast<Cache*>(cache);
}

sqlite3_pcache* cache_create(int page_size, int extra_size, int purgeable) {
  const Uncounted uncounted(purgeable != 0);
  auto* cache = static_cast<Cache*>(sqlite3_malloc(sizeof(Cache)));
  if (cache == nullptr) {
    return nullptr;
  }
  *cache = Cache{
      own_cache().xCreate(page_size, extra_size, purgeable), purgeable != 0,
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(page_size) >> kPageBytesPerStepShift)};
  if (cache->inner == nullptr) {
    sqlite3_free(cache);
    return nullptr;
  }
  return reinterpret_cast<sqlite3_pcache*>(cache);
}

void cache_destroy(sqlite3_pcache* cache) {
  const Uncounted uncounted(of(cache)->purgeable);
  own_cache().xDestroy(of(cache)->inner);
  sqlite3_free(of(cache));
}

sqlite3_pcache_page* cache_fetch(sqlite3_pcache* cache, unsigned key, int create) {
  if (current_budget != nullptr) {
    current_budget->charge_steps(of(cache)->steps_per_page);
  }
  const Uncounted uncounted(of(cache)->purgeable);
  return own_cache().xFetch(of(cache)->inner, key, create);
}

void cache_unpin(sqlite3_pcache* cache, sqlite3_pcache_page* page, int discard) {
  const Uncounted uncounted(of(cache)->purgeable);
  own_cache().xUnpin(of(cache)->inner, page, discard);
}

void cache_rekey(sqlite3_pcache* cache, sqlite3_pcache_page* page, unsigned from, unsigned to) {
  const Uncounted uncounted(of(cache)->purgeable);
  own_cache().xRekey(of(cache)->inner, page, from, to);
}

void cache_resize(sqlite3_pcache* cache, int pages) {
  const Uncounted uncounted(of(cache)->purgeable);
  own_cache().xCachesize(of(cache)->inner, pages);
}

void cache_truncate(sqlite3_pcache* cache, unsigned limit) {
  const Uncounted uncounted(of(cache)->purgeable);
  own_cache().xTruncate(of(cache)->inner, limit);
}

void cache_shrink(sqlite3_pcache* cache) {
  const Uncounted uncounted(of(cache)->purgeable);
  own_cache().xShrink(of(cache)->inner);
}

int cache_pages(sqlite3_pcache* cache) {
  return own_cache().xPagecount(of(cache)->inner);
}

void install_allocator() {
  const sqlite3_mem_methods memory{counted_malloc, counted_free, counted_realloc,
                                   block_size,     round_up,     [](void*) { return SQLITE_OK; },
                                   [](void*) {},   nullptr};
  FD_CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) == SQLITE_OK);
  // SQLite's own statistics would take one lock for all threads at every allocation.
  FD_CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
  FD_CHECK(sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &own_cache()) == SQLITE_OK);
  sqlite3_pcache_methods2 counting = own_cache();
  counting.xCreate = cache_create;
  counting.xDestroy = cache_destroy;
  counting.xFetch = cache_fetch;
  counting.xUnpin = cache_unpin;
  counting.xRekey = cache_rekey;
  counting.xCachesize = cache_resize;
  counting.xTruncate = cache_truncate;
  counting.xShrink = cache_shrink;
  counting.xPagecount = cache_pages;
  FD_CHECK(sqlite3_config(SQLITE_CONFIG_PCACHE2, &counting) == SQLITE_OK);
}

/// 2025-01-01T00:00:00Z as a Julian day in milliseconds: what 'now' is in a sandbox.
constexpr std::int64_t kNowMs = 212602449600000;

int sandbox_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  constexpr int kNeeded = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY;
  if (name == nullptr || (flags & kNeeded) != kNeeded || (flags & SQLITE_OPEN_CREATE) != 0) {
    file->pMethods = nullptr;
    return SQLITE_CANTOPEN;
  }
  sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
  static_cast<void>(vfs);
  return system->xOpen(system, name, file, flags, out);
}

/// 'localtime' and 'utc' go through this instead of the process's time zone.
int utc_as_local(const void* time, void* out) {
  return gmtime_r(static_cast<const std::time_t*>(time), static_cast<std::tm*>(out)) == nullptr;
}

void install_vfs() {
  sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
  FD_CHECK(system != nullptr);
  static sqlite3_vfs vfs = *system;
  vfs.zName = kSandboxVfs;
  vfs.pNext = nullptr;
  vfs.xOpen = sandbox_open;
  vfs.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_IOERR_DELETE; };
  vfs.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* now) {
    *now = kNowMs;
    return SQLITE_OK;
  };
  vfs.xCurrentTime = [](sqlite3_vfs*, double* now) {
    *now = static_cast<double>(kNowMs) / 86400000.0;
    return SQLITE_OK;
  };
  FD_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
  sqlite3_test_control(SQLITE_TESTCTRL_LOCALTIME_FAULT, 2, utc_as_local);
}

}  // namespace

Uncounted::Uncounted(bool active) : saved_(current_budget) {
  if (active) {
    current_budget = nullptr;
  }
}

Uncounted::~Uncounted() {
  current_budget = saved_;
}

HeapBudget::HeapBudget(std::uint64_t max_bytes, StepMeter& meter)
    : meter_(meter),
      limit_(static_cast<std::int64_t>(
          std::min<std::uint64_t>(max_bytes, std::numeric_limits<std::int64_t>::max() / 2))) {
  FD_CHECK(current_budget == nullptr);
  current_budget = this;
}

HeapBudget::~HeapBudget() {
  current_budget = nullptr;
}

bool HeapBudget::take(std::int64_t bytes) {
  if (used_ + bytes > limit_) {
    exceeded_ = true;
    return false;
  }
  if (bytes > 0) {
    meter_.charge_bytes(static_cast<std::uint64_t>(bytes));
  }
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return true;
}

void init_sqlite_accounting() {
  // The first caller does it; the others wait for it. The order matters: SQLite takes its allocator
  // only before it is initialised, and a VFS only after.
  static const bool installed = [] {
    install_allocator();
    FD_CHECK(sqlite3_initialize() == SQLITE_OK);
    install_vfs();
    return true;
  }();
  FD_CHECK(installed);
}

Result<void> check_sqlite_library(int version) {
  const auto text = [](int number) {
    return std::to_string(number / 1'000'000) + "." + std::to_string(number / 1000 % 1000) + "." +
           std::to_string(number % 1000);
  };
  if (version < kSqliteMin) {
    return Error{Errc::refused, "SQLite " + text(version) + " was found, at least " +
                                    text(kSqliteMin) + " is needed: an older one is no sandbox"};
  }
  return {};
}

Result<void> check_sqlite_library() {
  return check_sqlite_library(sqlite3_libversion_number());
}

std::string sqlite_version() {
  return sqlite3_libversion();
}

std::string verdict_policy() {
  constexpr std::size_t kDigestDigits = 16;
  const std::string source = sqlite3_sourceid();  // "DATE TIME DIGEST"
  const std::size_t digest = source.rfind(' ') + 1;
  return "sandbox " + std::to_string(kSandboxPolicy) + ", SQLite " + sqlite3_libversion() + " (" +
         source.substr(digest, kDigestDigits) + "), stages " + stage_names(all_stages(), " ");
}

}  // namespace fd
