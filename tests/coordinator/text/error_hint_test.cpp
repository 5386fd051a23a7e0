#include "coordinator/text/error_hint.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

bool names(std::uint32_t status, std::string_view words, std::string_view key) {
  return error_hint(status, words).find(key) != std::string_view::npos;
}

// Words as servers and libcurl say them.
TEST(ErrorHint, NamesTheKeyThatWouldMendIt) {
  EXPECT_TRUE(names(404, "model \"m\" not found, try pulling it first", "teacher.model"));
  EXPECT_TRUE(names(404, "The model `gpt-9` does not exist", "teacher.model"));
  EXPECT_TRUE(names(404, "No endpoints found for qwen/qwen9.", "teacher.model"));
  EXPECT_TRUE(names(404, "404 page not found", "base_url"));
  EXPECT_TRUE(names(400,
                    "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                    "'max_completion_tokens' instead.",
                    "max_tokens_key"));
  EXPECT_TRUE(names(400, "Unsupported value: 'temperature' does not support 0.2 with this model.",
                    "teacher.decode"));
  EXPECT_TRUE(names(400, "This model's maximum context length is 4096 tokens.", "context"));
  EXPECT_TRUE(
      names(400, "n: only 1 is supported (it was asked for 4 candidates at once)", "n: one"));
  EXPECT_TRUE(names(400, "'temperature' is not supported (it was asked for 4 candidates at once)",
                    "teacher.decode"));
  EXPECT_TRUE(names(200, "brought 1 of 4 candidates at once", "n: one"));
  EXPECT_TRUE(names(401, "Incorrect API key provided", "api_key_env"));
  EXPECT_TRUE(names(402, "Insufficient Balance", "money"));
  EXPECT_TRUE(names(429, "You exceeded your current quota", "money"));
  EXPECT_TRUE(names(429, "Rate limit reached", "max_concurrency"));
  EXPECT_TRUE(names(503, "Loading model", "loads"));
  EXPECT_TRUE(names(301, "Moved Permanently", "base_url"));
  EXPECT_TRUE(names(0, "SSL certificate problem: self-signed certificate", "SSL_CERT_FILE"));
  EXPECT_TRUE(names(0, "Failed to connect to 127.0.0.1 port 9: Connection refused", "base_url"));
  EXPECT_TRUE(names(0, "Could not resolve host: api.exmaple.com", "no such host"));
  EXPECT_TRUE(names(0, "Operation timed out after 2000 milliseconds with 0 bytes received",
                    "gateway.request_timeout_s"));
}

TEST(ErrorHint, SaysNothingOfWhatItDoesNotKnow) {
  EXPECT_EQ(error_hint(400, "max_tokens is too large: 100000. At most 16384 are possible."), "");
  EXPECT_EQ(error_hint(400, "no"), "");
  EXPECT_EQ(error_hint(500, "timed out"), "");
  EXPECT_EQ(error_hint(0, "the connection was closed before a reply"), "");
  EXPECT_EQ(error_hint(200, "the reply holds no answer"), "");
}

TEST(ErrorLine, IsSafeForATerminal) {
  EXPECT_EQ(error_line({"stub", 503, "HTTP 503: busy\x1b[2J\n", 0}),
            "stub: HTTP 503: busy\\x1b[2J\\n");
  EXPECT_EQ(error_line({"stub", 0, "refused", 0}), "stub: refused");
  EXPECT_EQ(error_with_hint({"stub", 500, "no", 0}), "stub: no");
  EXPECT_TRUE(error_with_hint({"stub", 401, "no", 0}).starts_with("stub: no\n  hint: "));
}

}  // namespace
}  // namespace fd
