#include "coordinator/run/run_json.hpp"

#include <utility>

#include "actors/config/loader.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/log.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/text/report_text.hpp"
#include "protocol/frame.hpp"
#include "protocol/json/object_reader.hpp"

namespace fd {
namespace {

/// Those of a run whose run.json does not say.
constexpr std::string_view kFirstStages = "teacher clean rules exec score select";

std::string stages_here() {
  return stage_names(all_stages(), " ");
}

constexpr std::size_t kNameCharacters = 60;  ///< of a foreign name in an error

/// Returns why a run.json is not for this program: another one wrote it, or it is damaged.
Error foreign(const RunDir& dir, const std::string& text, const std::string& what) {
  const auto fault = check_seal(text);
  return fault ? Error{Errc::corrupt, dir.run_json() + ": " + fault->what}
               : Error{Errc::stale, dir.run_json() + ": " + what};
}

Result<ParentRun> parent_from_json(const json::Value& value) {
  json::ObjectReader reader(value, "parent");
  ParentRun parent{reader.text("run_id"), reader.digest("digest")};
  FD_TRY_VOID(reader.ok());
  return parent;
}

/// Reads by which rules the run's bytes were made.
Result<void> read_output_version(const RunDir& dir, const std::string& text,
                                 const json::Value& run_json, RunFacts& facts) {
  if (run_json.find("output_version") == nullptr) {
    return foreign(dir, text,
                   "has no output_version: it was made by a program from before version 1, and "
                   "this one has " +
                       std::to_string(kOutputVersion));
  }
  json::ObjectReader reader(run_json, dir.run_json());
  facts.output_version = reader.whole<std::uint32_t>("output_version");
  return reader.ok();
}

/// Reads what kind of run it is, and what belongs to the kind.
Result<void> read_kind(const RunDir& dir, const std::string& text, const json::Value& run_json,
                       RunFacts& facts) {
  json::ObjectReader reader(run_json, dir.run_json());
  const std::string named = reader.text("kind");
  FD_TRY_VOID(reader.ok());
  const auto kind = run_kind_from_name(named);
  if (!kind) {
    return foreign(dir, text,
                   "is a run of the kind '" + printable(shortened(named, kNameCharacters)) +
                       "', which this program does not have");
  }
  facts.kind = *kind;
  const json::Value* parent = run_json.find("parent");
  if ((parent != nullptr) != names_of(*kind).has_parent) {
    return Error{Errc::corrupt, dir.run_json() + ": parent: a run of the kind " + named +
                                    (parent != nullptr ? " has none" : " has one")};
  }
  if (parent != nullptr) {
    FD_TRY(facts.parent, parent_from_json(*parent));
  }
  return {};
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
  if (!valid_run_id(facts.run_id)) {
    reader.fail("run_id", "is no id of a run");
  }
  FD_TRY_VOID(reader.ok());
  FD_TRY_VOID(read_output_version(dir, *text, *parsed, facts));
  FD_TRY_VOID(read_kind(dir, *text, *parsed, facts));
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
  auto ingested = ingested_from_json(*parsed);
  if (!ingested.ok()) {
    return bad(ingested.error().message);
  }
  facts.ingested = std::move(ingested).value();
  if (facts.exit_code) {
    const json::Value* sealed = reader.member("sealed");
    FD_TRY_VOID(reader.ok());
    auto seal = seal_file_from_json(*sealed);
    if (!seal.ok()) {
      return bad(seal.error().message);
    }
    facts.sealed = std::move(seal).value();
  }
  return facts;
}

Result<RunConfig> read_run_config(const RunDir& dir, const RunFacts& facts) {
  auto config = config_from_json(facts.config_json);
  if (!config.ok() && config.error().code == Errc::stale) {
    FD_TRY(const std::string text, read_file(dir.run_json()));
    return foreign(dir, text, config.error().message);
  }
  if (!config.ok() || config_digest(*config) != facts.config_digest) {
    return Error{Errc::corrupt, dir.run_json() +
                                    ": its config is not the one that its config_digest names" +
                                    (config.ok() ? "" : ": " + config.error().message)};
  }
  return config;
}

Result<void> check_output_version(const RunDir& dir, const RunFacts& facts) {
  if (facts.output_version == kOutputVersion) {
    return {};
  }
  return Error{
      Errc::stale,
      dir.root() + ": was made by output version " + std::to_string(facts.output_version) +
          ", and this program has " + std::to_string(kOutputVersion) +
          ": from the same answers it would make other bytes; go on with a program of that "
          "version, or start a new run that takes the answers (reuse)"};
}

Result<void> write_run_facts(const RunDir& dir, const RunFacts& facts, const RunConfig& config) {
  json::Object object;
  object["run_id"] = facts.run_id;
  object["kind"] = names_of(facts.kind).name;
  object["output_version"] = std::uint64_t{facts.output_version};
  if (facts.parent) {
    object["parent"] =
        json::Object{{"run_id", facts.parent->run_id}, {"digest", facts.parent->digest.hex()}};
  }
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
  object["ingested"] = ingested_to_json(facts.ingested);
  if (facts.exit_code) {
    std::vector<std::string> files = merged_files(dir, facts.kind, facts.ingest);
    if (!file_exists(dir.ledger())) {
      std::erase(files, relative_name(dir, dir.ledger()));
    }
    FD_TRY(const SealFile sealed, write_seal_file(dir, files));
    object["sealed"] = to_json(sealed);
  }
  FD_TRY_VOID(write_file(dir.run_json(), sealed_text(std::move(object))));
  return {};
}

}  // namespace fd
