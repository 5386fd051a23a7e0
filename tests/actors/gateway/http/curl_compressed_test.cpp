// Replies that a gateway in front of the server compressed.
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "actors/gateway/http/curl_transfer.hpp"
#include "tests/actors/gateway/gateway_client.hpp"
#include "tests/support/http_stub.hpp"

namespace fd {
namespace {

std::string gzipped(const std::string& text) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

StubReply compressed(const std::string& body) {
  return StubReply::of(200, body, "Content-Encoding: gzip\r\n");
}

TEST(CurlSenders, ReadsACompressedReply) {
  HttpStub stub(
      [](const StubRequest&) { return compressed(gzipped(completion_body("SELECT 1"))); });
  const ChatResult result = Client(stub.url()).ask();
  EXPECT_EQ(result.answer.text, "SELECT 1");
}

TEST(CurlSenders, CountsTheBytesOfAReplyWhenItIsUnpacked) {
  std::string body = completion_body("SELECT 1");
  body.append(kMaxReplyBytes - body.size(), ' ');
  HttpStub at_limit([&](const StubRequest&) { return compressed(gzipped(body)); });
  EXPECT_EQ(Client(at_limit.url()).ask().answer.text, "SELECT 1");
  HttpStub beyond([&](const StubRequest&) { return compressed(gzipped(body + " ")); });
  const ChatResult result = Client(beyond.url()).ask();
  EXPECT_EQ(result.failure, Reason::provider_error);
  EXPECT_EQ(result.call.error,
            "the reply is longer than " + std::to_string(kMaxReplyBytes) + " bytes");
  EXPECT_EQ(beyond.request_count(), 1u);
}

TEST(CurlSenders, AsksAgainAfterACompressedReplyThatIsCut) {
  const std::string packed = gzipped(completion_body("SELECT 1"));
  HttpStub stub(first_then_ok(compressed(packed.substr(0, packed.size() / 2))));
  const ChatResult result = Client(stub.url()).ask();
  EXPECT_EQ(result.answer.text, "SELECT 1");
  EXPECT_EQ(result.call.attempts, 2u);
}

}  // namespace
}  // namespace fd
