#include "actors/transport/zap.hpp"

#include <utility>

namespace fd {
namespace {

constexpr std::size_t kRequestFrames = 7;  // with the one credential of CURVE

ZapReply reply(const std::string& request_id, const CurvePublicKey* admitted, std::string detail) {
  ZapReply answer;
  answer.admitted = admitted != nullptr;
  answer.detail = std::move(detail);
  answer.frames = {"1.0",
                   request_id,
                   answer.admitted ? "200" : "400",
                   answer.admitted ? "OK" : "not on the allow-list",
                   answer.admitted ? admitted->z85 : "",
                   ""};
  return answer;
}

}  // namespace

ZapReply answer_zap(const std::vector<std::string>& request, const AllowList& allowed) {
  if (request.size() < 2) {
    return {{}, false, "a ZAP request without an id"};
  }
  const std::string& id = request[1];
  if (request.size() < 6 || request[0] != "1.0" || request[2] != kZapDomain) {
    return reply(id, nullptr, "a ZAP request of another version or domain");
  }
  const std::string& address = request[3];
  const std::string& mechanism = request[5];
  if (mechanism != "CURVE" || request.size() != kRequestFrames ||
      request[6].size() != kCurveKeyBytes) {
    return reply(id, nullptr, address + ": comes without a key (mechanism " + mechanism + ")");
  }
  const CurvePublicKey key{curve_key_text(request[6])};
  if (!allowed.user_of(key)) {
    return reply(id, nullptr, address + ": the key " + key.z85 + " is not on the allow-list");
  }
  return reply(id, &key, "");
}

}  // namespace fd
