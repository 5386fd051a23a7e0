#include "tests/simulator/options.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/simulator/answer_loader.hpp"

namespace fd::simulator {
namespace {

Result<Options> parse(std::vector<std::string> arguments) {
  return parse_options(arguments);
}

std::string message_of(std::vector<std::string> arguments) {
  const auto options = parse_options(arguments);
  EXPECT_FALSE(options.ok());
  return options.ok() ? "" : options.error().message;
}

TEST(Options, HaveTheDocumentedDefaults) {
  const auto options = parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->server.host, "127.0.0.1");
  EXPECT_EQ(options->server.port, 0);
  EXPECT_EQ(options->gold_field, "gold_sql");
  EXPECT_EQ(options->question_field, "instruction");
  EXPECT_LT(options->service.retry_after_s, 0);
  EXPECT_FALSE(options->service.digest_bodies);
}

TEST(Options, ReadEveryOptionOfBothForms) {
  const auto options = parse({"--listen",
                              "[::1]:8080",
                              "--dataset=d.jsonl",
                              "--seed",
                              "18446744073709551615",
                              "--wrong=0.2",
                              "--fenced",
                              "0.3",
                              "--broken",
                              "0.05",
                              "--latency-ms",
                              "50",
                              "--sigma",
                              "0.5",
                              "--request-log",
                              "log",
                              "--models",
                              "a,b",
                              "--fail-rate-429",
                              "0.1",
                              "--fail-rate-500",
                              "0.1",
                              "--close-rate",
                              "0.1",
                              "--truncate-rate",
                              "0.1",
                              "--hang-rate",
                              "0.1",
                              "--malformed-rate",
                              "0.1",
                              "--fail-first",
                              "2",
                              "--reject-contains",
                              "x",
                              "--choices-max",
                              "3",
                              "--refuse-n",
                              "--retry-after",
                              "0",
                              "--port-file",
                              "p",
                              "--gold-field",
                              "g",
                              "--question-field",
                              "q",
                              "--schema-field",
                              "s"});
  ASSERT_TRUE(options.ok()) << options.error().message;
  EXPECT_EQ(options->server.host, "::1");
  EXPECT_EQ(options->server.port, 8080);
  EXPECT_EQ(options->service.seed, UINT64_MAX);
  EXPECT_EQ(options->mistakes.broken, 0.05);
  EXPECT_EQ(options->service.models, (std::vector<std::string>{"a", "b"}));
  EXPECT_NEAR(options->service.faults.sum(), 0.6, 1e-9);
  EXPECT_EQ(options->service.faults.fail_first, 2u);
  EXPECT_EQ(options->service.choices_max, 3u);
  EXPECT_TRUE(options->service.refuse_n);
  EXPECT_EQ(options->service.retry_after_s, 0);
  EXPECT_TRUE(options->service.digest_bodies);
  EXPECT_EQ(options->gold_field + options->question_field + options->schema_field, "gqs");
}

TEST(Options, EachOptionOfTheParserStandsInTheUsage) {
  for (const char* name :
       {"--listen",         "--port-file",      "--answers",      "--dataset",
        "--question-field", "--gold-field",     "--schema-field", "--seed",
        "--wrong",          "--fenced",         "--broken",       "--fixed",
        "--models",         "--latency-ms",     "--sigma",        "--request-log",
        "--fail-rate-429",  "--fail-rate-500",  "--close-rate",   "--truncate-rate",
        "--hang-rate",      "--malformed-rate", "--fail-first",   "--reject-contains",
        "--choices-max",    "--refuse-n",       "--retry-after",  "--help",
        "--version"}) {
    EXPECT_NE(usage().find(name), std::string_view::npos) << name;
  }
}

TEST(Options, NameWhatIsWrong) {
  EXPECT_EQ(message_of({"--latncy-ms", "5"}),
            "--latncy-ms: unknown option; did you mean --latency-ms?");
  EXPECT_EQ(message_of({"--seed"}), "--seed: needs a value");
  EXPECT_EQ(message_of({"--fixed=1"}), "--fixed: takes no value");
  EXPECT_EQ(message_of({"--seed", "-1"}),
            "--seed: '-1' is not a whole number in [0, 18446744073709551615]");
  EXPECT_EQ(message_of({"--wrong", "1.5"}), "--wrong: 1.5 is out of range, must be in [0, 1]");
  EXPECT_EQ(message_of({"--latency-ms", "nan"}), "--latency-ms: 'nan' is not a number");
  EXPECT_EQ(message_of({"--latency-ms", "3600001"}),
            "--latency-ms: 3600001 is out of range, must be in [0, 3600000]");
  EXPECT_EQ(message_of({"--listen", "8080"}), "--listen: '8080' is not HOST:PORT");
  EXPECT_EQ(message_of({"--listen", "a:65536"}),
            "--listen: '65536' is not a whole number in [0, 65535]");
  EXPECT_EQ(message_of({"--listen", "::1:80"}),
            "--listen: '::1:80' is not HOST:PORT (an IPv6 address needs brackets)");
  EXPECT_EQ(message_of({"--models", "a,,b"}), "--models: a model name is empty");
  EXPECT_EQ(message_of({"--answers", ""}), "--answers: must not be empty");
}

TEST(Options, RefuseWhatDoesNotGoTogether) {
  EXPECT_EQ(message_of({"--answers", "a", "--dataset", "b"}),
            "--answers and --dataset exclude each other");
  EXPECT_EQ(message_of({"--wrong", "0.1"}), "--wrong, --fenced and --broken need --dataset");
  EXPECT_EQ(message_of({"--dataset", "d", "--wrong", "0.6", "--broken", "0.5"}),
            "--wrong and --broken add up to more than 1");
  EXPECT_EQ(message_of({"--close-rate", "0.6", "--hang-rate", "0.5"}),
            "the fault rates add up to more than 1");
  EXPECT_EQ(message_of({"--sigma", "0.5"}), "--sigma needs --latency-ms above 0");
  EXPECT_FALSE(parse({"--fixed", "--answers", "a"}).ok());
  EXPECT_TRUE(parse({"--close-rate", "0.5", "--hang-rate", "0.5"}).ok());
  EXPECT_TRUE(parse({"--help", "--sigma", "0.5"}).ok());
}

class LoaderTest : public ::testing::Test {
 protected:
  std::string file_of(std::string_view text) {
    const std::string path = testing::TempDir() + "loader-" +
                             testing::UnitTest::GetInstance()->current_test_info()->name() +
                             ".jsonl";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string answers_error(std::string_view text) {
    const std::string path = file_of(text);
    const auto book = load_answers(path);
    EXPECT_FALSE(book.ok());
    const std::string message = book.ok() ? "" : book.error().message;
    EXPECT_TRUE(message.starts_with(path)) << message;
    return message.substr(std::min(path.size(), message.size()));
  }
};

TEST_F(LoaderTest, ReadsAnswers) {
  const auto book =
      load_answers(file_of("{\"contains\":\"abc\",\"answer\":\"A\"}\n\n"
                           "{\"question\":\"abc def\",\"answer\":\"\"}\r\n"
                           "{\"contains\":\"abc\",\"answer\":\"A\"}"));
  ASSERT_TRUE(book.ok()) << book.error().message;
  std::string out;
  book->append_answer("xabcx", 0, out);
  EXPECT_EQ(out, "A");
  book->append_answer("abc def", 0, out);
  EXPECT_EQ(out, "A");  // the longer text has an empty answer
}

TEST_F(LoaderTest, NamesLineAndKeyOfABadAnswer) {
  EXPECT_EQ(answers_error("{\"contains\":\"a\",\"answer\":\"b\"}\n{\"contains\":\"a\"}"),
            ":2: answer: missing");
  EXPECT_EQ(answers_error("{\"answer\":\"b\"}"), ":1: contains: missing (or question)");
  EXPECT_EQ(answers_error("{\"answer\":\"b\",\"contain\":\"a\"}"),
            ":1: contain: unknown key; known are contains, question and answer");
  EXPECT_EQ(answers_error("{\"answer\":1,\"contains\":\"a\"}"), ":1: answer: must be a string");
  EXPECT_EQ(answers_error("{\"answer\":\"b\",\"question\":\"\"}"),
            ":1: question: must not be empty");
  EXPECT_EQ(answers_error("{\"answer\":\"b\",\"question\":\"a\",\"contains\":\"a\"}"),
            ":1: contains and question exclude each other");
  EXPECT_EQ(answers_error("{\"contains\":\"a\",\"answer\":\"b\"}\n"
                          "{\"question\":\"a\",\"answer\":\"c\"}"),
            ":2: the text of line 1 again, with another answer");
  EXPECT_TRUE(answers_error("nonsense").starts_with(":1: "));
  EXPECT_EQ(answers_error("\n"), ": has no answer");
}

TEST_F(LoaderTest, SaysWhenAFileIsNotThere) {
  const auto book = load_answers(testing::TempDir() + "no-such-file");
  ASSERT_FALSE(book.ok());
  EXPECT_EQ(book.error().code, Errc::not_found);
}

TEST_F(LoaderTest, SkipsUnusableRowsOfADatasetAndSaysSo) {
  const DatasetFields fields{"instruction", "gold_sql", "schema"};
  const std::string path = file_of(
      "{\"instruction\":\"first question\",\"gold_sql\":\"G\",\"schema\":\"s\"}\n"
      "{\"instruction\":\"second\"}\n{\n");
  const auto loaded = load_dataset(path, fields, {});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->skipped, 2u);
  EXPECT_EQ(loaded->first_skipped, path + ":2: gold_sql: missing");
  std::string out;
  loaded->book.append_answer("the first question", 0, out);
  EXPECT_EQ(out, "G");
  const auto none = load_dataset(file_of("{\"instruction\":\"a\"}"), fields, {});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message, path + ": has no usable row (" + path + ":1: gold_sql: missing)");
}

}  // namespace
}  // namespace fd::simulator
