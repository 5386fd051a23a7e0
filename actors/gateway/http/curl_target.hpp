#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "actors/gateway/http/endpoint.hpp"
#include "actors/gateway/openai/dialect.hpp"

namespace fd {

/// What every request to one endpoint has in common, made once, and what it taught since.
/// Thread: any, for what is const.
class CurlTarget {
 public:
  explicit CurlTarget(const Endpoint& endpoint);
  ~CurlTarget();
  CurlTarget(CurlTarget&& other) noexcept;
  CurlTarget& operator=(CurlTarget&&) = delete;

  /// Returns where calls go, with the query.
  [[nodiscard]] const std::string& url() const { return url_; }
  /// Makes a handle ready for requests to it.
  void apply(CURL* easy) const;
  /// Returns how calls of `role` are spelt at this moment.
  [[nodiscard]] Dialect dialect(Role role) const;
  /// Learns from a refusal of a request that was spelt as `sent`. Returns whether another spelling
  /// of the same call is known now.
  [[nodiscard]] bool learn(std::uint32_t status, std::string_view words, const Dialect& sent,
                           const DecodeConfig& decode) const;
  /// Returns the words of an error without the endpoint's secrets, and with what may mend it.
  [[nodiscard]] std::string told(std::uint32_t status, std::string words) const;
  /// Returns why the endpoint must not be called at all; empty: it may.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  std::string url_;
  std::string proxy_;
  std::string ca_pem_;
  std::string ca_file_;
  std::string ca_folder_;
  std::string fault_;
  std::vector<std::string> secrets_;
  bool has_version_ = false;  ///< the base URL ends with a version, such as /v1
  ProviderConfig config_;
  curl_slist* headers_ = nullptr;
  std::unique_ptr<std::atomic<Lessons>> lessons_;
};

}  // namespace fd
