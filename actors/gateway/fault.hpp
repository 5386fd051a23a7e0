#pragma once

#include "actors/gateway/retry.hpp"

namespace fd {

/// Whose fault it is that an attempt brought no answer.
enum class Fault {
  none,       ///< it brought one
  request,    ///< the endpoint will not answer this request: another endpoint might
  many,       ///< perhaps it will not answer a request for several candidates: one by one, then
  endpoint,   ///< it answers no request until somebody mends something: a key, a name, an account
  absent,     ///< nobody is there
  throttled,  ///< it asks to be left alone for a while
  passing,    ///< anything that may be different next time
};

/// The endpoint's: 3xx, 401, 402, 404, no quota left, a name or a certificate that is no good, a
/// URL or a key that makes no sense. The request's: every other 4xx but for 408, 409, 425 and 429;
/// a reply beyond the limit; what x-should-retry forbids.
Fault fault_of(const Attempt& attempt);

/// Returns whether it may be that the endpoint is still loading: a time-out, 502, 503 and 504. Such
/// a failure before its first answer is no request's fault.
bool may_be_loading(const Attempt& attempt);

}  // namespace fd
