// Makes a run of which every shard is committed and which is not merged yet, of rows and answers
// that are made up here: what a run leaves whose coordinator was killed behind its last shard.
//   fd_bench_make_run --out FOLDER [--rows N] [--prompt-bytes N]
// The run goes to FOLDER/large. Every fifth sample is rejected, the others are kept; the ledger has
// each answer, call and outcome, and behind the last outcome of each shard a call in doubt. The
// system prompt has --prompt-bytes, which each kept row of the export repeats.
// Prints one JSON object: rows, shards, seconds, and an id.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/stages/prompt.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"
#include "protocol/json/json.hpp"

// Nothing that is made here must survive a power cut, and a run of 10 million samples has a quarter
// of a million files. These take the place of the C library's in this program.
extern "C" {
int fsync(int /*fd*/) {
  return 0;
}
int fdatasync(int /*fd*/) {
  return 0;
}
int syncfs(int /*fd*/) noexcept {
  return 0;
}
}

namespace {

constexpr std::uint64_t kShardsAFlush = 16;

struct Options {
  std::string out;
  std::uint64_t rows = 10000;
  std::uint64_t prompt_bytes = 20;
};

/// Stops the program: there is nothing to go on with after an error.
void require(const fd::Result<void>& done) {
  if (!done.ok()) {
    std::fprintf(stderr, "fd_bench_make_run: %s\n", done.error().message.c_str());
    std::exit(1);
  }
}

template <class T>
T good(fd::Result<T> result) {
  require(result.ok() ? fd::Result<void>() : fd::Result<void>(result.error()));
  return std::move(result).value();
}

Options parse(int argc, char** argv) {
  Options options;
  const std::map<std::string, std::uint64_t*> numbers = {{"--rows", &options.rows},
                                                         {"--prompt-bytes", &options.prompt_bytes}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (const auto found = numbers.find(name); found != numbers.end()) {
      *found->second = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (name == "--out") {
      options.out = argv[i + 1];
    } else {
      require(fd::Error{fd::Errc::invalid_input, "unknown option " + name});
    }
  }
  if (argc % 2 == 0 || options.rows == 0 || options.out.empty()) {
    require(fd::Error{fd::Errc::invalid_input,
                      "options come in pairs, --out is needed, --rows is at least 1"});
  }
  return options;
}

fd::RunConfig config_of_run(const Options& options) {
  fd::RunConfig config;
  config.task = "large";
  config.contract.fields = {"schema", "instruction"};
  config.teacher.model = "none";
  config.teacher.system_prompt.assign(options.prompt_bytes, 'p');
  config.teacher.prompt = "Schema: {{schema}}\nQuestion: {{instruction}}\nSQL:";
  config.gates.exec.kind = fd::ExecKind::none;
  config.gates.select.require_exec = false;
  config.gates.select.require_gold_match = false;
  fd::ProviderConfig provider;
  provider.name = "local";
  provider.base_url = "http://127.0.0.1:11434/v1";
  provider.price_per_mtok = {.input = 1.0, .output = 2.0};
  config.gateway.providers.push_back(provider);
  return config;
}

/// Writes rows of about 200 bytes, all of them different.
void write_rows(const Options& options, const std::string& path) {
  fd::AtomicFile file = good(fd::AtomicFile::create(path));
  for (std::uint64_t i = 0; i < options.rows; ++i) {
    const std::string number = std::to_string(i);
    require(file.write(
        "{\"schema\":\"city(id, name, state); river(id, name, state, length)\","
        "\"instruction\":\"which cities lie in a state with more than " +
        number + " rivers?\",\"gold_sql\":\"SELECT name FROM city WHERE id > " + number + "\"}\n"));
  }
  good(file.commit());
}

std::unique_ptr<fd::RunFolder> ingest(const Options& options, const fd::RunConfig& config) {
  const std::string rows = options.out + "/rows.jsonl";
  const std::string fresh = options.out + "/fresh";
  require(fd::make_directories(fresh));
  write_rows(options, rows);
  fd::IngestOptions how;
  how.inputs = {{rows}};
  how.config = &config;
  how.directory = fresh;
  how.run_id = [](const std::vector<fd::InputFile>&) { return std::string("large"); };
  const fd::IngestSummary summary = good(fd::ingest(how));
  return good(fd::RunFolder::take(options.out, fresh, config, summary));
}

/// Makes up how the samples of one shard end.
class Teacher {
 public:
  explicit Teacher(const fd::RunConfig& config) : prompt_(good(fd::PromptStage::make(config))) {}

  void answer(const fd::Sample& sample, fd::ShardResult& result) const {
    fd::CallIdentity identity;
    identity.sample_id = sample.id;
    identity.call_key = prompt_.call(sample, 0).call_key;
    result.calls.push_back(call(identity));

    fd::Answer answer;
    static_cast<fd::CallIdentity&>(answer) = identity;
    answer.model = "none";
    answer.finish_reason = "stop";
    answer.text = "SELECT name, state FROM city WHERE id = " + std::to_string(sample.ordinal);

    const bool kept = sample.ordinal % 5 != 0;
    fd::Candidate candidate;
    candidate.call_key = identity.call_key;
    candidate.text = answer.text;
    candidate.clean_rule = "plain";
    candidate.rule = kept ? fd::Reason::none : fd::Reason::too_long;
    candidate.score = kept ? std::optional<double>(1.0) : std::nullopt;
    fd::Outcome outcome;
    outcome.sample_id = sample.id;
    outcome.verdict = kept ? fd::Verdict::kept : fd::Verdict::rejected;
    outcome.reason = candidate.rule;
    outcome.chosen = kept ? std::optional<std::uint32_t>(0) : std::nullopt;
    outcome.deciding = 0;
    outcome.candidates.push_back(std::move(candidate));
    result.answers.push_back(std::move(answer));
    result.outcomes.push_back(std::move(outcome));
  }

  static fd::Call call(const fd::CallIdentity& identity) {
    fd::Call call;
    static_cast<fd::CallIdentity&>(call) = identity;
    call.endpoint = "local";
    call.served_model = "none-1";
    call.attempts = 1;
    call.http_status = 200;
    call.prompt_tokens = 60;
    call.completion_tokens = 20;
    call.price = fd::Price{1.0, 2.0};
    call.queue_us = 1000;
    call.service_us = 200000;
    return call;
  }

 private:
  fd::PromptStage prompt_;
};

/// Returns what the ledger has of a shard, in the order of a run.
std::vector<fd::LedgerEvent> events_of(const fd::ShardResult& result) {
  const std::uint64_t fence = result.shard + 1;
  std::vector<fd::LedgerEvent> events;
  events.emplace_back(fd::LeaseGranted{result.shard, fence, "local-0", 77});
  fd::Record record;
  record.shard = result.shard;
  record.fence = fence;
  for (std::size_t i = 0; i < result.outcomes.size(); ++i) {
    fd::Record answered = record;
    answered.answer = result.answers[i];
    answered.call = result.calls[i];
    fd::Record ended = record;
    ended.outcome = result.outcomes[i];
    ended.follows_from = fd::answer_fingerprint(result.answers[i]);
    events.emplace_back(std::move(answered));
    events.emplace_back(std::move(ended));
  }
  fd::Record late = record;
  late.call = result.calls.front();
  late.call->end = fd::CallEnd::in_doubt;
  events.emplace_back(std::move(late));
  return events;
}

/// Writes every shard, and the ledger. Returns the id of the last sample.
fd::SampleId write_shards(const fd::RunFolder& folder, const fd::RunConfig& config,
                          const Teacher& teacher) {
  fd::LedgerOptions options;
  options.path = folder.dir().ledger();
  options.run_id = folder.facts().run_id;
  fd::LedgerStart start;
  const std::unique_ptr<fd::Ledger> ledger = good(fd::Ledger::open(options, start));
  fd::SampleId last;
  for (std::uint32_t shard = 0; shard < folder.facts().ingest.shards; ++shard) {
    fd::ShardResult result;
    result.shard = shard;
    const std::vector<fd::Sample> samples = good(fd::read_shard_input(folder.dir(), shard));
    for (const fd::Sample& sample : samples) {
      teacher.answer(sample, result);
      last = sample.id;
    }
    if (!samples.empty()) {
      ledger->append(events_of(result), {});
    }
    good(fd::write_shard(folder.dir(), config, std::move(result)));
    if (shard % kShardsAFlush == 0) {
      require(ledger->flush());
    }
  }
  require(ledger->flush());
  return last;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const fd::RunConfig config = config_of_run(options);
  const auto began = std::chrono::steady_clock::now();
  const std::unique_ptr<fd::RunFolder> folder = ingest(options, config);
  const fd::SampleId last = write_shards(*folder, config, Teacher(config));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;

  fd::json::Object out;
  out["rows"] = folder->facts().ingest.unique;
  out["shards"] = static_cast<std::uint64_t>(folder->facts().ingest.shards);
  out["seconds"] = static_cast<double>(static_cast<std::int64_t>(wall.count()));
  out["id"] = last.hex();
  std::printf("%s\n", fd::json::canonical(fd::json::Value(std::move(out))).c_str());
  return 0;
}
