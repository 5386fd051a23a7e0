#include "coordinator/text/failure.hpp"

#include "actors/system/process.hpp"

namespace fd {

int report_failure(const Error& error) {
  return report_failure(error, exit_code_of(error.code));
}

int report_failure(const Error& error, int code) {
  return fail("fd-coordinator", error, code);
}

}  // namespace fd
