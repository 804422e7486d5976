"""Points of secp256k1: known multiples, the corners of addition, and two other implementations."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from embit.util import secp256k1 as embit
from hypothesis import example, given
from hypothesis import strategies as st

from clearhouse.verifier.secp256k1 import add_tweak
from clearhouse.verifier.wrong import Wrong

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
# Known multiples of G, and a y that is even or odd.
MULTIPLES = {
    2: "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
    3: "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    4: "02e493dbf1c10d80f3581e4904930b1404cc6c13900ee0758474fa94abe8c4cd13",
    7: "025cbdf0646e5db4eaa398f365f2ea7a0e3d419b7e0330e39ce92bddedcac4f9bc",
    10: "03a0434d9e47f3c86235477c7b1ae6ae5d3442d49b1943c2b752a68e2a47e247c7",
    20: "024ce119c96e2fa357200b559b2f7dd5a5f02d5290aff74b03f3e471b273211c97",
    N - 2: "03c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
    N - 1: "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
}

scalars = st.integers(1, N - 1)
small_scalars = st.integers(1, 300)
# What a window holds, alone and together with others.
windows = st.builds(lambda digit, place: digit << 4 * place, st.integers(1, 15), st.integers(0, 62))


def times_g(scalar: int) -> bytes:
    """By OpenSSL."""
    public = ec.derive_private_key(scalar, ec.SECP256K1()).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def theirs(public: bytes, tweak: int) -> bytes:
    """By libsecp256k1, or embit's own Python."""
    point: Any = embit.ec_pubkey_parse(public)
    added = embit.ec_pubkey_add(point, tweak.to_bytes(32, "big"))
    return bytes(embit.ec_pubkey_serialize(added))


def refused(public: bytes, tweak: int) -> None:
    with pytest.raises(Wrong) as wrong:
        add_tweak(public, tweak)
    assert wrong.value.code == "descriptor.malformed"


@pytest.mark.parametrize("scalar", sorted(MULTIPLES))
def test_a_multiple_of_the_base_point_is_known(scalar: int) -> None:
    assert times_g(scalar).hex() == MULTIPLES[scalar]
    assert add_tweak(G, scalar - 1).hex() == MULTIPLES[scalar]


def test_nothing_added_is_the_same_key() -> None:
    for known in MULTIPLES.values():
        assert add_tweak(bytes.fromhex(known), 0).hex() == known


@given(scalars, scalars | windows)
@example(N - 2, 1)
@example(2, N - 1)
def test_a_sum_is_what_others_find(scalar: int, tweak: int) -> None:
    public = times_g(scalar)
    if (scalar + tweak) % N == 0:
        refused(public, tweak)
        return
    found = add_tweak(public, tweak)
    assert found == theirs(public, tweak)
    assert found == times_g((scalar + tweak) % N)


def test_every_multiple_that_a_window_holds_is_right() -> None:
    for place in range(64):
        for digit in range(1, 16):
            if (scalar := digit << 4 * place) < N - 1:
                assert add_tweak(G, scalar) == times_g(scalar + 1), (place, digit)


@given(scalars | small_scalars)
def test_a_key_is_added_to_itself(scalar: int) -> None:
    """A point doubled: the one sum that has another formula."""
    assert add_tweak(times_g(scalar), scalar) == times_g(2 * scalar % N)


@given(scalars | small_scalars)
def test_a_sum_of_nothing_is_refused(scalar: int) -> None:
    refused(times_g(scalar), N - scalar)
    refused(times_g(N - scalar), scalar)


@pytest.mark.parametrize("tweak", [N, N + 1, 2**256 - 1, 2**256, 2**300, -1, -N])
def test_a_tweak_is_below_the_order(tweak: int) -> None:
    refused(G, tweak)


@pytest.mark.parametrize(
    "public",
    [
        b"",
        b"\x02",
        G[:-1],
        G + b"\x00",
        b"\x00" + G,
        G[1:],
        bytes(33),
        *(bytes([prefix]) + G[1:] for prefix in (0, 1, 4, 5, 6, 7, 255)),
        # BIP 32's: x = 7 has no y.
        bytes.fromhex("020000000000000000000000000000000000000000000000000000000000000007"),
        bytes.fromhex("020000000000000000000000000000000000000000000000000000000000000000"),
        # x = 1 has a y, and may not be written as 1 + p.
        b"\x02" + (P + 1).to_bytes(32, "big"),
        b"\x02" + P.to_bytes(32, "big"),
        b"\x03" + b"\xff" * 32,
        b"\x04" + G[1:] + bytes(32),
    ],
)
def test_what_is_no_compressed_point_is_refused(public: bytes) -> None:
    for tweak in (0, 1, N - 1):
        refused(public, tweak)


def test_the_one_writing_of_a_small_x_is_read() -> None:
    one = b"\x02" + (1).to_bytes(32, "big")
    assert add_tweak(one, 0) == one
    assert add_tweak(one, 5) == theirs(one, 5)


@given(
    st.binary(min_size=33, max_size=33) | st.binary(min_size=32, max_size=32).map(b"\x03".__add__)
)
def test_what_others_read_as_a_point_is_read(public: bytes) -> None:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), public)
    except ValueError:
        refused(public, 0)
    else:
        assert add_tweak(public, 0) == public
