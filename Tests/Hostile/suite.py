"""The table of hostile files: who makes each, and how its document may end."""

CASES = []


def hostile(name, *ends, members=None, any_members=False, shown=None):
    """Enters a file into the table; the function under it makes its bytes.

    `ends` are the ways in which the document may end: `completed`, `completed, CODE` for one that is not whole, or the code of its
    error. `members` counts the ends of the documents inside it, of which there are none where it is not given. `shown` stands in the
    text of a document that is completed.
    """
    def enter(make):
        CASES.append({"name": name, "ends": ends, "members": None if any_members else members or {}, "shown": shown,
                      "make": make})
        return make
    return enter


class World:
    """What lies around the job: what no hostile file may reach."""

    def __init__(self, canaries, url, samples):
        self.canaries = canaries
        self.url = url
        self.samples = samples

    def sample(self, name):
        with open(f"{self.samples}/{name}", "rb") as file:
            return file.read()
