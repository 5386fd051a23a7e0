#include "coordinator/merge/merge_output.hpp"

#include <utility>

#include "actors/storage/files.hpp"
#include "actors/storage/paths.hpp"

namespace fd {
namespace {

class WrittenFile final : public DerivedFile {
 public:
  explicit WrittenFile(AtomicFile file) : file_(std::move(file)) {}
  Result<void> write(std::string_view bytes) override { return file_.write(bytes); }
  Result<FileEntry> commit() override { return file_.commit(); }

 private:
  AtomicFile file_;
};

}  // namespace

Result<void> MergeOutput::write_text(const std::string& path, std::string_view text) {
  FD_TRY(const std::unique_ptr<DerivedFile> file, create(path));
  FD_TRY_VOID(file->write(text));
  FD_TRY_VOID(file->commit());
  return {};
}

Result<std::unique_ptr<DerivedFile>> WrittenOutput::create(const std::string& path) {
  FD_TRY_VOID(make_directories(folder_of(path)));
  FD_TRY(AtomicFile file, AtomicFile::create(path));
  return std::unique_ptr<DerivedFile>(std::make_unique<WrittenFile>(std::move(file)));
}

}  // namespace fd
