#include "protocol/manifest.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/base/crc32c.hpp"

namespace fd {
namespace {

Manifest stage_manifest() {
  Manifest manifest;
  manifest.run_id = "text2sql-1";
  manifest.stage = "canonical";
  manifest.count = 2;
  manifest.min_sample_id = sha256("a");
  manifest.max_sample_id = sha256("b");
  manifest.columns = {"canonical_input", "sample_id"};
  manifest.content_sha256 = sha256("content");
  manifest.parents = {sha256("parent").hex()};
  manifest.config_digest = sha256("config");
  return manifest;
}

Manifest shard_manifest() {
  Manifest manifest = stage_manifest();
  manifest.stage = "shard";
  manifest.shard = 7;
  manifest.shards = 16;
  manifest.state = ShardFileState::committed;
  manifest.verdicts = {{"kept", 1}, {"rejected", 1}};
  manifest.reasons = {{"gold_mismatch", 1}};
  manifest.databases = {sha256("db").hex()};
  manifest.files = {{"answers.jsonl", 3, sha256("abc"), {crc32c("abc")}},
                    {"input.jsonl", 0, sha256(""), {}}};
  return manifest;
}

json::Value json_of(const Manifest& manifest) {
  return to_json(manifest);
}

/// Returns the error of a shard's manifest whose member `key` is `value`.
Error error_with(std::string_view key, json::Value value) {
  json::Value changed = json_of(shard_manifest());
  (*changed.as_object())[std::string(key)] = std::move(value);
  const auto read = manifest_from_json(changed);
  EXPECT_FALSE(read.ok()) << key;
  return read.ok() ? Error{} : read.error();
}

json::Value file_with(std::string_view key, json::Value value) {
  json::Object entry{{"bytes", 1}, {"sha256", sha256("").hex()}, {"crc32c", json::Array{1}}};
  entry[std::string(key)] = std::move(value);
  return json::Object{{"input.jsonl", std::move(entry)}};
}

TEST(Manifest, FindsItsFilesByName) {
  const Manifest manifest = shard_manifest();
  EXPECT_EQ(find_file(manifest, "input.jsonl"), &manifest.files[1]);
  EXPECT_EQ(find_file(manifest, "input"), nullptr);
}

TEST(Manifest, ComesBackFromItsJson) {
  for (const Manifest& manifest : {stage_manifest(), shard_manifest()}) {
    const auto text = json::pretty(to_json(manifest));
    const auto parsed = json::parse(text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    const auto read = manifest_from_json(*parsed);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, manifest);
  }
}

TEST(Manifest, OfNoRowsComesBackFromItsJson) {
  Manifest manifest = shard_manifest();
  manifest.count = 0;
  manifest.min_sample_id.reset();
  manifest.max_sample_id.reset();
  manifest.state = ShardFileState::pending;
  const json::Value value = to_json(manifest);
  EXPECT_TRUE(value.find("min_sample_id")->is_null());
  EXPECT_TRUE(value.find("max_sample_id")->is_null());
  const auto read = manifest_from_json(value);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, manifest);
}

// hashlib.sha256(b"canonical_input|sample_id").hexdigest()
TEST(Manifest, HashesItsColumnsJoinedByBars) {
  EXPECT_EQ(*json_of(stage_manifest()).find("field_hash")->as_string(),
            "f831451fa379ba65fab12b5a8d5ccc1d3e701618cd9c34f02585609deb95402f");
}

TEST(Manifest, SaysHowItsTextIsMade) {
  const json::Value value = to_json(stage_manifest());
  EXPECT_EQ(*value.find("canonical")->as_string(), "rfc8785");
  EXPECT_EQ(value.find("schema_version")->as_uint(), 1u);
  EXPECT_TRUE(value.find("shard")->is_null());
}

TEST(Manifest, OfAStageHasNoKeysOfAShard) {
  const json::Value value = to_json(stage_manifest());
  for (const std::string_view key : {"state", "shards", "verdicts", "reasons", "databases"}) {
    EXPECT_EQ(value.find(key), nullptr) << key;
  }
}

TEST(Manifest, NamesTheKeyThatIsMissing) {
  const json::Value whole = json_of(shard_manifest());
  for (const auto& [key, unused] : *whole.as_object()) {
    // Without "state" it is a stage's manifest; "canonical" says nothing that is read.
    if (key == "state" || key == "canonical") {
      continue;
    }
    json::Value without = whole;
    without.as_object()->erase(key);
    const auto read = manifest_from_json(without);
    ASSERT_FALSE(read.ok()) << key;
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_EQ(read.error().message, "manifest: " + key + " is missing");
  }
}

TEST(Manifest, NamesTheKeyThatIsOfAnotherKind) {
  const std::vector<std::pair<std::string_view, std::string_view>> expected = {
      {"run_id", "is no text"},        {"stage", "is no text"},
      {"shard", "is no whole number"}, {"count", "is no whole number"},
      {"min_sample_id", "is no text"}, {"max_sample_id", "is no text"},
      {"columns", "is no list"},       {"content_sha256", "is no text"},
      {"parents", "is no list"},       {"config_digest", "is no text"},
      {"field_hash", "is no text"},    {"files", "is no object"},
      {"state", "is no text"},         {"shards", "is no whole number"},
      {"verdicts", "is no object"},    {"reasons", "is no object"},
      {"databases", "is no list"},     {"schema_version", "is no whole number"}};
  for (const auto& [key, why] : expected) {
    const Error error = error_with(key, true);
    EXPECT_EQ(error.code, Errc::corrupt) << key;
    EXPECT_EQ(error.message, "manifest: " + std::string(key) + " " + std::string(why));
  }
}

TEST(Manifest, RefusesValuesThatCannotBe) {
  EXPECT_EQ(error_with("count", -1).message, "manifest: count is no whole number");
  EXPECT_EQ(error_with("count", 1.5).message, "manifest: count is no whole number");
  EXPECT_EQ(error_with("shard", 4294967296.0).message, "manifest: shard is out of range");
  EXPECT_EQ(error_with("min_sample_id", "abc").message, "manifest: min_sample_id is no digest");
  EXPECT_EQ(error_with("columns", json::Array{1}).message,
            "manifest: columns has an item that is no text");
  EXPECT_EQ(error_with("verdicts", json::Object{{"kept", "1"}}).message,
            "manifest: verdicts has a count that is none");
  EXPECT_EQ(error_with("state", "done").message,
            "manifest: state is none of pending, committed, failed");
}

TEST(Manifest, RefusesColumnsThatWereChanged) {
  EXPECT_EQ(error_with("columns", json::Array{"canonical_input"}).message,
            "manifest: field_hash does not belong to columns");
}

TEST(Manifest, RefusesANewerSchemaVersionAndTakesItsOwn) {
  const Error error = error_with("schema_version", 2);
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_EQ(error.message, "manifest: schema_version 2 is newer than this program's 1");
  EXPECT_TRUE(manifest_from_json(json_of(shard_manifest())).ok());
}

TEST(Manifest, RefusesWhatIsNoObject) {
  for (const json::Value& value : {json::Value(), json::Value(json::Array{}), json::Value("x")}) {
    const auto read = manifest_from_json(value);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_EQ(read.error().message, "manifest: it is no object");
  }
}

TEST(Manifest, RefusesFilesOutsideItsFolder) {
  const json::Value entry =
      json::Object{{"bytes", 0}, {"sha256", sha256("").hex()}, {"crc32c", json::Array{}}};
  for (const std::string name : {"", "..", "../x", "a/b", "/etc/passwd", ".hidden"}) {
    const Error error = error_with("files", json::Object{{name, entry}});
    EXPECT_EQ(error.code, Errc::corrupt) << name;
    EXPECT_EQ(error.message, "manifest: files names something outside its folder") << name;
  }
}

TEST(Manifest, NamesWhatIsWrongWithAFile) {
  EXPECT_EQ(error_with("files", json::Object{{"input.jsonl", 1}}).message,
            "manifest: files.input.jsonl: it is no object");
  EXPECT_EQ(error_with("files", file_with("bytes", -1)).message,
            "manifest: files.input.jsonl: bytes is no whole number");
  EXPECT_EQ(error_with("files", file_with("sha256", "00")).message,
            "manifest: files.input.jsonl: sha256 is no digest");
  EXPECT_EQ(error_with("files", file_with("crc32c", 1)).message,
            "manifest: files.input.jsonl: crc32c is no list");
  EXPECT_EQ(error_with("files", file_with("crc32c", json::Array{4294967296.0})).message,
            "manifest: files.input.jsonl: crc32c has an item out of range");
  json::Value largest = json_of(shard_manifest());
  (*largest.as_object())["files"] = file_with("crc32c", json::Array{4294967295.0});
  EXPECT_TRUE(manifest_from_json(largest).ok());
}

TEST(FileDigest, HasOneChecksumPerBlock) {
  const std::vector<std::pair<std::size_t, std::size_t>> blocks = {
      {0, 0}, {1, 1}, {65535, 1}, {65536, 1}, {65537, 2}, {131072, 2}, {131073, 3}};
  for (const auto& [bytes, count] : blocks) {
    FileDigest digest;
    digest.update(std::string(bytes, 'x'));
    const FileEntry entry = digest.finish("a");
    EXPECT_EQ(entry.bytes, bytes);
    EXPECT_EQ(entry.crc32c.size(), count) << bytes;
  }
}

TEST(FileDigest, DoesNotDependOnHowTheBytesArrive) {
  std::string bytes;
  for (std::size_t i = 0; i < 3 * kCrcBlockBytes + 11; ++i) {
    bytes += static_cast<char>(i * 31 + i / 251);
  }
  const std::string_view all = bytes;
  FileDigest whole;
  whole.update(all);
  const FileEntry expected = whole.finish("a");
  EXPECT_EQ(expected.sha256, sha256(bytes));
  EXPECT_EQ(expected.crc32c.at(1), crc32c(all.substr(kCrcBlockBytes, kCrcBlockBytes)));
  EXPECT_EQ(expected.crc32c.at(3), crc32c(all.substr(3 * kCrcBlockBytes)));
  for (const std::size_t step : {std::size_t{7}, kCrcBlockBytes - 1, kCrcBlockBytes + 1}) {
    FileDigest pieces;
    for (std::size_t at = 0; at < all.size(); at += step) {
      pieces.update(all.substr(at, step));
    }
    EXPECT_EQ(pieces.finish("a"), expected) << step;
  }
}

TEST(FileDigest, StartsAnewWhenFinished) {
  FileDigest digest;
  digest.update("first");
  static_cast<void>(digest.finish("a"));
  digest.update("abc");
  EXPECT_EQ(digest.finish("b"), (FileEntry{"b", 3, sha256("abc"), {crc32c("abc")}}));
}

TEST(ContentDigest, CoversLinesWithTheirEnds) {
  std::vector<SampleId> ids = {sha256("a"), sha256("b")};
  std::sort(ids.begin(), ids.end());
  ContentDigest content;
  EXPECT_FALSE(content.min_id());
  EXPECT_FALSE(content.max_id());
  content.add(ids[0], "{}");
  content.add(ids[0], "[]");
  content.add(ids[1], "");
  EXPECT_EQ(content.count(), 3u);
  EXPECT_EQ(content.min_id(), ids[0]);
  EXPECT_EQ(content.max_id(), ids[1]);
  EXPECT_EQ(content.finish(), sha256("{}\n[]\n\n"));
}

TEST(ContentDigest, OfNoLineIsThatOfNothing) {
  EXPECT_EQ(ContentDigest().finish(), sha256(""));
}

TEST(ContentDigestDeathTest, StopsTheProgramWhenIdsGoBack) {
  ContentDigest content;
  SampleId high;
  high.bytes[0] = 1;
  content.add(high, "{}");
  EXPECT_EXIT(content.add(SampleId{}, "{}"), testing::ExitedWithCode(70), "internal error");
}

}  // namespace
}  // namespace fd
