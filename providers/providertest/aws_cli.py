"""Carries out commands of the AWS CLI, one for each line of JSON on stdin, and prints the outcome of each as one.

Starting the CLI takes longer than most commands. Each command has an environment, a folder and a session of its own; they
share the descriptions of the services, which never change.
"""

import contextlib
import functools
import io
import json
import os
import sys

import awscli.clidriver
import botocore.loaders
import botocore.session

descriptions = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}  # which the import has set
botocore.session.create_loader = functools.lru_cache(None)(botocore.loaders.create_loader)


def run(args):
    """Returns the exit code, as the program aws does."""
    try:
        return awscli.clidriver.create_clidriver().main(args)
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else int(e.code is not None)


def text():
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    ask = json.loads(line)
    os.environ.clear()
    os.environ.update(descriptions)
    os.environ.update(kv.split("=", 1) for kv in ask["env"])
    os.chdir(ask["dir"])
    out, err = text(), text()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(ask["args"])
    said = {"code": code, "stdout": out.buffer.getvalue().decode(), "stderr": err.buffer.getvalue().decode()}
    print(json.dumps(said), flush=True)
