#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <zstd.h>

#include "coordinator/ingest/byte_source.hpp"
#include "coordinator/ingest/input_reader.hpp"
#include "tests/coordinator/ingest/ingest_support.hpp"

namespace fd {
namespace {

using testing_support::gzipped;
using testing_support::TempFolder;

/// Returns one frame of `count` blocks that each unpack to the same `bytes`, without a checksum
/// behind the last: what a program writes that flushes as it goes.
std::string flushed_frame(std::size_t count, std::size_t bytes) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  const std::string text = std::string(bytes - 1, ' ') + "\n";
  std::string out(1u << 20, '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  for (std::size_t i = 0; i < count; ++i) {
    ZSTD_inBuffer from{text.data(), text.size(), 0};
    const bool last = i + 1 == count;
    FD_CHECK(ZSTD_compressStream2(context, &to, &from, last ? ZSTD_e_end : ZSTD_e_flush) == 0);
  }
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

/// Unpacks all with an output of `out_bytes` and input pieces of `piece_bytes`.
Result<std::string> unpack(Decoder& decoder, std::string_view packed, std::size_t piece_bytes,
                           std::size_t out_bytes) {
  std::string text;
  std::string out(out_bytes, '\0');
  std::string_view piece;
  for (;;) {
    FD_TRY(const std::size_t written, decoder.decode(piece, out));
    text.append(out, 0, written);
    if (written == 0 && piece.empty()) {
      if (packed.empty()) {
        return text;
      }
      piece = packed.substr(0, piece_bytes);
      packed.remove_prefix(piece.size());
    }
  }
}

TEST(InputReader, TakesZstdDataWhoseLastInputIsReadBeforeTheLastOutputIsGiven) {
  // Goal: a stream is not cut off only because the decoder has taken all input. Method: blocks that
  // do not fill an output block evenly, so that the last one waits inside the decoder.
  const TempFolder folder;
  for (const std::size_t bytes : {100000u, 131072u, 90001u}) {
    for (std::size_t count = 1; count <= 9; ++count) {
      const std::string path =
          folder.put("a.jsonl.zst", flushed_frame(count, bytes) + testing_support::zstandard("{}"));
      auto reader = InputReader::open(path);
      ASSERT_TRUE(reader.ok());
      const auto line = reader->next();
      ASSERT_TRUE(line.ok()) << bytes << " x " << count << ": " << line.error().message;
      EXPECT_EQ(line->number, count + 1);
      EXPECT_EQ(line->text, "{}");
      folder.put("a.jsonl.zst", flushed_frame(count, bytes));
      auto alone = InputReader::open(path);
      ASSERT_TRUE(alone.ok());
      const auto end = alone->next();
      ASSERT_TRUE(end.ok()) << bytes << " x " << count << ": " << end.error().message;
      EXPECT_EQ(end->number, 0u);
    }
  }
}

TEST(Decoder, GivesTheSameForEveryCutOfItsInput) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "line " + std::to_string(i * i) + "\n";
  }
  const std::string gzip = gzipped(text) + gzipped("") + gzipped("end");
  const std::string zstd = testing_support::zstandard(text) + testing_support::zstandard("") +
                           testing_support::zstandard("end");
  for (const std::size_t piece : {1u, 2u, 7u, 1000u, 1u << 20}) {
    for (const std::size_t out : {1u, 3u, 4096u}) {
      const auto first = make_gzip_decoder();
      const auto from_gzip = unpack(*first, gzip, piece, out);
      ASSERT_TRUE(from_gzip.ok()) << from_gzip.error().message;
      EXPECT_EQ(*from_gzip, text + "end");
      EXPECT_TRUE(first->complete());
      const auto second = make_zstd_decoder();
      const auto from_zstd = unpack(*second, zstd, piece, out);
      ASSERT_TRUE(from_zstd.ok()) << from_zstd.error().message;
      EXPECT_EQ(*from_zstd, text + "end");
      EXPECT_TRUE(second->complete());
    }
  }
}

TEST(Decoder, TakesAnyNumberOfEmptyMembers) {
  std::string packed;
  const std::string empty = gzipped("");
  for (int i = 0; i < 100000; ++i) {
    packed += empty;
  }
  const auto decoder = make_gzip_decoder();
  const auto text = unpack(*decoder, packed + gzipped("{}"), 256u << 10, 256u << 10);
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_EQ(*text, "{}");
}

TEST(Decoder, RefusesAZstdWindowThatNeedsTooMuchMemory) {
  // A frame header that asks for a window of 1 GiB: magic, descriptor 0, window log 30.
  const std::string packed("\x28\xb5\x2f\xfd\x00\xa0", 6);
  const auto decoder = make_zstd_decoder();
  const auto text = unpack(*decoder, packed + std::string(16, '\0'), 1u << 10, 1u << 10);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, Errc::invalid_input);
  EXPECT_EQ(text.error().message,
            "damaged or unsupported zstd data: Frame requires too much memory for decoding");
}

}  // namespace
}  // namespace fd
