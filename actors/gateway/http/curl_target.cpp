#include "actors/gateway/http/curl_target.hpp"

#include <algorithm>
#include <utility>

#include "actors/config/header_names.hpp"
#include "actors/gateway/http/curl_option.hpp"
#include "actors/gateway/openai/error_text.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::uint32_t kNotFound = 404;
constexpr std::uint32_t kNotAllowed = 405;

/// Returns whether one part of an address is a version: "v1", "v1beta".
bool has_version(std::string_view url) {
  for (std::size_t at = url.find("/v"); at != std::string_view::npos; at = url.find("/v", at + 1)) {
    if (at + 2 < url.size() && is_ascii_digit(url[at + 2])) {
      return true;
    }
  }
  return false;
}

bool names_user_agent(const std::string& header) {
  return lowered(header).starts_with("user-agent:");
}

std::string or_else(const std::string& text, const char* standard) {
  return !text.empty() || standard == nullptr ? text : standard;
}

}  // namespace

CurlTarget::CurlTarget(const Endpoint& endpoint)
    : url_(endpoint.config.base_url),
      proxy_(endpoint.proxy),
      ca_pem_(endpoint.config.ca_pem),
      secrets_(endpoint.secrets),
      config_(endpoint.config),
      lessons_(std::make_unique<std::atomic<Lessons>>(0)) {
  const curl_version_info_data* built = curl_version_info(CURLVERSION_NOW);
  ca_file_ = or_else(endpoint.ca_file, built->cainfo);
  ca_folder_ = or_else(endpoint.ca_folder, built->capath);
  while (!url_.empty() && url_.back() == '/') {
    url_.pop_back();
  }
  has_version_ = has_version(url_);
  url_ += "/chat/completions";
  url_ += endpoint.query.empty() ? "" : "?" + endpoint.query;
  const auto add = [this](const std::string& line) {
    headers_ = curl_slist_append(headers_, line.c_str());
    FD_CHECK(headers_ != nullptr);
  };
  add("Content-Type: application/json");
  add("Accept: application/json");
  if (std::ranges::none_of(endpoint.headers, names_user_agent)) {
    add("User-Agent: fast-distill/" FD_VERSION);
  }
  add("Expect:");  // without a value: not sent, and the body does not wait for a "100 Continue"
  for (const std::string& line : endpoint.headers) {
    add(line);
  }
  if (has_control_character(endpoint.api_key)) {
    fault_ = "the API key holds a line break or another control character";
  } else if (!endpoint.api_key.empty()) {
    const bool bearer = config_.auth == AuthStyle::bearer;
    add((bearer ? "Authorization: Bearer " : "api-key: ") + endpoint.api_key);
    secrets_.push_back(endpoint.api_key);
  }
}

CurlTarget::~CurlTarget() {
  curl_slist_free_all(headers_);
}

CurlTarget::CurlTarget(CurlTarget&& other) noexcept
    : url_(std::move(other.url_)),
      proxy_(std::move(other.proxy_)),
      ca_pem_(std::move(other.ca_pem_)),
      ca_file_(std::move(other.ca_file_)),
      ca_folder_(std::move(other.ca_folder_)),
      fault_(std::move(other.fault_)),
      secrets_(std::move(other.secrets_)),
      has_version_(other.has_version_),
      config_(std::move(other.config_)),
      headers_(std::exchange(other.headers_, nullptr)),
      lessons_(std::move(other.lessons_)) {}

void CurlTarget::apply(CURL* easy) const {
  set_option(easy, CURLOPT_URL, url_.c_str());
  set_option(easy, CURLOPT_HTTPHEADER, headers_);
  // Set in every case, "" is none: libcurl would look into the environment by itself, and the
  // program has done that already.
  set_option(easy, CURLOPT_PROXY, proxy_.c_str());
  set_option(easy, CURLOPT_NOPROXY, "");
  set_option(easy, CURLOPT_CAINFO, ca_file_.empty() ? nullptr : ca_file_.c_str());
  set_option(easy, CURLOPT_CAPATH, ca_folder_.empty() ? nullptr : ca_folder_.c_str());
  curl_blob pem{};
  pem.data = const_cast<char*>(ca_pem_.data());
  pem.len = ca_pem_.size();
  pem.flags = CURL_BLOB_NOCOPY;
  set_option(easy, CURLOPT_CAINFO_BLOB, ca_pem_.empty() ? nullptr : &pem);
}

Dialect CurlTarget::dialect(Role role) const {
  Dialect dialect = dialect_of(config_, role);
  dialect.lessons = lessons_->load();
  return dialect;
}

bool CurlTarget::learn(std::uint32_t status, std::string_view words, const Dialect& sent,
                       const DecodeConfig& decode) const {
  const std::optional<Lesson> lesson = lesson_of(status, words, sent, decode);
  if (lesson) {
    lessons_->fetch_or(*lesson);
  }
  return lesson.has_value();
}

std::string CurlTarget::told(std::uint32_t status, std::string words) const {
  words = redact(std::move(words), secrets_);
  if ((status == kNotFound || status == kNotAllowed) && !has_version_) {
    words += " (is /v1 missing at the end of base_url?)";
  }
  return words;
}

}  // namespace fd
