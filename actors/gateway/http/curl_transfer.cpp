#include "actors/gateway/http/curl_transfer.hpp"

#include <algorithm>
#include <utility>

#include "actors/gateway/http/curl_option.hpp"
#include "actors/gateway/http/retry_after.hpp"
#include "actors/gateway/openai/error_text.hpp"
#include "actors/gateway/openai/openai_codec.hpp"
#include "actors/system/failpoint.hpp"
#include "protocol/base/result.hpp"
#include "protocol/limits.hpp"

namespace fd {
namespace {

/// A reply buffer that grew beyond this is given back after the call.
constexpr std::size_t kKeptReplyBytes = 256u << 10;

std::size_t decoded_bytes(const CompletionChoice& choice) {
  return choice.text.size() + choice.reasoning.size() + choice.finish_reason.size();
}

/// Returns what people are told where several candidates were asked for at once.
std::string at_once(std::uint32_t count) {
  return std::to_string(count) + " candidates at once";
}

bool is_certificate_error(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CERTPROBLEM;
}

/// Returns whether no connection comes up however long one waits.
bool does_not_heal(CURLcode code) {
  return is_certificate_error(code) || code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_URL_MALFORMAT ||
         code == CURLE_UNSUPPORTED_PROTOCOL;
}

/// Returns what mends a connection that does not come up; empty: nobody knows.
std::string advice_on(CURLcode code) {
  if (is_certificate_error(code)) {
    return " (certificate not trusted: name its CA in ca_file of the provider, or in "
           "SSL_CERT_FILE)";
  }
  if (code == CURLE_COULDNT_RESOLVE_HOST) {
    return " (check base_url; behind a proxy, set proxy: environment)";
  }
  return "";
}

long milliseconds(double seconds) {
  constexpr double kMostMs = 86'400'000.0;
  return static_cast<long>(std::clamp(seconds * 1000.0, 1.0, kMostMs));
}

}  // namespace

CurlTransfer::CurlTransfer(double timeout_s) : easy_(curl_easy_init()) {
  FD_CHECK(easy_ != nullptr);
  const long timeout_ms = milliseconds(timeout_s);
  set_option(easy_, CURLOPT_PRIVATE, this);
  set_option(easy_, CURLOPT_ERRORBUFFER, error_.data());
  set_option(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_option(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set_option(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  set_option(easy_, CURLOPT_NOSIGNAL, 1L);
  set_option(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set_option(easy_, CURLOPT_CONNECTTIMEOUT_MS, std::min(kConnectTimeoutMs, timeout_ms));
  set_option(easy_, CURLOPT_TIMEOUT_MS, timeout_ms);
  set_option(easy_, CURLOPT_POST, 1L);
  // Some gateways compress whatever was asked. write_body() counts what comes out of it.
  set_option(easy_, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  set_option(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::write_body);
  set_option(easy_, CURLOPT_WRITEDATA, this);
  set_option(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::write_header);
  set_option(easy_, CURLOPT_HEADERDATA, this);
  set_option(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::before_send);
  set_option(easy_, CURLOPT_PREREQDATA, this);
}

CurlTransfer::~CurlTransfer() {
  curl_easy_cleanup(easy_);
}

CurlTransfer& CurlTransfer::of(CURL* easy) {
  char* self = nullptr;
  FD_CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self) == CURLE_OK && self != nullptr);
  return *static_cast<CurlTransfer*>(static_cast<void*>(self));
}

void CurlTransfer::begin(JobPtr job, const CurlTarget& target, std::size_t multi) {
  FD_CHECK(job_ == nullptr);
  multi_ = multi;
  job_ = std::move(job);
  sent_as_ = target.dialect(job_->call.role);
  Call& call = job_->result.call;
  call.asked_model = sent_as_.model == job_->call.model ? "" : sent_as_.model;
  call.connect_us.reset();
  call.first_byte_us.reset();
  // Anew for each attempt: this one may go to another endpoint, or the endpoint has taught us.
  job_->body.clear();
  append_request(job_->call, sent_as_, job_->body);
  if (target_ != &target) {
    target_ = &target;
    target.apply(easy_);
  }
  // Given whole, so that head and body leave in one write; before_send keeps it from being sent
  // twice.
  set_option(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(job_->body.size()));
  set_option(easy_, CURLOPT_POSTFIELDS, job_->body.data());
  reply_.clear();
  header_bytes_ = 0;
  sends_ = 0;
  too_large_ = false;
  error_[0] = '\0';
}

JobPtr CurlTransfer::release() {
  if (reply_.capacity() > kKeptReplyBytes) {
    reply_ = {};
  }
  return std::move(job_);
}

int CurlTransfer::before_send(void* self, char* /*to*/, char* /*from*/, int /*to_port*/,
                              int /*from_port*/) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.sends_ > 0) {
    return CURL_PREREQFUNC_ABORT;
  }
  ++transfer.sends_;
  return CURL_PREREQFUNC_OK;
}

std::size_t CurlTransfer::write_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t length = size * count;
  if (length > kMaxReplyBytes - transfer.reply_.size()) {
    transfer.too_large_ = true;
    return 0;
  }
  FD_FAILPOINT("k24.reply_partly_read");
  transfer.reply_.append(bytes, length);
  return length;
}

std::size_t CurlTransfer::write_header(char* /*bytes*/, std::size_t size, std::size_t count,
                                       void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t length = size * count;
  if (length > kMaxHeaderBytes - transfer.header_bytes_) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.header_bytes_ += length;
  return length;
}

std::string CurlTransfer::header(const char* name) const {
  curl_header* found = nullptr;
  const auto get = [&](std::size_t index) {
    return curl_easy_header(easy_, name, index, CURLH_HEADER, -1, &found) == CURLHE_OK;
  };
  return get(0) && get(found->amount - 1) ? found->value : "";
}

void CurlTransfer::add_advice(Attempt& attempt) const {
  attempt.retry_after =
      retry_after({header("retry-after"), header("retry-after-ms"), header("date")});
  const std::string should_retry = header("x-should-retry");
  if (should_retry == "true" || should_retry == "false") {
    attempt.should_retry = should_retry == "true";
  }
}

void CurlTransfer::take_times() const {
  const auto since_start = [this](CURLINFO which) {
    curl_off_t us = 0;
    return curl_easy_getinfo(easy_, which, &us) == CURLE_OK && us > 0
               ? static_cast<std::uint64_t>(us)
               : 0;
  };
  Call& call = job_->result.call;
  call.connect_us =
      std::max(since_start(CURLINFO_CONNECT_TIME_T), since_start(CURLINFO_APPCONNECT_TIME_T));
  const std::uint64_t sent = since_start(CURLINFO_PRETRANSFER_TIME_T);
  if (const std::uint64_t first = since_start(CURLINFO_STARTTRANSFER_TIME_T);
      header_bytes_ > 0 && first >= sent) {
    call.first_byte_us = first - sent;
  }
}

Attempt CurlTransfer::conclude(CURLcode code) {
  Attempt attempt = code == CURLE_OK ? replied() : failed(code);
  attempt.sent = sends_ > 0;
  if (attempt.sent) {
    take_times();
  }
  attempt.error = target_->told(attempt.status, std::move(attempt.error));
  return attempt;
}

Attempt CurlTransfer::failed(CURLcode code) const {
  Attempt attempt;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  attempt.status = static_cast<std::uint32_t>(std::max(status, 0L));
  add_advice(attempt);
  attempt.error = shown(error_[0] != '\0' ? error_.data() : curl_easy_strerror(code));
  if (too_large_) {
    attempt.end = AttemptEnd::too_large;
    attempt.error =
        reply_.empty()
            ? "the reply's headers are longer than " + std::to_string(kMaxHeaderBytes) + " bytes"
            : "the reply is longer than " + std::to_string(kMaxReplyBytes) + " bytes";
  } else if (sends_ == 0) {
    const bool senseless = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    attempt.end = senseless ? AttemptEnd::unusable : AttemptEnd::unreachable;
    attempt.lasting = does_not_heal(code);
    attempt.error += advice_on(code);
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    attempt.end = AttemptEnd::timed_out;
  } else {
    attempt.end = AttemptEnd::interrupted;
    if (code == CURLE_SEND_FAIL_REWIND || code == CURLE_ABORTED_BY_CALLBACK) {
      attempt.error = "the connection was closed before a reply";
    }
  }
  return attempt;
}

Attempt CurlTransfer::replied() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  Reply reply = decode_reply(static_cast<std::uint32_t>(status), reply_, job_->call.count);
  if (auto* completion = std::get_if<Completion>(&reply)) {
    Attempt attempt = answered(*completion);
    attempt.status = static_cast<std::uint32_t>(status);
    return attempt;
  }
  return refused(status, std::get<BadReply>(reply));
}

Attempt CurlTransfer::answered(Completion& completion) {
  Attempt attempt;
  attempt.usage = completion.usage;
  for (const CompletionChoice& choice : completion.choices) {
    const std::size_t bytes = decoded_bytes(choice) + completion.served_model.size();
    if (bytes > kMaxAnswerBytes) {
      attempt.end = AttemptEnd::too_large;
      attempt.error = "the answer has " + std::to_string(bytes) + " bytes as UTF-8, more than " +
                      std::to_string(kMaxAnswerBytes);
      return attempt;
    }
  }
  attempt.choices = completion.choice_count;
  if (attempt.choices < job_->call.count) {
    attempt.error =
        "brought " + std::to_string(attempt.choices) + " of " + at_once(job_->call.count);
  }
  Call& call = job_->result.call;
  call.served_model = std::move(completion.served_model);
  call.cached_tokens = completion.usage.cached;
  call.reasoning_tokens = completion.usage.reasoning;
  call.tokens_unknown = completion.usage_unknown;
  std::vector<Answer>& answers = job_->result.before;
  for (CompletionChoice& choice : completion.choices) {
    Answer& answer = answers.emplace_back();
    static_cast<CallIdentity&>(answer) = identity_of(job_->call, choice.number);
    answer.model = job_->call.model;
    answer.text = std::move(choice.text);
    answer.reasoning = std::move(choice.reasoning);
    answer.finish_reason = std::move(choice.finish_reason);
  }
  job_->result.answer = std::move(answers.back());
  answers.pop_back();
  return attempt;
}

Attempt CurlTransfer::refused(long status, BadReply& bad) const {
  Attempt attempt;
  attempt.end = AttemptEnd::refused;
  attempt.status = bad.status;
  attempt.out_of_quota = bad.out_of_quota;
  attempt.filtered = bad.filtered;
  add_advice(attempt);
  attempt.usage = bad.usage;
  if (target_->learn(bad.status, bad.message, sent_as_, job_->call.decode)) {
    attempt.should_retry = true;  // at once, in the spelling that the endpoint asked for
    attempt.retry_after = Duration::zero();
  }
  attempt.error = std::move(bad.message);
  if (job_->call.count > 1 && status >= 400 && status < 500) {
    attempt.error += " (it was asked for " + at_once(job_->call.count) + ")";
  }
  if (status >= 300 && status < 400) {
    attempt.error +=
        " (redirects are not followed; it points to \"" + shown(header("location")) + "\")";
  }
  return attempt;
}

}  // namespace fd
