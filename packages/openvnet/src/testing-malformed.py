"""Sends frames that no program would, from a raw socket, for malformed.lab.test.ts.

Usage: testing-malformed.py DEVICE FROM all | flood COUNT
FROM is the number of the guest: its address is 10.0.1.FROM, its MAC address 52:54:00:00:01:0FROM. Prints how many frames of
each kind went out, and how many the device did not take, as JSON.
"""
import json
import random
import socket
import struct
import sys
import time

device, number, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
own_mac = bytes.fromhex('5254000001') + bytes([number])
own_ip = bytes([10, 0, 1, number])
gateway_mac, gateway_ip = bytes.fromhex('5254000001fe'), bytes([10, 0, 1, 254])
server_mac, server_ip = bytes.fromhex('5254000001fd'), bytes([10, 0, 1, 253])
everyone, everywhere, nowhere = b'\xff' * 6, b'\xff' * 4, bytes(4)
far_ip, unknown_ip = bytes([10, 0, 2, 3]), bytes([8, 8, 8, 8])
draw = random.Random(7)


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ether(dst, payload, kind=0x0800):
    return dst + own_mac + struct.pack('>H', kind) + payload


def ip(payload, dst=gateway_ip, src=own_ip, proto=17, options=b'', ihl=None, total=None, fragment=0, ttl=64, sum_of=None,
       version=4, identification=7):
    words = 5 + len(options) // 4 if ihl is None else ihl
    size = 20 + len(options) + len(payload) if total is None else total
    head = struct.pack('>BBHHHBBH', version << 4 | words, 0, size & 0xffff, identification, fragment, ttl, proto, 0)
    head += src + dst + options
    value = checksum(head) if sum_of is None else sum_of
    return head[:10] + struct.pack('>H', value) + head[12:] + payload


def udp(payload, to, source=1000, size=None):
    return struct.pack('>HHHH', source, to, (8 + len(payload) if size is None else size) & 0xffff, 0) + payload


def dhcp(options=b'\x35\x01\x01\xff', hlen=6, htype=1, op=1):
    return struct.pack('>BBBBIHH', op, htype, hlen, 0, 7, 0, 0) + bytes(16) + own_mac + bytes(10 + 192) + \
        b'\x63\x82\x53\x63' + options


def asked(message):
    return ether(everyone, ip(udp(message, 67, 68), dst=everywhere, src=nowhere))


def queried(message):
    return ether(server_mac, ip(udp(message, 53), dst=server_ip))


def query(question=b'\x03www\x04net1\0\0\x01\0\x01', flags=0x0100, count=1, more=(0, 0, 0)):
    return struct.pack('>HHHHHH', 7, flags, count, *more) + question


def tcp(payload=b'', flags=2, offset=5, source=None, seq=1, ack=0):
    port = draw.randrange(1024, 65536) if source is None else source
    head = struct.pack('>HHIIBBHHH', port, 53, seq, ack, offset << 4, flags, 1000, 0, 0)
    pseudo = own_ip + server_ip + struct.pack('>BBH', 0, 6, len(head + payload))
    return head[:16] + struct.pack('>H', checksum(pseudo + head + payload)) + head[18:] + payload


def segment(data):
    return ether(server_mac, ip(data, dst=server_ip, proto=6))


def icmp(kind, code, rest, payload):
    data = struct.pack('>BBHI', kind, code, 0, rest) + payload
    return data[:2] + struct.pack('>H', checksum(data)) + data[4:]


def arp(hardware=1, protocol=0x0800, hlen=6, plen=4, op=1):
    return struct.pack('>HHBBH', hardware, protocol, hlen, plen, op) + own_mac + own_ip + bytes(6) + gateway_ip


whole = dhcp()
question = query()
kinds = {
    'dhcp cut': [asked(whole[:size]) for size in range(0, len(whole), 2)],
    'dhcp fields': [asked(dhcp(hlen=hlen)) for hlen in (0, 1, 5, 7, 16, 255)] +
        [asked(dhcp(htype=htype)) for htype in (0, 6, 255)] + [asked(dhcp(op=op)) for op in (0, 2, 255)],
    'dhcp options': [asked(dhcp(options)) for options in (
        b'', b'\xff', b'\x35', b'\x35\xff\x01', b'\x35\x00\xff', b'\x35\x01\x63\xff', b'\x34\x01\x03\x35\x01\x01\xff',
        b'\0' * 1000, b'\x35\x01\x01' + b'\x0c\xff' + b'a' * 255 + b'\xff', b'\x35\x01\x01' + b'\x37\xff' + b'\x01' * 200,
        b'\x35\x01\x01' + (b'\x3d\xff' + b'b' * 255) * 4 + b'\xff', b'\x35\x01\x03\x32\x01\x0a\xff', b'\x35\x01\x01\x39\x02\0\0\xff')],
    'dhcp frames': [ether(everyone, ip(udp(whole, 67, 68), dst=everywhere, src=nowhere)[:size]) for size in range(20, 300, 20)] +
        [ether(everyone, ip(udp(whole, 67, 68, size=size), dst=everywhere, src=nowhere)) for size in (0, 7, 8, 20, 1000, 65535)],
    'dns cut': [queried(question[:size]) for size in range(len(question))],
    'dns names': [queried(query(name + b'\0\x01\0\x01')) for name in (
        b'\xc0\x0c', b'\xc0\x0d', b'\xc0\xff', b'\xff\xff', b'\x03www\xc0\x0c', b'\x40' + b'a' * 64 + b'\0', b'\x80a\0',
        (b'\x3f' + b'a' * 63) * 10 + b'\0', b'\x01a' * 500 + b'\0', b'\x05ab', b'')],
    'dns headers': [queried(query(count=count)) for count in (0, 2, 255, 65535)] +
        [queried(query(more=more)) for more in ((1, 0, 0), (0, 65535, 0), (0, 0, 65535), (65535, 65535, 65535))] +
        [queried(query(flags=flags)) for flags in (0x8000, 0x7800, 0xffff, 0x0200)] +
        [queried(query(b'\x03www\x04net1\0\0\x01' + cls)) for cls in (b'\0\x03', b'\0\xff', b'\0\0', b'\xff\xff')] +
        [queried(query(more=(0, 0, 1)) + opt) for opt in (b'\0\0\x29\0\0\0\0\0\0\xff\xff', b'\0\0\x29', b'\0\0\x29\0\x01\0\0\0\0\0\x04\0\x08')],
    'tcp': [segment(tcp(flags=flags, payload=draw.randbytes(size))) for flags in (0, 1, 2, 3, 4, 6, 16, 18, 24, 41, 63, 255)
            for size in (0, 1, 2, 300)] +
        [segment(tcp(offset=offset)) for offset in (0, 1, 4, 6, 15)] + [segment(tcp()[:size]) for size in range(20)] +
        [segment(tcp()[:16] + b'\x12\x34' + tcp()[18:])] +
        # A connection of which the answers are not heeded: what comes lies outside of every window.
        [segment(tcp(source=999, flags=2))] + [segment(tcp(source=999, flags=24, seq=draw.randrange(2 ** 32), ack=draw.randrange(2 ** 32),
                                                         payload=draw.randbytes(100))) for _ in range(20)],
    'arp': [ether(everyone, arp()[:size], 0x0806) for size in range(28)] +
        [ether(everyone, arp(**fields), 0x0806) for fields in (
            {'hardware': 6}, {'hardware': 0}, {'protocol': 0x86dd}, {'hlen': 0}, {'hlen': 255}, {'plen': 16}, {'plen': 0}, {'op': 0},
            {'op': 3}, {'op': 65535})],
    'ip headers': [ether(gateway_mac, ip(icmp(8, 0, 1, b'x' * 8), dst=dst, proto=1, **fields))
                   for dst in (gateway_ip, far_ip, unknown_ip) for fields in (
                       {'ihl': 0}, {'ihl': 4}, {'ihl': 6}, {'ihl': 15}, {'total': 0}, {'total': 19}, {'total': 27}, {'total': 1000},
                       {'total': 65535}, {'sum_of': 0x1234}, {'version': 6}, {'version': 0}, {'ttl': 0}, {'ttl': 1},
                       {'options': b'\x07\x27\x04' + bytes(37)}, {'options': b'\x83\x07\x04\x08\x08\x08\x08\0'},
                       {'options': b'\x44\x00\x00\x00'}, {'options': b'\x94\x04\0\0'}, {'options': b'\xff' * 40})],
    'fragments': [ether(mac, ip(data, dst=dst, proto=17, fragment=flags | offset, identification=id))
                  for mac, dst in ((gateway_mac, far_ip), (server_mac, server_ip)) for id, (flags, offset, data) in enumerate((
                      (0x2000, 0, udp(question, 53)[:8]), (0x2000, 1, b'a' * 24), (0, 2, b'b' * 24), (0x2000, 0, b''),
                      (0x2000, 0, b'a'), (0, 0x1fff, b'c' * 1400), (0x2000, 0x1fff, b'd' * 9), (0x8000, 0, b'e' * 8),
                      (0x2000, 0, udp(question, 53)), (0x2000, 0, udp(question, 53)), (0x6000, 1, b'f' * 16)))] +
        [ether(everyone, ip(udp(whole, 67, 68)[:cut], dst=everywhere, src=nowhere, fragment=0x2000)) for cut in (0, 4, 8, 16, 64)],
    'giants': [ether(mac, ip(udp(b'g' * size, port), dst=dst)) for size in (1473, 2000, 8972)
               for mac, dst, port in ((gateway_mac, far_ip, 5), (server_mac, server_ip, 53), (gateway_mac, unknown_ip, 5))] +
        [asked(whole + b'\0' * 8000), ether(gateway_mac, b'\x45' + b'j' * 8999), ether(gateway_mac, b'j' * 9100)],
    'runts': [ether(everyone, b'')[:size] for size in range(1, 15)] + [ether(gateway_mac, b'\x45' * size) for size in range(20)],
    'vlan': [ether(everyone, struct.pack('>HH', tag, kind) + rest, outer) for tag in (0, 1, 4095, 0xf005)
             for outer in (0x8100, 0x88a8) for kind, rest in ((0x0800, ip(udp(whole, 67, 68), dst=everywhere, src=nowhere)),
                                                            (0x8100, b'\0\x01\x08\0'), (0x0806, arp()))] +
        [ether(everyone, b'\0' * size, 0x8100) for size in range(4)],
    'icmp': [ether(gateway_mac, ip(icmp(kind, code, rest, ip(udp(b'', 9), src=far_ip, dst=own_ip)[:size]), dst=dst, proto=1))
             for dst in (gateway_ip, far_ip) for kind, code, rest in ((3, 4, 0), (3, 4, 68), (11, 0, 0), (12, 0, 0), (5, 1, 0x08080808))
             for size in (0, 1, 19, 20, 27)] +
        [ether(gateway_mac, ip(icmp(8, 0, 1, b'')[:size], proto=1)) for size in range(8)],
    'llc': [ether(everyone, b'\xaa\xaa\x03' + draw.randbytes(size), size + 3) for size in (0, 5, 40)] +
        [ether(everyone, draw.randbytes(60), draw.randrange(65536)) for _ in range(30)],
}

# What a server of DNS over TCP gets on connections that are whole: sizes that lie, and what is no query.
streams = [b'', b'\0', b'\0\0' * 50, b'\0\x01a', b'\0\x0b' + bytes(11), b'\xff\xff' + draw.randbytes(70000), draw.randbytes(3000),
           b'GET / HTTP/1.1\r\n\r\n', struct.pack('>H', len(question)) + question[:-1], struct.pack('>H', 40) + question + b'\xff' * 12,
           struct.pack('>H', 16) + query(b'\xc0\x0c\0\x01')]

line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
line.bind((device, 0))


def send(frame):
    try:
        line.send(frame)
        return True
    except OSError:
        return False


def converse(data):
    try:
        with socket.create_connection(('10.0.1.253', 53), timeout=2) as connection:
            connection.settimeout(0.3)
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    except OSError:
        pass
    return True


if what == 'all':
    told = {'streams': [sum(map(converse, streams)), 0]}
    for name, frames in kinds.items():
        taken = 0
        for frame in frames:
            taken += send(frame)
            time.sleep(0.008)
        told[name] = [taken, len(frames) - taken]
    print(json.dumps(told))
else:
    count = int(sys.argv[4])
    frame = asked(whole)
    began, sent = time.monotonic(), 0
    while sent < count:
        due = min(count, int((time.monotonic() - began) * count) + 1)
        while sent < due:
            sent += send(frame)
        time.sleep(0.002)
    print(json.dumps({'sent': sent, 'seconds': round(time.monotonic() - began, 2)}))
