"""English prose of natural shape from word lists of our own: the same seed gives the same text."""

import random

NOUNS = """office harbour report traffic engine valley station ledger waffle shuffle bridge flower scaffold garden
market letter museum river profile budget camera window theory contract platform archive cliff raffle orchard
ministry committee village festival carriage laboratory harvest warehouse translation coffee fjord configuration
telescope railway signature workflow reflection infrastructure neighbourhood conference classification payment
procedure programme certificate employee inspector manuscript foundation measurement temperature afternoon
customer difficulty efficiency influence sufficiency affidavit benefit traveller apprentice insurance kitchen
mountain notebook passenger quarter recipe supplier timetable umbrella voyage weather yardstick""".split()
ADJECTIVES = """fluffy effective efficient official affluent different difficult definite final first flat
artificial beneficial careful cheerful distant eager familiar generous heavy industrial joint known late modern
narrow ordinary patient quiet remarkable silent temporary unusual valuable wooden annual bright cautious deliberate
electric formal gradual honest immediate local magnetic northern occasional parallel rapid southern technical
well-known long-term state-of-the-art second-hand self-contained""".split()
VERBS = """offered confirmed filed filled reflected shuffled baffled affected refined simplified classified verified
built carried changed closed compared described estimated followed guarded handled improved joined kept launched
measured moved noticed opened painted questioned repaired studied transported understood visited weighed announced
balanced collected delivered examined finished gathered introduced managed organised published received signed
""".split()
ADVERBS = """finally officially briefly chiefly carefully roughly slowly quickly often seldom nearly usually
afterwards meanwhile quietly together sufficiently definitely recently""".split()
PREPOSITIONS = "of in near behind before after without beyond during under across between beside from".split()
DETERMINERS = "the the the a this that each every another their our its".split()
CONNECTORS = "and but while because although so whereas until since".split()
OPENERS = ["However", "In the afternoon", "By contrast", "For this reason", "At first", "In many offices",
           "According to the inspector", "As a result", "On the following day", "Strictly speaking", "Even so"]
NAMES = ["Zoë Müller", "François Lefèvre", "José Núñez", "Åsa Bergström", "Łukasz Wójcik", "Siân O’Connor",
         "Antonín Dvořák", "Chloë Griffiths", "Jürgen Weiß", "Inês Gonçalves"]
PLACES = ["Zürich", "São Paulo", "Málaga", "Łódź", "Besançon", "Tromsø", "Fluffham", "Sheffield", "Göteborg", "Orléans"]
FOREIGN = ["café", "naïve", "façade", "crème brûlée", "jalapeño", "smörgåsbord", "résumé", "déjà vu", "über", "piñata"]
MONTHS = """January February March April May June July August September October November December""".split()
CODE = ["def load(path, limit=4096):", "    with open(path, \"rb\") as file:", "        return file.read(limit)",
        "for name in sorted(names):", "    total += weights[name] * 2", "if total > budget:", "    raise ValueError(name)",
        "SELECT id, title FROM reports WHERE year >= 2019;", "curl --fail --output result.json http://localhost:8080/jobs",
        "while (index < count) { index += step; }", "let offices = files.filter { $0.size > 512 }", "return True"]
LIGATURES = """office offices officer fluffy affluent effluent efficient efficacy difficult waffle raffle baffle shuffle
scaffold flint flower float final finish first fifth file profile refine reflect influence affix suffix fjord
sufficient traffic coffin staff cliff stiff muffin""".split()


class English:
    """Sentences, titles and cells of English."""

    language = "en"
    direction = "ltr"

    def __init__(self, seed, ligatures=False):
        self.random = random.Random(seed)
        self.ligatures = ligatures

    def pick(self, words):
        return self.random.choice(words)

    def noun(self):
        return self.pick(LIGATURES if self.ligatures and self.random.random() < 0.6 else NOUNS)

    def noun_phrase(self):
        words = [self.pick(DETERMINERS)]
        if self.random.random() < 0.55:
            words.append(self.pick(ADJECTIVES))
        words.append(self.noun())
        if words[0] == "a" and words[1][0] in "aeiou":
            words[0] = "an"
        return " ".join(words)

    def clause(self):
        words = [self.noun_phrase()]
        if self.random.random() < 0.25:
            words.append(self.pick(ADVERBS))
        words += [self.pick(VERBS), self.noun_phrase()]
        if self.random.random() < 0.7:
            words += [self.pick(PREPOSITIONS), self.noun_phrase()]
        return " ".join(words)

    def aside(self):
        """Material that is no plain word: numbers, dates, money, names, quotations, dashes."""
        r = self.random
        return self.pick([
            lambda: f"on {r.randint(1, 28)} {self.pick(MONTHS)} {r.randint(1987, 2024)}",
            lambda: f"at {r.randint(7, 21):02}:{r.randint(0, 59):02} on {self.date()}",
            lambda: f"for {self.money()}",
            lambda: f"with {r.randint(2, 98)}.{r.randint(1, 9)}% of the total",
            lambda: f"by {self.pick(NAMES)} of {self.pick(PLACES)}",
            lambda: f"“{self.clause()}”",
            lambda: f"— {self.noun_phrase()}’s {self.noun()} —",
            lambda: f"(see section {r.randint(1, 9)}.{r.randint(1, 9)})",
            lambda: f"in the {self.pick(FOREIGN)} style",
            lambda: f"between {r.randint(10, 49)}–{r.randint(50, 99)} km",
            lambda: f"which ‘{self.pick(NAMES)}’ didn’t sign",
        ])()

    def sentence(self):
        text = self.clause()
        if self.random.random() < 0.35:
            text += " " + self.aside()
        if self.random.random() < 0.35:
            text += f", {self.pick(CONNECTORS)} {self.clause()}"
        if self.random.random() < 0.15:
            text = f"{self.pick(OPENERS)}, {text}"
        return text[0].upper() + text[1:] + self.pick("......?!")

    def paragraph(self, sentences=None):
        return " ".join(self.sentence() for _ in range(sentences or self.random.randint(2, 6)))

    def title(self):
        return self.pick([
            lambda: f"The {self.pick(ADJECTIVES)} {self.noun()} and the {self.noun()}",
            lambda: f"Report on {self.noun()} and {self.noun()} in {self.pick(PLACES)}",
            lambda: f"{self.noun()} {self.pick(PREPOSITIONS)} the {self.pick(ADJECTIVES)} {self.noun()}".capitalize(),
        ])()

    def heading(self):
        return self.pick([
            lambda: f"{self.pick(ADJECTIVES)} {self.noun()}".capitalize(),
            lambda: f"{self.noun()} {self.pick(PREPOSITIONS)} {self.noun()}".capitalize(),
            lambda: f"How the {self.noun()} {self.pick(VERBS)} the {self.noun()}",
            lambda: f"{self.noun()} in {self.pick(PLACES)}".capitalize(),
            lambda: f"{self.noun()} and {self.pick(ADJECTIVES)} {self.noun()}".capitalize(),
        ])()

    def item(self):
        return self.pick([
            lambda: f"{self.pick(ADJECTIVES)} {self.noun()}",
            lambda: self.sentence(),
            lambda: f"{self.noun()}: {self.clause()}",
        ])()

    def date(self):
        return f"{self.random.randint(1990, 2024)}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"

    def money(self):
        r = self.random
        return self.pick([f"€{r.randint(1, 900)},{r.randint(100, 999)}.{r.randint(10, 99)}",
                          f"${r.randint(2, 80)}.{r.randint(1, 9)} million", f"£{r.randint(20, 999)}"])

    def label(self):
        """One to three words for a cell."""
        return self.pick([lambda: self.noun(), lambda: f"{self.pick(ADJECTIVES)} {self.noun()}",
                          lambda: self.pick(NAMES), lambda: self.pick(PLACES)])()

    def figure(self):
        """A number, date or amount for a cell."""
        r = self.random
        return self.pick([lambda: f"{r.randint(11, 99)},{r.randint(100, 999)}", lambda: f"{r.randint(10, 99)}.{r.randint(1, 9)}%",
                          lambda: self.date(), lambda: f"{r.randint(100, 9999)}", lambda: f"€{r.randint(100, 999)}.{r.randint(10, 99)}",
                          lambda: f"−{r.randint(10, 99)}.{r.randint(1, 9)}"])()

    def code(self):
        return self.random.sample(CODE, self.random.randint(3, 6))

    def furniture(self):
        """Header and footer of every page; '#' stands for the page's number."""
        return (f"{self.pick(PLACES)} Gazette · volume {self.random.randint(100, 900)}",
                self.pick(["Page #", "– # –", "Internal draft, page #"]))
