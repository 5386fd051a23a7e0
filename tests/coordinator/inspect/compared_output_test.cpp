#include "coordinator/inspect/compared_output.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

constexpr std::size_t kBlock = 4;
const std::string kText = "0123456789ab";  // three blocks

/// Compares what is there with what is made, which comes in pieces of so many bytes.
FileComparison compared(const std::string& there, const std::string& made,
                        std::size_t piece = std::numeric_limits<std::size_t>::max()) {
  const TempFolder folder;
  folder.put("file", there);
  const RunDir dir(folder.root());
  ComparedOutput output(dir, {"file"}, kBlock);
  auto file = output.create(folder.at("file"));
  EXPECT_TRUE(file.ok());
  for (std::size_t at = 0; at < made.size(); at += std::min(piece, made.size() - at)) {
    EXPECT_TRUE((*file)->write(std::string_view(made).substr(at, piece)).ok());
  }
  const auto entry = (*file)->commit();
  EXPECT_TRUE(entry.ok());
  EXPECT_EQ(entry->name, "file");
  EXPECT_EQ(entry->bytes, made.size());
  EXPECT_EQ(entry->sha256, sha256(made)) << "the card names what the shards make";
  const FileComparison found = output.found().at("file");
  EXPECT_FALSE(found.missing);
  EXPECT_EQ(found.bytes, there.size());
  return found;
}

constexpr std::size_t kPieces[] = {1, 3, kBlock, 5, 100};

TEST(ComparedOutput, EqualBytesAreEqualHoweverTheyAreCut) {
  for (const std::size_t piece : kPieces) {
    for (std::size_t bytes = 0; bytes <= kText.size(); ++bytes) {
      EXPECT_EQ(compared(kText.substr(0, bytes), kText.substr(0, bytes), piece).differs,
                std::nullopt)
          << bytes << " bytes in pieces of " << piece;
    }
  }
}

TEST(ComparedOutput, TheFirstByteThatDiffersIsNamedInEveryBlock) {
  for (const std::size_t piece : kPieces) {
    for (std::size_t at = 0; at < kText.size(); ++at) {
      std::string there = kText;
      there[at] = 'X';
      there.back() = 'X';
      EXPECT_EQ(compared(there, kText, piece).differs, at) << "in pieces of " << piece;
    }
  }
}

TEST(ComparedOutput, AFileThatEndsTooEarlyDiffersAtItsEnd) {
  for (const std::size_t piece : kPieces) {
    for (std::size_t bytes = 0; bytes < kText.size(); ++bytes) {
      EXPECT_EQ(compared(kText.substr(0, bytes), kText, piece).differs, bytes)
          << "in pieces of " << piece;
    }
  }
}

TEST(ComparedOutput, AFileThatGoesOnDiffersWhereItShouldEnd) {
  for (const std::size_t piece : kPieces) {
    for (std::size_t bytes = 0; bytes < kText.size(); ++bytes) {
      EXPECT_EQ(compared(kText, kText.substr(0, bytes), piece).differs, bytes)
          << "in pieces of " << piece;
    }
  }
}

TEST(ComparedOutput, AFileThatIsNotThereIsMissingAndIsNotMade) {
  const TempFolder folder;
  const RunDir dir(folder.root());
  ComparedOutput output(dir, {"file"});
  ASSERT_TRUE(output.write_text(folder.at("file"), "text").ok());
  EXPECT_TRUE(output.found().at("file").missing);
  EXPECT_TRUE(folder.names().empty());
}

TEST(ComparedOutput, OtherFilesAreNeitherComparedNorTouched) {
  const TempFolder folder;
  folder.put("times.json", "then");
  const RunDir dir(folder.root());
  ComparedOutput output(dir, {});
  ASSERT_TRUE(output.write_text(folder.at("times.json"), "now").ok());
  EXPECT_TRUE(output.found().empty());
  EXPECT_EQ(folder.bytes("times.json"), "then");
}

TEST(ComparedOutput, WhatIsNoFileIsAnError) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("file")).ok());
  const RunDir dir(folder.root());
  ComparedOutput output(dir, {"file"});
  const auto file = output.create(folder.at("file"));
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, Errc::storage);
}

}  // namespace
}  // namespace fd
