"""Ed25519 with the vectors of RFC 8032, beside OpenSSL, and every way to forge it."""

from hashlib import sha512

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.verifier import ed25519
from clearhouse.verifier.ed25519 import is_key, verify

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
IDENTITY = (1).to_bytes(32, "little")

# RFC 8032, 7.1: public key, message, signature.
VECTORS = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
            "1cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
            "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
            "984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    "TEST 1024": (
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        (
            "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f5"
            "4e9f77b1e355f6c50544e23fb1433ddf73be84d879de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37"
            "c93a1b270b20329d658675fc6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efc"
            "b8550ee3a5e1998bd177e93a7363c344fe6b199ee5d02e82d522c4feba15452f80288a821a579116ec6dad2b"
            "3b310da903401aa62100ab5d1a36553e06203b33890cc9b832f79ef80560ccb9a39ce767967ed628c6ad573c"
            "b116dbefefd75499da96bd68a8a97b928a8bbc103b6621fcde2beca1231d206be6cd9ec7aff6f6c94fcd7204"
            "ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d95629e9855a94a7c1958"
            "d1f8ada5d0532ed8a5aa3fb2d17ba70eb6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40cc24"
            "554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf2b13fd65f27088d78b7e883c8759d2c4f5c6"
            "5adb7553878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2"
            "cf65bd92dd597b0707e0917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128bab27af87a"
            "71314f318c782b23ebfe808b82b0ce26401d2e22f04d83d1255dc51addd3b75a2b1ae0784504df543af8969b"
            "e3ea7082ff7fc9888c144da2af58429ec96031dbcad3dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9"
            "b47acdb751fb73e666c6c655ade8297297d07ad1ba5e43f1bca32301651339e22904cc8c42f58c30c04aafdb"
            "038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8ca61783aacec57fb3d1f92b0fe2fd1a85f672451"
            "7b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401adebf5a7e08"
            "d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e"
            "2ab47b57f7f7276cd419c17a3ca8e1b939ae49e488acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d"
            "5011fd2dcc5600a32ef5b52a1ecc820e308aa342721aac0943bf6686b64b2579376504ccc493d97e6aed3fb0"
            "f9cd71a43dd497f01f17c0e2cb3797aa2a2f256656168e6c496afc5fb93246f6b1116398a346f1a641f3b041"
            "e989f7914f90cc2c7fff357876e506b50d334ba77c225bc307ba537152f3f1610e4eafe595f6d9d90d11faa9"
            "33a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb68606937380db2eaaa707b4c4185"
            "c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef68d3a101e8a3b8cac60c905c"
            "15fc910840b94c00a0b9d0"
        ),
        (
            "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350aa5371b1508f9f4528ecea23"
            "c436d94b5e8fcd4f681e30a6ac00a9704a188a03"
        ),
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c6"
            "6431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
}

# Points of order 1, 2, 4 and 8: all that there are, and their second writings.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
SMALL_AGAIN = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
NO_SIGNATURE = IDENTITY + bytes(32)  # R and s of nothing: what keys of small order are forged with

seeds = st.binary(min_size=32, max_size=32)


def scalar_of(seed: bytes) -> int:
    """The secret scalar (RFC 8032, 5.1.5)."""
    low = int.from_bytes(sha512(seed).digest()[:32], "little")
    return low & (2**254 - 8) | 2**254


def public_of(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def challenge(commitment: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(commitment + public + message).digest(), "little") % L


def others(public: bytes, signature: bytes, message: bytes) -> bool:
    """What OpenSSL says."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def moved(encoded: bytes, torsion: str) -> bytes:
    """A point plus one of small order."""
    point, small = ed25519._decode(encoded), ed25519._decode(bytes.fromhex(torsion))
    assert point is not None
    assert small is not None
    return ed25519._encode(ed25519._add(point, small))


@pytest.mark.parametrize("name", VECTORS)
def test_the_signatures_of_the_rfc_are_good_and_none_of_their_bits_can_be_another(
    name: str,
) -> None:
    public, message, signature = map(bytes.fromhex, VECTORS[name])
    assert verify(public, signature, message)
    assert not verify(public, signature, message + b"\x00")
    for place in range(64):
        flipped = bytearray(signature)
        flipped[place] ^= 1 << place % 8
        assert not verify(public, bytes(flipped), message)


@given(seeds, st.binary(max_size=200))
def test_what_others_sign_is_good(seed: bytes, message: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    assert verify(public_of(seed), private.sign(message), message)


@given(seeds, st.binary(min_size=1, max_size=100), st.data())
def test_no_bit_of_key_signature_or_message_can_be_another(
    seed: bytes, message: bytes, data: st.DataObject
) -> None:
    public, signature = public_of(seed), Ed25519PrivateKey.from_private_bytes(seed).sign(message)
    flipped = bytearray(public + signature + message)
    bit = data.draw(st.integers(0, 8 * len(flipped) - 1))
    flipped[bit // 8] ^= 1 << bit % 8
    assert not verify(bytes(flipped[:32]), bytes(flipped[32:96]), bytes(flipped[96:]))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64), st.binary())
def test_what_nobody_signed_is_good_to_no_one(key: bytes, signature: bytes, text: bytes) -> None:
    assert not verify(key, signature, text)
    assert not others(key, signature, text) or not is_key(key)


@given(seeds, st.integers(0, 2**256 - 1), st.binary(max_size=40))
def test_with_any_s_both_implementations_agree(seed: bytes, number: int, message: bytes) -> None:
    """R is made for s, so that only whether s is reduced decides."""
    public, scalar = public_of(seed), scalar_of(seed)
    commitment = ed25519._encode(ed25519._combined(number % L, 0, ed25519._IDENTITY))
    s = (number + challenge(commitment, public, message) * scalar) % L
    for multiple in range(16):
        if s + multiple * L < 2**256:
            signature = commitment + (s + multiple * L).to_bytes(32, "little")
            assert verify(public, signature, message) is (multiple == 0)
            assert others(public, signature, message) is (multiple == 0)


def test_lengths_are_exact() -> None:
    public, message, signature = map(bytes.fromhex, VECTORS["TEST 2"])
    for wrong in (b"", signature[:-1], signature + b"\x00", signature[:32]):
        assert not verify(public, wrong, message)
    for wrong in (b"", public[:-1], public + b"\x00"):
        assert not verify(wrong, signature, message)
        assert not is_key(wrong)


@pytest.mark.parametrize("small", SMALL + SMALL_AGAIN)
def test_no_key_is_of_small_order(small: str) -> None:
    """Some messages would be signed by it without any secret."""
    public = bytes.fromhex(small)
    assert not is_key(public)
    messages = [b"%d" % number for number in range(64)]
    assert any(others(public, NO_SIGNATURE, one) for one in messages), "the forgery is real"
    assert not any(verify(public, NO_SIGNATURE, one) for one in messages)


def test_a_key_has_one_writing() -> None:
    """y is below the prime: of the nineteen numbers above it none stands for the one below."""
    canonical = [y for y in range(19) if is_key(y.to_bytes(32, "little"))]
    assert len(canonical) > 3
    for y in range(19):
        for sign in (0, 1 << 255):
            assert not is_key((y + P | sign).to_bytes(32, "little"))


def test_a_number_that_is_no_point_is_no_key() -> None:
    found = [is_key(sha512(b"%d" % number).digest()[:32]) for number in range(100)]
    assert 30 < sum(found) < 70, "every second number is the y of a point"


@pytest.mark.parametrize("writing", [IDENTITY, *map(bytes.fromhex, SMALL_AGAIN)])
def test_r_has_one_writing(writing: bytes) -> None:
    """R is the identity, so that s is known for each way to write it."""
    seed, message = b"\x07" * 32, b"message"
    public = public_of(seed)
    s = challenge(writing, public, message) * scalar_of(seed) % L
    signature = writing + s.to_bytes(32, "little")
    assert verify(public, signature, message) is (writing == IDENTITY)
    assert others(public, signature, message) is (writing == IDENTITY)


@pytest.mark.parametrize("torsion", SMALL[1:])
def test_r_is_compared_without_the_cofactor(torsion: str) -> None:
    seed, message = b"\x08" * 32, b"message"
    public = public_of(seed)
    honest = ed25519._encode(ed25519._combined(5, 0, ed25519._IDENTITY))
    for commitment in (honest, moved(honest, torsion)):
        s = (5 + challenge(commitment, public, message) * scalar_of(seed)) % L
        signature = commitment + s.to_bytes(32, "little")
        assert verify(public, signature, message) is (commitment == honest)
        assert others(public, signature, message) is (commitment == honest)


@pytest.mark.parametrize("torsion", SMALL[1:])
def test_with_a_key_of_mixed_order_both_implementations_agree(torsion: str) -> None:
    seed = b"\x09" * 32
    public = moved(public_of(seed), torsion)
    commitment = ed25519._encode(ed25519._combined(5, 0, ed25519._IDENTITY))
    said = []
    for number in range(64):
        message = b"%d" % number
        s = (5 + challenge(commitment, public, message) * scalar_of(seed)) % L
        signature = commitment + s.to_bytes(32, "little")
        said.append(verify(public, signature, message))
        assert said[-1] is others(public, signature, message)
    assert {True, False} == set(said)
