#include "coordinator/inspect/verify_ledger.hpp"

#include <chrono>
#include <cstdlib>

#include "coordinator/ledger/database.hpp"
#include "coordinator/ledger/ledger.hpp"

namespace fd {
namespace {

/// Returns the byte that a message of the ledger names, as "(byte 123)"; 0 when it names none.
std::uint64_t named_byte(const std::string& message) {
  constexpr std::string_view kMark = "(byte ";
  const std::size_t at = message.rfind(kMark);
  return at == std::string::npos ? 0 : std::strtoull(&message[at + kMark.size()], nullptr, 10);
}

Result<std::uint64_t> count_rows(const std::string& path) {
  FD_TRY(LedgerDatabase database,
         LedgerDatabase::open_read_only(path, "", std::chrono::seconds(2)));
  return database.number("SELECT (SELECT COUNT(*) FROM records) + (SELECT COUNT(*) FROM leases)");
}

}  // namespace

Result<LedgerCheck> check_ledger(const std::string& path, const std::string& run_id) {
  LedgerCheck check;
  const auto verified = verify_ledger(path, run_id);
  if (verified.ok()) {
    FD_TRY(check.rows, count_rows(path));
    return check;
  }
  const Error& error = verified.error();
  switch (error.code) {
    case Errc::corrupt:
      check.damage = error.message;
      check.damage_at = named_byte(error.message);
      return check;
    case Errc::unsupported:
      check.unread = error.message;
      return check;
    default:
      return error;
  }
}

}  // namespace fd
