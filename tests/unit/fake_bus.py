# SPDX-License-Identifier: MIT
"""fake_bus.py SOCKET HOW: a message bus with a systemd on it, as far as a request for a scope goes.

HOW it answers: `deaf` takes connections and never speaks; `absent` ends them; `mute` is a bus whose systemd is silent;
`refusing` has it say no; `failing` has the job fail; `granting` has it done. Says "ready" once it can be connected to.
"""
import socket
import struct
import sys

OK, ERROR, SIGNAL = 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, SENDER, SIGNATURE = 1, 2, 3, 4, 5, 7, 8
TYPES = {PATH: "o", REPLY_SERIAL: "u", SIGNATURE: "g"}
MANAGER = "org.freedesktop.systemd1"
JOB = "/org/freedesktop/systemd1/job/7"


def pad(data, size):
    return data + bytes(-len(data) % size)


def add(data, kind, value):
    if kind == "u":
        return pad(data, 4) + struct.pack("<I", value)
    if kind == "g":
        return data + bytes([len(value)]) + value.encode() + b"\0"
    return pad(data, 4) + struct.pack("<I", len(value)) + value.encode() + b"\0"


def message(kind, fields, signature="", *values):
    body = b""
    for letter, value in zip(signature, values):
        body = add(body, letter, value)
    if signature:
        fields = {**fields, SIGNATURE: signature}
    array = b""
    for code, value in fields.items():
        letter = TYPES.get(code, "s")
        array = add(pad(array, 8) + bytes([code, 1]) + letter.encode() + b"\0", letter, value)
    return pad(struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), 1, len(array)) + array, 8) + body


def authenticate(stream):
    while True:
        line = stream.readline().strip(b"\0\r\n")
        if line == b"AUTH EXTERNAL":
            stream.write(b"DATA\r\n")
        elif line.startswith((b"AUTH", b"DATA")):
            stream.write(b"OK 0123456789abcdef0123456789abcdef\r\n")
        elif line.startswith(b"NEGOTIATE"):
            stream.write(b"AGREE_UNIX_FD\r\n")
        else:
            return line == b"BEGIN"
        stream.flush()


def calls(stream):
    while len(head := stream.read(16)) == 16:
        n_body, serial, n_array = struct.unpack("<4xIII", head)
        yield serial, stream.read(n_array + -n_array % 8 + n_body)


def answer(call, serial, how):
    reply = {REPLY_SERIAL: serial, SENDER: ":1.1"}
    if b"Hello" in call:
        return message(OK, reply, "s", ":1.9")
    if b"AddMatch" in call:
        return message(OK, reply)
    if how == "mute":
        return b""
    if b"StartTransientUnit" not in call:
        return message(OK, reply)
    if how == "refusing":
        return message(ERROR, {**reply, ERROR_NAME: "org.freedesktop.DBus.Error.AccessDenied"}, "s", "not for you")
    signal = {PATH: "/org/freedesktop/systemd1", INTERFACE: MANAGER + ".Manager", MEMBER: "JobRemoved", SENDER: ":1.1"}
    return (message(OK, reply, "o", JOB)
            + message(SIGNAL, signal, "uoss", 6, "/somebody/elses", "x.scope", "failed")
            + message(SIGNAL, signal, "uoss", 7, JOB, "inbye.scope", "done" if how == "granting" else "failed"))


def main(path, how):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.settimeout(60)  # it is not to outlive a test that died
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    client = listener.accept()[0]
    if how == "deaf":
        while client.recv(4096):
            pass
    elif how != "absent":
        stream = client.makefile("rwb")
        if authenticate(stream):
            for serial, call in calls(stream):
                stream.write(answer(call, serial, how))
                stream.flush()


main(*sys.argv[1:])
