#include "coordinator/merge/export.hpp"

#include <utility>

#include "protocol/json/json.hpp"

namespace fd {
namespace {

/// Escapes U+2028 and U+2029 in `json`, where they stand only in strings: many readers of lines,
/// Python's splitlines() among them, take them for ends.
void escape_line_ends(std::string& json) {
  constexpr std::string_view kLead = "\xE2\x80";
  for (std::size_t at = json.find(kLead); at != std::string::npos; at = json.find(kLead, at + 1)) {
    if (json[at + 2] == '\xA8' || json[at + 2] == '\xA9') {
      json.replace(at, 3, json[at + 2] == '\xA8' ? "\\u2028" : "\\u2029");
    }
  }
}

}  // namespace

double split_position(const SampleId& id) {
  const Digest digest = sha256(id.hex());
  return static_cast<double>(digest.leading_bits() >> 32) / 4294967295.0;
}

bool in_train(const SampleId& id, double train_ratio) {
  // The position can be exactly 1, which a ratio of 1 must not leave out.
  return train_ratio >= 1.0 || split_position(id) < train_ratio;
}

Exporter::Exporter(PromptStage prompt, double train_ratio, File train, File valid, File rejected)
    : prompt_(std::move(prompt)),
      train_ratio_(train_ratio),
      train_(std::move(train)),
      valid_(std::move(valid)),
      rejected_(std::move(rejected)) {}

Result<Exporter> Exporter::create(const RunDir& dir, const RunConfig& config, MergeOutput& output) {
  FD_TRY(PromptStage prompt, PromptStage::make(config));
  FD_TRY(File train, output.create(dir.export_file("train.jsonl")));
  FD_TRY(File valid, output.create(dir.export_file("valid.jsonl")));
  FD_TRY(File rejected, output.create(dir.export_file("rejected.jsonl")));
  return Exporter(std::move(prompt), config.export_.train_ratio, std::move(train), std::move(valid),
                  std::move(rejected));
}

Result<const ChatRow*> Exporter::add(const MergeRow& row) {
  const ChatRow* rendered = nullptr;
  if (row.kept()) {
    FD_TRY_VOID(add_kept(row));
    rendered = &chat_;
  } else if (!row.failed()) {
    FD_TRY_VOID(add_rejected(row));
  }
  return rendered;
}

Result<void> Exporter::add_kept(const MergeRow& row) {
  const AnswerView* answer = row.deciding == nullptr ? nullptr : row.answer(row.deciding->index);
  if (answer == nullptr) {
    return Error{Errc::corrupt,
                 "sample " + row.sample.id.hex() + " is kept, but has no recorded answer"};
  }
  render(row);
  const bool train = in_train(row.sample.id, train_ratio_);
  ++(train ? files_.train_rows : files_.valid_rows);
  return (train ? train_ : valid_)->write(chat_.line);
}

void Exporter::render(const MergeRow& row) {
  sample_.id = row.sample.id;
  sample_.canonical_input = row.sample.canonical_input;
  sample_.id_fields = row.sample.id_fields;
  chat_.line = "{\"messages\":[";
  chat_.canonical = chat_.line;
  const auto message = [&](std::string_view role, std::string_view content) {
    chat_.line.append("{\"role\":\"").append(role).append("\",\"content\":");
    chat_.line.append(content).append("}");
    chat_.canonical.append("{\"content\":").append(content).append(",\"role\":\"");
    chat_.canonical.append(role).append("\"}");
  };
  for (const ChatMessage& asked : prompt_.messages(sample_)) {
    text_.clear();
    json::append_string(asked.content, text_);
    message(asked.role, text_);
    chat_.line += ',';
    chat_.canonical += ',';
  }
  message("assistant", row.deciding->text);
  const std::string metadata = "],\"metadata\":{\"sample_id\":\"" + row.sample.id.hex() + "\"}}";
  chat_.line.append(metadata).append("\n");
  escape_line_ends(chat_.line);
  chat_.canonical += metadata;
}

Result<void> Exporter::add_rejected(const MergeRow& row) {
  text_ = "{\"gold\":";
  text_ += row.sample.gold.empty() ? std::string_view("null") : row.sample.gold;
  text_ += ",\"input\":";
  text_ += row.sample.canonical_input;
  if (!row.sample.more_golds.empty()) {
    text_ += ",\"more_golds\":";
    text_ += row.sample.more_golds;
  }
  text_ += ",\"reason\":\"";
  text_ += name(row.outcome.reason);
  text_ += "\",\"sample_id\":\"";
  text_ += row.sample.id.hex();
  text_ += "\",\"text\":";
  text_ += row.deciding == nullptr ? std::string_view("null") : row.deciding->text;
  text_ += "}\n";
  escape_line_ends(text_);
  ++files_.rejected_rows;
  return rejected_->write(text_);
}

Result<ExportFiles> Exporter::commit() {
  FD_TRY(files_.train, train_->commit());
  FD_TRY(files_.valid, valid_->commit());
  FD_TRY(files_.rejected, rejected_->commit());
  return files_;
}

}  // namespace fd
