#pragma once

#include <curl/curl.h>

#include "protocol/base/result.hpp"

namespace fd {

/// Sets an option of a libcurl handle that this program's libcurl has.
template <class Value>
void set_option(CURL* easy, CURLoption option, Value value) {
  FD_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

}  // namespace fd
