#include "coordinator/ingest/row_contract.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/ingest/databases.hpp"

namespace fd {
namespace {

RunConfig row_config() {
  RunConfig config;
  config.task = "text2sql";
  config.contract.fields = {"schema", "instruction"};
  return config;
}

/// Returns what reading `line` gives: "<id> <canonical input>", or why it is refused.
std::string read(const RunConfig& config, std::string_view line) {
  RowContract contract(config);
  const auto row = contract.read(line);
  return row.ok() ? row->id.hex() + " " + std::string(row->canonical_input) : row.error().message;
}

std::string canonical(const RunConfig& config, std::string_view line) {
  RowContract contract(config);
  const auto row = contract.read(line);
  return row.ok() ? std::string(row->canonical_input) : row.error().message;
}

std::string id_fields(const RunConfig& config, std::string_view line) {
  RowContract contract(config);
  const auto row = contract.read(line);
  if (!row.ok()) {
    return row.error().message;
  }
  std::string text;
  append_members(row->text, row->id_fields, text);
  return text;
}

// The ids of this test are Python's, with o the object that the contract names:
//   hashlib.sha256(json.dumps(o, sort_keys=True, separators=(",", ":"),
//                             ensure_ascii=False).encode()).hexdigest()
TEST(RowContract, GivesTheIdThatOthersCompute) {
  // o = {"canonical_input": {"schema": "t(a)", "instruction": "Count the rows."},
  //      "task": "text2sql", "v": 1}
  EXPECT_EQ(read(row_config(), R"j({"schema":"t(a)","instruction":"Count the rows."})j"),
            "a642b84d532a016751db37cf65c7648f01157afb6a03ae563276b1b96f5c55bc "
            R"j({"instruction":"Count the rows.","schema":"t(a)"})j");
  // o["canonical_input"] = {"schema": "t(a)\n",
  //                         "instruction": "Z\u00e4hle \u201ea\u201c \\ \U0001F600\u0001"}
  EXPECT_EQ(read(row_config(), R"({"instruction":"Z\u00e4hle „a“ \\ \ud83d\ude00\u0001",)"
                               R"("schema":"t(a)\u000a"})"),
            "3bb6ab4f429fc07452a89f0b864a42432ade0c646e2ec9e51b7096e5a16d9700 "
            R"({"instruction":"Zähle „a“ \\ 😀\u0001","schema":"t(a)\n"})");
}

TEST(RowContract, PutsIdFieldsIntoTheId) {
  RunConfig config = row_config();
  config.contract.id_fields = {"task_id"};
  // The first o of the test before, with o["id_fields"] = {"task_id": "r-7"}
  const std::string line = R"j({"schema":"t(a)","task_id":"r-7","instruction":"Count the rows."})j";
  EXPECT_EQ(read(config, line),
            "a9ec07860637b0415646ec2f9844059ab87dc56f22f4068aba09f381029a47b4 "
            R"j({"instruction":"Count the rows.","schema":"t(a)"})j");
  EXPECT_EQ(id_fields(config, line), R"({"task_id":"r-7"})");
}

TEST(RowContract, DropsNullFieldsOrKeepsThem) {
  RunConfig config = row_config();
  const std::string line = R"j({"schema":"t(a)","instruction":null})j";
  // o["canonical_input"] = {"schema": "t(a)"}
  EXPECT_EQ(read(config, line),
            "0b185ac1abee8978194b51c7ac9c780010c6a28674d39a8430e33bc784ae8298 "
            R"j({"schema":"t(a)"})j");
  config.contract.drop_null_fields = false;
  // o["canonical_input"] = {"schema": "t(a)", "instruction": None}
  EXPECT_EQ(read(config, line),
            "696572d528612cfd52726fe2b0db59660848a0f6af32b39d0a17715d260771b2 "
            R"j({"instruction":null,"schema":"t(a)"})j");
}

TEST(RowContract, KeepsATextThatSaysNull) {
  EXPECT_EQ(canonical(row_config(), R"({"schema":"null","instruction":"x"})"),
            R"({"instruction":"x","schema":"null"})");
}

TEST(RowContract, IsEmptyWhenAllFieldsAreNull) {
  EXPECT_EQ(canonical(row_config(), R"({"schema":null,"instruction":null})"), "{}");
}

TEST(RowContract, SortsFieldsByUtf16Units) {
  RunConfig config = row_config();
  config.contract.fields = {"\xef\xbf\xbd", "\xf0\x9f\x98\x80", "b", "B"};
  EXPECT_EQ(canonical(config, "{\"\xef\xbf\xbd\":1,\"\xf0\x9f\x98\x80\":2,\"b\":3,\"B\":4}"),
            "{\"B\":4,\"b\":3,\"\xf0\x9f\x98\x80\":2,\"\xef\xbf\xbd\":1}");
}

TEST(RowContract, WritesValuesOfAnyKindCanonically) {
  EXPECT_EQ(canonical(row_config(), R"({"schema":{"b":[1.0,1e2, true ],"a":{}},"instruction":-0})"),
            R"({"instruction":0,"schema":{"a":{},"b":[1,100,true]}})");
}

TEST(RowContract, IgnoresOtherMembersAndTheirOrder) {
  const std::string expected = read(row_config(), R"({"schema":"s","instruction":"i"})");
  EXPECT_EQ(read(row_config(), R"( { "z" : [ ] , "instruction" : "i" , "schema" : "\u0073" } )"),
            expected);
}

TEST(RowContract, DependsOnTheTask) {
  RunConfig other = row_config();
  other.task = "text2sql-2";
  const std::string line = R"({"schema":"s","instruction":"i"})";
  EXPECT_NE(read(other, line), read(row_config(), line));
}

TEST(RowContract, TakesAFieldForContentAndIdAtOnce) {
  RunConfig config = row_config();
  config.contract.id_fields = {"schema"};
  const std::string line = R"({"schema":"s","instruction":"i"})";
  EXPECT_EQ(canonical(config, line), R"({"instruction":"i","schema":"s"})");
  EXPECT_EQ(id_fields(config, line), R"({"schema":"s"})");
}

TEST(RowContract, NamesWhatIsMissing) {
  RunConfig config = row_config();
  config.contract.id_fields = {"task_id", "part"};
  EXPECT_EQ(read(config, R"({"schema":"s","task_id":1,"part":2})"), "missing field 'instruction'");
  EXPECT_EQ(read(config, R"({"instruction":"i","task_id":1,"part":2})"), "missing field 'schema'");
  EXPECT_EQ(read(config, R"({"schema":"s","instruction":"i","part":2})"),
            "missing id field 'task_id'");
  EXPECT_EQ(read(config, R"({"schema":"s","instruction":"i","part":null,"task_id":1})"),
            "id field 'part' is null");
  EXPECT_EQ(read(row_config(), "{}"), "missing field 'instruction'");
}

TEST(RowContract, SaysWhyALineIsNoRow) {
  const auto why = [](std::string_view line) { return read(row_config(), line); };
  EXPECT_EQ(why("[]"), "not a JSON object");
  EXPECT_EQ(why("\"text\""), "not a JSON object");
  EXPECT_EQ(why(R"({"instruction":"i","schema":"s","schema":"s"})"),
            "field 'schema': duplicate key \"schema\" at byte 32");
  EXPECT_EQ(why("{\"instruction\":\"i\",\"schema\":\"\xff\"}"),
            "field 'schema': invalid UTF-8 at byte 29");
  EXPECT_EQ(why(R"({"instruction":"\ud800"})"), "field 'instruction': lone surrogate at byte 16");
  EXPECT_EQ(why(R"({"instruction":9007199254740993})"),
            "field 'instruction': integer 9007199254740993 cannot be held exactly by a double at "
            "byte 15");
  EXPECT_EQ(why(R"({"instruction":[NaN]})"),
            "field 'instruction': NaN is no JSON number at byte 16");
  for (const std::string_view line : {"{", "{}{}", "{\"x\":nan}", "{'x':1}", "{\"x\":1,}",
                                      "nonsense", "{\"x\":01}", "{\"x\":\"a\tb\"}"}) {
    RowContract contract(row_config());
    const auto row = contract.read(line);
    ASSERT_FALSE(row.ok()) << line;
    EXPECT_EQ(row.error().code, Errc::invalid_input);
    EXPECT_NE(row.error().message.find("at byte"), std::string::npos)
        << line << ": " << row.error().message;
  }
}

/// A tweet's id, pandas' missing number and the like, in columns that nobody reads.
TEST(RowContract, MindsNothingThatStandsOutsideOfTheContract) {
  const std::string row = R"("schema":"s","instruction":"i"})";
  const std::string plain = R"({"instruction":"i","schema":"s"})";
  for (const std::string_view other :
       {R"({"id":1234567890123456789,)", R"({"score":NaN,)", R"({"x":[{"y":-Infinity}],)",
        R"({"x":1e999,)", R"({"x":"\ud800",)", "{\"x\":\"\xff\",", R"({"x":1,"x":2,)"}) {
    EXPECT_EQ(canonical(row_config(), std::string(other) + row), plain) << other;
  }
}

TEST(RowContract, MindsAFaultOfAnIdField) {
  RunConfig config = row_config();
  config.contract.id_fields = {"id"};
  EXPECT_EQ(read(config, R"({"schema":"s","instruction":"i","id":1234567890123456789})"),
            "field 'id': integer 1234567890123456789 cannot be held exactly by a double at byte "
            "37");
}

TEST(RowContract, TakesRowsUpToTheMostFields) {
  const auto line_with = [](std::size_t fields) {
    std::string line = R"({"schema":"s","instruction":"i")";
    for (std::size_t i = 2; i < fields; ++i) {
      line += ",\"f" + std::to_string(i) + "\":0";
    }
    return line + "}";
  };
  EXPECT_EQ(canonical(row_config(), line_with(kMaxRowFields)),
            R"({"instruction":"i","schema":"s"})");
  EXPECT_EQ(canonical(row_config(), line_with(kMaxRowFields + 1)),
            "has 4097 fields, more than 4096");
}

TEST(RowContract, ReadsRowAfterRow) {
  RowContract contract(row_config());
  ASSERT_TRUE(contract.read(R"({"schema":"s","instruction":"i"})").ok());
  ASSERT_FALSE(contract.read("{").ok());
  const auto row = contract.read(R"j({"schema":"t(a)","instruction":"Count the rows."})j");
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->id.hex(), "a642b84d532a016751db37cf65c7648f01157afb6a03ae563276b1b96f5c55bc");
}

/// Returns the golds of a row, each with a "|" behind it, or why it is refused.
std::string golds(std::string_view line) {
  json::RowParser row;
  EXPECT_TRUE(row.parse(line).ok());
  const auto found = golds_of(row, "gold_sql");
  if (!found.ok()) {
    return found.error().message;
  }
  std::string out;
  for (const std::string& gold : *found) {
    out += gold + "|";
  }
  return out;
}

TEST(GoldsOf, AreATextOrAListOfThemOrNothing) {
  EXPECT_EQ(golds(R"({"gold_sql":"SELECT 1"})"), "SELECT 1|");
  EXPECT_EQ(golds(R"({"gold_sql":""})"), "|");
  EXPECT_EQ(golds(R"({"gold_sql":null})"), "");
  EXPECT_EQ(golds(R"({"gold":"x"})"), "");
  EXPECT_EQ(golds(R"({"gold_sql":[]})"), "");
  EXPECT_EQ(golds(R"({"gold_sql":["b","a","b",""]})"), "b|a||");
  const std::string want = "field 'gold_sql' must be text or a list of texts, got ";
  EXPECT_EQ(golds(R"({"gold_sql":1})"), want + "a number");
  EXPECT_EQ(golds(R"({"gold_sql":{}})"), want + "an object");
  EXPECT_EQ(golds(R"({"gold_sql":true})"), want + "true");
  EXPECT_EQ(golds(R"({"gold_sql":["x",null]})"),
            "field 'gold_sql' is a list with something else than texts in it");
  EXPECT_EQ(golds(R"({"gold_sql":NaN})"), "field 'gold_sql': NaN is no JSON number at byte 12");
  EXPECT_EQ(golds("{\"gold_sql\":\"\xff\"}"), "field 'gold_sql': invalid UTF-8 at byte 13");
}

TEST(GoldsOf, AreSoManyAndNoMore) {
  const auto line = [](std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) {
      list += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\"";
    }
    return "{\"gold_sql\":[" + list + "]}";
  };
  EXPECT_TRUE(golds(line(kMaxGolds)).ends_with("|63|"));
  EXPECT_EQ(golds(line(kMaxGolds + 1)), "field 'gold_sql' has more than 64 golds");
}

/// Returns the path that a template gives for a row, or why it is refused.
std::string rendered(std::string_view path_template) {
  json::RowParser row;
  EXPECT_TRUE(
      row.parse(R"({"db":"a.sqlite","n":7,"x":null,"l":[],"b":false,"a b":"{{db}}"})").ok());
  const auto path = render_path(path_template, row);
  return path.ok() ? *path : path.error().message;
}

TEST(RenderPath, PutsFieldsIntoTheirPlaces) {
  EXPECT_EQ(rendered("{{db}}"), "a.sqlite");
  EXPECT_EQ(rendered("dbs/{{ n }}/{{db}}"), "dbs/7/a.sqlite");
  EXPECT_EQ(rendered("fixed.sqlite"), "fixed.sqlite");
  EXPECT_EQ(rendered(""), "");
  EXPECT_EQ(rendered("{{a b}}"), "{{db}}") << "what a field says is no template";
}

TEST(RenderPath, NamesTheFieldThatDoesNotFit) {
  EXPECT_EQ(rendered("{{db_path}}"), "missing field 'db_path', which names the database");
  const std::string before = "', which names the database, must be text, got ";
  EXPECT_EQ(rendered("{{x}}"), "field 'x" + before + "null");
  EXPECT_EQ(rendered("{{l}}"), "field 'l" + before + "a list");
  EXPECT_EQ(rendered("{{b}}"), "field 'b" + before + "false");
  EXPECT_EQ(rendered("{{db"), "gates.exec.database: {{ without its }}");
}

}  // namespace
}  // namespace fd
