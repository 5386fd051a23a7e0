#include "coordinator/inspect/compared_output.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "actors/storage/paths.hpp"
#include "coordinator/run/run_seal.hpp"

namespace fd {
namespace {

/// A file that is only digested: there is nothing to compare it with.
class DigestedFile : public DerivedFile {
 public:
  explicit DigestedFile(std::string name) : name_(std::move(name)) {}
  Result<void> write(std::string_view bytes) override {
    digest_.update(bytes);
    return {};
  }
  Result<FileEntry> commit() override { return digest_.finish(std::move(name_)); }

 private:
  std::string name_;
  FileDigest digest_;
};

class ComparedFile final : public DigestedFile {
 public:
  ComparedFile(std::string name, BlockReader reader, FileComparison& found)
      : DigestedFile(std::move(name)), reader_(std::move(reader)), found_(found) {
    found_.bytes = reader_.file_bytes();
  }

  Result<void> write(std::string_view bytes) override {
    FD_TRY_VOID(compare(bytes));
    return DigestedFile::write(bytes);
  }

  Result<FileEntry> commit() override {
    FD_TRY(const bool more, fill());
    if (more && !found_.differs) {
      found_.differs = offset_;
    }
    return DigestedFile::commit();
  }

 private:
  /// Compares the bytes that are made with as many of the file, until the first that differs.
  Result<void> compare(std::string_view made) {
    while (!made.empty() && !found_.differs) {
      FD_TRY(const bool more, fill());
      const std::string_view there = block_.substr(0, made.size());
      const auto differs =
          more ? first_difference(made.substr(0, there.size()), there) : std::uint64_t{0};
      if (differs) {
        found_.differs = offset_ + *differs;
        return {};
      }
      offset_ += there.size();
      block_.remove_prefix(there.size());
      made.remove_prefix(there.size());
    }
    return {};
  }

  /// Returns whether the file goes on; then block_ has what follows.
  Result<bool> fill() {
    if (block_.empty()) {
      FD_TRY(block_, reader_.next());
    }
    return !block_.empty();
  }

  BlockReader reader_;
  FileComparison& found_;
  std::string_view block_;    ///< read, and not compared yet
  std::uint64_t offset_ = 0;  ///< of what follows in the file
};

}  // namespace

ComparedOutput::ComparedOutput(const RunDir& dir, const std::vector<std::string>& names,
                               std::size_t block_bytes)
    : dir_(dir), block_bytes_(block_bytes) {
  for (const std::string& name : names) {
    found_[name];
  }
}

Result<std::unique_ptr<DerivedFile>> ComparedOutput::create(const std::string& path) {
  const auto wanted = found_.find(relative_name(dir_, path));
  if (wanted == found_.end()) {
    return std::unique_ptr<DerivedFile>(std::make_unique<DigestedFile>(name_of(path)));
  }
  auto reader = BlockReader::open(path, block_bytes_);
  if (!reader.ok() && reader.error().code == Errc::not_found) {
    wanted->second.missing = true;
    return std::unique_ptr<DerivedFile>(std::make_unique<DigestedFile>(name_of(path)));
  }
  FD_TRY(BlockReader there, std::move(reader));
  return std::unique_ptr<DerivedFile>(
      std::make_unique<ComparedFile>(name_of(path), std::move(there), wanted->second));
}

}  // namespace fd
