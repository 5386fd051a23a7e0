#include "protocol/run_dir.hpp"

#include "protocol/base/text.hpp"

namespace fd {
namespace {

std::string joined(const std::string& root, std::string_view name) {
  return root + "/" + std::string(name);
}

}  // namespace

std::string RunDir::run_json() const {
  return joined(root_, "run.json");
}
std::string RunDir::seal() const {
  return joined(root_, "seal.jsonl");
}
std::string RunDir::lock() const {
  return joined(root_, "lock");
}
std::string RunDir::ledger() const {
  return joined(root_, "ledger.sqlite");
}
std::string RunDir::invalid() const {
  return joined(root_, "invalid.jsonl");
}
std::string RunDir::databases() const {
  return joined(root_, "databases");
}
std::string RunDir::database(std::string_view hex_digest) const {
  return joined(databases(), hex_digest);
}
std::string RunDir::workers() const {
  return joined(root_, "workers");
}
std::string RunDir::worker(std::uint32_t index) const {
  return joined(workers(), std::to_string(index));
}
std::string RunDir::shards() const {
  return joined(root_, "shards");
}
std::string RunDir::shard(std::uint32_t index) const {
  std::string digits = std::to_string(index);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  return joined(shards(), digits);
}
std::string RunDir::shard_file(std::uint32_t index, std::string_view name) const {
  return joined(shard(index), name);
}
std::string RunDir::stage_manifest(std::string_view stage) const {
  return joined(root_, "manifests/" + std::string(stage) + "/manifest.json");
}
std::string RunDir::quality_report(std::string_view stage) const {
  return report(std::string(stage) + "/quality_report.json");
}
std::string RunDir::report(std::string_view name) const {
  return joined(root_, "reports/" + std::string(name));
}
std::string RunDir::export_dir() const {
  return joined(root_, "export");
}
std::string RunDir::export_file(std::string_view name) const {
  return joined(export_dir(), name);
}

bool valid_run_id(std::string_view id, std::size_t max) {
  return id.size() <= max && is_plain_name(id);
}

}  // namespace fd
