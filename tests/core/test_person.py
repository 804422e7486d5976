"""People: a signature is its key's over these bytes alone, and no key is everybody's."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.person import (
    SMALL_ORDER,
    AffiliationMalformed,
    KeyMalformed,
    Role,
    SignatureWrong,
    UnknownRole,
    need_affiliation,
    need_key,
    need_role,
    proof,
    verify,
)

# RFC 8032, 7.1: TEST 1, 2 and 3: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
SECRET, KEY, _, SIGNATURE = VECTORS[2]
CONTENT = bytes.fromhex("af82")
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the base point


def flipped(hexadecimal: str, bit: int) -> str:
    content = bytearray.fromhex(hexadecimal)
    content[bit // 8] ^= 1 << bit % 8
    return content.hex()


@pytest.mark.parametrize(("secret", "key", "message", "signature"), VECTORS)
def test_the_signatures_of_rfc_8032_hold(
    secret: str, key: str, message: str, signature: str
) -> None:
    verify(bytes.fromhex(message), signature, key)
    own = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert own.public_key().public_bytes_raw().hex() == key
    assert own.sign(bytes.fromhex(message)).hex() == signature


@pytest.mark.parametrize("bit", range(512))
def test_no_bit_of_a_signature_can_be_another(bit: int) -> None:
    with pytest.raises(SignatureWrong):
        verify(CONTENT, flipped(SIGNATURE, bit), KEY)


@pytest.mark.parametrize("bit", range(256))
def test_no_bit_of_a_key_can_be_another(bit: int) -> None:
    with pytest.raises(SignatureWrong):
        verify(CONTENT, SIGNATURE, flipped(KEY, bit))


@pytest.mark.parametrize("content", [b"", b"\xaf", b"\xaf\x82\0", b"\xaf\x83", b"\x2f\x82"])
def test_a_signature_is_over_these_bytes_alone(content: bytes) -> None:
    with pytest.raises(SignatureWrong):
        verify(content, SIGNATURE, KEY)


def test_a_signature_has_one_writing() -> None:
    """With the group's order added to its scalar it would hold in a lax verifier."""
    scalar = int.from_bytes(bytes.fromhex(SIGNATURE[64:]), "little") + ORDER
    with pytest.raises(SignatureWrong):
        verify(CONTENT, SIGNATURE[:64] + scalar.to_bytes(32, "little").hex(), KEY)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        SIGNATURE[:-1],
        SIGNATURE[:-2],
        SIGNATURE + "00",
        SIGNATURE.upper(),
        f" {SIGNATURE[1:]}",
        SIGNATURE + "\n",
        SIGNATURE[:-1] + "g",
        SIGNATURE[:-1] + "\uff10",
        "0" * 128,
    ],
)
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(SignatureWrong):
        verify(CONTENT, signature, KEY)


NO_KEYS = [
    "",
    KEY[:-1],
    KEY[:-2],
    KEY + "00",
    KEY.upper(),
    KEY + "\n",
    f"0x{KEY[2:]}",
    KEY[:-1] + "g",
    KEY[:-1] + "\uff15",
]


@pytest.mark.parametrize("key", NO_KEYS)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(KeyMalformed):
        need_key(key)
    with pytest.raises(KeyMalformed):
        verify(CONTENT, SIGNATURE, key)


def test_a_key_off_the_curve_signs_nothing() -> None:
    off = next(y for y in range(2, 100) if recovered(y) is None)
    with pytest.raises(SignatureWrong):
        verify(CONTENT, SIGNATURE, off.to_bytes(32, "little").hex())


@given(st.binary(min_size=32, max_size=32))
def test_a_key_that_somebody_made_is_a_key(secret: bytes) -> None:
    need_key(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex())


# Points of small order, found anew: edwards25519 in a few lines (RFC 8032, 5.1).

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def recovered(y: int) -> Point | None:
    """The point of this y with the even x, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    for x in (root := pow(square, (P + 3) // 8, P), root * pow(2, (P - 1) // 4, P) % P):
        if x * x % P == square:
            return min(x, -x % P, key=lambda one: one & 1), y
    return None


def added(one: Point, other: Point) -> Point:
    (a, b), (c, d) = one, other
    cross = D * a * b * c * d % P
    x = (a * d + b * c) * pow(1 + cross, -1, P) % P
    return x, (b * d + a * c) * pow(1 - cross, -1, P) % P


def times(number: int, point: Point) -> Point:
    found = NEUTRAL
    for bit in f"{number:b}":
        found = added(found, found)
        if bit == "1":
            found = added(found, point)
    return found


def torsion() -> set[Point]:
    """The eight points that eight times are nothing."""
    for y in range(2, 1000):
        if (point := recovered(y)) is not None:
            eighth = times(ORDER, point)
            if times(4, eighth) != NEUTRAL:
                return {times(number, eighth) for number in range(8)}
    raise AssertionError


def writings() -> set[int]:
    """Every 255 bits that are read as the y of such a point, be they reduced or not."""
    return {y + more for _, y in torsion() for more in (0, P) if y + more < 2**255}


def test_the_curve_of_these_tests_is_the_curve_of_the_keys() -> None:
    points = torsion()

    assert len(points) == 8
    assert all(times(8, point) == NEUTRAL for point in points)
    key = int.from_bytes(bytes.fromhex(KEY), "little")
    point = recovered(key % 2**255)
    assert point is not None
    assert times(ORDER, point) == NEUTRAL


def test_the_list_of_small_orders_is_whole_and_holds_nothing_else() -> None:
    assert writings() == SMALL_ORDER


@pytest.mark.parametrize("sign", [0, 2**255])
@pytest.mark.parametrize("y", sorted(writings()))
def test_a_key_of_small_order_is_nobodys(y: int, sign: int) -> None:
    key = (y + sign).to_bytes(32, "little").hex()
    with pytest.raises(KeyMalformed):
        need_key(key)
    with pytest.raises(KeyMalformed):
        verify(CONTENT, SIGNATURE, key)


# What is said about a person.


def test_a_proof_is_for_one_house_one_person_and_one_key() -> None:
    said = proof("hse_1", "per_1", "aa")

    assert said == b"clearhouse.key.1 hse_1 per_1 aa"
    others = {proof("hse_2", "per_1", "aa"), proof("hse_1", "per_2", "aa")}
    assert len(others | {said, proof("hse_1", "per_1", "ab")}) == 4


@pytest.mark.parametrize(
    "text", ["XA", "Central Bank", "HWUPKR0MPOU8FGXBT394", "tech-firm 2", "0-", "a" * 64]
)
def test_an_affiliation_is_an_institution_or_a_participant(text: str) -> None:
    need_affiliation(text)


@pytest.mark.parametrize(
    "text",
    ["", "A", "a" * 65, " Bank", "-Bank", "Bank\n", "Bank\0", "B\u00e4nk", "Bank.", "A\tB", "A_B"],
)
def test_what_is_no_affiliation_is_refused(text: str) -> None:
    with pytest.raises(AffiliationMalformed):
        need_affiliation(text)


@pytest.mark.parametrize("role", Role)
def test_a_role_is_read_by_its_name(role: Role) -> None:
    assert need_role(role.value) is role


@pytest.mark.parametrize("text", ["", "root", "Administrator", "ADMINISTRATOR", "operator "])
def test_what_is_no_role_is_refused(text: str) -> None:
    with pytest.raises(UnknownRole):
        need_role(text)
