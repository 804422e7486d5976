"""Ed25519 signatures (RFC 8032, 5.1.7), in Python's integers.

The strict and cofactorless check: s below the group's order, R compared as the bytes that it must
be, and no key of small order or of a second writing. Nothing here is secret, so nothing needs to
take the same time for every input.

A point is (X, Y, Z, T) with x = X/Z, y = Y/Z and x·y = T/Z (RFC 8032, 5.1.4).
"""

from hashlib import sha512

KEY_BYTES, SIGNATURE_BYTES = 32, 64

_Point = tuple[int, int, int, int]

_P = 2**255 - 19  # the field's prime
_L = 2**252 + 27742317777372353535851937790883648493  # the order of the base point
_D = -121665 * pow(121666, -1, _P) % _P  # the curve: -x² + y² = 1 + d·x²·y²
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_IDENTITY: _Point = (0, 1, 1, 0)
_WINDOW = 4  # bits of a scalar taken at once: 16 multiples of a point are the cheapest to make


def _add(one: _Point, other: _Point) -> _Point:
    """Add two points; complete, so also a point to itself and to the identity."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a = (y1 - x1) * (y2 - x2) % _P
    b = (y1 + x1) * (y2 + x2) % _P
    c = 2 * t1 * t2 * _D % _P
    d = 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(one: _Point) -> _Point:
    x, y, z, _ = one
    a = x * x % _P
    b = y * y % _P
    c = 2 * z * z % _P
    h = a + b
    e = h - (x + y) * (x + y)
    g = a - b
    f = c + g
    e %= _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _negative(one: _Point) -> _Point:
    x, y, z, t = one
    return _P - x, y, z, _P - t


def _encode(one: _Point) -> bytes:
    x, y, z, _ = one
    inverse = pow(z, -1, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(KEY_BYTES, "little")


def _decode(encoded: bytes) -> _Point | None:
    """Read a point in its one writing (RFC 8032, 5.1.3); nothing if it is none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    # x² = u/v: the root and the quotient with one exponentiation.
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P == -u % _P:
        x = x * _SQRT_MINUS_1 % _P
    if v * x * x % _P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _multiples(one: _Point) -> list[_Point]:
    """What a window can hold, times the point."""
    found = [_IDENTITY]
    while len(found) < 2**_WINDOW:
        found.append(_add(found[-1], one))
    return found


def _known_point(encoded: bytes) -> _Point:
    point = _decode(encoded)
    assert point is not None
    return point


_BASE = _multiples(_known_point(b"\x58" + b"\x66" * 31))  # y = 4/5, x even (RFC 8032, 5.1)


def _combined(scalar: int, other_scalar: int, other: _Point) -> _Point:
    """The base point times a scalar, and another point times another, added."""
    multiples, point = _multiples(other), _IDENTITY
    for shift in range(256 - _WINDOW, -1, -_WINDOW):
        for _ in range(_WINDOW):
            point = _double(point)
        if digit := scalar >> shift & (2**_WINDOW - 1):
            point = _add(point, _BASE[digit])
        if digit := other_scalar >> shift & (2**_WINDOW - 1):
            point = _add(point, multiples[digit])
    return point


def _key(public: bytes) -> _Point | None:
    point = _decode(public) if len(public) == KEY_BYTES else None
    if point is None:
        return None
    # With a key of small order a signature can be made that is good for almost any message.
    x, y, z, _ = _double(_double(_double(point)))
    return None if x == 0 and y == z else point


def is_key(public: bytes) -> bool:
    """Whether bytes are a public key: a point in its one writing, not of small order."""
    return _key(public) is not None


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature is a key's over a message.

    Args:
        public: The key, 32 bytes.
        signature: R and s, 64 bytes.
        message: What is signed.
    """
    key = _key(public)
    if key is None or len(signature) != SIGNATURE_BYTES:
        return False
    commitment, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    if scalar >= _L:
        return False
    challenge = int.from_bytes(sha512(commitment + public + message).digest(), "little") % _L
    return _encode(_combined(scalar, challenge, _negative(key))) == commitment
