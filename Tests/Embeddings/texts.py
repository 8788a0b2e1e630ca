"""Texts of every kind that a tokenizer can stumble over, the same ones for the same seed."""

import random

# Words in several scripts, some with accents in one character and some in two.
WORDS = {
    "english": "the quick brown fox jumps over a lazy dog while engineers measure unbelievably incomprehensible "
    "counter-revolutionary HTML5 tokenization don't rock'n'roll U.S.A. e-mail 3.14159 $1,000.00 50% C++ O'Reilly".split(),
    "accents": "naïve café Ångström façade coöperate Żółć Příliš žluťoučký kůň dĕmon Çağrı İstanbul ISPARTA ıspanak "
    "e\u0301te\u0301 n\u0303 a\u030a\u0301 o\u0323\u0302 ß ẞ ŒUVRE ﬁnance ǅ ΰ Straße Tiếng Việt rất hay smörgåsbord".split(),
    "greek": "Καλημέρα κόσμε ΟΔΥΣΣΕΥΣ ᾧ Ἀθήνα σοφός ΣΊΣΥΦΟΣ ὕδωρ".split(),
    "cyrillic": "Привет мир ёлка Йод Україна їжак Ђорђе съешь ещё этих мягких булок ЩЁГОЛЬ".split(),
    "cjk": "今日は良い天気 東京都 漢字かな交じり文 カタカナ 你好世界 深度學習 中华人民共和国 한국어 안녕하세요 ㄅㄆㄇ 𠮷野家 㐀 豈 "
    "龜 ｶﾀｶﾅ ＡＢＣ １２３ パーセント ば\u3099 각\u11a8".split(),
    "arabic": "مرحبا بالعالم السَّلَامُ عَلَيْكُمْ كتاب ٣٫١٤ الْقُرْآن پنجره".split(),
    "hebrew": "שלום עולם בְּרֵאשִׁית יִשְׂרָאֵל".split(),
    "indic": "नमस्ते दुनिया हिन्दी क़लम தமிழ் వెలుగు বাংলা ਪੰਜਾਬੀ ଓଡ଼ିଆ മലയാളം සිංහල".split(),
    "southeast": "สวัสดีชาวโลก ภาษาไทย ລາວ မြန်မာ ភាសាខ្មែរ བོད་ཡིག ᬩᬮᬶ ᮞᮥᮔ᮪ᮓ".split(),
    "emoji": "😀 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 ❤️ ☃ ✈︎ 1️⃣ 🫠 🧑🏿‍🚀 ™ © ➜ ♻️".split(),
    "symbols": "∑ ∞ ≠ √2 x² H₂O ½ Ⅷ ℃ € £ ¥ ₿ → ⇒ • … – — “quoted” ‘single’ «guillemets» „low“ ¿qué? ¡olé! § ¶ † ‰ ` ^ ~ | "
    "<tag> {brace} [bracket] \\back /slash @user #hash a_b".split(),
    "special": "[CLS] [SEP] [PAD] [MASK] [UNK] [CLS][SEP] x[MASK]y [cls] [ SEP ] [[MASK]] ##ing ## # [unused1] [MAS".split(),
}
BLANKS = [" ", " ", " ", " ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\u202f", "\u1680", "\x0b", "\x0c", "\x85"]
# What is invisible, not allowed in text, or not assigned.
STRANGE = [chr(c) for c in list(range(1, 32)) + list(range(0x7F, 0xA0))] + list(
    "\u00ad\u200b\u200c\u200d\u200e\u202a\u2060\u2066\ufeff\ufffd\ufffe\uffff\ue000\uf8ff\U000e0041\U0010ffff\u0378\u061c\u180e\ufff9"
)


def words(random, kinds, count):
    return "".join(random.choice(WORDS[random.choice(kinds)]) + random.choice(BLANKS) for _ in range(count))


def scalar(random, limit=0x110000):
    while True:
        code = random.randrange(1, limit)
        if not 0xD800 <= code <= 0xDFFF:
            return chr(code)


def strange(random):
    parts = [random.choice(STRANGE) if random.random() < 0.4 else random.choice(WORDS["english"]) for _ in range(30)]
    return random.choice(["", " "]).join(parts)


def marks(random):
    """Letters with piles of combining marks, in no canonical order."""
    text = ""
    for _ in range(20):
        text += random.choice("aoEU한가เक\u3042\u4e00!") + "".join(
            random.choice("\u0301\u0323\u0327\u0308\u302e\u302f\u1b44\u08d4\u0f71\u0f72\U0001d165\U0001d16e\u1dfa\u0345\u05b0\u064e")
            for _ in range(random.randrange(4))
        )
    return text


def texts(seed):
    """More than 2,000 texts with the kind of each."""
    rng = random.Random(seed)
    found = []
    add = lambda kind, text: found.append((kind, text))
    for kind, list_ in WORDS.items():
        for word in list_:
            add(kind, word)
        for _ in range(90):
            add(kind, words(rng, [kind], rng.randrange(2, 60)))
    for _ in range(250):
        add("mixed", words(rng, list(WORDS), rng.randrange(3, 80)))
    for text in ["", " ", "\n\t ", "\u200b", "\u0301", "\x01", "a", ".", "\ufffd", "\u00ad\u00ad"]:
        add("empty", text)
    for _ in range(150):
        add("control", strange(rng))
    for _ in range(100):
        add("marks", marks(rng))
    for _ in range(150):
        add("scalars", "".join(scalar(rng) for _ in range(rng.randrange(1, 80))))
    for _ in range(150):
        add("plane", "".join(scalar(rng, 0x3000) for _ in range(rng.randrange(1, 80))))
    for length in [99, 100, 101, 102, 200, 5000, 100_000]:
        add("word", "a" * length)
        add("word", "é" * length)
        add("word", "x" * length + " then more words")
        add("word", "漢" * length)
        add("word", "e\u0301" * length)
    for _ in range(120):
        add("long", words(rng, ["english"] if rng.random() < 0.5 else list(WORDS), rng.randrange(150, 3000)))
    for length in range(240, 270):
        add("limit", " ".join(rng.choice(["fox", "dog", "the", "a"]) for _ in range(length)))
    return found
