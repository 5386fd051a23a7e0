#include "coordinator/inspect/verify_stages.hpp"

#include <string>
#include <vector>

#include "coordinator/ingest/input_manifests.hpp"
#include "coordinator/run/run_seal.hpp"
#include "coordinator/shards/files.hpp"

namespace fd {
namespace {

void check_input_stage(const std::string& name, std::string_view stage, const std::string& text,
                       const Result<Manifest>& manifest, const std::vector<std::string>& parents,
                       const RunTruth& truth, Verification& verification) {
  // A sealed digest knows better where the damage lies than a parser does.
  const FileEntry actual = digest_text(text, name);
  for (const FileEntry& entry : truth.facts.ingested) {
    if (entry.name == name && actual != entry) {
      return verification.damaged(name, entry, actual, kRunJson);
    }
  }
  if (!manifest.ok()) {
    return verification.problem(name, 0, text.size(), manifest.error().message);
  }
  Manifest expected = *manifest;
  expected.run_id = truth.facts.run_id;
  expected.config_digest = truth.facts.config_digest;
  expected.stage = std::string(stage);
  expected.count = stage == "dedup" ? truth.facts.ingest.unique
                                    : truth.facts.ingest.raw - truth.facts.ingest.invalid;
  if (stage == "raw" || !parents.empty()) {
    expected.parents = parents;
  }
  if (const auto differs = first_difference(text, input_manifest_text(expected))) {
    verification.problem(name, *differs, 1, "does not agree with run.json");
  }
}

}  // namespace

Result<void> verify_input_stages(const RunDir& dir, const std::optional<RunTruth>& truth,
                                 ShardVerifier& shards, Verification& verification) {
  std::vector<std::string> parents;
  const RunKind kind = truth ? truth->facts.kind : RunKind::distil;
  for (const std::string_view stage : names_of(kind).input_stages) {
    const std::string name = relative_name(dir, dir.stage_manifest(stage));
    FD_TRY(const std::optional<std::string> text, verification.read_text(dir, name));
    const auto manifest = text ? read_manifest(dir.root() + "/" + name)
                               : Result<Manifest>(Error{Errc::not_found, name});
    if (text && !truth && manifest.ok()) {
      const auto differs = first_difference(*text, input_manifest_text(*manifest));
      if (differs) {
        verification.problem(name, *differs, 1, "is not the text of what it says");
      }
    } else if (text && truth && shards.complete() && stage == "dedup" && !parents.empty()) {
      Manifest base;
      base.run_id = truth->facts.run_id;
      base.config_digest = truth->facts.config_digest;
      const auto differs = first_difference(
          *text, input_manifest_text(input_stage(base, std::string(stage), shards.samples(),
                                                 sample_columns(), parents)));
      if (differs) {
        verification.problem(name, *differs, *differs < text->size() ? 1 : 0,
                             "is not what the shards' input makes it");
      }
    } else if (text && truth) {
      check_input_stage(name, stage, *text, manifest, parents, *truth, verification);
    }
    parents.clear();
    if (manifest.ok() && !verification.has_problem(name)) {
      parents.push_back(manifest->content_sha256.hex());
    }
  }
  return {};
}

}  // namespace fd
