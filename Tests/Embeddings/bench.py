#!/usr/bin/env python3
"""Measures texts per second of EmbeddingsWorker beside sentence-transformers (torch) and onnxruntime, with the same model and threads.

Two sets of 2,000 texts: of 128 tokens each, and of mixed length. The sides take turns, round by round, each in a process of its own that
waits while another one works; the medians of the rounds are compared. Reading texts from JSON and starting are not part of a round,
cutting texts into tokens is. The model's ONNX graph is exported by torch, and onnxruntime's own tools fuse it; its texts are sorted by length
and padded to the longest of 32, which is what sentence-transformers does too.

Exit status 1: EmbeddingsWorker is slower than the best of them on the set of 128 tokens, not 1.3 times as fast on the mixed one, takes
half a second or more to start, or more than 300 MB.
"""

import argparse
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = 32


def make_sets(model, count):
    """Texts of words that are one token each, so that lengths are known."""
    vocabulary = (pathlib.Path(model) / "vocab.txt").read_text().split("\n")
    words = [word for word in vocabulary if re.fullmatch("[a-z]{3,9}", word)]
    rng = random.Random(6)
    text = lambda tokens: " ".join(rng.choices(words, k=tokens - 2))
    # As many texts of 8 to 16 tokens as of 16 to 32, 32 to 64, 64 to 128 and 128 to 256.
    return {"128 tokens": [text(128) for _ in range(count)], "mixed": [text(int(2 ** rng.uniform(3, 8))) for _ in range(count)]}


def torch_side(model, threads):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    found = SentenceTransformer(model, device="cpu")
    return lambda texts: found.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)


def onnx_side(model, threads, path):
    import numpy
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(model + "/tokenizer.json")
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()

    def encode(texts):
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        vectors = numpy.empty((len(texts), 384), numpy.float32)
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            cut = tokenizer.encode_batch([texts[index] for index in part])
            ids = numpy.array([one.ids for one in cut], numpy.int64)
            mask = numpy.array([one.attention_mask for one in cut], numpy.int64)
            states = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            sums = (states * mask[:, :, None]).sum(1)
            vectors[part] = sums / numpy.linalg.norm(sums, axis=1, keepdims=True)
        return vectors

    return encode


def export(model, path):
    """Writes the model's graph for onnxruntime, fused by its own tools where they know how."""
    import torch
    from onnxruntime.transformers import optimizer
    from transformers import AutoModel

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(model, attn_implementation="eager")

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    example = torch.ones(2, 8, dtype=torch.int64)
    axes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        Encoder().eval(), (example, example), path, dynamo=False, opset_version=17, input_names=["input_ids", "attention_mask"],
        output_names=["states"], dynamic_axes={"input_ids": axes, "attention_mask": axes, "states": axes},
    )
    fused = optimizer.optimize_model(path, model_type="bert", num_heads=12, hidden_size=384)
    fused.save_model_to_file(path)
    return fused.get_fused_operator_statistics()


def serve(side, sets):
    """What a process of a side does: a set for each line that names one."""
    side(next(iter(sets.values()))[:BATCH])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        side(sets[line.strip()])
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


class Side:
    def __init__(self, command, count=0):
        self.count = count
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if not self.process.stdout.readline():
            sys.exit(f"{command} has ended")
        self.start = time.perf_counter() - start
        self.rounds = {}

    def run(self, name):
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        self.rounds.setdefault(name, []).append(json.loads(self.process.stdout.readline()))

    def rate(self, name):
        return self.count / statistics.median(round["seconds"] for round in self.rounds[name])

    def megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1000

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("worker")
    parser.add_argument("model")
    parser.add_argument("products", help="the program made of products.c")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", type=int, default=2000, help="of each set")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=["torch", "onnxruntime"])
    parser.add_argument("--sets")
    parser.add_argument("--graph")
    options = parser.parse_args()
    if options.side:
        sets = json.loads(pathlib.Path(options.sets).read_text())
        torch = options.side == "torch"
        make = torch_side(options.model, options.threads) if torch else onnx_side(options.model, options.threads, options.graph)
        return serve(make, sets)
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(0 if measure(options, folder) else 1)


def measure(options, folder):
    sets, graph = f"{folder}/sets.json", f"{folder}/model.onnx"
    pathlib.Path(sets).write_text(json.dumps(make_sets(options.model, options.texts)))
    print(f"load before: {os.getloadavg()[0]:.2f}, {os.cpu_count()} CPUs, {options.threads} threads for each side")
    fused = subprocess.run([sys.executable, __file__, "--export", options.model, graph], capture_output=True, text=True)
    print(f"onnxruntime's graph: {fused.stdout.strip() or fused.stderr[-2000:]}")
    worker = [options.worker, "bench", "--model", options.model, "--threads", str(options.threads)]
    other = [sys.executable, __file__, options.worker, options.model, options.products, "--threads", str(options.threads), "--sets", sets]
    # Without texts, so that only the start is measured.
    empty = f"{folder}/empty.json"
    pathlib.Path(empty).write_text("{}")
    starts = []
    for _ in range(5):
        side = Side([*worker, empty])
        starts.append(side.start)
        side.close()

    sides = {"EmbeddingsWorker": Side([*worker, sets], options.texts)}
    sides["sentence-transformers"] = Side([*other, "--side", "torch"], options.texts)
    if pathlib.Path(graph).exists():
        sides["onnxruntime"] = Side([*other, "--side", "onnxruntime", "--graph", graph], options.texts)
    names = list(json.loads(pathlib.Path(sets).read_text()))
    for _ in range(options.rounds):
        for name in names:
            for side in sides.values():
                side.run(name)
    ours = sides["EmbeddingsWorker"]
    machine = json.loads(subprocess.check_output([options.products, str(options.threads)], text=True))
    for name in names:
        for title, side in sides.items():
            rounds = " ".join(f"{options.texts / one['seconds']:.1f}" for one in side.rounds[name])
            print(f"{name:10} {title:22} {side.rate(name):7.1f} texts/s   rounds {rounds}")
    ratios = {name: ours.rate(name) / max(side.rate(name) for title, side in sides.items() if side is not ours) for name in names}
    for name in names:
        last = ours.rounds[name][-1]
        speed = last["product_operations"] / last["seconds"] / 1e9
        print(
            f"{name:10} {ratios[name]:.2f} times the best other; {last['tokens']} tokens, GEMM {last['product_seconds'] / last['busy_seconds']:.0%} "
            f"of the threads' time, {speed:.0f} GFLOP/s in GEMM by the clock, {speed / machine['peak']:.0%} of the peak" if machine["peak"] else name
        )
    print(f"peak {machine['peak']} GFLOP/s; products of a layer: ours {machine['ours']}, OpenBLAS {machine['openblas']} ({machine['openblas_core']})")
    start, memory = statistics.median(starts), ours.megabytes()
    print(f"start {start:.3f} s (median of 5), resident memory at its highest {memory:.0f} MB; "
          + ", ".join(f"{title} {side.megabytes():.0f} MB" for title, side in sides.items() if side is not ours))
    for side in sides.values():
        side.close()
    print(f"load after: {os.getloadavg()[0]:.2f}")
    return ratios["128 tokens"] >= 1 and ratios["mixed"] >= 1.3 and start < 0.5 and memory < 300


if __name__ == "__main__":
    # A process of its own exports, so that its memory is nobody's.
    if sys.argv[1:2] == ["--export"]:
        print(export(*sys.argv[2:]))
    else:
        main()
