"""Sound samples of every format, cut off or with bits turned over; the same on each run."""

import random

from suite import hostile

FORMATS = ["pdf", "docx", "pptx", "xlsx", "odt", "ods", "odp", "epub", "html", "md", "txt", "eml", "msg", "zip", "tar",
           "tar.gz", "tar.bz2", "tar.xz", "tar.zst"]
# The list of parts is at the end.
ZIPPED = {"docx", "pptx", "xlsx", "odt", "ods", "odp", "epub"}
COLLECTIONS = {"eml", "msg", "zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst"}


def ends_of(ending, cut):
    if ending in ZIPPED | {"zip"} and cut:
        return {"corrupt"}
    ends = {"completed", "corrupt", "empty", "unsupported"}
    # One whose main part has lost its name is an archive of files.
    if ending in COLLECTIONS or (ending in ZIPPED and not cut):
        ends |= {"completed, corrupt"}
    if ending in ZIPPED | COLLECTIONS | {"pdf"} and not cut:
        # One bit says that there is a password, others are sizes.
        ends |= {"encrypted", "too_large"}
    return ends


def enter(ending, name, change, cut):
    @hostile(name, *sorted(ends_of(ending, cut)), any_members=ending in COLLECTIONS | ZIPPED)
    def _(world):
        return change(world.sample(f"sample.{ending}"))


def flip(data, seed):
    source, data = random.Random(seed), bytearray(data)
    for _ in range(source.randint(1, 12)):
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    return bytes(data)


for seed, ending in enumerate(FORMATS):
    for eighths in (1, 4, 7):
        enter(ending, f"cut-{eighths}.{ending}", lambda data, eighths=eighths: data[:len(data) * eighths // 8], cut=True)
    for number in range(4):
        enter(ending, f"flipped-{number}.{ending}", lambda data, seed=100 * seed + number: flip(data, seed), cut=False)
