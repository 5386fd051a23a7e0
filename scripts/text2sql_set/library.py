"""A public library: branches, books, copies, members and loans."""

from .tools import Raw, Say, Table, Template, later, months, people

NAME = "library"

TABLES = (
    Table("branch", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                     ("city", "TEXT NOT NULL"), ("opened_year", "INTEGER NOT NULL"))),
    Table("author", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                     ("country", "TEXT NOT NULL"), ("birth_year", "INTEGER"))),
    Table("book", (("id", "INTEGER PRIMARY KEY"), ("title", "TEXT NOT NULL"),
                   ("author_id", "INTEGER NOT NULL"), ("genre", "TEXT NOT NULL"),
                   ("published_year", "INTEGER NOT NULL"), ("pages", "INTEGER NOT NULL"),
                   ("price", "REAL NOT NULL")), {"author_id": "author.id"}),
    Table("copy", (("id", "INTEGER PRIMARY KEY"), ("book_id", "INTEGER NOT NULL"),
                   ("branch_id", "INTEGER NOT NULL"), ("condition", "TEXT NOT NULL")),
          {"book_id": "book.id", "branch_id": "branch.id"}),
    Table("member", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                     ("city", "TEXT NOT NULL"), ("joined_on", "TEXT NOT NULL"), ("email", "TEXT"))),
    Table("loan", (("id", "INTEGER PRIMARY KEY"), ("copy_id", "INTEGER NOT NULL"),
                   ("member_id", "INTEGER NOT NULL"), ("borrowed_on", "TEXT NOT NULL"),
                   ("due_on", "TEXT NOT NULL"), ("returned_on", "TEXT"), ("fine", "REAL NOT NULL")),
          {"copy_id": "copy.id", "member_id": "member.id"}),
)

BRANCHES = [("Central", "Harlow"), ("Riverside", "Harlow"), ("Old Mill", "Brixwell"),
            ("Station", "Brixwell"), ("Hillcrest", "Nordham"), ("Seaview", "Port Elm")]
CITIES = ["Harlow", "Brixwell", "Nordham", "Port Elm", "Ashby"]
COUNTRIES = ["Norway", "Japan", "Brazil", "Nigeria", "Canada", "Italy", "India", "Poland"]
GENRES = ["mystery", "science fiction", "history", "poetry", "biography", "travel", "fantasy",
          "cooking"]
CONDITIONS = ["good", "worn", "new", "damaged"]
ADJECTIVES = ["Silent", "Golden", "Broken", "Distant", "Hidden", "Winter", "Crimson", "Borrowed",
              "Last", "Paper", "Northern", "Restless", "Second", "Burning"]
NOUNS = ["River", "Garden", "Letter", "Mountain", "Harbour", "Mirror", "Orchard", "Station",
         "Island", "Clock", "Kitchen", "Empire", "Road", "Shadow"]


def rows(dice):
    """Returns the rows of every table."""
    authors = [(i + 1, name, dice.pick(COUNTRIES),
                None if dice.chance(15) else dice.between(1921, 1994))
               for i, name in enumerate(people(dice, 40))]
    titles = dice.shuffled(f"The {a} {n}" for a in ADJECTIVES for n in NOUNS)
    books = [(i + 1, titles[i], dice.often_first(authors)[0], dice.often_first(GENRES),
              dice.between(1962, 2023), dice.between(90, 880), dice.between(500, 4990) / 100)
             for i in range(120)]
    copies = [(i + 1, books[i][0] if i < len(books) else dice.often_first(books)[0],
               dice.between(1, len(BRANCHES)), dice.often_first(CONDITIONS)) for i in range(240)]
    members = []
    for i, name in enumerate(people(dice, 90)):
        email = None if dice.chance(20) else name.lower().replace(" ", ".") + "@example.org"
        members.append((i + 1, name, dice.often_first(CITIES), dice.day("2018-01-01", "2023-12-31"),
                        email))
    loans = []
    for i in range(300):
        borrowed = dice.day("2023-01-02", "2024-06-28")
        due = later(borrowed, 21)
        returned = None if dice.chance(18) else later(borrowed, dice.between(2, 45))
        days_late = 0 if returned is None else max(0, int(returned > due) * dice.between(1, 24))
        # The last members never borrow anything, so that "who never" has an answer.
        loans.append((i + 1, dice.between(1, 225), dice.often_first(members[:80])[0], borrowed, due,
                      returned, days_late * 25 / 100))
    branches = [(i + 1, name, city, 1931 + 13 * i) for i, (name, city) in enumerate(BRANCHES)]
    return {"branch": branches, "author": authors, "book": books, "copy": copies,
            "member": members, "loan": loans}


_LOANED = "loan JOIN copy ON copy.id = loan.copy_id JOIN book ON book.id = copy.book_id"


def templates(tables):
    """Returns what is asked about this database."""
    authors = [row[1] for row in tables["author"][:20]]
    books = [row[1] for row in tables["book"][:40]]
    members = [row[1] for row in tables["member"][:40]]
    branches = [name for name, _ in BRANCHES]
    return [
        Template(("How many {genre} books does the library have?",
                  "What is the number of {genre} titles in the catalogue?"),
                 "SELECT COUNT(*) FROM book WHERE genre = {genre}", 6, {"genre": GENRES}),
        Template(("Which books did {author} write?", "List the titles of all books by {author}."),
                 "SELECT book.title FROM book JOIN author ON author.id = book.author_id "
                 "WHERE author.name = {author}", 8, {"author": authors}),
        Template(("Show title and year of {genre} books published after {year}, newest first.",),
                 "SELECT title, published_year FROM book WHERE genre = {genre} AND "
                 "published_year > {year} ORDER BY published_year DESC, title", 7,
                 {"genre": GENRES, "year": [1985, 1990, 1999, 2005]}),
        Template(("What is the {which} book in the {genre} section?",
                  "Give me the title of the {which} {genre} book."),
                 "SELECT title FROM book WHERE genre = {genre} ORDER BY {which} LIMIT 1", 9,
                 {"genre": GENRES,
                  "which": [Raw("longest", "pages DESC"), Raw("shortest", "pages"),
                            Raw("most expensive", "price DESC"), Raw("cheapest", "price")]}),
        Template(("How many books are there in each genre?",),
                 "SELECT genre, COUNT(*) FROM book GROUP BY genre"),
        Template(("Which genres have more than {n} books?",
                  "Name every genre with over {n} titles in it."),
                 "SELECT genre FROM book GROUP BY genre HAVING COUNT(*) > {n}", 4,
                 {"n": [5, 10, 15, 20]}),
        Template(("What do books of the genre {genre} cost on average?",
                  "What is the average price of a {genre} book?"),
                 "SELECT AVG(price) FROM book WHERE genre = {genre}", 5, {"genre": GENRES}),
        Template(("How many authors come from {country}?",),
                 "SELECT COUNT(*) FROM author WHERE country = {country}", 4,
                 {"country": COUNTRIES}),
        Template(("Which authors from {country} have no known year of birth?",
                  "List the authors from {country} whose birth year is missing."),
                 "SELECT name FROM author WHERE country = {country} AND birth_year IS NULL", 4,
                 {"country": COUNTRIES}),
        Template(("Who is the {which} author from {country}?",),
                 "SELECT name FROM author WHERE country = {country} AND birth_year IS NOT NULL "
                 "ORDER BY birth_year {which} LIMIT 1", 5,
                 {"country": COUNTRIES, "which": [Raw("oldest", "ASC"), Raw("youngest", "DESC")]}),
        Template(("Which {n} authors have written the most books? Show how many, ties by name.",),
                 "SELECT author.name, COUNT(*) AS books FROM author JOIN book ON "
                 "book.author_id = author.id GROUP BY author.id ORDER BY books DESC, author.name "
                 "LIMIT {n}", 3, {"n": [3, 5, 10]}),
        Template(("How many copies of \"{title}\" does the library own?",),
                 "SELECT COUNT(*) FROM copy JOIN book ON book.id = copy.book_id "
                 "WHERE book.title = {title}", 4, {"title": books}),
        Template(("At which branches can I find \"{title}\"?",
                  "Which branches hold a copy of \"{title}\"?"),
                 "SELECT DISTINCT branch.name FROM branch JOIN copy ON copy.branch_id = branch.id "
                 "JOIN book ON book.id = copy.book_id WHERE book.title = {title}", 6,
                 {"title": books}),
        Template(("How many {condition} copies stand in the {branch} branch?",
                  "Count the copies in {condition} condition at {branch}."),
                 "SELECT COUNT(*) FROM copy JOIN branch ON branch.id = copy.branch_id "
                 "WHERE branch.name = {branch} AND copy.condition = {condition}", 7,
                 {"branch": branches, "condition": CONDITIONS}),
        Template(("For each branch, how many copies does it hold?",),
                 "SELECT branch.name, COUNT(copy.id) FROM branch LEFT JOIN copy ON "
                 "copy.branch_id = branch.id GROUP BY branch.id"),
        Template(("Which members from {city} have not given an email address?",),
                 "SELECT name FROM member WHERE city = {city} AND email IS NULL", 3,
                 {"city": CITIES}),
        Template(("How many members joined in {year}?",
                  "How many people became members during {year}?"),
                 "SELECT COUNT(*) FROM member WHERE strftime('%Y', joined_on) = {year}", 4,
                 {"year": [Say(str(y), str(y)) for y in range(2018, 2024)]}),
        Template(("Which books has {member} borrowed?",
                  "List the different titles that {member} has taken out."),
                 f"SELECT DISTINCT book.title FROM {_LOANED} JOIN member ON "
                 "member.id = loan.member_id WHERE member.name = {member}", 7, {"member": members}),
        Template(("How much has {member} paid in fines altogether?",
                  "What is the sum of all fines of {member}?"),
                 "SELECT SUM(loan.fine) FROM loan JOIN member ON member.id = loan.member_id "
                 "WHERE member.name = {member}", 5, {"member": members}),
        Template(("Which members have a book from {branch} that is not returned yet?",),
                 "SELECT DISTINCT member.name FROM member JOIN loan ON loan.member_id = member.id "
                 "JOIN copy ON copy.id = loan.copy_id JOIN branch ON branch.id = copy.branch_id "
                 "WHERE branch.name = {branch} AND loan.returned_on IS NULL", 4,
                 {"branch": branches}),
        Template(("How many loans were started in {month}?",),
                 "SELECT COUNT(*) FROM loan WHERE strftime('%Y-%m', borrowed_on) = {month}", 5,
                 {"month": months(2023, range(1, 13)) + months(2024, range(1, 7))}),
        Template(("How many loans came back late in {year}?",
                  "How many books borrowed in {year} were returned after the due date?"),
                 "SELECT COUNT(*) FROM loan WHERE returned_on > due_on AND "
                 "strftime('%Y', borrowed_on) = {year}", 2,
                 {"year": [Say("2023", "2023"), Say("2024", "2024")]}),
        Template(("Which members have never borrowed anything?",),
                 "SELECT name FROM member WHERE id NOT IN (SELECT member_id FROM loan)"),
        Template(("Which {genre} books have never been on loan?",),
                 "SELECT title FROM book WHERE genre = {genre} AND NOT EXISTS (SELECT 1 FROM copy "
                 "JOIN loan ON loan.copy_id = copy.id WHERE copy.book_id = book.id)", 5,
                 {"genre": GENRES}),
        Template(("Which {genre} books cost more than the average book?",),
                 "SELECT title FROM book WHERE genre = {genre} AND "
                 "price > (SELECT AVG(price) FROM book)", 4, {"genre": GENRES}),
        Template(("Which members have borrowed more than {n} times, and how often?",),
                 "SELECT member.name, COUNT(*) FROM member JOIN loan ON loan.member_id = member.id "
                 "GROUP BY member.id HAVING COUNT(*) > {n}", 3, {"n": [4, 6, 8]}),
        Template(("What is the most borrowed genre among members from {city}?",),
                 f"SELECT book.genre FROM {_LOANED} JOIN member ON member.id = loan.member_id "
                 "WHERE member.city = {city} GROUP BY book.genre ORDER BY COUNT(*) DESC LIMIT 1", 4,
                 {"city": CITIES}),
        Template(("Which books have the word \"{word}\" in the title?",),
                 "SELECT title FROM book WHERE title LIKE '%' || {word} || '%'", 4,
                 {"word": NOUNS}),
    ]
