"""Sends frames of any kind, and shows those that arrive, for guards.lab.test.ts.

Usage: testing-frames.py DEVICE send HEX...
       testing-frames.py DEVICE flood HEX SECONDS PER_SECOND
       testing-frames.py DEVICE hear LAST_HEX GRACE_SECONDS MOST_SECONDS
`hear` prints `ready`, and then the frames that arrive, one a line, in hexadecimal digits, until a while after LAST_HEX has
come. A VLAN tag that the kernel has taken off is put back.
"""
import socket
import struct
import sys
import time

PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC, PACKET_AUXDATA = 1, 1, 8
SOL_PACKET, ETH_P_ALL, PACKET_OUTGOING, TP_STATUS_VLAN_VALID = 263, 3, 4, 0x10

device, what, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.bind((device, 0))


def send(frames):
    for frame in frames:
        wire.send(bytes.fromhex(frame))


def flood(frame, seconds, per_second):
    start = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - start) < float(seconds):
        while sent < passed * float(per_second):
            send([frame])
            sent += 1
        time.sleep(0.002)


def hear(last, grace, most):
    member = struct.pack('iHH8s', socket.if_nametoindex(device), PACKET_MR_PROMISC, 0, b'')
    wire.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, member)
    wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    print('ready', flush=True)
    end = time.monotonic() + float(most)
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame, notes, _, sender = wire.recvmsg(2000, 100)
        except socket.timeout:
            break
        if sender[2] == PACKET_OUTGOING:
            continue
        for _, kind, data in notes:
            status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', data)
            if kind == PACKET_AUXDATA and status & TP_STATUS_VLAN_VALID:
                frame = frame[:12] + struct.pack('>HH', tpid or 0x8100, tci) + frame[12:]
        print(frame.hex(), flush=True)
        if frame.hex() == last:
            end = min(end, time.monotonic() + float(grace))


if what == 'send':
    send(arguments)
elif what == 'flood':
    flood(*arguments)
else:
    hear(*arguments)
