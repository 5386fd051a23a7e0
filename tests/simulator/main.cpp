#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "protocol/base/result.hpp"
#include "protocol/exit_code.hpp"
#include "tests/simulator/answer_loader.hpp"
#include "tests/simulator/options.hpp"
#include "tests/simulator/server.hpp"
#include "tests/simulator/sockets.hpp"

namespace fd::simulator {
namespace {

int complain(const Error& error, int code) {
  std::fprintf(stderr, "fd-simulator: %s\n", error.message.c_str());
  return code;
}
int complain(const Error& error) {
  return complain(error, exit_code_of(error.code));
}

Result<AnswerBook> load_book(const Options& options) {
  if (!options.answers.empty()) {
    return load_answers(options.answers);
  }
  if (options.dataset.empty()) {
    return AnswerBook();
  }
  FD_TRY(LoadedDataset loaded,
         load_dataset(options.dataset,
                      {options.question_field, options.gold_field, options.schema_field},
                      options.mistakes));
  if (loaded.skipped > 0) {
    std::fprintf(stderr, "fd-simulator: skipped %zu rows without question or gold, first: %s\n",
                 loaded.skipped, loaded.first_skipped.c_str());
  }
  return std::move(loaded.book);
}

/// Writes the port so that a reader sees all of it or no file.
Result<void> write_port(const std::string& path, std::uint16_t port) {
  const std::string text = std::to_string(port) + "\n";
  const std::string unfinished = path + ".tmp";
  const Descriptor file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0 ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return Error{Errc::storage, "--port-file " + path + ": " + std::strerror(errno)};
  }
  return {};
}

/// Returns a descriptor that becomes readable at SIGINT or SIGTERM. To be called before any thread
/// starts, so that none of them takes the signal.
Descriptor stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  FD_CHECK(::sigprocmask(SIG_BLOCK, &signals, nullptr) == 0);
  Descriptor descriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  FD_CHECK(descriptor.get() >= 0);
  return descriptor;
}

int serve(Options options) {
  const Descriptor stop = stop_signals();
  auto book = load_book(options);
  if (!book.ok()) {
    return complain(book.error(), kExitInput);
  }
  auto server = Server::listen(std::move(options.server),
                               Service(std::move(options.service), std::move(*book)));
  if (!server.ok()) {
    return complain(server.error());
  }
  std::printf("listening on http://%s/v1\n", server->authority().c_str());
  std::fflush(stdout);
  if (!options.port_file.empty()) {
    if (const auto written = write_port(options.port_file, server->port()); !written.ok()) {
      return complain(written.error());
    }
  }
  if (const auto run = server->run(stop.get()); !run.ok()) {
    return complain(run.error());
  }
  return kExitComplete;
}

}  // namespace
}  // namespace fd::simulator

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  auto options = fd::simulator::parse_options(arguments);
  if (!options.ok()) {
    fd::simulator::complain(options.error(), fd::kExitUsage);
    std::fputs("try fd-simulator --help\n", stderr);
    return fd::kExitUsage;
  }
  if (options->help) {
    std::fputs(fd::simulator::usage().data(), stdout);
    return fd::kExitComplete;
  }
  if (options->version) {
    std::puts("fd-simulator " FD_VERSION);
    return fd::kExitComplete;
  }
  return fd::simulator::serve(std::move(*options));
}
