#include "app/cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ios>
#include <string>
#include <string_view>

#include "sim/input/printable.h"

namespace knetsim {
namespace {

/// A screen's side of a stream.
struct Screen {
  int descriptor;
  bool is_error;
  std::string tail{};  ///< A character that the next write completes.
};

/// Bytes of one of this program's own sequences at the start: colours (ESC [ ... m) and "clear to the line's end".
std::size_t own_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && (text[end] == 'm' || text[end] == 'K') ? end + 1 : 0;
}

/// What goes to the screen of a piece of a stream; an incomplete last character stays in `tail`.
std::string filtered(Screen& screen, std::string_view piece) {
  const std::string whole = screen.tail + std::string(piece);
  screen.tail.clear();
  std::string out;
  out.reserve(whole.size());
  for (std::string_view text = whole; !text.empty();) {
    const ScreenCharacter next = first_character(text);
    if (next.bytes == 0) {
      screen.tail = text;
      break;
    }
    std::size_t bytes = next.bytes;
    if (const std::size_t own = screen.is_error ? own_sequence(text) : 0; own > 0) {
      bytes = own;
      out.append(text.substr(0, bytes));
    } else if (!next.obeyed || next.code == '\n' || next.code == '\t' || (screen.is_error && next.code == '\r')) {
      out.append(text.substr(0, bytes));
    } else {
      append_escaped(out, next);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

extern "C" ssize_t write_to_screen(void* cookie, const char* bytes, std::size_t size) {
  Screen& screen = *static_cast<Screen*>(cookie);
  const std::string out = filtered(screen, {bytes, size});
  for (std::string_view left = out; !left.empty();) {
    const ssize_t put = ::write(screen.descriptor, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return screen.is_error || errno == EPIPE ? static_cast<ssize_t>(size) : 0;
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  return static_cast<ssize_t>(size);
}

std::FILE* open_screen(Screen& screen, std::FILE* otherwise, int buffering) {
  std::FILE* stream =
      ::fopencookie(&screen, "w", {.read = nullptr, .write = &write_to_screen, .seek = nullptr, .close = nullptr});
  if (stream == nullptr) return otherwise;
  std::setvbuf(stream, nullptr, buffering, BUFSIZ);
  return stream;
}

void open_closed_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Writing to what is open for reading fails, as it would have.
    const int opened = ::open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    if (opened >= 0 && opened != descriptor) ::close(opened);
  }
}

}  // namespace

void set_up_standard_streams() {
  open_closed_descriptors();
  std::ios::sync_with_stdio(false);  // std::cout keeps the descriptor itself
  std::signal(SIGPIPE, SIG_IGN);
  static Screen out{.descriptor = STDOUT_FILENO, .is_error = false};
  static Screen error{.descriptor = STDERR_FILENO, .is_error = true};
  stdout = open_screen(out, stdout, ::isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF);
  stderr = open_screen(error, stderr, _IONBF);
}

}  // namespace knetsim
