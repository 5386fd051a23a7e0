#include "coordinator/live/run_security.hpp"

#include <utility>

#include "actors/keys/key_files.hpp"
#include "actors/transport/tcp_endpoint.hpp"

namespace fd {

Result<RunSecurity> secure_run(const TransportConfig& config,
                               const std::optional<std::string>& listen) {
  RunSecurity security;
  if (!config.keys.empty()) {
    FD_TRY_VOID(check_curve_library());
    FD_TRY(CoordinatorKeys keys, load_coordinator_keys(config.keys));
    FD_TRY(security.local, make_curve_key_pair());
    keys.users.emplace(security.local->public_key, kLocalUser);
    security.own = std::move(keys.own);
    security.allowed = std::make_shared<AllowList>(std::move(keys.users));
  }
  if (listen) {
    FD_TRY(const bool loopback, is_loopback_endpoint(*listen));
    if (!loopback && !security.own) {
      if (!config.allow_plaintext_non_loopback) {
        return Error{Errc::refused,
                     "--listen " + *listen +
                         ": other machines reach this address, and there are no keys: make some "
                         "with `fd-coordinator keygen DIR` and give --set transport.keys=DIR (or, "
                         "on a network where nobody else is, "
                         "transport.allow_plaintext_non_loopback: true)"};
      }
      security.plaintext_on_network = true;
    }
  }
  return security;
}

Result<std::size_t> reload_allow_list(const TransportConfig& config, const RunSecurity& security) {
  FD_TRY(AllowList::Users users, load_allow_list(config.keys));
  const std::size_t count = users.size();
  users.emplace(security.local->public_key, kLocalUser);
  security.allowed->replace(std::move(users));
  return count;
}

}  // namespace fd
