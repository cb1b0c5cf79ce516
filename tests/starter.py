"""Start Python programs, each in a process of its own that need not import the large libraries.

Reads one program a line, as JSON, and writes its exit code. A program's process is a copy of this
one, which takes milliseconds where importing PyTorch takes seconds. Nothing of alignlab is imported
here: what a program does not import itself, it does not have.
"""

import importlib
import json
import os
import runpy
import sys
import traceback

LARGE = (
    "gymnasium", "jinja2", "joblib", "numba", "pandas", "pyarrow.parquet", "rich.console",
    "safetensors.torch", "scipy.optimize", "scipy.stats", "sklearn.ensemble",
    "sklearn.linear_model", "sklearn.pipeline", "skops.io", "torch", "typer", "vl_convert",
)  # fmt: skip


def run(program: str, words: list[str], directory: str, streams: list[str]) -> int:
    for number, file in enumerate(streams):
        os.dup2(os.open(file, os.O_RDWR), number)
    # The one that was copied remembers what it has read of this program's.
    sys.stdin = os.fdopen(0, encoding="utf-8")
    os.chdir(directory)
    sys.argv, sys.path[0] = [program, *words], os.path.dirname(program)
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        if isinstance(ended.code, int | None):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def serve() -> None:
    for name in LARGE:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.update(asked.pop("environment"))
            code = run(**asked)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
