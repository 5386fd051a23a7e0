#pragma once

namespace fd {

/// Keeps what this process holds (keys) to itself: nothing writes its memory to disk when it
/// crashes, and the kernel is asked to keep other processes of the same user from its memory,
/// environment and open files; root may look. Not inherited by programs that it starts. Debug
/// builds are left open, for debuggers. Call first in main().
void keep_process_private();

}  // namespace fd
