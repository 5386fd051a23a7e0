"""The commands on the pages: every option that a page gives a program is one that the program has."""

import functools
import re
import unittest

import fd_processes as fd

PAGES = [fd.ROOT / "README.md", fd.ROOT / "CONTRIBUTING.md", *sorted((fd.ROOT / "docs").glob("*.md"))]
# A program with its arguments, over lines that end with \ or go on with an option.
COMMAND = re.compile(r"\b(fd-(?:coordinator [a-z]+|worker|simulator))(?=\s)((?:[^\n#|;&`]|\n\s*(?=--)|(?<=\\)\n)*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


@functools.cache
def options_of(program):
    done = fd.run(*program.split(), "--help")
    return set(OPTION.findall(done.stdout)) if done.returncode == 0 else None


class PagesTest(unittest.TestCase):
    def test_every_option_on_a_page_exists(self):
        checked = 0
        for page in PAGES:
            for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
                for program, arguments in COMMAND.findall(block):
                    for option in OPTION.findall(arguments):
                        self.assertIn(option, options_of(program) or (), f"{page.name}: {program}{arguments}")
                        checked += 1
        self.assertGreater(checked, 80)


if __name__ == "__main__":
    unittest.main()
