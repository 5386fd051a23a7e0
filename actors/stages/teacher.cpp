#include "actors/stages/teacher.hpp"

#include <utility>

#include "actors/stages/prompt.hpp"

namespace fd {
namespace {

class TeacherQuestions final : public Questions {
 public:
  TeacherQuestions(PromptStage prompt, std::uint32_t candidates)
      : prompt_(std::move(prompt)), candidates_(candidates) {}

  [[nodiscard]] StageId stage() const override { return StageId::teacher; }
  [[nodiscard]] Role role() const override { return Role::teacher; }

  [[nodiscard]] std::vector<ChatCall> first(const WorkItem& item) const override {
    std::vector<ChatCall> calls;
    calls.reserve(candidates_);
    for (std::uint32_t candidate = 0; candidate < candidates_; ++candidate) {
      calls.push_back(prompt_.call(item.sample, candidate));
    }
    return calls;
  }

 private:
  PromptStage prompt_;
  std::uint32_t candidates_;
};

}  // namespace

Result<std::unique_ptr<const Questions>> make_teacher(const RunConfig& config) {
  FD_TRY(PromptStage prompt, PromptStage::make(config));
  return std::unique_ptr<const Questions>(
      std::make_unique<TeacherQuestions>(std::move(prompt), config.teacher.decode.n));
}

}  // namespace fd
