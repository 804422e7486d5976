"""Points of secp256k1 (SEC 2, 2.4.1), Bitcoin's curve, in Python's integers.

Only what a public key's children need (BIP 32): a multiple of the base point, added to a key.
Nothing here is secret, so nothing needs to take the same time for every input.

A sum of many points is carried as (X, Y, Z) with x = X/Z² and y = Y/Z³, which needs no division
until its end; a single point is (x, y), and the point at infinity is None.
"""

from functools import cache

from clearhouse.verifier.wrong import Wrong

KEY_BYTES = 33  # compressed (SEC 1, 2.3.3): which of two y it is, then x

_Point = tuple[int, int]

_P = 2**256 - 2**32 - 977  # the field's prime; the curve: y² = x³ + 7
_N = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # G's order
_G: _Point = (
    0x79BE667E_F9DCBBAC_55A06295_CE870B07_029BFCDB_2DCE28D9_59F2815B_16F81798,
    0x483ADA77_26A3C465_5DA4FBFC_0E1108A8_FD17B448_A6855419_9C47D08F_FB10D4B8,
)
_WINDOW = 4  # bits of a scalar taken at once: 64 additions, of points made in some 10 ms


def add_tweak(public: bytes, tweak: int) -> bytes:
    """The key that is `tweak`·G away from another (CKDpub of BIP 32).

    Args:
        public: The other key, compressed: 33 bytes.
        tweak: 0 or more.

    Raises:
        Wrong: `descriptor.malformed`, the key is no point, the tweak is not below the group's
            order, or the sum is the point at infinity.
    """
    point = _decode(public)
    if not 0 <= tweak < _N:
        raise _malformed("a tweak is not below the order of the group")
    found = _add(point, _times_base(tweak))
    if found is None:
        raise _malformed(f"a tweak of {public.hex()} leaves nothing")
    return _encode(found)


def _add(one: _Point, other: _Point | None) -> _Point | None:
    """Add two points; complete, so also a point to itself and to its negative."""
    if other is None:
        return one
    x1, y1 = one
    x2, y2 = other
    if x1 != x2:
        slope = (y2 - y1) * pow(x2 - x1, -1, _P) % _P
    elif y1 == y2:
        slope = 3 * x1 * x1 * pow(2 * y1, -1, _P) % _P  # no y is 0: the group's order is odd
    else:
        return None
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P


@cache
def _multiples() -> list[list[_Point]]:
    """For each window, the base point times what the window can hold there, from 1 on."""
    found, base = [], _G
    for _ in range(256 // _WINDOW):
        multiples = [base]
        while len(multiples) < 2**_WINDOW:
            multiples.append(_known(_add(multiples[-1], base)))
        base = multiples.pop()  # 2**_WINDOW times: the next window's first
        found.append(multiples)
    return found


def _known(point: _Point | None) -> _Point:
    assert point is not None
    return point


def _times_base(scalar: int) -> _Point | None:
    """The base point times a scalar from 0 to below its order."""
    terms = []
    for place, multiples in enumerate(_multiples()):
        if digit := scalar >> _WINDOW * place & (2**_WINDOW - 1):
            terms.append(multiples[digit - 1])
    if not terms:
        return None
    (x, y), z = terms[0], 1
    for x2, y2 in terms[1:]:
        # The term's multiple of G is the larger one, and with the sum's it is below the order: the
        # two are neither the same point nor each other's negative, so that h is not 0.
        zz = z * z % _P
        h, r = (x2 * zz - x) % _P, (y2 * z * zz - y) % _P
        hh = h * h % _P
        hhh, v = h * hh % _P, x * hh % _P
        x = (r * r - hhh - 2 * v) % _P
        y = (r * (v - x) - y * hhh) % _P
        z = z * h % _P
    inverse = pow(z, -1, _P)
    square = inverse * inverse % _P
    return x * square % _P, y * square * inverse % _P


def _encode(point: _Point) -> bytes:
    x, y = point
    return bytes([2 + (y & 1)]) + x.to_bytes(KEY_BYTES - 1, "big")


def _decode(public: bytes) -> _Point:
    """Read a compressed point (SEC 1, 2.3.4).

    Raises:
        Wrong: `descriptor.malformed`, it is none.
    """
    x = int.from_bytes(public[1:], "big")
    square = (x * x * x + 7) % _P
    y = pow(square, (_P + 1) // 4, _P)  # the root, if there is one: _P is 3 modulo 4
    if len(public) != KEY_BYTES or public[0] not in {2, 3} or x >= _P or y * y % _P != square:
        raise _malformed(f"{public[: KEY_BYTES + 1].hex()} is no point of the curve")
    return x, y if y & 1 == public[0] & 1 else _P - y


def _malformed(detail: str) -> Wrong:
    return Wrong("descriptor.malformed", detail)
