#!/usr/bin/env python3
"""Kills a random process of a training run at a random time, again and again.

    kills.py KILLS PROCESSES PROGRAM MPIEXEC...        PROGRAM is lesson 11

Half of them come at any time from the start on, half after the first checkpoint, while others are written.
After each kill all processes must end within ten seconds, the checkpoint must be that of a run that nobody disturbed
after as many epochs, byte for byte, and the run that goes on from it must end with that of the undisturbed one.
"""
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EPOCHS = 12
kills, processes, program, mpiexec = int(sys.argv[1]), sys.argv[2], os.path.realpath(sys.argv[3]), sys.argv[4:]
checkpoint = Path(tempfile.mkdtemp(prefix="strata-kills-")) / "run.safetensors"


def start(epochs):
    return subprocess.Popen([*mpiexec, "-n", processes, program, checkpoint, str(epochs)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(run):
    """The checkpoint with which a run that nobody disturbs ends."""
    said = run.communicate()[0]
    if not checkpoint.exists() or run.returncode not in (0, 1):  # 1: too few epochs to learn much
        sys.exit(f"a run that nobody disturbed ended with {run.returncode}: {said.decode()}")
    return checkpoint.read_bytes()


def epochs_of(state):
    """The number of epochs that a checkpoint says it has."""
    size = struct.unpack("<Q", state[:8])[0]
    return int(json.loads(state[8:8 + size])["__metadata__"]["epoch"])


def alive():
    """Processes of the program."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "exe") == program:
                found.append(int(entry.name))
        except OSError:  # it has just ended, or is another user's
            pass
    return found


def wait_for_checkpoint(run):
    while not checkpoint.exists() and run.poll() is None:
        time.sleep(0.001)


begin = time.monotonic()
run = start(EPOCHS)
wait_for_checkpoint(run)
first = time.monotonic()
last = finish(run)
end = time.monotonic()
undisturbed = {EPOCHS: last}  # checkpoints, by epochs

done = too_late = saved = hung = 0
slowest = 0.0
while done < kills:
    checkpoint.unlink(missing_ok=True)
    run = start(EPOCHS)
    if random.random() < 0.5:
        time.sleep(random.uniform(0, end - begin))
    else:
        wait_for_checkpoint(run)
        time.sleep(random.uniform(0, end - first))
    victims = alive()
    if not victims:
        run.communicate()
        too_late += 1
        continue
    try:
        os.kill(random.choice(victims), signal.SIGKILL)
    except ProcessLookupError:
        pass
    killed = time.monotonic()
    while alive() and time.monotonic() - killed < 20:
        time.sleep(0.01)
    slowest = max(slowest, time.monotonic() - killed)
    try:
        said = run.communicate(timeout=20)[0].decode()
    except subprocess.TimeoutExpired:  # Open MPI 4.1 hangs now and then where one was killed while it started
        run.kill()
        said = run.communicate()[0].decode()
        hung += 1
    if run.returncode == 0:  # it had done its work already
        too_late += 1
        continue
    done += 1
    if slowest > 10:
        sys.exit(f"kill {done}: the other processes ended after {slowest:.1f} s")
    if "Killed" not in said:
        sys.exit(f"kill {done}: not a word about it: {said}")
    if checkpoint.exists():
        saved += 1
        state = checkpoint.read_bytes()
        epochs = epochs_of(state)
        if epochs not in undisturbed:
            checkpoint.unlink()
            undisturbed[epochs] = finish(start(epochs))
            checkpoint.write_bytes(state)
        if state != undisturbed[epochs]:
            sys.exit(f"kill {done}: the checkpoint is not that of {epochs} epochs: {checkpoint}")
    if finish(start(EPOCHS)) != last:
        sys.exit(f"kill {done}: the resumed run ended with other bits: {checkpoint}")
    print(f"{done} of {kills}", file=sys.stderr, flush=True)
for leftover in checkpoint.parent.iterdir():
    leftover.unlink()
checkpoint.parent.rmdir()
print(f"{done} kills of one of {processes} processes, {saved} after a checkpoint ({too_late} came too late; the "
      f"launcher itself hung after {hung}): "
      f"all ended within {slowest:.1f} s, no checkpoint was damaged, all resumed runs ended with the same bits")
