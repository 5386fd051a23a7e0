#include "coordinator/text/failure.hpp"

#include "actors/system/process.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {

int report_failure(const Error& error) {
  return report_failure(error, exit_code_of(error.code));
}

int report_failure(const Error& error, int code) {
  return fail("fd-coordinator", error, code);
}

std::string what_is_left(std::uint64_t failed) {
  return "every answer is recorded, and " +
         (failed == 0   ? std::string("no sample failed")
          : failed == 1 ? std::string("1 sample that failed is asked again")
                        : grouped(failed) + " samples that failed are asked again");
}

}  // namespace fd
