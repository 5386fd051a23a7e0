"""A shipping company: warehouses, carriers, customers, products and shipments."""

from .tools import Raw, Say, Table, Template, later, months

NAME = "logistics"

TABLES = (
    Table("warehouse", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                        ("country", "TEXT NOT NULL"), ("capacity_m3", "INTEGER NOT NULL"))),
    Table("carrier", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                      ("mode", "TEXT NOT NULL"), ("rating", "REAL"))),
    Table("customer", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                       ("country", "TEXT NOT NULL"), ("segment", "TEXT NOT NULL"),
                       ("credit_limit", "INTEGER"))),
    Table("product", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                      ("category", "TEXT NOT NULL"), ("weight_kg", "REAL NOT NULL"),
                      ("unit_price", "REAL NOT NULL"))),
    Table("shipment", (("id", "INTEGER PRIMARY KEY"), ("warehouse_id", "INTEGER NOT NULL"),
                       ("carrier_id", "INTEGER NOT NULL"), ("customer_id", "INTEGER NOT NULL"),
                       ("shipped_on", "TEXT NOT NULL"), ("delivered_on", "TEXT"),
                       ("status", "TEXT NOT NULL"), ("cost", "REAL NOT NULL")),
          {"warehouse_id": "warehouse.id", "carrier_id": "carrier.id",
           "customer_id": "customer.id"}),
    Table("item", (("shipment_id", "INTEGER NOT NULL"), ("product_id", "INTEGER NOT NULL"),
                   ("quantity", "INTEGER NOT NULL")),
          {"shipment_id": "shipment.id", "product_id": "product.id"}),
)

WAREHOUSES = [("Rotterdam North", "Netherlands"), ("Antwerp Quay", "Belgium"),
              ("Hamburg East", "Germany"), ("Leipzig Hub", "Germany"), ("Lyon Sud", "France"),
              ("Gdansk Bay", "Poland"), ("Turin Gate", "Italy"), ("Utrecht Central", "Netherlands")]
CARRIERS = [("BlueRoad", "road"), ("Rapid Freight", "road"), ("NordRail", "rail"),
            ("Cargo Alpina", "rail"), ("Oceanic Line", "sea"), ("Baltic Feeder", "sea"),
            ("SkyHaul", "air"), ("AeroParcel", "air"), ("Terra Trucks", "road")]
MODES = ["road", "rail", "sea", "air"]
COUNTRIES = ["Germany", "France", "Spain", "Poland", "Sweden", "Austria", "Italy"]
SEGMENTS = ["retail", "wholesale", "industry"]
CATEGORIES = ["furniture", "electronics", "tools", "toys", "textiles", "food"]
STATUSES = ["delivered", "in transit", "delayed", "lost"]
BRANDS = ["Alder", "Borealis", "Cobalt", "Delphi", "Ember", "Falcon", "Granite", "Horizon", "Ivory",
          "Juniper"]
THINGS = {"furniture": ["desk", "shelf", "stool"], "electronics": ["monitor", "router", "speaker"],
          "tools": ["drill", "sander", "wrench"], "toys": ["train", "puzzle", "kite"],
          "textiles": ["blanket", "curtain", "towel"], "food": ["coffee", "pasta", "olive oil"]}
COMPANY_ENDS = ["Trading", "Stores", "Works", "Supply", "Group", "& Sons"]


def rows(dice):
    """Returns the rows of every table."""
    warehouses = [(i + 1, name, country, 500 * dice.between(8, 60))
                  for i, (name, country) in enumerate(WAREHOUSES)]
    carriers = [(i + 1, name, mode, None if i in (3, 7) else dice.between(21, 49) / 10)
                for i, (name, mode) in enumerate(CARRIERS)]
    names = dice.shuffled(f"{brand} {end}" for brand in BRANDS for end in COMPANY_ENDS)
    customers = [(i + 1, names[i], dice.often_first(COUNTRIES), dice.often_first(SEGMENTS),
                  None if dice.chance(20) else 1000 * dice.between(5, 120)) for i in range(50)]
    goods = dice.shuffled((brand, category, thing) for brand in BRANDS
                          for category in CATEGORIES for thing in THINGS[category])
    products = [(i + 1, f"{brand} {thing}", category, dice.between(2, 480) / 10,
                 dice.between(300, 48000) / 100)
                for i, (brand, category, thing) in enumerate(goods[:80])]
    shipments, items = [], []
    for i in range(250):
        shipped = dice.day("2023-02-01", "2024-07-15")
        status = "delivered" if dice.chance(68) else dice.pick(STATUSES[1:])
        delivered = later(shipped, dice.between(1, 28)) if status == "delivered" else None
        # The last customers never got a shipment, so that "without any" has an answer.
        shipments.append((i + 1, dice.often_first(warehouses)[0], dice.often_first(carriers)[0],
                          dice.often_first(customers[:45])[0], shipped, delivered, status,
                          dice.between(4000, 290000) / 100))
        chosen = dice.shuffled(range(1, 77))[:1 if i % 5 else 2]
        items += [(i + 1, product, dice.between(1, 60)) for product in chosen]
    return {"warehouse": warehouses, "carrier": carriers, "customer": customers,
            "product": products, "shipment": shipments, "item": items}


_BY_CARRIER = "shipment JOIN carrier ON carrier.id = shipment.carrier_id"
_BY_CUSTOMER = "shipment JOIN customer ON customer.id = shipment.customer_id"
_FROM_WAREHOUSE = "shipment JOIN warehouse ON warehouse.id = shipment.warehouse_id"
_CONTENT = "item JOIN product ON product.id = item.product_id"


def templates(tables):
    """Returns what is asked about this database."""
    customers = [row[1] for row in tables["customer"][:30]]
    products = [row[1] for row in tables["product"][:40]]
    carriers = [name for name, _ in CARRIERS]
    warehouses = [name for name, _ in WAREHOUSES]
    all_months = months(2023, range(2, 13)) + months(2024, range(1, 8))
    return [
        Template(("How many shipments left {warehouse}?",
                  "What is the number of shipments sent from {warehouse}?"),
                 f"SELECT COUNT(*) FROM {_FROM_WAREHOUSE} WHERE warehouse.name = {{warehouse}}", 6,
                 {"warehouse": warehouses}),
        Template(("How many shipments were sent in {month}?",),
                 "SELECT COUNT(*) FROM shipment WHERE strftime('%Y-%m', shipped_on) = {month}", 5,
                 {"month": all_months}),
        Template(("Which shipments to {customer} are {status}? Give their ids.",),
                 f"SELECT shipment.id FROM {_BY_CUSTOMER} WHERE customer.name = {{customer}} AND "
                 "shipment.status = {status}", 8, {"customer": customers, "status": STATUSES}),
        Template(("What did we pay {carrier} in total?",
                  "What is the total cost of all shipments carried by {carrier}?"),
                 f"SELECT SUM(shipment.cost) FROM {_BY_CARRIER} WHERE carrier.name = {{carrier}}",
                 6, {"carrier": carriers}),
        Template(("How much does a shipment by {mode} cost on average?",),
                 f"SELECT AVG(shipment.cost) FROM {_BY_CARRIER} WHERE carrier.mode = {{mode}}", 4,
                 {"mode": MODES}),
        Template(("Which carriers have no rating yet?",),
                 "SELECT name FROM carrier WHERE rating IS NULL"),
        Template(("Which {mode} carriers are rated above {rating}?",),
                 "SELECT name FROM carrier WHERE mode = {mode} AND rating > {rating}", 4,
                 {"mode": MODES, "rating": [2.0, 2.5, 3.0, 3.5]}),
        Template(("Who are our {segment} customers in {country}?",
                  "Name all {segment} customers from {country}."),
                 "SELECT name FROM customer WHERE segment = {segment} AND country = {country}", 7,
                 {"segment": SEGMENTS, "country": COUNTRIES}),
        Template(("Which customers in {country} have no credit limit?",),
                 "SELECT name FROM customer WHERE country = {country} AND credit_limit IS NULL", 3,
                 {"country": COUNTRIES}),
        Template(("How many customers do we have per segment in {country}?",),
                 "SELECT segment, COUNT(*) FROM customer WHERE country = {country} "
                 "GROUP BY segment", 4, {"country": COUNTRIES}),
        Template(("Which {n} customers cost us most in shipping? Show name and total.",),
                 f"SELECT customer.name, SUM(shipment.cost) AS total FROM {_BY_CUSTOMER} "
                 "GROUP BY customer.id ORDER BY total DESC LIMIT {n}", 3, {"n": [3, 5, 10]}),
        Template(("What is the {which} product in the category {category}?",),
                 "SELECT name FROM product WHERE category = {category} ORDER BY {which} LIMIT 1", 9,
                 {"category": CATEGORIES,
                  "which": [Raw("heaviest", "weight_kg DESC"), Raw("lightest", "weight_kg"),
                            Raw("most expensive", "unit_price DESC"),
                            Raw("cheapest", "unit_price")]}),
        Template(("How many {category} products weigh between {low} and {high} kg?",),
                 "SELECT COUNT(*) FROM product WHERE category = {category} AND "
                 "weight_kg BETWEEN {low} AND {high}", 5,
                 {"category": CATEGORIES, "low": [5, 10], "high": [20, 30, 40]}),
        Template(("Which products are more expensive than the average product of their category?",),
                 "SELECT name FROM product AS one WHERE unit_price > (SELECT AVG(unit_price) FROM "
                 "product WHERE category = one.category)"),
        Template(("Which {category} products were never shipped?",),
                 "SELECT name FROM product WHERE category = {category} AND id NOT IN "
                 "(SELECT product_id FROM item)", 3, {"category": CATEGORIES}),
        Template(("How many units of the {product} have been shipped?",
                  "What quantity of the {product} did we ship in total?"),
                 f"SELECT SUM(item.quantity) FROM {_CONTENT} WHERE product.name = {{product}}", 6,
                 {"product": products}),
        Template(("Which customers have ordered the {product}?",),
                 "SELECT DISTINCT customer.name FROM customer JOIN shipment ON "
                 "shipment.customer_id = customer.id JOIN item ON item.shipment_id = shipment.id "
                 "JOIN product ON product.id = item.product_id WHERE product.name = {product}", 6,
                 {"product": products}),
        Template(("What is the total weight of shipment {id}, in kg?",),
                 f"SELECT SUM(item.quantity * product.weight_kg) FROM {_CONTENT} "
                 "WHERE item.shipment_id = {id}", 5, {"id": list(range(3, 250, 13))}),
        Template(("What goods were in shipment {id}? Show product and quantity.",),
                 f"SELECT product.name, item.quantity FROM {_CONTENT} "
                 "WHERE item.shipment_id = {id}", 5, {"id": list(range(5, 250, 20))}),
        Template(("Which carriers took more than {days} days on average to deliver?",),
                 "SELECT carrier.name FROM shipment JOIN carrier ON "
                 "carrier.id = shipment.carrier_id WHERE shipment.delivered_on IS NOT NULL "
                 "GROUP BY carrier.id HAVING AVG(julianday(shipment.delivered_on) - "
                 "julianday(shipment.shipped_on)) > {days}", 3, {"days": [12, 13, 14]}),
        Template(("How many shipments by {mode} are still not delivered?",),
                 f"SELECT COUNT(*) FROM {_BY_CARRIER} WHERE carrier.mode = {{mode}} AND "
                 "shipment.delivered_on IS NULL", 4, {"mode": MODES}),
        Template(("Which shipment from {warehouse} was the {which}?",),
                 f"SELECT shipment.id FROM {_FROM_WAREHOUSE} WHERE warehouse.name = {{warehouse}} "
                 "ORDER BY shipment.cost {which} LIMIT 1", 6,
                 {"warehouse": warehouses,
                  "which": [Raw("most expensive", "DESC"), Raw("cheapest", "ASC")]}),
        Template(("Which warehouses in {country} have a capacity of at least {m3} cubic metres?",),
                 "SELECT name FROM warehouse WHERE country = {country} AND capacity_m3 >= {m3}", 3,
                 {"country": ["Netherlands", "Germany", "France", "Poland"], "m3": [5000, 8000]}),
        Template(("Which customers in {country} have never received a shipment?",),
                 "SELECT name FROM customer WHERE country = {country} AND NOT EXISTS (SELECT 1 "
                 "FROM shipment WHERE shipment.customer_id = customer.id)", 2, {"country": COUNTRIES}),
        Template(("For each status, how many shipments does {carrier} have?",),
                 f"SELECT shipment.status, COUNT(*) FROM {_BY_CARRIER} WHERE "
                 "carrier.name = {carrier} GROUP BY shipment.status", 4, {"carrier": carriers}),
        Template(("Which countries received more than {n} shipments?",),
                 f"SELECT customer.country FROM {_BY_CUSTOMER} GROUP BY customer.country "
                 "HAVING COUNT(*) > {n}", 3, {"n": [10, 25, 40]}),
        Template(("How many different products has {customer} received?",),
                 f"SELECT COUNT(DISTINCT item.product_id) FROM {_BY_CUSTOMER} JOIN item ON "
                 "item.shipment_id = shipment.id WHERE customer.name = {customer}", 4,
                 {"customer": customers}),
        Template(("What share of the shipments carried by {carrier} is lost?",),
                 f"SELECT AVG(shipment.status = 'lost') FROM {_BY_CARRIER} "
                 "WHERE carrier.name = {carrier}", 3, {"carrier": carriers}),
        Template(("Is there a month in {year} with more than {n} shipments? Which?",),
                 "SELECT strftime('%Y-%m', shipped_on) AS month FROM shipment WHERE "
                 "strftime('%Y', shipped_on) = {year} GROUP BY month HAVING COUNT(*) > {n}", 3,
                 {"year": [Say("2023", "2023"), Say("2024", "2024")], "n": [10, 14, 16]}),
    ]
