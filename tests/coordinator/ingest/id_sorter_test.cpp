#include "coordinator/ingest/id_sorter.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;
using Row = std::tuple<SampleId, std::uint64_t, std::string>;

IdSorter sorter_in(const TempFolder& folder, SortLimits limits) {
  auto sorter = IdSorter::create(folder.root(), limits);
  FD_CHECK(sorter.ok());
  return std::move(sorter).value();
}

std::vector<Row> all_of(IdSorter& sorter) {
  std::vector<Row> rows;
  const auto visited = sorter.for_each([&](const IdSorter::Record& record) {
    rows.emplace_back(record.id, record.ordinal, record.body);
    return Result<void>();
  });
  EXPECT_TRUE(visited.ok());
  return rows;
}

/// Returns rows of which some share an id, and many share its first `same_bytes` bytes.
std::vector<Row> made_up_rows(std::size_t count, std::size_t same_bytes) {
  std::mt19937_64 random(7);
  std::vector<Row> rows;
  for (std::uint64_t ordinal = 0; ordinal < count; ++ordinal) {
    SampleId id = sha256(std::to_string(random() % (count / 2 + 1)));
    std::fill_n(id.bytes.begin(), same_bytes, std::uint8_t{9});
    rows.emplace_back(id, ordinal, std::string(random() % 300, 'x') + std::to_string(ordinal));
  }
  return rows;
}

TEST(IdSorter, SortsByIdAndOrdinalWhateverFitsIntoMemory) {
  for (const std::size_t same_bytes : {0u, 1u, 3u}) {
    std::vector<Row> rows = made_up_rows(2000, same_bytes);
    for (const SortLimits limits : {SortLimits{}, SortLimits{1, 1}, SortLimits{512, 4096}}) {
      const TempFolder folder;
      IdSorter sorter = sorter_in(folder, limits);
      for (const auto& [id, ordinal, body] : rows) {
        ASSERT_TRUE(sorter.add({id, ordinal, body}).ok());
      }
      std::vector<Row> expected = rows;
      std::sort(expected.begin(), expected.end());
      EXPECT_TRUE(all_of(sorter) == expected) << same_bytes << " " << limits.load;
      EXPECT_TRUE(all_of(sorter) == expected) << "a second time";
    }
  }
}

TEST(IdSorter, KeepsAnyNumberOfEqualIdsInTheirOrder) {
  const TempFolder folder;
  IdSorter sorter = sorter_in(folder, {64, 64});
  for (std::uint64_t ordinal = 0; ordinal < 1000; ++ordinal) {
    ASSERT_TRUE(sorter.add({sha256("same"), ordinal, "body"}).ok());
  }
  const std::vector<Row> rows = all_of(sorter);
  ASSERT_EQ(rows.size(), 1000u);
  for (std::uint64_t ordinal = 0; ordinal < rows.size(); ++ordinal) {
    EXPECT_EQ(std::get<1>(rows[ordinal]), ordinal);
  }
}

TEST(IdSorter, HoldsNothingAtFirst) {
  const TempFolder folder;
  IdSorter sorter = sorter_in(folder, {});
  EXPECT_TRUE(all_of(sorter).empty());
}

TEST(IdSorter, LeavesNoFileInTheFolder) {
  const TempFolder folder;
  IdSorter sorter = sorter_in(folder, {1, 1});
  ASSERT_TRUE(sorter.add({sha256("a"), 0, "body"}).ok());
  EXPECT_TRUE(folder.names().empty());
}

TEST(IdSorter, StopsAtTheFirstErrorOfItsVisitor) {
  const TempFolder folder;
  IdSorter sorter = sorter_in(folder, {1, 1});
  for (std::uint64_t ordinal = 0; ordinal < 100; ++ordinal) {
    ASSERT_TRUE(sorter.add({sha256(std::to_string(ordinal)), ordinal, ""}).ok());
  }
  int calls = 0;
  const auto visited = sorter.for_each([&](const IdSorter::Record&) {
    ++calls;
    return calls == 3 ? Result<void>(Error{Errc::corrupt, "enough"}) : Result<void>();
  });
  ASSERT_FALSE(visited.ok());
  EXPECT_EQ(visited.error().message, "enough");
  EXPECT_EQ(calls, 3);
}

TEST(IdSorter, NamesTheFolderThatItCannotUse) {
  const TempFolder folder;
  const auto sorter = IdSorter::create(folder.at("none"));
  ASSERT_FALSE(sorter.ok());
  EXPECT_EQ(sorter.error().code, Errc::storage);
  EXPECT_EQ(sorter.error().message,
            folder.at("none") + ": temporary file: No such file or directory");
}

}  // namespace
}  // namespace fd
