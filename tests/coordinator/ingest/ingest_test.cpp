#include "coordinator/ingest/ingest.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/loader.hpp"
#include "coordinator/ingest/input_reader.hpp"
#include "protocol/limits.hpp"
#include "tests/coordinator/ingest/ingest_support.hpp"

namespace fd {
namespace {

using testing_support::database_bytes;
using testing_support::gzipped;
using testing_support::IngestJob;
using testing_support::many_rows;
using testing_support::row_line;
using testing_support::text_of;
using Names = std::set<std::string>;

std::vector<std::string> stage_files(const IngestJob& here) {
  std::vector<std::string> files;
  for (const std::string stage : {"raw", "canonical", "dedup"}) {
    files.push_back(here.folder.bytes("out/manifests/" + stage + "/manifest.json"));
  }
  return files;
}

TEST(Ingest, PutsEverySampleIntoItsShardInIdOrder) {
  IngestJob here;
  here.put_rows(many_rows(200));
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.raw, 200u);
  EXPECT_EQ(summary.unique, 200u);
  EXPECT_EQ(summary.shards, 3u);
  const std::vector<Sample> all = here.samples(3);
  ASSERT_EQ(all.size(), 200u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                             [](const Sample& a, const Sample& b) { return a.id < b.id; }));
  Names ordinals;
  for (const Sample& sample : all) {
    ordinals.insert(std::to_string(sample.ordinal));
    EXPECT_EQ(sample.canonical_input, R"({"instruction":"question )" +
                                          std::to_string(sample.ordinal) +
                                          R"j(","schema":"t(a)"})j");
    EXPECT_EQ(sample.gold, "SELECT 1");
    EXPECT_EQ(sample.database, sha256(database_bytes('a')).hex());
  }
  EXPECT_EQ(ordinals.size(), 200u);
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    for (const Sample& sample : here.shard(shard)) {
      EXPECT_EQ(shard_of(sample.id, 3), shard);
    }
  }
}

TEST(Ingest, DescribesEachShard) {
  IngestJob here;
  here.put_rows(many_rows(50));
  done(here);
  for (std::uint32_t index = 0; index < 3; ++index) {
    const std::string name = "shards/000" + std::to_string(index);
    const Manifest manifest = here.manifest(name + "/manifest.json");
    const std::vector<Sample> samples = here.shard(index);
    EXPECT_EQ(manifest.run_id, "run-1");
    EXPECT_EQ(manifest.stage, "shard");
    EXPECT_EQ(manifest.shard, index);
    EXPECT_EQ(manifest.shards, 3u);
    EXPECT_EQ(manifest.state, ShardFileState::pending);
    EXPECT_EQ(manifest.count, samples.size());
    EXPECT_EQ(manifest.min_sample_id, samples.front().id);
    EXPECT_EQ(manifest.max_sample_id, samples.back().id);
    EXPECT_EQ(manifest.config_digest, config_digest(here.config));
    EXPECT_EQ(manifest.databases, std::vector<std::string>{sha256(database_bytes('a')).hex()});
    ASSERT_EQ(manifest.files.size(), 1u);
    EXPECT_EQ(manifest.files[0], *digest_file(here.folder.at("out/" + name + "/input.jsonl")));
    EXPECT_EQ(manifest.content_sha256, sha256(here.folder.bytes("out/" + name + "/input.jsonl")));
  }
}

TEST(Ingest, MakesShardsThatNoSampleFallsInto) {
  IngestJob here;
  here.config.sharding.shards = 5;
  here.put_rows({row_line("one")});
  done(here);
  std::uint64_t total = 0;
  for (std::uint32_t index = 0; index < 5; ++index) {
    const std::string name = "shards/000" + std::to_string(index);
    const Manifest manifest = here.manifest(name + "/manifest.json");
    total += manifest.count;
    EXPECT_EQ(manifest.min_sample_id.has_value(), manifest.count > 0);
    EXPECT_EQ(manifest.databases.size(), manifest.count);
    EXPECT_EQ(here.folder.bytes("out/" + name + "/input.jsonl").empty(), manifest.count == 0);
  }
  EXPECT_EQ(total, 1u);
  EXPECT_EQ(here.folder.names("out/shards").size(), 5u);
}

TEST(Ingest, MakesAsManyShardsAsTheTargetSizeAsksForDuplicatesApart) {
  IngestJob here;
  here.config.sharding = {0, 10};
  const std::vector<std::pair<int, std::uint32_t>> expected = {{1, 1}, {10, 1}, {11, 2}, {21, 3}};
  for (const auto& [rows, shards] : expected) {
    std::vector<std::string> lines = many_rows(rows);
    lines.insert(lines.end(), 15, lines.front());
    here.put_rows(lines);
    EXPECT_EQ(done(here).shards, shards) << rows;
    EXPECT_EQ(here.folder.names("out/shards").size(), shards);
  }
}

TEST(Ingest, GivesStageManifestsThatDoNotDependOnShardsOrOnHowTheInputIsCut) {
  IngestJob here;
  std::vector<std::string> lines = many_rows(60);
  lines.push_back(lines[7]);
  here.put_rows(lines);
  done(here);
  const std::vector<std::string> expected = stage_files(here);
  for (const std::uint32_t shards : {1u, 16u}) {
    here.config.sharding.shards = shards;
    done(here);
    EXPECT_EQ(stage_files(here), expected) << shards;
  }
  here.folder.put("1.jsonl", text_of({lines.begin(), lines.begin() + 20}));
  here.folder.put("2.jsonl.gz",
                  testing_support::gzipped(text_of({lines.begin() + 20, lines.end()})));
  here.inputs = {{here.folder.at("1.jsonl")}, {here.folder.at("2.jsonl.gz")}};
  const IngestSummary summary = done(here);
  EXPECT_EQ(stage_files(here), expected);
  ASSERT_EQ(summary.inputs.size(), 2u);
  EXPECT_EQ(summary.inputs[0].rows, 20u);
  EXPECT_EQ(summary.inputs[1].rows, 41u);
  EXPECT_EQ(summary.inputs[1].sha256, sha256(here.folder.bytes("2.jsonl.gz")));
}

TEST(Ingest, SumsUpTheStages) {
  IngestJob here;
  const std::string one = row_line("one");
  const std::string two = R"({"schema":"t","instruction":"two","db_path":"a.sqlite","extra":1})";
  here.put_rows({one, two, one});
  done(here);
  std::string raw;
  std::string canonical;
  std::string dedup;
  for (const Sample& sample : here.samples(3)) {
    const bool first = sample.ordinal == 0;
    const auto row = json::parse(first ? one : two);
    for (int i = 0; i < (first ? 2 : 1); ++i) {
      raw += json::canonical(*row) + "\n";
      canonical += "{\"canonical_input\":" + sample.canonical_input + ",\"sample_id\":\"" +
                   sample.id.hex() + "\"}\n";
    }
    append_line(sample, dedup);
    dedup += "\n";
  }
  const Manifest raw_stage = here.stage("raw");
  EXPECT_EQ(raw_stage.count, 3u);
  EXPECT_EQ(raw_stage.columns,
            (std::vector<std::string>{"db_path", "extra", "gold_sql", "instruction", "schema"}));
  EXPECT_EQ(raw_stage.content_sha256, sha256(raw));
  EXPECT_TRUE(raw_stage.parents.empty());
  const Manifest canonical_stage = here.stage("canonical");
  EXPECT_EQ(canonical_stage.count, 3u);
  EXPECT_EQ(canonical_stage.columns, (std::vector<std::string>{"canonical_input", "sample_id"}));
  EXPECT_EQ(canonical_stage.content_sha256, sha256(canonical));
  EXPECT_EQ(canonical_stage.parents, std::vector<std::string>{sha256(raw).hex()});
  const Manifest dedup_stage = here.stage("dedup");
  EXPECT_EQ(dedup_stage.count, 2u);
  EXPECT_EQ(dedup_stage.content_sha256, sha256(dedup));
  EXPECT_EQ(dedup_stage.parents, std::vector<std::string>{sha256(canonical).hex()});
  EXPECT_FALSE(dedup_stage.state);
}

TEST(Ingest, KeepsTheFirstOfEqualRows) {
  IngestJob here;
  here.put_rows({row_line("a"), row_line("b"), row_line("a"), row_line("a")});
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.raw, 4u);
  EXPECT_EQ(summary.duplicate, 2u);
  EXPECT_EQ(summary.unique, 2u);
  EXPECT_EQ(summary.conflict, 0u);
  for (const Sample& sample : here.samples(3)) {
    EXPECT_LT(sample.ordinal, 2u);
  }
}

TEST(Ingest, RefusesEqualRowsWithAnotherGold) {
  IngestJob here;
  here.put_rows({row_line("b"), row_line("a", "SELECT 1"), row_line("a", "SELECT 2")});
  const Error error = here.refusal();
  EXPECT_EQ(error.code, Errc::bad_data);
  EXPECT_EQ(error.message, "1 row is refused (contract.strict is true):\n  " +
                               here.folder.at("samples.jsonl") +
                               ":3: same sample_id as line 2 but another gold_sql");
}

TEST(Ingest, RefusesEqualRowsOfWhichOneHasNoGold) {
  IngestJob here;
  const std::string without = R"j({"schema":"t(a)","instruction":"a","db_path":"a.sqlite"})j";
  here.put_rows({row_line("a"), without});
  EXPECT_TRUE(
      here.refusal().message.ends_with(":2: same sample_id as line 1 but another gold_sql"));
  here.put_rows({without, row_line("a", "")});
  EXPECT_TRUE(
      here.refusal().message.ends_with(":2: same sample_id as line 1 but another gold_sql"));
}

TEST(Ingest, RefusesEqualRowsWithAnotherDatabaseAlsoAcrossFiles) {
  IngestJob here;
  here.folder.put("b.sqlite", database_bytes('b'));
  std::string other = row_line("a");
  other.replace(other.find("a.sqlite"), 8, "b.sqlite");
  here.put_rows({row_line("a")});
  here.inputs.push_back({here.folder.put("more.jsonl", text_of({"", other}))});
  EXPECT_EQ(here.refusal().message, "1 row is refused (contract.strict is true):\n  " +
                                        here.folder.at("more.jsonl") + ":2: same sample_id as " +
                                        here.folder.at("samples.jsonl") +
                                        ":1 but another database");
}

TEST(Ingest, TakesTheSameDatabaseUnderTwoNamesAsOne) {
  IngestJob here;
  here.folder.put("b.sqlite", database_bytes('a'));
  std::string other = row_line("a");
  other.replace(other.find("a.sqlite"), 8, "b.sqlite");
  here.put_rows({row_line("a"), other});
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.conflict, 0u);
  ASSERT_EQ(summary.databases.size(), 1u);
  const std::string hex = sha256(database_bytes('a')).hex();
  EXPECT_EQ(summary.databases[0].digest, hex);
  EXPECT_EQ(summary.databases[0].bytes, database_bytes('a').size());
  EXPECT_EQ(here.folder.names("out/databases"), Names{hex});
  EXPECT_EQ(here.folder.bytes("out/databases/" + hex), database_bytes('a'));
}

TEST(Ingest, CountsConflictsAndKeepsTheFirstWhenNotStrict) {
  IngestJob here;
  here.config.contract.strict = false;
  here.put_rows({row_line("a", "SELECT 1"), row_line("a", "SELECT 2"), row_line("a", "SELECT 1")});
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.duplicate, 2u);
  EXPECT_EQ(summary.conflict, 1u);
  EXPECT_EQ(summary.invalid, 0u);
  EXPECT_EQ(summary.warnings,
            (std::vector<std::string>{here.folder.at("samples.jsonl") +
                                      ":2: has a conflict: the sample id of an earlier row, which "
                                      "stays, but another gold or database"}));
  ASSERT_EQ(here.samples(3).size(), 1u);
  EXPECT_EQ(here.samples(3)[0].gold, "SELECT 1");
  EXPECT_EQ(here.folder.names("out"), (Names{"databases", "manifests", "shards"}));
}

TEST(Ingest, KeepsAllGoldsOfARow) {
  IngestJob here;
  const auto with = [](const std::string& golds) {
    std::string line = row_line("a");
    return line.replace(line.find("\"SELECT 1\""), 10, golds);
  };
  here.put_rows({with(R"(["SELECT 1","SELECT 2"])"), with(R"(["SELECT 1","SELECT 2"])")});
  EXPECT_EQ(done(here).conflict, 0u);
  ASSERT_EQ(here.samples(3).size(), 1u);
  EXPECT_EQ(here.samples(3)[0].gold, "SELECT 1");
  EXPECT_EQ(here.samples(3)[0].more_golds, (std::vector<std::string>{"SELECT 2"}));
  here.put_rows({with(R"(["SELECT 1","SELECT 2"])"), row_line("a")});
  EXPECT_TRUE(
      here.refusal().message.ends_with(":2: same sample_id as line 1 but another gold_sql"));
}

TEST(Ingest, NamesTheRowsOfAnArrayByTheirNumbers) {
  IngestJob here;
  const std::string path =
      here.folder.put("dev.json", "[" + row_line("a") + ",\n\n" + row_line("b") + "," +
                                      row_line("b", "SELECT 2") + "]");
  here.inputs = {{path}};
  EXPECT_EQ(here.refusal().message, "1 row is refused (contract.strict is true):\n  " + path +
                                        ": row 3: same sample_id as row 2 but another gold_sql");
  here.folder.put("dev.json", "[" + row_line("a") + ",7]");
  EXPECT_EQ(here.refusal().message, "1 row is refused (contract.strict is true):\n  " + path +
                                        ": row 2: not a JSON object");
  here.folder.put("dev.json", "[" + row_line("a") + "," + row_line("b") + "]");
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.unique, 2u);
  EXPECT_EQ(summary.inputs.at(0).rows, 2u);
}

TEST(Ingest, RefusesARowOfWhichThePromptNamesOnlyBlankFields) {
  IngestJob here;
  here.config.teacher.prompt = "{{instruction}}";
  here.put_rows({row_line("a"), row_line(" \n")});
  EXPECT_TRUE(here.refusal().message.ends_with(
      ":2: field 'instruction' is blank, and the prompt names no other"));
  here.config.teacher.prompt = "{{schema}} {{instruction}} {{schema}}";
  EXPECT_EQ(done(here).warnings,
            (std::vector<std::string>{here.folder.at("samples.jsonl") +
                                      ":2: has nothing in field 'instruction', which the prompt "
                                      "names"}));
}

TEST(Ingest, RefusesAChatThatIsNone) {
  IngestJob here;
  here.config.contract.fields = {"instruction"};
  here.config.teacher.prompt.clear();
  here.config.teacher.messages_field = "instruction";
  const auto row = [](const std::string& chat) {
    return R"({"db_path":"a.sqlite","instruction":)" + chat + "}";
  };
  here.put_rows({row(R"([{"role":"user","content":"q"}])"), row(R"("q")")});
  EXPECT_TRUE(here.refusal().message.ends_with(
      ":2: field 'instruction', which is to be a chat: is no list of turns"));
  here.put_rows({row("null")});
  EXPECT_TRUE(here.refusal().message.ends_with("is no list of turns"));
  here.put_rows({row(R"([{"role":"user","content":"q"}])")});
  EXPECT_EQ(done(here).unique, 1u);
}

TEST(Ingest, WarnsOfGoldsThatAreNotOneStatement) {
  IngestJob here;
  here.put_rows({row_line("a"), row_line("b", "SELECT ';' ; -- end\n;"),
                 row_line("c", "SELECT 1; SELECT 2"),
                 row_line("d", "SELECT 1;\n/* */ DROP TABLE t"), row_line("e", " -- "),
                 row_line("f", "SELECT 1; SELECT 2")});
  const std::string path = here.folder.at("samples.jsonl");
  EXPECT_EQ(done(here).warnings,
            (std::vector<std::string>{path + ":5: has a gold without a statement",
                                      path + ":3 and 2 other rows: have several statements in one "
                                             "gold (several golds are a list)"}));
}

TEST(Ingest, ListsUpToTwentyRefusedRows) {
  IngestJob here;
  const auto refused = [&](std::size_t count) {
    std::vector<std::string> lines(count, "[]");
    lines.push_back(row_line("good"));
    here.put_rows(lines);
    return here.refusal().message;
  };
  const std::string twenty = refused(20);
  EXPECT_TRUE(twenty.starts_with("20 rows are refused (contract.strict is true):\n"));
  EXPECT_EQ(std::count(twenty.begin(), twenty.end(), '\n'), 20);
  EXPECT_TRUE(twenty.ends_with("samples.jsonl:20: not a JSON object"));
  const std::string more = refused(23);
  EXPECT_TRUE(more.starts_with("23 rows are refused (contract.strict is true):\n"));
  EXPECT_TRUE(more.ends_with("samples.jsonl:20: not a JSON object\n  ... and 3 more"));
}

TEST(Ingest, WritesRefusedRowsDownWhenNotStrict) {
  IngestJob here;
  here.config.contract.strict = false;
  here.put_rows({"", "[]", row_line("good"), "{\"schema\":\"\xff\"}",
                 R"({"instruction":"x","db_path":"a.sqlite"})"});
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.raw, 4u);
  EXPECT_EQ(summary.invalid, 3u);
  EXPECT_EQ(summary.unique, 1u);
  EXPECT_EQ(
      here.folder.bytes("out/invalid.jsonl"),
      R"({"error":"not a JSON object","file":"samples.jsonl","line":2})"
      "\n"
      R"({"error":"field 'schema': invalid UTF-8 at byte 11","file":"samples.jsonl","line":4})"
      "\n"
      R"({"error":"missing field 'schema'","file":"samples.jsonl","line":5})"
      "\n");
  EXPECT_EQ(here.stage("raw").count, 1u);
  EXPECT_EQ(here.samples(3).at(0).ordinal, 1u);
}

TEST(Ingest, RefusesLinesBeyondTheLimit) {
  IngestJob here;
  EXPECT_EQ(here.why_refused("\"" + std::string(kMaxLineBytes, 'x')),
            "the line is longer than 8388608 bytes");
}

TEST(Ingest, RefusesASampleThatNoFrameCouldCarryLater) {
  IngestJob here;
  here.put_rows({row_line("x")});
  done(here);
  const Sample one = here.samples(3).at(0);
  const std::size_t beside = one.canonical_input.size() - 1 + one.gold->size();
  const std::string longest(kMaxSampleBytes - beside, 'x');
  here.put_rows({row_line(longest), row_line("next")});
  EXPECT_EQ(done(here).unique, 2u);
  EXPECT_EQ(here.why_refused(row_line(longest + "x")),
            "the row's contract fields and gold have 7340033 bytes in canonical form, more than "
            "7340032");
}

TEST(Ingest, RefusesARowThatGrowsBeyondTheLimitInItsCanonicalForm) {
  IngestJob here;
  std::string numbers;
  for (int i = 0; i < 400'000; ++i) {
    numbers += i == 0 ? "1e20" : ",1e20";
  }
  std::string line = row_line("@");
  line.replace(line.find("\"@\""), 3, "[" + numbers + "]");
  ASSERT_LT(line.size(), kMaxLineBytes);
  EXPECT_TRUE(here.why_refused(line).starts_with("the row's contract fields and gold have "));
}

TEST(Ingest, SaysWhyItFindsNoValidRow) {
  IngestJob here;
  here.put_rows({});
  EXPECT_EQ(here.refusal().message,
            here.folder.at("samples.jsonl") + ": no valid row; nothing is in it");
  here.config.contract.strict = false;
  here.put_rows({"[]"});
  const Error error = here.refusal();
  EXPECT_EQ(error.code, Errc::bad_data);
  EXPECT_EQ(error.message, here.folder.at("samples.jsonl") +
                               ": no valid row, all are refused:\n  " +
                               here.folder.at("samples.jsonl") + ":1: not a JSON object");
}

TEST(Ingest, RefusesAnInputThatIsNotThere) {
  IngestJob here;
  const Error error = here.refusal();
  EXPECT_EQ(error.code, Errc::bad_data);
  EXPECT_EQ(error.message, here.folder.at("samples.jsonl") + ": No such file or directory");
}

TEST(Ingest, TakesOnlyTheFirstRowsButDigestsTheWholeInput) {
  IngestJob here;
  here.put_rows(many_rows(30));
  here.inputs.push_back({here.folder.put("more.jsonl", text_of(many_rows(40)))});
  here.limit = 31;
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.raw, 31u);
  EXPECT_EQ(summary.unique, 30u);
  EXPECT_EQ(summary.inputs.at(0).rows, 30u);
  EXPECT_EQ(summary.inputs.at(1).rows, 1u);
  EXPECT_EQ(summary.inputs.at(1).sha256, sha256(here.folder.bytes("more.jsonl")));
}

TEST(Ingest, LooksAtNothingBehindTheLastRowThatItTakes) {
  IngestJob here;
  const std::string damaged = gzipped(text_of(many_rows(30))) + "no gzip data";
  here.inputs = {{here.folder.put("rows.jsonl.gz", damaged)}, {here.folder.put("rest.gz", "[]")}};
  here.limit = 30;
  const IngestSummary summary = done(here);
  EXPECT_EQ(summary.unique, 30u);
  EXPECT_EQ(summary.inputs.at(0).sha256, sha256(damaged));
  EXPECT_EQ(summary.inputs.at(1).sha256, sha256("[]"));
  here.limit = 31;
  EXPECT_TRUE(here.refusal().message.starts_with(here.folder.at("rows.jsonl.gz") + ": damaged"));
}

TEST(Ingest, LeavesNothingElseInTheFolder) {
  IngestJob here;
  here.put_rows(many_rows(5));
  done(here);
  EXPECT_EQ(here.folder.names("out"), (Names{"databases", "manifests", "shards"}));
  EXPECT_EQ(here.folder.names("out/manifests"), (Names{"canonical", "dedup", "raw"}));
  EXPECT_EQ(here.folder.names("out/shards/0000"), (Names{"input.jsonl", "manifest.json"}));
}

TEST(Ingest, NeedsNoDatabaseWhenNothingIsExecuted) {
  IngestJob here;
  here.config.gates.exec.kind = ExecKind::none;
  here.put_rows({R"({"schema":"s","instruction":"i","gold_sql":7})"});
  done(here);
  const Sample sample = here.samples(3).at(0);
  EXPECT_EQ(sample.database, "");
  EXPECT_FALSE(sample.gold);
  EXPECT_EQ(here.folder.names("out/databases"), Names{});
}

TEST(Ingest, TellsEqualContentApartByIdFields) {
  IngestJob here;
  here.config.contract.id_fields = {"n"};
  const auto row = [](int n) {
    return R"({"schema":"s","instruction":"i","db_path":"a.sqlite","n":)" + std::to_string(n) + "}";
  };
  here.put_rows({row(1), row(2), row(1)});
  EXPECT_EQ(done(here).unique, 2u);
  for (const Sample& sample : here.samples(3)) {
    EXPECT_EQ(sample.id_fields, "{\"n\":" + std::to_string(sample.ordinal + 1) + "}");
  }
}

TEST(DefaultRunId, DependsOnConfigInputsAndLimit) {
  RunConfig config = testing_support::ingest_config();
  InputFile input{"a.jsonl", 3, 1, sha256("abc")};
  const std::string id = default_run_id(config, {input}, 0);
  EXPECT_EQ(id.size(), std::string("text2sql-").size() + 16);
  EXPECT_TRUE(id.starts_with("text2sql-"));
  const std::string text = "{\"config\":\"" + config_digest(config).hex() + "\",\"inputs\":[\"" +
                           sha256("abc").hex() + "\"]}";
  EXPECT_EQ(id, "text2sql-" + sha256(text).hex().substr(0, 16));
  input.path = "b.jsonl";
  EXPECT_EQ(default_run_id(config, {input}, 0), id) << "a name changes nothing";
  EXPECT_NE(default_run_id(config, {input}, 1), id);
  EXPECT_NE(default_run_id(config, {input, input}, 0), id);
  config.contract.drop_null_fields = false;
  EXPECT_NE(default_run_id(config, {input}, 0), id);
}

}  // namespace
}  // namespace fd
