#pragma once

namespace fd {

/// Keeps what this process holds (keys) to itself: nothing writes its memory to disk when it
/// crashes, and no other process of the same user can read its memory, environment or open files;
/// root can. Not inherited by programs that it starts. Debug builds are left open, for debuggers.
/// Call first in main().
void keep_process_private();

}  // namespace fd
