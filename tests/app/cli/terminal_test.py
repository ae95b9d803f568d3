"""What a terminal is shown: progress that stays on its line, and colours only where they are wanted.

Goal: a narrow window is not filled with progress; NO_COLOR, TERM=dumb and pipes get plain text. Method: the program runs on a
pseudo-terminal of a given width, and all that it writes there is looked at.
"""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import unittest

SOURCE = sys.argv.pop(1)
PROGRAM = sys.argv.pop(1)
QUICKSTART = os.path.join(SOURCE, "configs/quickstart.yaml")
ESCAPE = "\x1b["


def on_terminal(arguments, columns, **environment):
    """What is written to standard error, a terminal of so many columns; standard output goes nowhere."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "CLICOLOR_FORCE")}
    program = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
                               env={**settings, "TERM": "xterm", **environment})
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return program.wait(), shown.decode()


def lacks_terminals():
    """Why this machine has no pseudo-terminals to test on (a root without /dev/pts), or an empty text."""
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError as error:
        return f"no pseudo-terminal can be opened here: {error}"
    return ""


@unittest.skipIf(lacks_terminals(), lacks_terminals())
class Terminal(unittest.TestCase):
    def test_progress_stays_on_its_line(self):
        for columns in (30, 200):
            code, shown = on_terminal(["run", QUICKSTART, "--no-results", "--variant", "iptables", "--set", "run.duration=5s"],
                                      columns)
            self.assertEqual(code, 0)
            drawn = [line.replace(ESCAPE + "K", "") for line in shown.split("\r")]
            self.assertTrue(any("point 1 of 5" in line for line in drawn), shown)
            self.assertLess(max(map(len, drawn)), columns)
            self.assertNotIn("\n", shown)
            self.assertTrue(shown.endswith("\r" + ESCAPE + "K"), "the line is left behind")

    def test_quiet_shows_no_progress(self):
        self.assertEqual(on_terminal(["run", QUICKSTART, "--no-results", "-q", "--variant", "ipvs", "--set",
                                      "run.duration=5s"], 80), (0, ""))

    def test_errors_are_coloured_only_where_that_is_wanted(self):
        broken = ["run", QUICKSTART, "--no-results", "--set", "run.duraton=1s"]
        self.assertIn(ESCAPE + "1;31m", on_terminal(broken, 80)[1])
        self.assertNotIn(ESCAPE, on_terminal(broken, 80, NO_COLOR="1")[1])
        self.assertNotIn(ESCAPE, on_terminal(broken, 80, TERM="dumb")[1])
        self.assertNotIn(ESCAPE, subprocess.run([PROGRAM, *broken], capture_output=True, text=True, check=False).stderr)
        self.assertIn(ESCAPE, on_terminal([*broken, "--color", "always"], 80, NO_COLOR="1")[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)  # names the tests that are skipped, and why
