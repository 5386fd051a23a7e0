#include "tests/simulator/http_parser.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace fd::simulator {
namespace {

using Status = HttpParser::Status;

constexpr std::string_view kFixed =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding:  Chunked \r\n\r\n"
    "3;name=value\r\nhel\r\n02\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";

int failure_of(std::string_view bytes) {
  HttpParser parser;
  EXPECT_EQ(parser.parse(bytes), Status::failed) << bytes.substr(0, 80);
  return parser.error_status();
}

std::string with_header(std::string_view header) {
  return "POST / HTTP/1.1\r\n" + std::string(header) + "\r\n\r\n";
}

TEST(HttpParser, ReadsTheSameRequestAtEverySplit) {
  for (const std::string_view whole : {kFixed, kChunked}) {
    for (std::size_t first = 0; first < whole.size(); ++first) {
      for (std::size_t second = first; second < whole.size(); second += 7) {
        HttpParser parser;
        for (const std::size_t size : {first, second}) {
          const std::string moved(whole.substr(0, size));
          ASSERT_EQ(parser.parse(moved), Status::need_more) << first << " " << second;
        }
        const std::string moved(whole);
        ASSERT_EQ(parser.parse(moved), Status::complete);
        EXPECT_EQ(parser.request().method, "POST");
        EXPECT_EQ(parser.request().target, "/v1/chat/completions");
        EXPECT_EQ(parser.request().body, "hello");
        EXPECT_EQ(parser.consumed(), whole.size());
      }
    }
  }
}

TEST(HttpParser, ReadsByteByByte) {
  for (const std::string_view whole : {kFixed, kChunked}) {
    HttpParser parser;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ASSERT_EQ(parser.parse(whole.substr(0, size)), Status::need_more) << size;
    }
    ASSERT_EQ(parser.parse(whole), Status::complete);
    EXPECT_EQ(parser.request().body, "hello");
  }
}

TEST(HttpParser, LeavesThePipelinedNextRequestAlone) {
  const std::string both = std::string(kChunked) + std::string(kFixed);
  HttpParser parser;
  ASSERT_EQ(parser.parse(both), Status::complete);
  ASSERT_EQ(parser.consumed(), kChunked.size());
  parser.reset();
  ASSERT_EQ(parser.parse(std::string_view(both).substr(kChunked.size())), Status::complete);
  EXPECT_EQ(parser.request().body, "hello");
}

TEST(HttpParser, SkipsEmptyLinesBeforeARequest) {
  const std::string bytes = "\r\n\r\n" + std::string(kFixed);
  HttpParser parser;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(parser.parse(bytes.substr(0, size)), Status::need_more) << size;
  }
  ASSERT_EQ(parser.parse(bytes), Status::complete);
  EXPECT_EQ(parser.request().method, "POST");
  EXPECT_EQ(parser.consumed(), bytes.size());
}

TEST(HttpParser, KnowsWhetherTheConnectionStays) {
  const auto keeps = [](std::string_view bytes) {
    HttpParser parser;
    EXPECT_EQ(parser.parse(bytes), Status::complete);
    return parser.request().keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nconnection: x, CLOSE\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(HttpParser, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(failure_of(with_header("Content-Length: 1\r\nContent-Length: 2")), 400);
  EXPECT_EQ(failure_of(with_header("Content-Length: 1\r\nTransfer-Encoding: chunked")), 400);
  EXPECT_EQ(failure_of(with_header("Content-Length: +1")), 400);
  EXPECT_EQ(failure_of(with_header("Content-Length: 1, 1")), 400);
  EXPECT_EQ(failure_of(with_header("Content-Length:")), 400);
  EXPECT_EQ(failure_of(with_header("Content-Length: 9999999999999999999")), 400);
  EXPECT_EQ(failure_of(with_header("Transfer-Encoding: gzip, chunked")), 501);
  EXPECT_EQ(failure_of(with_header("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
            400);
  EXPECT_EQ(failure_of(with_header("Name : value")), 400);
  EXPECT_EQ(failure_of(with_header(" folded")), 400);
  EXPECT_EQ(failure_of(with_header("Name: a\nb")), 400);
  EXPECT_EQ(failure_of(with_header("no colon")), 400);
  EXPECT_EQ(failure_of(std::string_view("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24)), 400);
  EXPECT_EQ(failure_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(HttpParser, RefusesBadRequestLines) {
  for (const std::string_view line :
       {"GET /", "GET  HTTP/1.1", "GET / HTTP/1.1 x", "G(T / HTTP/1.1", " / HTTP/1.1",
        "GET / http/1.1", "\x16\x03\x01"}) {
    EXPECT_EQ(failure_of(std::string(line) + "\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(failure_of("GET / HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(failure_of("GET / HTTP/1.1\r\nExpect: something\r\n\r\n"), 417);
}

TEST(HttpParser, RefusesBadChunks) {
  const std::string head = with_header("Transfer-Encoding: chunked");
  for (const std::string_view body :
       {"\r\n", "x\r\n", "-1\r\n", "0x1\r\n", "3\r\nabcd\r\n", "3\r\nabc\r\r", "1\n2\r\n",
        "0\r\nno colon\r\n\r\n", "1234567890123456\r\n"}) {
    EXPECT_EQ(failure_of(head + std::string(body)), 400) << body;
  }
}

TEST(HttpParser, LimitsTheHead) {
  const std::string start = "GET / HTTP/1.1\r\nA: ";
  const std::size_t room = kMaxHeaderBytes - start.size() - 4;
  HttpParser parser;
  EXPECT_EQ(parser.parse(start + std::string(room, 'a') + "\r\n\r\n"), Status::complete);
  EXPECT_EQ(failure_of(start + std::string(room + 1, 'a') + "\r\n\r\n"), 431);
  HttpParser endless;
  EXPECT_EQ(endless.parse(std::string(kMaxHeaderBytes, 'a')), Status::need_more);
  EXPECT_EQ(endless.parse(std::string(kMaxHeaderBytes + 1, 'a')), Status::failed);
  EXPECT_EQ(endless.error_status(), 431);
}

TEST(HttpParser, LimitsTheBodyHoweverItIsSent) {
  HttpParser parser;
  EXPECT_EQ(parser.parse(with_header("Content-Length: " + std::to_string(kMaxBodyBytes))),
            Status::need_more);
  EXPECT_EQ(failure_of(with_header("Content-Length: " + std::to_string(kMaxBodyBytes + 1))), 413);

  const std::string chunked = with_header("Transfer-Encoding: chunked");
  HttpParser most;
  ASSERT_EQ(most.parse(chunked + "800000\r\n" + std::string(kMaxBodyBytes, 'a') + "\r\n0\r\n\r\n"),
            Status::complete);
  EXPECT_EQ(most.request().body.size(), kMaxBodyBytes);
  EXPECT_EQ(failure_of(chunked + "800001\r\n"), 413);
  EXPECT_EQ(failure_of(chunked + "800000\r\n" + std::string(kMaxBodyBytes, 'a') + "\r\n1\r\n"),
            413);
}

TEST(HttpParser, LimitsWhatChunksAddToABody) {
  const std::string chunked = with_header("Transfer-Encoding: chunked");
  EXPECT_EQ(failure_of(chunked + "1;" + std::string(kMaxChunkLineBytes, 'x')), 400);
  HttpParser parser;
  EXPECT_EQ(parser.parse(chunked + "1;" + std::string(kMaxChunkLineBytes - 2, 'x')),
            Status::need_more);
  std::string many = chunked;
  const std::string chunk = "1;" + std::string(4000, 'x') + "\r\na\r\n";
  while (many.size() <= chunked.size() + kMaxChunkedBytes) {
    many += chunk;
  }
  EXPECT_EQ(failure_of(many), 413);
  std::string trailers = chunked + "0\r\n";
  while (trailers.size() <= chunked.size() + kMaxHeaderBytes + 16) {
    trailers += "Name: value\r\n";
  }
  EXPECT_EQ(failure_of(trailers), 431);
}

TEST(HttpParser, TellsWhenTheClientWaitsForContinue) {
  const std::string head = with_header("Expect: 100-continue\r\nContent-Length: 1");
  HttpParser parser;
  EXPECT_EQ(parser.parse(head.substr(0, head.size() - 1)), Status::need_more);
  EXPECT_FALSE(parser.expects_continue());
  EXPECT_EQ(parser.parse(head), Status::need_more);
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_EQ(parser.parse(head + "x"), Status::complete);
}

TEST(HttpParser, NeverReadsPastGarbage) {
  // Method: damage one byte of a good request in every way that matters; any status is fine, and a
  // complete request must lie inside the buffer.
  for (const std::string_view whole : {kFixed, kChunked}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char damage : std::string("\0\r\n :;9fF\xFF", 10)) {
        std::string bytes(whole);
        bytes[at] = damage;
        HttpParser parser;
        if (parser.parse(bytes) == Status::complete) {
          EXPECT_LE(parser.consumed(), bytes.size());
        }
      }
    }
  }
}

}  // namespace
}  // namespace fd::simulator
