#include "actors/gateway/http/model_list.hpp"

#include <array>
#include <memory>
#include <string_view>

#include "actors/gateway/http/curl_transfer.hpp"
#include "actors/gateway/openai/error_text.hpp"
#include "actors/gateway/openai/openai_codec.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::string_view kCallPath = "/chat/completions";

std::size_t keep(char* bytes, std::size_t size, std::size_t count, void* reply) {
  auto& text = *static_cast<std::string*>(reply);
  const std::size_t length = size * count;
  if (length > kMaxReplyBytes - text.size()) {
    return 0;
  }
  text.append(bytes, length);
  return length;
}

/// Returns the address beside that of calls.
std::string models_url(std::string url) {
  const std::size_t path = url.rfind(kCallPath);
  FD_CHECK(path != std::string::npos);
  return url.replace(path, kCallPath.size(), "/models");
}

void read_models(std::string_view body, ModelList& list) {
  const auto reply = json::parse(body);
  const json::Value* data = reply.ok() ? reply->find("data") : nullptr;
  if (data == nullptr || data->as_array() == nullptr) {
    list.error = "the reply to GET /models is no list of models";
    return;
  }
  for (const json::Value& model : *data->as_array()) {
    const json::Value* id = model.find("id");
    if (id != nullptr && id->as_string() != nullptr) {
      list.models.push_back(*id->as_string());
    }
  }
}

}  // namespace

ModelList list_models(const Endpoint& endpoint, double timeout_s) {
  ModelList list;
  const CurlTarget target(endpoint);
  if (!target.fault().empty()) {
    list.error = target.fault();
    return list;
  }
  // A transfer has the options of every request: protocols, time-outs, no redirects.
  const CurlTransfer transfer(timeout_s);
  CURL* easy = transfer.easy();
  std::string body;
  std::array<char, CURL_ERROR_SIZE> error{};
  const std::string url = models_url(target.url());
  target.apply(easy);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &keep);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error.data());
  const CURLcode code = curl_easy_perform(easy);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  list.status = static_cast<std::uint32_t>(status);
  if (code != CURLE_OK) {
    list.error = shown(error[0] != '\0' ? error.data() : curl_easy_strerror(code));
  } else if (status != 200) {
    const Reply reply = decode_reply(list.status, body);
    const auto* bad = std::get_if<BadReply>(&reply);
    list.error = bad != nullptr ? bad->message : "HTTP " + std::to_string(status);
  } else {
    read_models(body, list);
  }
  list.error = target.told(list.status, std::move(list.error));
  return list;
}

}  // namespace fd
