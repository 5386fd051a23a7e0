#include "tests/coordinator/ingest/ingest_support.hpp"

#include <cstring>
#include <sstream>
#include <string>

#include <zlib.h>
#include <zstd.h>

#include "protocol/run_dir.hpp"

namespace fd::testing_support {

std::string gzipped(std::string_view text) {
  z_stream stream{};
  constexpr int kGzip = 16;
  FD_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip + MAX_WBITS, 8,
                        Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  FD_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string zstandard(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1);
  FD_CHECK(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

RunConfig ingest_config() {
  RunConfig config;
  config.task = "text2sql";
  config.contract.fields = {"schema", "instruction"};
  config.sharding.shards = 3;
  return config;
}

std::string row_line(std::string_view instruction, std::string_view gold) {
  json::Object row;
  row["schema"] = "t(a)";
  row["instruction"] = instruction;
  row["gold_sql"] = gold;
  row["db_path"] = "a.sqlite";
  return json::canonical(json::Value(std::move(row)));
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

IngestSummary done(IngestJob& here) {
  auto summary = here.ingest();
  EXPECT_TRUE(summary.ok()) << summary.error().message;
  return summary.ok() ? *summary : IngestSummary{};
}

std::vector<std::string> many_rows(int count) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    lines.push_back(row_line("question " + std::to_string(i)));
  }
  return lines;
}

IngestJob::IngestJob() : inputs({{folder.at("samples.jsonl")}}) {
  folder.put("a.sqlite", database_bytes('a'));
}

void IngestJob::put_rows(const std::vector<std::string>& lines) const {
  folder.put("samples.jsonl", text_of(lines));
}

Result<IngestSummary> IngestJob::ingest() {
  FD_TRY_VOID(remove_tree(folder.at("out")));
  FD_TRY_VOID(make_directories(folder.at("out")));
  IngestOptions options;
  options.inputs = inputs;
  options.config = &config;
  options.directory = folder.at("out");
  options.limit = limit;
  options.run_id = [](const std::vector<InputFile>&) { return std::string("run-1"); };
  return fd::ingest(options);
}

Error IngestJob::refusal() {
  const auto summary = ingest();
  EXPECT_FALSE(summary.ok());
  return summary.ok() ? Error{} : summary.error();
}

std::string IngestJob::why_refused(const std::string& line) {
  put_rows({row_line("good"), line});
  const Error error = refusal();
  EXPECT_EQ(error.code, Errc::bad_data);
  const std::string before = "\n  " + folder.at("samples.jsonl") + ":2: ";
  const std::size_t at = error.message.find(before);
  EXPECT_NE(at, std::string::npos) << error.message;
  return at == std::string::npos ? error.message : error.message.substr(at + before.size());
}

Manifest IngestJob::manifest(const std::string& name) const {
  const auto value = json::parse(folder.bytes("out/" + name));
  FD_CHECK(value.ok());
  const auto read = manifest_from_json(*value);
  FD_CHECK(read.ok());
  return *read;
}

Manifest IngestJob::stage(const std::string& name) const {
  return manifest("manifests/" + name + "/manifest.json");
}

std::vector<Sample> IngestJob::shard(std::uint32_t index) const {
  std::vector<Sample> samples;
  const auto text = read_file(RunDir(folder.at("out")).shard_file(index, "input.jsonl"));
  EXPECT_TRUE(text.ok());
  std::istringstream lines(text.ok() ? *text : std::string());
  for (std::string line; std::getline(lines, line);) {
    samples.push_back(from_line<Sample>(line).value());
  }
  return samples;
}

std::vector<Sample> IngestJob::samples(std::uint32_t shards) const {
  std::vector<Sample> all;
  for (std::uint32_t index = 0; index < shards; ++index) {
    for (Sample& sample : shard(index)) {
      all.push_back(std::move(sample));
    }
  }
  return all;
}

}  // namespace fd::testing_support
