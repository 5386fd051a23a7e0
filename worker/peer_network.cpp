#include "worker/peer_network.hpp"

#include <utility>

#include "actors/transport/tcp_endpoint.hpp"

namespace fd {

Result<void> check_wire(const std::string& what, const std::string& endpoint, bool open_wire) {
  FD_TRY(const bool loopback, is_loopback_endpoint(endpoint));
  if (!loopback && !open_wire) {
    return Error{Errc::refused, what + endpoint +
                                    " is not on this machine, and there are no keys: give --keys "
                                    "DIR with what `fd-coordinator keygen` made there (or "
                                    "--allow-plaintext on a network where nobody else is)"};
  }
  return {};
}

PeerNetwork::PeerNetwork(ZmqContext context, std::optional<CurveKeyPair> own, bool allow_plaintext)
    : context_(std::move(context)), own_(std::move(own)), allow_plaintext_(allow_plaintext) {}

Result<std::unique_ptr<ZmqTransport>> PeerNetwork::listen(const std::string& endpoint,
                                                          ReceiveCallback receive) const {
  FD_TRY_VOID(check_wire("--peer-listen: ", endpoint, own_ || allow_plaintext_));
  TransportSecurity security;
  if (own_) {
    security.own = own_;
    security.allowed = allowed_;
  }
  return ZmqTransport::bind({endpoint}, std::move(security), std::move(receive));
}

Result<std::unique_ptr<Transport>> PeerNetwork::connect(const PeerInfo& peer,
                                                        ReceiveCallback receive) const {
  const std::string who = "worker " + peer.name + ": ";
  FD_TRY_VOID(check_wire(who, peer.endpoint, own_ || allow_plaintext_));
  if (own_.has_value() == peer.key.empty()) {
    return Error{Errc::refused, who + (own_ ? "it serves without keys, and this worker has some"
                                            : "it serves with keys, and this worker has none")};
  }
  TransportSecurity security;
  if (own_) {
    FD_TRY(security.server, parse_public_key(peer.key));
    security.own = own_;
  }
  FD_TRY(std::unique_ptr<ZmqTransport> made,
         ZmqTransport::connect(context_, peer.endpoint, std::move(security), Traffic::bulk,
                               std::move(receive)));
  return std::unique_ptr<Transport>(std::move(made));
}

void PeerNetwork::known(const std::vector<PeerInfo>& peers) const {
  AllowList::Users users;
  for (const PeerInfo& peer : peers) {
    if (auto key = parse_public_key(peer.key); key.ok()) {
      users.emplace(std::move(key).value(), peer.name);
    }
  }
  allowed_->replace(std::move(users));
}

}  // namespace fd
