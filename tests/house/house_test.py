"""The house rules of docs/architecture.md and CONTRIBUTING.md that a program can check."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCT = ("protocol", "actors", "coordinator", "worker")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60


def sources(*tops):
    """Returns {path relative to the root: text} of the C++ files below the folders."""
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
            for top in tops for path in sorted((ROOT / top).rglob("*.[ch]pp"))}


def room_of(file):
    return str(pathlib.PurePath(file).parent)


def includes(text):
    return re.findall(r'^#include "([^"]+)"', text, re.MULTILINE)


def long_functions(text):
    """Yields (line, length) of functions that are too long: outermost blocks that follow a parameter list."""
    quiet = re.sub(r'^#(?:[^\n]*\\\n)*[^\n]*|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', lambda found: re.sub(r"[^\n]", " ", found.group(0)),
                   text, flags=re.MULTILINE)
    head = 0  # where the text before the next brace begins
    blocks = []  # of each open brace: the line where its head begins, or None when it is no function
    for at, char in enumerate(quiet):
        if char == "{":
            before = quiet[head:at].strip()
            inside = any(begin is not None for begin in blocks)
            is_function = not inside and ")" in before and \
                not re.search(r"^\s*(namespace|class|struct|enum|union)\b", before, re.MULTILINE)
            begin = head + len(quiet[head:at]) - len(quiet[head:at].lstrip())
            blocks.append(quiet.count("\n", 0, begin) + 1 if is_function else None)
        elif char == "}":
            begin = blocks.pop()
            length = quiet.count("\n", 0, at) + 2 - begin if begin is not None else 0
            if length > FUNCTION_LINES_MAX:
                yield begin, length
        if char in "{};":
            head = at + 1


def uses(room):
    """Returns the rooms, as folders, that the room's CMakeLists.txt says it uses."""
    folders = {"fd_" + path.parent.name: str(path.parent.relative_to(ROOT))
               for top in PRODUCT for path in (ROOT / top).rglob("CMakeLists.txt")}
    text = (ROOT / room / "CMakeLists.txt").read_text(encoding="utf-8")
    call = re.search(r"fd_room\(\s*\w+([^)]*)\)", text)
    words = call.group(1).split()
    names = words[words.index("USES") + 1:] if "USES" in words else []
    return [folders[name] for name in names[:next((i for i, name in enumerate(names) if name.isupper()), len(names))]]


class House(unittest.TestCase):
    def test_every_source_file_is_in_a_room(self):
        for top in ("actors", "coordinator"):
            self.assertEqual([path.name for path in (ROOT / top).glob("*.[ch]pp")], [], top)

    def test_includes_between_rooms_make_no_cycle(self):
        below = {}
        for file, text in sources(*PRODUCT).items():
            rooms = {room_of(one) for one in includes(text)} - {room_of(file)}
            below.setdefault(room_of(file), set()).update(rooms)
        self.assertGreater(len(below), 20)
        while below:
            lowest = {room for room, rooms in below.items() if not rooms & below.keys()}
            self.assertTrue(lowest, f"a cycle among {sorted(below)}")
            below = {room: rooms for room, rooms in below.items() if room not in lowest}

    def test_tests_mirror_the_rooms(self):
        for top in PRODUCT:
            for folder in (ROOT / "tests" / top).rglob("*"):
                if folder.is_dir() and any(folder.glob("*_test.cpp")):
                    room = folder.relative_to(ROOT / "tests")
                    self.assertTrue((ROOT / room / "CMakeLists.txt").exists(), f"tests/{room} tests no room")

    def test_files_and_functions_are_short(self):
        for file, text in sources(*PRODUCT).items():
            self.assertLessEqual(text.count("\n"), FILE_LINES_MAX, file)
            for line, length in long_functions(text):
                self.fail(f"{file}:{line}: a function of {length} lines")


class Map(unittest.TestCase):
    """docs/architecture.md names every room, with what it uses, and only files that are there."""

    def setUp(self):
        self.text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
        self.rows = {row.group(1): row.group(0) for row in re.finditer(r"^\| `([a-z_/]+)/` \|.*$", self.text, re.MULTILINE)}

    def test_every_room_is_on_the_map(self):
        rooms = {room_of(file) for file in sources(*PRODUCT)}
        self.assertEqual(set(self.rows), rooms)

    def test_the_map_says_what_a_room_uses(self):
        for room, row in self.rows.items():
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            said = [] if cells[2] == "-" else [name.strip("`") for name in cells[2].split(", ")]
            self.assertEqual(said, [used.split("/", 1)[-1] if used.startswith(room.split("/")[0] + "/") else used
                                    for used in uses(room)], room)

    def test_every_file_that_is_named_exists(self):
        names = re.findall(r"`((?:protocol|actors|coordinator|worker|tests|scripts|configs)/[\w./*-]+)`", self.text)
        self.assertGreater(len(names), 60)
        for name in names:
            self.assertTrue(list(ROOT.glob(name.rstrip("/"))), f"docs/architecture.md names {name}")


class Docs(unittest.TestCase):
    def test_every_header_that_is_named_exists(self):
        pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
        named = [(page.name, name) for page in pages for name in
                 re.findall(r"(?<![\w/])(?:protocol|actors|coordinator|worker|tests)/[\w/]+\.[ch]pp", page.read_text(encoding="utf-8"))]
        self.assertGreater(len(named), 60)
        self.assertEqual([(page, name) for page, name in named if not (ROOT / name).exists()], [])

    def test_every_test_that_is_named_exists(self):
        lists = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("CMakeLists.txt"))
        known = set(re.findall(r"(?:fd_test|fd_e2e|sim_test|add_test|sim_program)\((?:NAME )?(\w+)", lists))
        known |= {path.stem for path in (ROOT / "tests").rglob("*_test.*")}
        named = 0
        for page in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
            for name in re.findall(r"`((?:e2e_|sim_)\w+|\w+_test)`", page.read_text(encoding="utf-8")):
                named += 1
                self.assertTrue(any(one.startswith(name) for one in known), f"{page.name} names {name}")
        self.assertGreater(named, 40)


if __name__ == "__main__":
    unittest.main(verbosity=2)
