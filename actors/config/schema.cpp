#include "actors/config/schema.hpp"

namespace fd {
namespace {

using Keys = std::vector<Key>;

constexpr double kMaxText = 262144;

void add_data_keys(Keys& keys, RunConfig& c) {
  const KeyLimits field_count{0, 1000};
  const KeyLimits name{1, 256};
  keys.push_back({.path = "task",
                  .slot = &c.task,
                  .effect = Effect::semantic,
                  .limits = {1, 48},
                  .meaning = "Name of the task; part of every sample id. Letters, digits, `.`, `_` "
                             "and `-`, first a letter or digit."});
  keys.push_back({.path = "input",
                  .slot = &c.input,
                  .limits = {0, 10000},
                  .item_limits = {1, 4096},
                  .meaning = "Input files (`.jsonl`, `.json`, either with `.gz` or `.zst`, `-`), "
                             "relative to the config file; `--input` replaces them."});
  keys.push_back({.path = "reuse",
                  .slot = &c.reuse,
                  .limits = {0, 100},
                  .item_limits = {1, 4096},
                  .meaning =
                      "Whose recorded answers to the very same calls are used again and cost "
                      "nothing. `auto`: the newest 100 runs of the same task and model beside "
                      "the run; a list: folders of runs, relative to the config file."});
  keys.push_back({.path = "contract.fields",
                  .slot = &c.contract.fields,
                  .effect = Effect::semantic,
                  .limits = {1, 1000},
                  .item_limits = name,
                  .meaning = "Fields of a row that make up its content, its id and what templates "
                             "may use."});
  keys.push_back({.path = "contract.drop_null_fields",
                  .slot = &c.contract.drop_null_fields,
                  .effect = Effect::semantic,
                  .meaning = "Leave fields that are null out of the content."});
  keys.push_back({.path = "contract.strict",
                  .slot = &c.contract.strict,
                  .effect = Effect::semantic,
                  .meaning = "Refuse the whole input when one row is invalid; else count and skip "
                             "such rows."});
  keys.push_back({.path = "contract.id_fields",
                  .slot = &c.contract.id_fields,
                  .effect = Effect::semantic,
                  .limits = field_count,
                  .item_limits = name,
                  .meaning = "Fields that keep rows of equal content apart."});
  keys.push_back({.path = "sharding.shards",
                  .slot = &c.sharding.shards,
                  .limits = {0, 65536},
                  .unit = "shards",
                  .meaning = "Number of shards; 0: as many as `sharding.target_size` asks for."});
  keys.push_back({.path = "sharding.target_size",
                  .slot = &c.sharding.target_size,
                  .limits = {1, 1000000},
                  .unit = "samples",
                  .meaning = "Samples a shard when `sharding.shards` is 0."});
}

/// What models take since some of them think.
void add_later_decode_keys(Keys& keys, DecodeConfig& decode) {
  const Effect effect = Effect::semantic;
  keys.push_back({.path = "teacher.decode.response_format",
                  .slot = &decode.response_format,
                  .effect = effect,
                  .added = true,
                  .limits = {0, kMaxParametersBytes},
                  .meaning = "Form of the answer, sent as it is, such as `{type: json_object}`; "
                             "`{}`: not sent."});
  keys.push_back({.path = "teacher.decode.reasoning_effort",
                  .slot = &decode.reasoning_effort,
                  .effect = effect,
                  .added = true,
                  .limits = {0, 64},
                  .null_is_default = true,
                  .meaning = "How much the model thinks, sent as it is, such as `low`; empty: not "
                             "sent."});
  keys.push_back({.path = "teacher.decode.extra",
                  .slot = &decode.extra,
                  .effect = effect,
                  .added = true,
                  .limits = {0, kMaxParametersBytes},
                  .meaning = "More parameters of the request, sent as they are, such as "
                             "`{top_k: 20}`."});
}

void add_decode_keys(Keys& keys, DecodeConfig& decode) {
  const Effect effect = Effect::semantic;
  const double max_seed = 9e15;  // leaves room below 2^53 for the candidates' numbers
  keys.push_back({.path = "teacher.decode.temperature",
                  .slot = &decode.temperature,
                  .effect = effect,
                  .limits = {0, 2},
                  .meaning = "Sampling temperature; null: not sent."});
  keys.push_back(
      {.path = "teacher.decode.top_p",
       .slot = &decode.top_p,
       .effect = effect,
       .limits = {0, 1},
       .meaning = "Nucleus sampling: share of the probability that is kept; null: not sent."});
  keys.push_back({.path = "teacher.decode.max_tokens",
                  .slot = &decode.max_tokens,
                  .effect = effect,
                  .limits = {1, 1000000},
                  .unit = "tokens",
                  .meaning = "Longest answer; null: not sent."});
  keys.push_back({.path = "teacher.decode.n",
                  .slot = &decode.n,
                  .effect = effect,
                  .limits = {1, 64},
                  .null_is_default = true,
                  .unit = "answers",
                  .meaning = "Candidates for each sample."});
  keys.push_back({.path = "teacher.decode.seed",
                  .slot = &decode.seed,
                  .effect = effect,
                  .limits = {-max_seed, max_seed},
                  .meaning = "Seed of the first candidate (candidate k gets seed + k); absent: "
                             "none is sent."});
  keys.push_back({.path = "teacher.decode.stop",
                  .slot = &decode.stop,
                  .effect = effect,
                  .limits = {0, 16},
                  .item_limits = {1, 256},
                  .null_is_default = true,
                  .meaning = "Texts at which the model stops."});
  add_later_decode_keys(keys, decode);
}

void add_teacher_keys(Keys& keys, TeacherConfig& teacher) {
  const Effect effect = Effect::semantic;
  keys.push_back({.path = "teacher.model",
                  .slot = &teacher.model,
                  .effect = effect,
                  .limits = {1, 256},
                  .meaning = "Model that answers, as the endpoint calls it."});
  keys.push_back({.path = "teacher.system_prompt",
                  .slot = &teacher.system_prompt,
                  .effect = effect,
                  .limits = {0, kMaxText},
                  .meaning = "System message, sent as it is; empty: none. A row's own "
                             "`system_prompt` wins when it is one of `contract.fields`."});
  keys.push_back({.path = "teacher.prompt",
                  .slot = &teacher.prompt,
                  .effect = effect,
                  .limits = {0, kMaxText},
                  .meaning =
                      "Template of the user message; `{{field}}` for fields of the contract. "
                      "One of this, `teacher.messages` and `teacher.messages_field` must be "
                      "given."});
  keys.push_back({.path = "teacher.messages",
                  .slot = &teacher.messages,
                  .effect = effect,
                  .added = true,
                  .limits = {0, 256},
                  .meaning = "Turns of the chat as templates, in place of `teacher.system_prompt` "
                             "and `teacher.prompt`; the last one is the user's."});
  keys.push_back({.path = "teacher.messages_field",
                  .slot = &teacher.messages_field,
                  .effect = effect,
                  .added = true,
                  .limits = {0, 256},
                  .meaning = "One of `contract.fields`, which holds a chat (a list of `role` and "
                             "`content`) that is sent up to its last turn of the user, in place of "
                             "`teacher.prompt`."});
  keys.push_back({.path = "teacher.examples",
                  .slot = &teacher.examples,
                  .effect = effect,
                  .added = true,
                  .limits = {0, 1000},
                  .meaning = "Few-shot turns of user and assistant by turns, sent as they are "
                             "behind the system message: a file with one a line, relative to this "
                             "file, or the turns; their content counts, not the file's name."});
}

void add_gateway_keys(Keys& keys, GatewayConfig& gateway) {
  keys.push_back({.path = "gateway.providers",
                  .slot = &gateway.providers,
                  .limits = {1, 64},
                  .meaning = "Endpoints of the teacher, OpenAI-compatible."});
  keys.push_back({.path = "gateway.request_timeout_s",
                  .slot = &gateway.request_timeout_s,
                  .limits = {0.1, 3600},
                  .unit = "seconds",
                  .meaning = "Longest wait for one answer."});
  keys.push_back({.path = "gateway.outage_timeout_s",
                  .slot = &gateway.outage_timeout_s,
                  .limits = {0, 86400},
                  .unit = "seconds",
                  .meaning = "How long no endpoint may be usable before the run stops."});
  keys.push_back({.path = "gateway.startup_timeout_s",
                  .slot = &gateway.startup_timeout_s,
                  .limits = {0, 86400},
                  .unit = "seconds",
                  .meaning = "The same of an endpoint that has not answered yet: engines load."});
  keys.push_back({.path = "gateway.refusal_limit",
                  .slot = &gateway.refusal_limit,
                  .limits = {1, 1000},
                  .unit = "calls",
                  .meaning = "Calls at a time, over all workers, to an endpoint that has not "
                             "answered yet; as many equal refusals put it out."});
  keys.push_back({.path = "gateway.retry.max_attempts",
                  .slot = &gateway.retry.max_attempts,
                  .limits = {1, 100},
                  .unit = "attempts",
                  .meaning = "Attempts of one call; a 429 uses up none."});
  keys.push_back({.path = "gateway.retry.base_ms",
                  .slot = &gateway.retry.base_ms,
                  .limits = {1, 600000},
                  .unit = "milliseconds",
                  .meaning = "First pause between attempts; it doubles from there."});
  keys.push_back({.path = "gateway.retry.max_ms",
                  .slot = &gateway.retry.max_ms,
                  .limits = {1, 3600000},
                  .unit = "milliseconds",
                  .meaning = "Longest pause between attempts."});
  keys.push_back({.path = "gateway.budget.usd",
                  .slot = &gateway.budget.usd,
                  .limits = {0, 1e9},
                  .only_default = true,
                  .unit = "US dollars",
                  .meaning = "Cap on the cost of the run; 0: none."});
  keys.push_back({.path = "gateway.budget.tokens",
                  .slot = &gateway.budget.tokens,
                  .limits = {0, kMaxExact},
                  .only_default = true,
                  .unit = "tokens",
                  .meaning = "Cap on the tokens of the run; 0: none."});
}

void add_other_keys(Keys& keys, RunConfig& c) {
  keys.push_back({.path = "export.formats",
                  .slot = &c.export_.formats,
                  .effect = Effect::semantic,
                  .limits = {1, 16},
                  .item_limits = {1, 64},
                  .only_default = true,
                  .meaning = "Formats of the training files."});
  keys.push_back({.path = "export.train_ratio",
                  .slot = &c.export_.train_ratio,
                  .effect = Effect::semantic,
                  .limits = {0, 1},
                  .meaning = "Share of the samples in `train.jsonl`; the rest is `valid.jsonl`."});
  keys.push_back({.path = "export.license",
                  .slot = &c.export_.license,
                  .effect = Effect::semantic,
                  .added = true,
                  .limits = {0, 64},
                  .meaning = "License that the dataset card names, as the Hugging Face Hub calls "
                             "it, such as `apache-2.0`."});
  keys.push_back({.path = "export.language",
                  .slot = &c.export_.language,
                  .effect = Effect::semantic,
                  .added = true,
                  .limits = {0, 100},
                  .item_limits = {2, 16},
                  .meaning = "Languages that the dataset card names, by their ISO 639 codes."});
  keys.push_back({.path = "export.pretty_name",
                  .slot = &c.export_.pretty_name,
                  .effect = Effect::semantic,
                  .added = true,
                  .limits = {0, 256},
                  .meaning = "Name of the data set on its card."});
  keys.push_back({.path = "transport.keys",
                  .slot = &c.transport.keys,
                  .limits = {0, 4096},
                  .meaning =
                      "Folder of keys (`fd-coordinator keygen`): workers are known by them, and "
                      "the wire is encrypted. Relative to this file."});
  keys.push_back({.path = "transport.allow_plaintext_non_loopback",
                  .slot = &c.transport.allow_plaintext_non_loopback,
                  .meaning = "Accept workers in plain text from other machines."});
  keys.push_back({.path = "lease.ttl_ms",
                  .slot = &c.lease.ttl_ms,
                  .limits = {1000, 3600000},
                  .unit = "milliseconds",
                  .meaning = "How long a silent worker keeps its shards."});
  keys.push_back({.path = "lease.heartbeat_ms",
                  .slot = &c.lease.heartbeat_ms,
                  .limits = {100, 60000},
                  .unit = "milliseconds",
                  .meaning = "How often a worker reports; at most a third of `lease.ttl_ms`."});
  keys.push_back({.path = "students",
                  .slot = std::monostate{},
                  .limits = {0, 100},
                  .only_default = true,
                  .meaning = "Student models to evaluate."});
}

}  // namespace

bool Key::required() const {
  if (limits.min < 1) {
    return false;
  }
  if (const auto* text = std::get_if<std::string*>(&slot)) {
    return (*text)->empty();
  }
  if (const auto* list = std::get_if<std::vector<std::string>*>(&slot)) {
    return (*list)->empty();
  }
  const auto* providers = std::get_if<std::vector<ProviderConfig>*>(&slot);
  return providers != nullptr && (*providers)->empty();
}

std::vector<Key> config_keys(RunConfig& config) {
  Keys keys;
  add_data_keys(keys, config);
  add_teacher_keys(keys, config.teacher);
  add_decode_keys(keys, config.teacher.decode);
  add_gateway_keys(keys, config.gateway);
  add_gate_keys(keys, config.gates);
  add_other_keys(keys, config);
  add_later_keys(keys, config);
  return keys;
}

std::vector<Key> message_keys(ChatMessage& message) {
  return {{.path = "role",
           .slot = &message.role,
           .effect = Effect::semantic,
           .limits = {1, 16},
           .meaning = "`system`, `user` or `assistant`."},
          {.path = "content",
           .slot = &message.content,
           .effect = Effect::semantic,
           .limits = {0, kMaxText},
           .meaning = "Text of the turn."}};
}

}  // namespace fd
