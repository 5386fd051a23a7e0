#include "actors/config/provider_files.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "actors/storage/files.hpp"

namespace fd {
namespace {

std::string absolute(const std::string& directory, const std::string& path) {
  std::error_code failed;
  std::filesystem::path whole =
      std::filesystem::absolute(std::filesystem::path(directory) / path, failed);
  return failed ? path : whole.lexically_normal().string();
}

void take_settings(const std::string& directory, Settings& settings) {
  for (auto& [name, source] : settings) {
    if (source.from == SettingSource::From::file) {
      source.value = absolute(directory, source.value);
    }
  }
}

/// Returns what is wrong with the file; empty: its text is in `provider.ca_pem`.
std::string take_certificates(const std::string& directory, ProviderConfig& provider) {
  const std::string path = absolute(directory, std::exchange(provider.ca_file, {}));
  Result<std::string> text = read_file(path, kMaxCaBytes);
  if (!text.ok()) {
    return "the file it names cannot be read: " + text.error().message;
  }
  if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos || !json::valid_utf8(*text)) {
    return "the file it names holds no certificate in PEM form";
  }
  provider.ca_pem = std::move(text).value();
  return "";
}

}  // namespace

void take_provider_files(const std::string& directory, BoundConfig& bound,
                         ConfigProblems& problems) {
  std::size_t index = 0;
  for (ProviderConfig& provider : bound.config.gateway.providers) {
    if (!provider.api_key_file.empty()) {
      provider.api_key_file = absolute(directory, provider.api_key_file);
    }
    take_settings(directory, provider.headers);
    take_settings(directory, provider.query);
    const std::string path = "gateway.providers." + std::to_string(index++) + ".ca_file";
    if (!provider.ca_file.empty() && !bound.is_refused(path)) {
      const std::string fault = take_certificates(directory, provider);
      if (!fault.empty()) {
        problems.add(bound.place(path), path, fault);
      }
    }
  }
}

}  // namespace fd
