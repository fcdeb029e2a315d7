"""Importing the border starts no thread: the supervisor imports it and forks."""

import subprocess
import sys

SCRIPT = """
import os
import seal53.core
from seal53.core import Name, generate_zsk, key_tag
sealed, dnskey = generate_zsk(bytes(32), b"")
print(len(os.listdir("/proc/self/task")))
child = os.fork()
if child == 0:
    os._exit(0 if key_tag(generate_zsk(bytes(32), b"")[1]) >= 0 else 1)
print(os.waitpid(child, 0)[1])
"""


def test_an_import_leaves_one_thread_and_a_fork_can_go_on() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "0"]
