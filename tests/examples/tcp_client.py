#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""tcp_client.py PREFIX SCRATCH SOURCE: the client against servers that answer, stutter, keep silent, hang up."""

import signal
import socket

from support import PATIENCE, Program, build, check

program = build()
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(PATIENCE)
port = str(listener.getsockname()[1])


def start(text, *more):
    """The client, and the server's side of its connection after the question."""
    client = Program(program, "127.0.0.1", port, text, *more)
    peer, _ = listener.accept()
    peer.settimeout(PATIENCE)
    question = b""
    while not question.endswith(b"\n"):
        part = peer.recv(65536)
        check(part, "the client ended in the midst of its question")
        question += part
    check(question == text.encode() + b"\n", f"the question came as {question[:40]}")
    return client, peer


def ends_with(client, status, text):
    lines = client.end(status)
    check(lines == [text], f"'{text}' was to come, this came: {lines}")


client, peer = start("how are you")
peer.sendall(b"fine\nthis is not asked for\n")
ends_with(client, 0, "fine")

client, peer = start("a long question, " * 5000)
for byte in b"short answer\n":
    peer.send(bytes([byte]))
ends_with(client, 0, "short answer")

client, peer = start("hello", "50")
ends_with(client, 1, "no answer: Connection timed out")
check(peer.recv(1) == b"", "the socket is open after the time is over")

client, peer = start("hello", "3600000")
peer.sendall(b"half an answer")
client.signal(signal.SIGINT)
ends_with(client, 1, "no answer: Operation canceled")

client, peer = start("hello")
peer.sendall(b"half an answer")
peer.close()
ends_with(client, 1, "no answer: Connection reset by peer")

client, peer = start("hello")
peer.sendall(b"x" * 8192)
ends_with(client, 1, "no answer: Message too long")

bound = socket.socket()
bound.bind(("127.0.0.1", 0))  # nobody listens there
ends_with(Program(program, "127.0.0.1", str(bound.getsockname()[1]), "hello"), 1, "no answer: Connection refused")
ends_with(Program(program, "localhost", "1", "hello"), 2, "usage: tcp_client ADDRESS PORT TEXT [MILLISECONDS]")
