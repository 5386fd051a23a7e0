#include "coordinator/run/run_json.hpp"

#include <algorithm>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/log.hpp"
#include "coordinator/run/run_seal.hpp"
#include "protocol/frame.hpp"
#include "protocol/json/object_reader.hpp"

namespace fd {
namespace {

/// Those of a run whose run.json does not say.
constexpr std::string_view kFirstStages = "teacher clean rules exec score select";

std::string stages_here() {
  return stage_names(all_stages(), " ");
}

}  // namespace

Result<void> check_stages(const RunDir& dir, const RunFacts& facts) {
  if (facts.stages != stages_here()) {
    return Error{Errc::stale, dir.root() + ": was started with the stages " + facts.stages +
                                  ", this program has " + stages_here() +
                                  ": verdicts could differ"};
  }
  return {};
}

Result<RunFacts> read_run_facts(const RunDir& dir) {
  const auto text = read_file(dir.run_json());
  if (!text.ok()) {
    return text.error().code == Errc::not_found
               ? Error{Errc::not_found, dir.root() + ": is no run folder (it has no run.json)"}
               : text.error();
  }
  const auto bad = [&](const std::string& why) {
    return Error{Errc::corrupt, dir.run_json() + ": " + why};
  };
  const auto parsed = json::parse_canonical(*text);
  if (!parsed.ok()) {
    return bad(parsed.error().message);
  }
  const auto text_at = [&](const char* key) {
    const json::Value* value = parsed->find(key);
    return value != nullptr && value->as_string() != nullptr ? *value->as_string() : std::string();
  };
  RunFacts facts;
  json::ObjectReader reader(*parsed, dir.run_json());
  facts.run_id = reader.text("run_id");
  if (facts.run_id.empty()) {
    reader.fail("run_id", "is empty");
  }
  facts.config_digest = reader.digest("config_digest");
  const json::Value* ingest = reader.member("ingest");
  FD_TRY_VOID(reader.ok());
  facts.started = text_at("started_at");
  FD_TRY(facts.ingest, ingest_summary_from_json(*ingest));
  if (const json::Value* code = parsed->find("exit_code"); code != nullptr && code->as_uint()) {
    facts.exit_code = static_cast<int>(*code->as_uint());
  }
  facts.stages = text_at("stages");
  if (facts.stages.empty()) {
    facts.stages = kFirstStages;
  }
  facts.merged = Digest::from_hex(text_at("merged_shards"));
  if (const json::Value* config = parsed->find("config"); config != nullptr) {
    facts.config_json = json::canonical(*config);
  }
  auto sealed = sealed_from_json(*parsed);
  if (!sealed.ok()) {
    return bad(sealed.error().message);
  }
  for (FileEntry& entry : *sealed) {
    if (is_ingested(entry.name)) {
      facts.ingested.push_back(std::move(entry));
    }
  }
  return facts;
}

Result<void> write_run_facts(const RunDir& dir, const RunFacts& facts, const RunConfig& config) {
  json::Object object;
  object["run_id"] = facts.run_id;
  object["version"] = FD_VERSION;
  object["protocol_version"] = static_cast<std::uint64_t>(kProtocolVersion);
  object["sqlite_version"] = sqlite_version();
  object["stages"] = stages_here();
  object["config"] = effective_config(config);
  object["config_digest"] = facts.config_digest.hex();
  object["ingest"] = to_json(facts.ingest);
  object["started_at"] = facts.started;
  object["transport"] = !config.transport.keys.empty() ? "CURVE"
                        : config.transport.allow_plaintext_non_loopback
                            ? "plaintext, allowed on a network"
                            : "plaintext, loopback only";
  if (facts.exit_code) {
    object["exit_code"] = *facts.exit_code;
    object["finished_at"] = wall_clock_text();
  }
  if (facts.merged) {
    object["merged_shards"] = facts.merged->hex();
  }
  std::vector<FileEntry> sealed = facts.ingested;
  if (facts.exit_code) {
    FD_TRY(const std::vector<FileEntry> merged, entries_of(dir, merged_files(dir, facts.ingest)));
    sealed.insert(sealed.end(), merged.begin(), merged.end());
    std::sort(sealed.begin(), sealed.end(),
              [](const FileEntry& a, const FileEntry& b) { return a.name < b.name; });
  }
  object["sealed"] = sealed_to_json(sealed);
  FD_TRY_VOID(write_file(dir.run_json(), sealed_text(std::move(object))));
  return {};
}

}  // namespace fd
