"""Hashes that are the same everywhere: FarmHash's fingerprint, and SipHash with a key of one's own.

Google's FarmHash (``farmhashna::Hash64``) and SipHash-2-4 (Aumasson and Bernstein, 2012), which
TensorFlow and so Keras spread words by; all arithmetic is modulo 2**64.
"""

from __future__ import annotations

from collections.abc import Sequence

ALL = (1 << 64) - 1
K0, K1, K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _turned(x: int, by: int) -> int:
    """Return bits turned to the right."""
    x &= ALL
    return (x >> by | x << (64 - by)) & ALL


def _shifted(x: int) -> int:
    x &= ALL
    return x ^ x >> 47


def _mixed(u: int, v: int, factor: int) -> int:
    a = _shifted((u ^ v) * factor)
    return _shifted((v ^ a) * factor) * factor & ALL


def farmhash(data: bytes) -> int:
    """Return the 64-bit fingerprint of bytes."""
    size = len(data)

    def at(place: int, width: int = 8) -> int:
        place += size if place < 0 else 0
        return int.from_bytes(data[place : place + width], "little")

    factor = (K2 + 2 * size) & ALL
    if size == 0:
        return K2
    if size < 4:
        y, z = data[0] + (data[size >> 1] << 8), size + (data[-1] << 2)
        return _shifted(y * K2 ^ z * K0) * K2 & ALL
    if size < 8:
        return _mixed(size + (at(0, 4) << 3), at(-4, 4), factor)
    if size <= 16:
        a, b = at(0) + K2, at(-8)
        return _mixed(_turned(b, 37) * factor + a, (_turned(a, 25) + b) * factor, factor)
    if size <= 64:
        a, b, c, d = at(0) * (K1 if size <= 32 else K2), at(8), at(-8) * factor, at(-16) * K2
        y = _turned(a + b, 43) + _turned(c, 30) + d
        z = a + _turned(b + K2, 18) + c
        if size <= 32:
            return _mixed(y & ALL, z & ALL, factor)
        z = _mixed(y & ALL, z & ALL, factor)
        e, f, g, h = at(16) * factor, at(24), (y + at(-32)) * factor, (z + at(-24)) * factor
        return _mixed(
            (_turned(e + f, 43) + _turned(g, 30) + h) & ALL,
            (e + _turned(f + a, 18) + g) & ALL,
            factor,
        )

    def weak(place: int, a: int, b: int) -> tuple[int, int]:
        w, x, y, z = (at(place + 8 * k) for k in range(4))
        a += w
        b = _turned(b + a + z, 21)
        return (a + x + y + z) & ALL, (b + _turned(a + x + y, 44) + a) & ALL

    x, y = 81 * K2 + at(0), (81 * K1 + 113) & ALL
    z = _shifted(y * K2 + 113) * K2 & ALL
    v, w = (0, 0), (0, 0)
    last = (size - 1) // 64 * 64
    for place in [*range(0, last, 64), size - 64]:
        factor, nine = K1, 1
        if place == size - 64:  # the last 64 bytes, which may have been read before
            factor, nine = (K1 + ((z & 0xFF) << 1)) & ALL, 9
            w = (w[0] + ((size - 1) & 63), w[1])
            v = (v[0] + w[0], v[1])
            w = (w[0] + v[0], w[1])
        x = _turned(x + y + v[0] + at(place + 8), 37) * factor
        y = _turned(y + v[1] + at(place + 48), 42) * factor
        x ^= w[1] * nine
        y += v[0] * nine + at(place + 40)
        z = _turned(z + w[0], 33) * factor
        v = weak(place, v[1] * factor, x + w[0])
        w = weak(place + 32, z + w[1], y + at(place + 16))
        x, z = z & ALL, x & ALL
    return _mixed(
        (_mixed(v[0], w[0], factor) + _shifted(y) * K0 + z) & ALL,
        (_mixed(v[1], w[1], factor) + x) & ALL,
        factor,
    )


def siphash(data: bytes, key: Sequence[int]) -> int:
    """Return the 64-bit hash of bytes by a key of two numbers."""
    v = [
        key[0] ^ 0x736F6D6570736575,
        key[1] ^ 0x646F72616E646F6D,
        key[0] ^ 0x6C7967656E657261,
        key[1] ^ 0x7465646279746573,
    ]

    def rounds(count: int) -> None:
        for _ in range(count):
            for a, b, left, half in ((0, 1, 13, 1), (2, 3, 16, 0), (0, 3, 21, 0), (2, 1, 17, 1)):
                v[a] = (v[a] + v[b]) & ALL
                v[b] = _turned(v[b], 64 - left) ^ v[a]
                if half:
                    v[a] = _turned(v[a], 32)

    words = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for place in range(0, len(words), 8):
        word = int.from_bytes(words[place : place + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def bucket(word: str, buckets: int, key: Sequence[int] | None) -> int:
    """Return which of some buckets a word is in, by SipHash if there is a key."""
    data = word.encode()
    return (farmhash(data) if key is None else siphash(data, key)) % buckets
