#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""preforking_server.py PREFIX SCRATCH SOURCE: children share the socket, are replaced, and end with their parent."""

import os
import select
import signal
import socket

from support import PATIENCE, Program, build, check

program = build()


def start(count):
    server = Program(program, str(count))
    port = int(server.wait_for("port "))
    return server, port, [int(server.wait_for("child ").split()[0]) for _ in range(count)]


def ask(port):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        answer = b""
        while part := client.recv(64):
            answer += part
        return int(answer)


def ask_only(child, children, port):
    """With the others stopped there is one left that can answer."""
    for other in children:
        if other != child:
            os.kill(other, signal.SIGSTOP)
    check(ask(port) == child, f"child {child} does not answer")
    for other in children:
        if other != child:
            os.kill(other, signal.SIGCONT)


server, port, children = start(3)
for child in children:
    ask_only(child, children, port)
for _ in range(200):
    check(ask(port) in children, "an answer from nobody's child")

victim = children.pop()
os.kill(victim, signal.SIGKILL)
server.wait_for(f"child {victim} killed by signal 9")
children.append(int(server.wait_for("child ").split()[0]))
ask_only(children[-1], children, port)

# All at once, while the parent can't react: one SIGCHLD stands for three.
server.signal(signal.SIGSTOP)
ends = [os.pidfd_open(child) for child in children]
for child in children:
    os.kill(child, signal.SIGKILL)
for end in ends:
    check(select.select([end], [], [], PATIENCE)[0], "a child survives SIGKILL")
server.signal(signal.SIGCONT)
replaced = []
while len(replaced) < 3:
    line = server.wait_for("child ")
    if line.endswith(" started"):
        replaced.append(int(line.split()[0]))
children = replaced
ask_only(children[0], children, port)

server.signal(signal.SIGTERM)
lines = server.end(0)
for child in children:
    check(f"child {child} ended with status 0" in lines, f"child {child} was to end by itself")
check(lines[-1] == "all children have ended", lines[-1])

# A killed parent can't notify its children.
server, port, children = start(2)
ends = [os.pidfd_open(child) for child in children]
for child in children:
    ask_only(child, children, port)
server.signal(signal.SIGKILL)
for end in ends:
    check(select.select([end], [], [], PATIENCE)[0], "a child outlived its parent")
server.end(-signal.SIGKILL)
