"""An outpatient clinic: doctors, patients, appointments, diagnoses and prescriptions."""

from .tools import Raw, Say, Table, Template, months, people

NAME = "clinic"

TABLES = (
    Table("department", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                         ("floor", "INTEGER NOT NULL"))),
    Table("doctor", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                     ("department_id", "INTEGER NOT NULL"), ("hired_on", "TEXT NOT NULL"),
                     ("salary", "INTEGER NOT NULL")), {"department_id": "department.id"}),
    Table("patient", (("id", "INTEGER PRIMARY KEY"), ("name", "TEXT NOT NULL"),
                      ("sex", "TEXT NOT NULL"), ("born_on", "TEXT NOT NULL"),
                      ("city", "TEXT NOT NULL"), ("insurer", "TEXT"))),
    Table("appointment", (("id", "INTEGER PRIMARY KEY"), ("patient_id", "INTEGER NOT NULL"),
                          ("doctor_id", "INTEGER NOT NULL"), ("held_on", "TEXT NOT NULL"),
                          ("minutes", "INTEGER NOT NULL"), ("status", "TEXT NOT NULL"),
                          ("fee", "REAL")),
          {"patient_id": "patient.id", "doctor_id": "doctor.id"}),
    Table("diagnosis", (("id", "INTEGER PRIMARY KEY"), ("appointment_id", "INTEGER NOT NULL"),
                        ("condition", "TEXT NOT NULL"), ("severity", "INTEGER NOT NULL")),
          {"appointment_id": "appointment.id"}),
    Table("prescription", (("id", "INTEGER PRIMARY KEY"), ("appointment_id", "INTEGER NOT NULL"),
                           ("drug", "TEXT NOT NULL"), ("dose_mg", "INTEGER NOT NULL"),
                           ("days", "INTEGER NOT NULL")), {"appointment_id": "appointment.id"}),
)

DEPARTMENTS = ["Cardiology", "Dermatology", "Neurology", "Paediatrics", "Orthopaedics",
               "Ophthalmology"]
CITIES = ["Lindau", "Marbach", "Felden", "Osterholm", "Kirchau"]
INSURERS = ["Helvia", "Medicor", "CareFirst", "Unisana"]
STATUSES = ["completed", "cancelled", "no-show"]
CONDITIONS = ["hypertension", "migraine", "eczema", "asthma", "knee pain", "bronchitis", "anaemia",
              "sinusitis", "back pain"]
DRUGS = ["ibuprofen", "amoxicillin", "lisinopril", "cetirizine", "metformin", "paracetamol",
         "sumatriptan"]


def rows(dice):
    """Returns the rows of every table."""
    departments = [(i + 1, name, 1 + i // 2) for i, name in enumerate(DEPARTMENTS)]
    doctors = [(i + 1, "Dr. " + name, dice.between(1, len(DEPARTMENTS)),
                dice.day("2004-03-01", "2022-11-30"), dice.between(640, 1480) * 100)
               for i, name in enumerate(people(dice, 40))]
    patients = [(i + 1, name, dice.pick(["F", "M"]), dice.day("1934-01-01", "2019-12-31"),
                 dice.often_first(CITIES), None if dice.chance(18) else dice.often_first(INSURERS))
                for i, name in enumerate(people(dice, 120))]
    appointments, diagnoses, prescriptions = [], [], []
    for i in range(300):
        # The last doctors and patients have none, so that "without any" has an answer.
        status = "completed" if dice.chance(70) else dice.pick(STATUSES[1:])
        fee = None if status == "cancelled" or dice.chance(8) else dice.between(400, 3600) / 10
        appointments.append((i + 1, dice.often_first(patients[:110])[0],
                             dice.often_first(doctors[:37])[0],
                             dice.day("2023-01-09", "2024-05-31"), 10 * dice.between(1, 6), status,
                             fee))
        if status == "completed" and dice.chance(85):
            diagnoses.append((len(diagnoses) + 1, i + 1, dice.often_first(CONDITIONS),
                              dice.between(1, 5)))
        if status == "completed" and dice.chance(80):
            prescriptions.append((len(prescriptions) + 1, i + 1, dice.often_first(DRUGS),
                                  dice.pick([5, 10, 20, 50, 100, 200, 400, 500]),
                                  dice.pick([3, 5, 7, 10, 14, 30])))
    return {"department": departments, "doctor": doctors, "patient": patients,
            "appointment": appointments, "diagnosis": diagnoses, "prescription": prescriptions}


_VISIT = "appointment JOIN patient ON patient.id = appointment.patient_id"
_DOCTOR = "JOIN doctor ON doctor.id = appointment.doctor_id"
_STAFF = "doctor JOIN department ON department.id = doctor.department_id"


def templates(tables):
    """Returns what is asked about this database."""
    doctors = [row[1] for row in tables["doctor"][:24]]
    patients = [row[1] for row in tables["patient"][:45]]
    all_months = months(2023, range(1, 13)) + months(2024, range(1, 6))
    years = [Say("2023", "2023"), Say("2024", "2024")]
    return [
        Template(("How many doctors work in {department}?",
                  "What is the number of doctors in the {department} department?"),
                 f"SELECT COUNT(*) FROM {_STAFF} WHERE department.name = {{department}}", 5,
                 {"department": DEPARTMENTS}),
        Template(("Who is the {which} doctor in {department}?",),
                 f"SELECT doctor.name FROM {_STAFF} WHERE department.name = {{department}} "
                 "ORDER BY {which} LIMIT 1", 8,
                 {"department": DEPARTMENTS,
                  "which": [Raw("best paid", "doctor.salary DESC"),
                            Raw("longest serving", "doctor.hired_on"),
                            Raw("most recently hired", "doctor.hired_on DESC")]}),
        Template(("What is the average salary of doctors in {department}?",
                  "How much does a doctor in {department} earn on average?"),
                 f"SELECT AVG(doctor.salary) FROM {_STAFF} WHERE department.name = {{department}}",
                 4, {"department": DEPARTMENTS}),
        Template(("Which doctors on floor {floor} earn more than {salary}?",),
                 f"SELECT doctor.name FROM {_STAFF} WHERE department.floor = {{floor}} AND "
                 "doctor.salary > {salary}", 4,
                 {"floor": [1, 2, 3], "salary": [90000, 110000, 120000]}),
        Template(("How many {sex} patients live in {city}?",),
                 "SELECT COUNT(*) FROM patient WHERE sex = {sex} AND city = {city}", 6,
                 {"sex": [Say("female", "F"), Say("male", "M")], "city": CITIES}),
        Template(("Which patients from {city} have no insurance?",
                  "List the uninsured patients living in {city}."),
                 "SELECT name FROM patient WHERE city = {city} AND insurer IS NULL", 4,
                 {"city": CITIES}),
        Template(("How many patients does each insurer cover? Leave out the uninsured.",),
                 "SELECT insurer, COUNT(*) FROM patient WHERE insurer IS NOT NULL "
                 "GROUP BY insurer"),
        Template(("Who is the {which} patient insured with {insurer}?",),
                 "SELECT name FROM patient WHERE insurer = {insurer} ORDER BY born_on {which} "
                 "LIMIT 1", 5,
                 {"insurer": INSURERS, "which": [Raw("oldest", "ASC"), Raw("youngest", "DESC")]}),
        Template(("How many appointments did {doctor} have in {year}?",),
                 "SELECT COUNT(*) FROM appointment JOIN doctor ON "
                 "doctor.id = appointment.doctor_id WHERE doctor.name = {doctor} AND "
                 "strftime('%Y', appointment.held_on) = {year}", 6,
                 {"doctor": doctors, "year": years}),
        Template(("Which doctors has {patient} seen?",
                  "List the different doctors {patient} had an appointment with."),
                 f"SELECT DISTINCT doctor.name FROM {_VISIT} {_DOCTOR} "
                 "WHERE patient.name = {patient}", 7, {"patient": patients}),
        Template(("When was the last completed appointment of {patient}?",
                  "On which day did {patient} last complete an appointment?"),
                 f"SELECT MAX(appointment.held_on) FROM {_VISIT} WHERE patient.name = {{patient}} "
                 "AND appointment.status = 'completed'", 5, {"patient": patients}),
        Template(("How many appointments were marked {status} in {month}?",),
                 "SELECT COUNT(*) FROM appointment WHERE status = {status} AND "
                 "strftime('%Y-%m', held_on) = {month}", 7,
                 {"status": STATUSES, "month": all_months}),
        Template(("What did the clinic take in fees in {month}?",
                  "What is the sum of fees charged in {month}?"),
                 "SELECT SUM(fee) FROM appointment WHERE strftime('%Y-%m', held_on) = {month}", 5,
                 {"month": all_months}),
        Template(("How many appointments longer than {minutes} minutes have no fee recorded?",),
                 "SELECT COUNT(*) FROM appointment WHERE minutes > {minutes} AND fee IS NULL", 3,
                 {"minutes": [10, 20, 40]}),
        Template(("Which {n} doctors have the most no-shows? Show the count, ties by name.",),
                 "SELECT doctor.name, COUNT(*) AS missed FROM appointment "
                 f"{_DOCTOR} WHERE appointment.status = 'no-show' GROUP BY doctor.id "
                 "ORDER BY missed DESC, doctor.name LIMIT {n}", 2, {"n": [3, 5]}),
        Template(("For each department, how many appointments were held by its doctors?",),
                 "SELECT department.name, COUNT(appointment.id) FROM department JOIN doctor ON "
                 "doctor.department_id = department.id LEFT JOIN appointment ON "
                 "appointment.doctor_id = doctor.id GROUP BY department.id"),
        Template(("Which doctors in {department} have never had an appointment?",
                  "Is there any doctor in {department} without a single appointment? Who?"),
                 f"SELECT doctor.name FROM {_STAFF} WHERE department.name = {{department}} AND "
                 "doctor.id NOT IN (SELECT doctor_id FROM appointment)", 3,
                 {"department": DEPARTMENTS}),
        Template(("How many different patients were diagnosed with {condition}?",),
                 f"SELECT COUNT(DISTINCT patient.id) FROM {_VISIT} JOIN diagnosis ON "
                 "diagnosis.appointment_id = appointment.id "
                 "WHERE diagnosis.condition = {condition}", 6, {"condition": CONDITIONS}),
        Template(("Which patients had {condition} with severity {severity} or worse?",),
                 f"SELECT DISTINCT patient.name FROM {_VISIT} JOIN diagnosis ON "
                 "diagnosis.appointment_id = appointment.id WHERE "
                 "diagnosis.condition = {condition} AND diagnosis.severity >= {severity}", 6,
                 {"condition": CONDITIONS, "severity": [3, 4, 5]}),
        Template(("What is the average severity of each condition that was diagnosed at least {n} "
                  "times?",),
                 "SELECT condition, AVG(severity) FROM diagnosis GROUP BY condition "
                 "HAVING COUNT(*) >= {n}", 3, {"n": [10, 15, 20]}),
        Template(("What was diagnosed at the appointments of {patient}?",),
                 f"SELECT diagnosis.condition FROM {_VISIT} JOIN diagnosis ON "
                 "diagnosis.appointment_id = appointment.id WHERE patient.name = {patient}", 5,
                 {"patient": patients}),
        Template(("Which drugs did {doctor} prescribe?",
                  "List the different drugs prescribed by {doctor}."),
                 f"SELECT DISTINCT prescription.drug FROM appointment {_DOCTOR} JOIN prescription "
                 "ON prescription.appointment_id = appointment.id WHERE doctor.name = {doctor}", 5,
                 {"doctor": doctors}),
        Template(("How often was {drug} prescribed for more than {days} days?",),
                 "SELECT COUNT(*) FROM prescription WHERE drug = {drug} AND days > {days}", 6,
                 {"drug": DRUGS, "days": [5, 7, 10]}),
        Template(("What is the highest dose of {drug} anyone was given, in mg?",),
                 "SELECT MAX(dose_mg) FROM prescription WHERE drug = {drug}", 3, {"drug": DRUGS}),
        Template(("Which drug is prescribed most often for {condition}?",),
                 "SELECT prescription.drug FROM prescription JOIN diagnosis ON "
                 "diagnosis.appointment_id = prescription.appointment_id WHERE "
                 "diagnosis.condition = {condition} GROUP BY prescription.drug "
                 "ORDER BY COUNT(*) DESC LIMIT 1", 4, {"condition": CONDITIONS}),
        Template(("Which patients from {city} have paid more than {fee} in fees in total?",),
                 f"SELECT patient.name FROM {_VISIT} WHERE patient.city = {{city}} "
                 "GROUP BY patient.id HAVING SUM(appointment.fee) > {fee}", 5,
                 {"city": CITIES, "fee": [500, 800]}),
        Template(("Which doctors earn more than the average doctor? Show name and salary, highest "
                  "first.",),
                 "SELECT name, salary FROM doctor WHERE salary > (SELECT AVG(salary) FROM doctor) "
                 "ORDER BY salary DESC"),
        Template(("Which patients born before {year} never came to an appointment?",),
                 "SELECT name FROM patient WHERE born_on < {year} AND NOT EXISTS (SELECT 1 FROM "
                 "appointment WHERE appointment.patient_id = patient.id)", 2,
                 {"year": [Say("1980", "1980-01-01"), Say("2000", "2000-01-01"),
                           Say("2015", "2015-01-01")]}),
    ]
