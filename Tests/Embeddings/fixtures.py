#!/usr/bin/env python3
"""Writes expected.json: what Hugging Face's libraries make of texts and of a small model, for tests that need neither of them.

Run it with the Python of Tests/Embeddings/compare when a case is added. The vocabulary and texts are made up here; the model's weights come
from a generator of random numbers that EmbeddingTests has too.
"""

import hashlib
import json
import pathlib
import sys

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = (
    "the fox jump ##s ##ing ##ed over un ##believ ##able cafe café naive e é ##é Fox İ i i̇ ##̇ ß ss straße σ ς ο ##ς ##σ мир ##ы "
    "привет 漢 字 ##字 か ##な ᄒ ᅡ ##ᆫ 한 ##ᅡ 😀 # ##1 1 2 ##2 $ . , ! ? - — “ ” [ ] sep mask ##mask a ##a aa ##aa x ##x ー ガ カ "
    "क ़ न ##म ् ा ##ा ##ं ◌ ﬁ ##n ##ance Å å ##ngstrom q ##̣ ̣ 𠮷 ; ǆ a_b _ b"
).split()
VOCABULARY = SPECIAL + sorted(set(PIECES))
TEXTS = [
    "", " ", "the fox jumps", "The FOX jumped, unbelievable!", "unbelievxable", "café cafe\u0301 CAFÉ", "Ångstrom A\u030angstrom",
    "naïve", "İ i\u0307 I", "ß ẞ straße STRASSE", "ΟΣ ος σς", "привет мир миры", "漢字 か な かな 漢a字", "한 한 \u1112\u1161\u11ab", "😀 x😀",
    "1 11 12 $1.2", "x\u0000x", "x\u0001x\u200bx\ufeffx\u00adx", "x\ufffdx", "a\u00a0a\u2003a\u3000a\u2028a\x85a\x0ba\x0ca", "a\ta\na\ra\r\na",
    "[CLS] x [SEP]", "[MASK]x[MASK]", "[mask] [ MASK ] [[MASK]] [MAS", "a" * 100, "a" * 101, "é" * 100, "é" * 101, "e\u0301" * 101, "“the”—fox",
    "ガ ｶﾞ カ\u3099 ー", "क\u093c क़ नम् न\u093c", "ﬁnance finance", "q\u0323\u0307 q\u0307\u0323", "𠮷a𠮷", "; ;", "ǅ Ǆ ǆ", "a_b a-b",
    "\u0301a", "!\u0301a", "\ue000x\U000f0000x", "\u0378x", "x\u0897x\u08d4x", "\u1734x\U0001171ex", "ా", "a\u302f\u302ea", "x\u1b44\u0323x", "字\u0323字",
    "\U0002b820a\U0002b91fa\U0002b920a", "豈 a豈a", "\u1885a\ua9bda\u166da\U000111c9a",
]
MODES = [
    dict(lowercase=True), dict(lowercase=False), dict(lowercase=True, strip_accents=False), dict(lowercase=False, strip_accents=True),
    dict(lowercase=True, handle_chinese_chars=False), dict(lowercase=True, clean_text=False),
]


def tokenizer(vocabulary, **mode):
    found = Tokenizer(models.WordPiece({token: id for id, token in enumerate(vocabulary)}, unk_token="[UNK]", max_input_chars_per_word=100))
    found.add_special_tokens(SPECIAL)
    found.normalizer = normalizers.BertNormalizer(**mode)
    found.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ids = [(name, vocabulary.index(name)) for name in ("[CLS]", "[SEP]")]
    found.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ids)
    return found


def blocks():
    """The words that every scalar makes between two letters, hashed by blocks of 256: ideographs, Hangul and private use left out."""
    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    for start in [*range(0, 0x3400, 256), *range(0xA000, 0xAC00, 256), *range(0xF900, 0x12600, 256), *range(0x16800, 0x17000, 256),
                  *range(0x1B000, 0x1FB00, 256), *range(0x2F800, 0x2FB00, 256), 0xE0000]:
        lines = []
        for code in range(start, start + 256):
            words = splitter.pre_tokenize_str(normalizer.normalize_str("a" + chr(code) + "b"))
            lines.append(" ".join(word for word, _ in words))
        yield {"start": start, "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]}


class Numbers:
    """Numbers from -0.5 to 0.5, the same in every language."""

    def __init__(self):
        self.state = 1

    def fill(self, tensor, scale, shift):
        values = []
        for _ in range(tensor.numel()):
            self.state = (self.state * 1664525 + 1013904223) % 2**32
            # Three bits of fraction after the point and the sign: a half-precision number holds them too.
            values.append(((self.state >> 25) / 128 - 0.5) * scale + shift)
        tensor.copy_(torch.tensor(values).reshape(tensor.shape))


def model(activation):
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=96,
        max_position_embeddings=110, type_vocab_size=2, hidden_act=activation, layer_norm_eps=1e-12,
    )
    found = BertModel(config, add_pooling_layer=False).eval()
    numbers = Numbers()
    with torch.no_grad():
        for name, tensor in sorted(found.named_parameters()):
            numbers.fill(tensor, 0.25 if "LayerNorm" in name else 0.5, 1 if "LayerNorm.weight" in name else 0)
    return config, found


def vectors(activation, pooling):
    cutter = tokenizer(VOCABULARY, lowercase=True)
    _, found = model(activation)
    for text in TEXTS[:12]:
        with torch.no_grad():
            states = found(torch.tensor([cutter.encode(text).ids])).last_hidden_state[0]
        vector = states.mean(0) if pooling == "mean" else states[0]
        yield [round(float(x), 7) for x in torch.nn.functional.normalize(vector, dim=0)]


def main():
    expected = {
        "vocabulary": VOCABULARY,
        "texts": TEXTS,
        "tokens": [
            {"mode": mode, "ids": [tokenizer(VOCABULARY, **mode).encode(text).ids for text in TEXTS]} for mode in MODES
        ],
        "blocks": list(blocks()),
        "parameters": [{"name": name, "shape": list(tensor.shape)} for name, tensor in sorted(model("gelu")[1].named_parameters())],
        "vectors": [
            {"activation": activation, "pooling": pooling, "vectors": list(vectors(activation, pooling))}
            for activation, pooling in [("gelu", "mean"), ("gelu", "cls"), ("gelu_new", "mean"), ("relu", "mean")]
        ],
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items())
    pathlib.Path(__file__).with_name("expected.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    sys.exit(main())
