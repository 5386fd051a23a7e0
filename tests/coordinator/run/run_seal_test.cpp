#include "coordinator/run/run_seal.hpp"

#include <gtest/gtest.h>

#include "protocol/base/crc32c.hpp"

namespace fd {
namespace {

json::Object object_of(std::size_t keys) {
  json::Object object;
  for (std::size_t key = 0; key < keys; ++key) {
    object["key " + std::to_string(key)] = std::string(100, 'x');
  }
  return object;
}

TEST(RunSeal, TheSealIsTheDigestOfTheRestInCanonicalForm) {
  const std::string text = sealed_text({{"b", 1}, {"a", "x"}});
  EXPECT_TRUE(text.starts_with("{\n  \"a\": \"x\",\n  \"b\": 1,\n  \"seal_crc32c\": ["));
  const auto value = json::parse(text);
  ASSERT_TRUE(value.ok());
  json::Object rest = *value->as_object();
  const std::string seal = *rest.at("seal").as_string();
  rest.erase("seal");
  EXPECT_EQ(seal, sha256(json::canonical(rest)).hex());
  EXPECT_FALSE(check_seal(text).has_value());
}

TEST(RunSeal, EveryFlippedByteIsFoundInItsBlock) {
  const std::string text = sealed_text(object_of(1500));
  ASSERT_GT(text.size(), 2 * kCrcBlockBytes);
  for (std::size_t at = 0; at < text.size(); at += at + 400 < text.size() ? 997 : 1) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const auto fault = check_seal(damaged);
    ASSERT_TRUE(fault.has_value()) << at;
    EXPECT_LE(fault->offset, at);
    EXPECT_LT(at, fault->offset + kCrcBlockBytes) << fault->what;
  }
}

TEST(RunSeal, ATextWithoutASealIsRefused) {
  const auto fault = check_seal("{\n  \"a\": 1\n}");
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->what, "has no seal, or a damaged one, at its end");
  EXPECT_TRUE(check_seal("").has_value());
}

TEST(RunSeal, PathsMayNotLeaveTheFolder) {
  EXPECT_TRUE(stays_inside("run.json"));
  EXPECT_TRUE(stays_inside("shards/0001/..calls"));
  for (const char* path : {"", "/etc/passwd", "..", "a/../b", "a//b", "a/", "./a"}) {
    EXPECT_FALSE(stays_inside(path)) << path;
  }
  const json::Value entry = json::Object{
      {"path", "../x"}, {"bytes", 0}, {"sha256", std::string(64, '0')}, {"crc32c", json::Array{}}};
  const auto read = ingested_from_json(json::Object{{"ingested", json::Array{entry}}});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::corrupt);
  EXPECT_EQ(read.error().message, "ingested: entry 0 names something outside the run's folder");
}

TEST(RunSeal, NamesTheKeyOfAnEntryThatIsWrong) {
  const json::Value good = ingested_to_json({FileEntry{"a", 3, sha256("abc"), {crc32c("abc")}}});
  for (const char* key : {"path", "bytes", "sha256", "crc32c"}) {
    json::Object entry = *good.as_array()->front().as_object();
    entry.erase(key);
    const auto read = ingested_from_json(json::Object{{"ingested", json::Array{entry}}});
    ASSERT_FALSE(read.ok()) << key;
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_EQ(read.error().message, "ingested: entry 0: " + std::string(key) + " is missing");
  }
}

TEST(RunSeal, EntriesComeBackAsTheyWere) {
  const FileEntry a{"a", 3, sha256("abc"), {crc32c("abc")}};
  const FileEntry b{"b/c", 0, sha256(""), {}};
  const auto back = ingested_from_json(json::Object{{"ingested", ingested_to_json({a, b})}});
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, (std::vector<FileEntry>{a, b}));
  const auto disordered = ingested_from_json(json::Object{{"ingested", ingested_to_json({b, a})}});
  ASSERT_FALSE(disordered.ok());
  EXPECT_EQ(disordered.error().message, "ingested: a is out of order");
}

}  // namespace
}  // namespace fd
