#include "actors/config/endpoint_url.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

std::string refusal(std::string_view url) {
  const Result<EndpointUrl> parsed = parse_endpoint_url(url);
  return parsed.ok() ? "" : parsed.error().message;
}

TEST(EndpointUrl, TakesWhatPeopleUse) {
  for (const char* url :
       {"http://127.0.0.1:11434/v1", "https://api.example.com/v1", "HTTPS://API.Example.com",
        "http://[::1]:8000/v1", "http://10.0.0.5:8000/v1", "http://my_host-1.lan:65535/",
        "https://example.com:1/a/b", "http://169.253.1.1/", "http://169.255.1.1/"}) {
    EXPECT_EQ(refusal(url), "") << url;
  }
}

TEST(EndpointUrl, KnowsLoopback) {
  for (const char* url : {"http://localhost/v1", "http://LocalHost:1", "http://127.9.9.9",
                          "http://[::1]", "http://[::ffff:127.0.0.1]", "http://a.localhost"}) {
    const Result<EndpointUrl> parsed = parse_endpoint_url(url);
    ASSERT_TRUE(parsed.ok()) << url;
    EXPECT_TRUE(parsed->loopback) << url;
  }
  for (const char* url : {"http://localhost.example.com", "http://128.0.0.1", "http://0.0.0.0",
                          "http://[::2]", "http://127.0.0.1.example.com", "http://xlocalhost"}) {
    const Result<EndpointUrl> parsed = parse_endpoint_url(url);
    ASSERT_TRUE(parsed.ok()) << url;
    EXPECT_FALSE(parsed->loopback) << url;
  }
}

TEST(EndpointUrl, RefusesOtherSchemes) {
  for (const char* url : {"file:///etc/passwd", "gopher://x", "ftp://x", "localhost:11434/v1", "",
                          "http:/x", "//x", "httpss://x"}) {
    EXPECT_EQ(refusal(url), "must begin with http:// or https://") << url;
  }
}

TEST(EndpointUrl, RefusesCredentialsWithoutRepeatingThem) {
  for (const char* url : {"http://user:hunter2@host/v1", "https://hunter2@host"}) {
    EXPECT_EQ(refusal(url), "must not hold credentials; name a variable in api_key_env") << url;
  }
}

TEST(EndpointUrl, RefusesLinkLocalInEverySpelling) {
  for (const char* url : {"http://169.254.169.254/latest", "https://169.254.0.1",
                          "http://[fe80::1]", "http://[febf::1]", "http://[::ffff:169.254.169.254]",
                          "http://[::a9fe:a9fe]", "http://[64:ff9b::a9fe:a9fe]"}) {
    EXPECT_NE(refusal(url).find("link-local"), std::string::npos) << url;
  }
  for (const char* url : {"http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
                          "http://169.254.43518/", "http://169.254.169.0xfe", "http://1.2.3.4."}) {
    EXPECT_NE(refusal(url).find("neither a name nor an IPv4 address"), std::string::npos) << url;
  }
  EXPECT_EQ(refusal("http://[fec0::1]"), "");
}

TEST(EndpointUrl, RefusesWhatIsNoHostOrPort) {
  EXPECT_EQ(refusal("http://"), "the host is missing");
  EXPECT_EQ(refusal("http://:80/"), "the host is missing");
  EXPECT_EQ(refusal("http://[]/"), "the host is missing");
  EXPECT_EQ(refusal("http://[::1/v1"), "the bracket around the host is not closed");
  EXPECT_EQ(refusal("http://[::1]x/"), "the host is followed by something that is no port");
  EXPECT_EQ(refusal("http://[::g]/"), "the host in brackets is no IPv6 address");
  EXPECT_EQ(refusal("http://a%2e/"), "the host is not a name of letters, digits, '.', '-' and '_'");
  for (const char* url : {"http://h:0/", "http://h:65536/", "http://h:/", "http://h:8a/",
                          "http://h:000080/", "http://h:-1/"}) {
    EXPECT_EQ(refusal(url), "the port must be in [1, 65535]") << url;
  }
}

TEST(EndpointUrl, RefusesWhiteSpaceQueryAndFragment) {
  for (const char* url : {"http://h/v1 ", " http://h", "http://h\n", "http://h/\t", "http://h\\x",
                          "http://h\xc3\xa9"}) {
    EXPECT_NE(refusal(url).find("white space"), std::string::npos) << url;
  }
  EXPECT_EQ(refusal("http://h/?a=1"), "must not have a query (?) or a fragment (#)");
  EXPECT_EQ(refusal("http://h?"), "must not have a query (?) or a fragment (#)");
  EXPECT_EQ(refusal("http://h/#"), "must not have a query (?) or a fragment (#)");
  EXPECT_EQ(refusal("http://h#x"), "must not have a query (?) or a fragment (#)");
}

// What libcurl would decode, or take all the same.
TEST(EndpointUrl, RefusesWhatIsReadOtherwiseThanItIsWritten) {
  for (const char* url : {"http:///h/", "http:////h/"}) {
    EXPECT_EQ(refusal(url), "the host is missing") << url;
  }
  for (const char* url : {"http://%31%36%39.254.169.254/", "http://local%68ost/", "http://a%40b/",
                          "http://h~x/", "http://h*/"}) {
    EXPECT_EQ(refusal(url), "the host is not a name of letters, digits, '.', '-' and '_'") << url;
  }
  for (const char* url : {"http://127.1/", "http://0177.0.0.1/", "http://0x7f000001/"}) {
    EXPECT_NE(refusal(url).find("neither a name nor an IPv4 address"), std::string::npos) << url;
  }
  EXPECT_EQ(refusal("http://[::1%25lo]/"), "the host in brackets is no IPv6 address");
  EXPECT_EQ(refusal("http://@h/"), "must not hold credentials; name a variable in api_key_env");
  EXPECT_EQ(refusal("http://[0:0:0:0:0:0:0:1]:00080/"), "");
  EXPECT_EQ(refusal("http://[::1]:/"), "the port must be in [1, 65535]");
}

}  // namespace
}  // namespace fd
