"""Randomness, literals and tables for the domains of the quick-start set.

Nothing here depends on the Python version: `random` promises the same numbers only within one.
"""

import dataclasses
import datetime
import itertools


class Dice:
    """A seeded SplitMix64 generator."""

    def __init__(self, seed):
        self._state = seed & 0xFFFFFFFFFFFFFFFF

    def _next(self):
        self._state = (self._state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return z ^ (z >> 31)

    def between(self, low, high):
        """Returns a whole number in [low, high]."""
        return low + self._next() * (high - low + 1) // 2**64

    def chance(self, percent):
        """Returns true in so many of 100 cases."""
        return self.between(1, 100) <= percent

    def pick(self, values):
        """Returns one of the values."""
        return values[self.between(0, len(values) - 1)]

    def often_first(self, values):
        """Returns one of the values, the earlier ones more often: popularity is uneven."""
        return values[min(self.between(0, len(values) - 1), self.between(0, len(values) - 1))]

    def shuffled(self, values):
        """Returns the values in another order."""
        values = list(values)
        for last in range(len(values) - 1, 0, -1):
            other = self.between(0, last)
            values[last], values[other] = values[other], values[last]
        return values

    def day(self, first, last):
        """Returns a day in [first, last], all as ISO text."""
        start = datetime.date.fromisoformat(first)
        days = (datetime.date.fromisoformat(last) - start).days
        return (start + datetime.timedelta(days=self.between(0, days))).isoformat()


def later(day, days):
    """Returns the ISO day so many days later."""
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


def literal(value):
    """Returns a value as SQL text."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


@dataclasses.dataclass(frozen=True)
class Say:
    """A value that a question words differently from the SQL: March 2023, '2023-03'."""

    spoken: str
    value: object


@dataclasses.dataclass(frozen=True)
class Raw:
    """A piece of SQL (a column, a direction) and how a question says it."""

    spoken: str
    sql: str


def spoken(value):
    """Returns a parameter as the question says it."""
    return value.spoken if isinstance(value, (Say, Raw)) else str(value)


def written(value):
    """Returns a parameter as the SQL writes it."""
    if isinstance(value, Raw):
        return value.sql
    return literal(value.value if isinstance(value, Say) else value)


@dataclasses.dataclass(frozen=True)
class Table:
    """One table. A column is (name, type and constraints); `references` maps it to table.column."""

    name: str
    columns: tuple
    references: dict = dataclasses.field(default_factory=dict)

    def prompt_text(self):
        """Returns the table as the prompt shows it."""
        parts = []
        for name, kind in self.columns:
            target = self.references.get(name)
            parts.append(f"{name} {kind.split()[0]}" + (f" -> {target}" if target else ""))
        return f"{self.name}({', '.join(parts)})"

    def create_text(self):
        """Returns the CREATE TABLE statement."""
        lines = []
        for name, kind in self.columns:
            target = self.references.get(name)
            link = ""
            if target:
                table, column = target.split(".")
                link = f" REFERENCES {table}({column})"
            lines.append(f"  {name} {kind}{link}")
        return f"CREATE TABLE {self.name} (\n" + ",\n".join(lines) + "\n);\n"


@dataclasses.dataclass(frozen=True)
class Template:
    """Ways to ask for one thing, the SQL for it, and the values to fill in.

    `asks` and `sql` hold {names}; `fills` maps a name to its values, and `count` says how many
    combinations to take at most.
    """

    asks: tuple
    sql: str
    count: int = 1
    fills: dict = dataclasses.field(default_factory=dict)

    def filled(self, dice):
        """Yields (question, sql) for every combination, in random order."""
        names = list(self.fills)
        for values in dice.shuffled(itertools.product(*self.fills.values())):
            chosen = dict(zip(names, values))
            ask = dice.pick(self.asks)
            yield (ask.format(**{name: spoken(value) for name, value in chosen.items()}),
                   self.sql.format(**{name: written(value) for name, value in chosen.items()}))


def months(year, numbers):
    """Returns months of a year as questions and strftime('%Y-%m') write them."""
    return [Say(datetime.date(year, n, 1).strftime("%B %Y"), f"{year}-{n:02d}") for n in numbers]


FIRST_NAMES = """
Ada Bruno Carla Dmitri Elena Farid Greta Hugo Ines Jonas Kaya Liam Mara Nikhil Olga Pablo Quinn
Rosa Samir Tessa Umar Vera Wanda Xenia Yusuf Zoe Amara Bela Chiara Dario Esra Felix Gita Hana
Ivo Jana Kenji Lotte Milan Noor
""".split()

LAST_NAMES = """
Abbott Bakker Castillo Dubois Eriksen Fontaine Garcia Haddad Ivanov Jansen Kowalski Lindqvist
Moreau Nakamura Okafor Petrov Quispe Rossi Schneider Tanaka Ueda Varga Weber Xu Yilmaz Zhang
Andersen Brandt Cohen Diaz Egger Ferrari
""".split()


def people(dice, count):
    """Returns so many different full names."""
    pairs = dice.shuffled(itertools.product(FIRST_NAMES, LAST_NAMES))
    return [f"{first} {last}" for first, last in pairs[:count]]
