#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/ingest/ingest.hpp"
#include "tests/coordinator/ingest/ingest_support.hpp"

namespace fd {
namespace {

using testing_support::IngestJob;
using testing_support::many_rows;
using testing_support::row_line;

/// Returns what print_ids() writes, and behind it what it is refused with.
std::string printed(const IngestJob& here) {
  std::string text;
  const auto ids = print_ids(here.config, here.inputs, [&](std::string_view line) {
    text += line;
    return Result<void>();
  });
  return ids.ok() ? text : text + ids.error().message;
}

TEST(PrintIds, GivesEveryRowInInputOrderWithoutDatabases) {
  IngestJob here;
  const std::string line = R"j({"schema":"t(a)","instruction":"Count the rows."})j";
  here.put_rows({"", line, line});
  here.inputs.push_back({here.folder.put("more.jsonl", line)});
  const auto expected = [](int number) {
    return R"j({"canonical_input":"{\"instruction\":\"Count the rows.\",\"schema\":\"t(a)\"}","line":)j" +
           std::to_string(number) +
           R"(,"sample_id":"a642b84d532a016751db37cf65c7648f01157afb6a03ae563276b1b96f5c55bc"})"
           "\n";
  };
  EXPECT_EQ(printed(here), expected(2) + expected(3) + expected(1));
}

TEST(PrintIds, GivesTheIdsThatIngestGives) {
  IngestJob here;
  here.put_rows(many_rows(40));
  done(here);
  const std::string text = printed(here);
  for (const Sample& sample : here.samples(3)) {
    EXPECT_NE(text.find("\"line\":" + std::to_string(sample.ordinal + 1) + ",\"sample_id\":\"" +
                        sample.id.hex() + "\"}"),
              std::string::npos);
  }
}

TEST(PrintIds, RefusesRowsOnlyWhenStrict) {
  IngestJob here;
  here.put_rows({"[]"});
  EXPECT_EQ(printed(here), "1 row is refused (contract.strict is true):\n  " +
                               here.folder.at("samples.jsonl") + ":1: not a JSON object");
  EXPECT_EQ(print_ids(here.config, here.inputs, [](std::string_view) { return Result<void>(); })
                .error()
                .code,
            Errc::bad_data);
  here.config.contract.strict = false;
  here.put_rows({"[]", R"({"schema":1,"instruction":2})"});
  EXPECT_TRUE(printed(here).starts_with(
      R"({"canonical_input":"{\"instruction\":2,\"schema\":1}","line":2,"sample_id":")"));
}

TEST(PrintIds, StopsWhenNothingCanBeWritten) {
  IngestJob here;
  here.put_rows(many_rows(3));
  int calls = 0;
  const auto ids = print_ids(here.config, here.inputs, [&](std::string_view) {
    ++calls;
    return Result<void>(Error{Errc::storage, "full"});
  });
  ASSERT_FALSE(ids.ok());
  EXPECT_EQ(ids.error().message, "full");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace fd
