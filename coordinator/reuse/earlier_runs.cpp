#include "coordinator/reuse/earlier_runs.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "actors/config/loader.hpp"
#include "coordinator/run/run_json.hpp"
#include "protocol/run_dir.hpp"

namespace fd {
namespace {

namespace fs = std::filesystem;

/// Returns what call keys are made from, but for the row and the candidate.
json::Value question_of(const RunConfig& config) {
  RunConfig any_count = config;
  any_count.teacher.decode.n = 1;
  return json::Object{{"task", config.task},
                      {"teacher", *effective_config(any_count).find("teacher")}};
}

/// Returns the folders of runs beside `own_root`, the newest first.
std::vector<std::string> folders_beside(const std::string& own_root) {
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  std::error_code failed;
  fs::directory_iterator entry(fs::path(own_root).parent_path(), failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const std::string folder = entry->path().string();
    std::error_code unknown;
    const auto written = fs::last_write_time(RunDir(folder).run_json(), unknown);
    if (!unknown && !entry->is_symlink(unknown) && !fs::equivalent(folder, own_root, unknown)) {
      found.emplace_back(written, folder);
    }
  }
  std::ranges::sort(found, std::ranges::greater());
  found.resize(std::min(found.size(), kFoldersLookedAtMax));
  std::vector<std::string> folders;
  for (auto& [written, folder] : found) {
    folders.push_back(std::move(folder));
  }
  return folders;
}

Result<bool> asks_the_same(const std::string& folder, const json::Value& question) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0 || info.st_uid != ::geteuid()) {
    return Error{Errc::refused, folder + ": belongs to another user"};
  }
  const RunDir dir(folder);
  FD_TRY(const RunFacts facts, read_run_facts(dir));
  FD_TRY(const RunConfig config, read_run_config(dir, facts));
  return question_of(config) == question;
}

}  // namespace

std::vector<std::string> earlier_runs(const std::string& own_root, const RunConfig& config,
                                      const Tell& tell) {
  const json::Value question = question_of(config);
  std::vector<std::string> runs;
  for (std::string& folder : folders_beside(own_root)) {
    const auto same = asks_the_same(folder, question);
    if (!same.ok()) {
      tell("reuse: passed over " + same.error().message);
    } else if (*same) {
      runs.push_back(std::move(folder));
      if (runs.size() == kEarlierRunsMax) {
        break;
      }
    }
  }
  return runs;
}

}  // namespace fd
