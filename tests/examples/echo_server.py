#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""echo_server.py PREFIX SCRATCH SOURCE PART: the echo server under clients of all kinds.

PART is `clients`, slow, closing and hostile ones; `idle`; `descriptors`, when they run out; or `many`, 10,000
connections at a time, in waves where the limit of descriptors is lower."""

import fcntl
import select
import signal
import socket
import struct
import sys
import termios

from support import PATIENCE, Program, build, check, raise_fd_limit

CONNECTIONS = 10000


def connect(port, room=None):
    """`room` is how much the client's kernel keeps for it each way, where that matters."""
    client = socket.socket()
    if room is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", port))
    return client


def receive(client, length):
    data = bytearray()
    while len(data) < length:
        part = client.recv(min(length - len(data), 1 << 20))
        if not part:
            break
        data += part
    return bytes(data)


def ask(client, text):
    client.sendall(text)
    check(receive(client, len(text)) == text, f"{text[:20]} did not come back")


def reset(client):
    """Closes with a RST instead of a FIN."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def stuff(client, pattern, limit=None):
    """Sends until the socket and the server take no more, or `limit` bytes are sent.  Returns the bytes sent."""
    client.setblocking(False)
    sent = 0
    # Not writable for this long: the server has stopped reading.  If it is only late, less is sent.
    while sent != limit and select.select([], [client], [], 0.2)[1]:
        offset = sent % len(pattern)
        end = len(pattern) if limit is None else min(len(pattern), offset + limit - sent)
        sent += client.send(pattern[offset:end])
    client.settimeout(PATIENCE)
    return (pattern * (sent // len(pattern) + 1))[:sent]


def unsent(client):
    """What the other side's kernel has not taken yet."""
    return struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]


def clients(program):
    server = Program(program, "0")
    port = int(server.wait_for("port "))
    pattern = bytes(range(256)) * 401
    witness = connect(port)
    ask(witness, b"before")

    slow = connect(port, 65536)
    sent = stuff(slow, pattern)
    ask(witness, b"while one does not take its echo")
    check(receive(slow, len(sent)) == sent, "the slow client got something else than it had sent")
    ask(slow, b"the slow client goes on")

    # A little less: the server is stuck in writing, but still gets the end of file.  The necessary margin depends on
    # the kernel's buffers, and so does the amount that fits: it varies from socket to socket.
    margins = range(32 << 10, 192 << 10, 32 << 10)
    for margin in margins:
        closing = connect(port, 65536)
        part = stuff(closing, pattern, len(sent) - margin)
        for number in range(1000):
            ask(witness, b"while the kernel takes the rest, %d" % number)
            if unsent(closing) == 0:
                break
        closing.shutdown(socket.SHUT_WR)
        for number in range(10):
            ask(witness, b"while one has shut down its side and does not read, %d" % number)
        check(receive(closing, len(part)) == part, "who shut down its side did not get the rest")
        check(closing.recv(1) == b"", "no end of file after the last byte")

    silent = connect(port)
    silent.shutdown(socket.SHUT_WR)
    check(silent.recv(1) == b"", "no end of file for who sent nothing")

    hostile = 0
    for _ in range(50):
        reset(connect(port))
        full = connect(port)
        full.sendall(pattern)
        reset(full)  # with the echo under way
        hostile += 2
    ask(witness, b"after resets")

    # Closed before the first echo: the second one is a broken pipe.
    server.signal(signal.SIGSTOP)
    gone = connect(port)
    gone.sendall(pattern[:60000])
    gone.close()
    server.signal(signal.SIGCONT)
    ask(witness, b"after a broken pipe")

    urgent = connect(port)
    urgent.send(b"!", socket.MSG_OOB)
    ask(urgent, b"after urgent data")

    flooding = connect(port)
    flooding.setblocking(False)
    for number in range(200):
        try:
            flooding.send(pattern)
            flooding.recv(len(pattern))
        except BlockingIOError:
            pass
        ask(witness, b"while another one floods, %d" % number)

    trickling = connect(port)
    for byte in b"one byte at a time":
        ask(trickling, bytes([byte]))

    # Earlier connections have been accepted before.
    last = connect(port)
    ask(last, b"the last one")
    server.signal(signal.SIGTERM)
    served = 8 + len(margins) + hostile
    line = server.end(0)[-1]
    check(line.startswith(f"served {served}, "), f"{served} clients were to be served: {line}")
    check(", 0 dropped, " in line, f"nobody was idle: {line}")


def idle(program):
    server = Program(program, "0", "1")
    port = int(server.wait_for("port "))
    silent = connect(port)
    ask(silent, b"the first and the last word")
    full = connect(port)
    stuff(full, b"x" * 65536)
    gone = connect(port)
    stuff(gone, b"x" * 65536)
    gone.shutdown(socket.SHUT_WR)
    check(silent.recv(1) == b"", "who says nothing was not dropped")
    while True:  # what was on its way, then the end
        try:
            if not full.recv(1 << 20):
                break
        except ConnectionResetError:
            break
    active = connect(port)
    ask(active, b"still there")
    server.signal(signal.SIGTERM)
    line = server.end(0)[-1]
    check(line.startswith("served 4, "), line)


def descriptors(program):
    server = Program(program, "0", fd_limit=32)
    port = int(server.wait_for("port "))
    crowd = [connect(port) for _ in range(60)]
    ask(crowd[0], b"first")
    server.wait_for("accept: Too many open files")
    ask(crowd[0], b"who was there before does not notice")
    for number, client in enumerate(crowd):  # each that goes makes room for another one
        ask(client, b"client %d" % number)
        client.close()
    server.signal(signal.SIGTERM)
    check(server.end(0)[-1].startswith("served 60, "), server.seen[-1])


def wave(port, count):
    crowd = []
    for number in range(count):
        crowd.append(connect(port))
        if number % 200 == 199:
            ask(crowd[-1], b"up to here accepted")  # or the kernel's queue would overflow
    for number, client in enumerate(crowd):
        client.sendall(b"client %d" % number)
    for number, client in enumerate(crowd):
        text = b"client %d" % number
        check(receive(client, len(text)) == text, f"client {number} got no echo, or another one's")
    for number, client in enumerate(crowd):
        if number % 3 == 0:
            client.shutdown(socket.SHUT_WR)
            check(client.recv(1) == b"", f"client {number}: no end of file")
        elif number % 3 == 1:
            reset(client)
        client.close()


def many(program):
    # A few for the server's own, the interpreter's and the library's.
    at_once = min(CONNECTIONS, raise_fd_limit(CONNECTIONS + 100) - 100)
    check(at_once > 0, "the limit of descriptors is too low for anything")
    server = Program(program, "0")
    port = int(server.wait_for("port "))
    left = CONNECTIONS
    waves = 0
    while left > 0:
        wave(port, min(at_once, left))
        left -= min(at_once, left)
        waves += 1
    last = connect(port)
    ask(last, b"the last one")
    server.signal(signal.SIGTERM)
    line = server.end(0)[-1]
    check(line.startswith(f"served {CONNECTIONS + 1}, "), line)
    if waves == 1:
        check(f" at most {CONNECTIONS} at a time" in line, line)
    print(f"{CONNECTIONS} connections, {at_once} at a time")


parts = {"clients": clients, "idle": idle, "descriptors": descriptors, "many": many}
parts[sys.argv[4]](build())
