#include "actors/gateway/fault.hpp"

namespace fd {
namespace {

Fault fault_of_status(const Attempt& attempt) {
  const std::uint32_t status = attempt.status;
  const bool redirects = status >= 300 && status < 400;
  if (redirects || status == 401 || status == 402 || status == 404 || attempt.out_of_quota) {
    return Fault::endpoint;
  }
  const bool transient = status < 300 || status == 408 || status == 409 || status == 425 ||
                         status == 429 || status >= 500;
  if (status == 403 || !attempt.should_retry.value_or(transient)) {
    return Fault::request;
  }
  return status == 429 ? Fault::throttled : Fault::passing;
}

}  // namespace

Fault fault_of(const Attempt& attempt) {
  // An error status came before the connection broke: the rest of its text changes nothing.
  const bool told = attempt.status >= 300;
  switch (attempt.end) {
    case AttemptEnd::answered:
      return Fault::none;
    case AttemptEnd::refused:
      return fault_of_status(attempt);
    case AttemptEnd::unreachable:
      return attempt.lasting ? Fault::endpoint : Fault::absent;
    case AttemptEnd::timed_out:
    case AttemptEnd::interrupted:
      return told ? fault_of_status(attempt) : Fault::passing;
    case AttemptEnd::too_large:
      return told ? fault_of_status(attempt) : Fault::request;
    case AttemptEnd::unusable:
      return Fault::endpoint;
  }
  return Fault::request;
}

bool may_be_loading(const Attempt& attempt) {
  return attempt.end == AttemptEnd::timed_out || attempt.status == 502 || attempt.status == 503 ||
         attempt.status == 504;
}

}  // namespace fd
