#!/usr/bin/env python3
"""Compares the tokens and vectors that EmbeddingsWorker and sentence-transformers make of the same texts with the same model.

Both cut texts off at the model's limit, so that very long ones are compared too. Exit status 1: tokens of a text differ, or the cosine of
its two vectors is below 0.99999.
"""

import argparse
import collections
import json
import subprocess
import sys

import numpy
from sentence_transformers import SentenceTransformer

from texts import texts

LIMIT = 0.99999


def ours(worker, model, lines):
    command = [worker, "embed", "--model", model, "--tokens", "--like-sentence-transformers"]
    answer = subprocess.run(command, input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"{' '.join(command)}: {answer.stderr}")
    return [json.loads(line) for line in answer.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("worker")
    parser.add_argument("model")
    parser.add_argument("--seed", type=int, default=6)
    arguments = parser.parse_args()

    kinds, lines = zip(*texts(arguments.seed))
    found = ours(arguments.worker, arguments.model, lines)
    if len(found) != len(lines):
        sys.exit(f"{len(lines)} texts, but {len(found)} answers")
    model = SentenceTransformer(arguments.model, device="cpu")
    wanted = model.encode(list(lines), batch_size=32, normalize_embeddings=True, convert_to_numpy=True).astype(numpy.float64)
    tokens = model.tokenizer(list(lines), truncation=True, max_length=model.max_seq_length)["input_ids"]

    lowest, mismatches, bad = collections.defaultdict(lambda: 1.0), collections.Counter(), []
    for kind, text, own, vector, ids in zip(kinds, lines, found, wanted, tokens):
        own_vector = numpy.array(own.get("vector", numpy.zeros(len(vector))))
        cosine = float(own_vector @ vector / (numpy.linalg.norm(own_vector) * numpy.linalg.norm(vector) or 1))
        lowest[kind] = min(lowest[kind], cosine)
        if own.get("tokens") != ids:
            mismatches[kind] += 1
        if own.get("tokens") != ids or not cosine >= LIMIT:
            bad.append((kind, text, own, ids, cosine))
    for kind, count in collections.Counter(kinds).items():
        print(f"{kind:10} {count:5} texts   minimum cosine {lowest[kind]:.9f}   token mismatches {mismatches[kind]}")
    print(f"{'all':10} {len(lines):5} texts   minimum cosine {min(lowest.values()):.9f}   token mismatches {mismatches.total()}")
    for kind, text, own, ids, cosine in bad[:10]:
        print(f"{kind}: {text[:80]!r}: {cosine:.7f}\n  ours {str(own.get('tokens', own))[:300]}\n  theirs {str(ids)[:300]}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
