#pragma once

namespace fd {

/// Names the calling thread, for top, gdb and perf. Requires: `name` has at most 15 characters, the
/// kernel's limit.
void name_thread(const char* name);

}  // namespace fd
