"""Where the house may connect to: nobody's word leads it into a network of its own."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest

from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule.endpoint import Endpoint, parse_endpoint
from clearhouse.feeds.travel_rule.reach import ADDRESSES_MAX, Reach

PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e")
FORBIDDEN = {
    "loopback": "127.0.0.1",
    "all of loopback": "127.8.9.1",
    "nowhere": "0.0.0.0",  # noqa: S104 - an address that is refused
    "private, ten": "10.0.0.7",
    "private, sixteen": "172.16.3.4",
    "private, home": "192.168.1.1",
    "carrier": "100.64.0.1",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "metadata of another cloud": "168.63.129.16",
    "metadata of a third": "192.0.0.192",
    "benchmarks": "198.18.0.1",
    "documentation": "192.0.2.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "6to4 relay": "192.88.99.1",
    "loopback, six": "::1",
    "nowhere, six": "::",
    "link-local, six": "fe80::1",
    "unique local": "fd12:3456::1",
    "metadata, six": "fd00:ec2::254",
    "multicast, six": "ff02::1",
    "mapped": "::ffff:127.0.0.1",
    "mapped public": "::ffff:8.8.8.8",
    "translated": "64:ff9b::7f00:1",
    "6to4": "2002:7f00:1::1",
    "teredo": "2001:0:53aa:64c::1",
    "documentation, six": "2001:db8::1",
    "no address": "eight",
}


def named(host: str = "provider.example", port: int = 443) -> Endpoint:
    return parse_endpoint(f"https://{host}{'' if port == 443 else f':{port}'}/in")


def answering(*addresses: str) -> Reach:
    """A name has these addresses."""
    return Reach(resolve=lambda _: list(addresses))


def refused(reach: Reach, endpoint: Endpoint | None = None) -> str:
    with pytest.raises(Refusal) as refusal:
        reach.find(endpoint or named(), 5)
    return refusal.value.code


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_on_the_public_network_is_reached(address: str) -> None:
    assert answering(address, address).find(named(), 5) == (address,)


@pytest.mark.parametrize("address", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_is_not_is_refused_beside_what_is(address: str) -> None:
    for several in ((address,), (PUBLIC[0], address), (address, PUBLIC[0])):
        assert refused(answering(*several)) == "travel-endpoint.address-forbidden"


@pytest.mark.parametrize(
    "address", [one for one in FORBIDDEN.values() if one.count(".") == 3 and "ffff" not in one]
)
def test_an_address_for_a_name_is_refused_too(address: str) -> None:
    """Nobody is asked what it is; or it is no host of an endpoint at all."""

    def nobody(_: str) -> Sequence[str]:
        raise AssertionError("somebody was asked")

    with pytest.raises(Refusal):
        Reach(resolve=nobody).find(named(address), 5)


def test_a_name_is_asked_for_once_and_what_it_answers_is_what_is_called() -> None:
    """One that would answer otherwise the next time gains nothing."""
    answers = [[PUBLIC[0]], ["127.0.0.1"]]
    assert Reach(resolve=lambda _: answers.pop(0)).find(named(), 5) == (PUBLIC[0],)
    assert answers == [["127.0.0.1"]]


def test_a_closed_network_is_named_and_allows_no_other_form_of_it() -> None:
    closed = (ip_network("10.1.0.0/16"), ip_network("::ffff:0:0/96"))
    reach = Reach(closed, resolve=lambda _: ["10.1.2.3"])
    assert reach.find(named(), 5) == ("10.1.2.3",)
    for address in ("10.2.0.1", "::ffff:10.1.2.3", "127.0.0.1"):
        wrapped = replace(answering(address), networks=closed)
        assert refused(wrapped) == "travel-endpoint.address-forbidden"


@pytest.mark.parametrize("port", [22, 80, 5432, 8080])
def test_ports_at_which_nobody_is_called_are_refused(port: int) -> None:
    assert refused(answering(PUBLIC[0]), named(port=port)) == "travel-endpoint.port-forbidden"


def fails(_: str) -> Sequence[str]:
    raise OSError("no such name")


def is_silent(_: str) -> Sequence[str]:
    time.sleep(2)
    return [PUBLIC[0]]


UNKNOWN: dict[str, Callable[[str], Sequence[str]]] = {
    "fails": fails,
    "has none": lambda _: [],
    "has too many": lambda _: [f"8.8.8.{one}" for one in range(ADDRESSES_MAX + 1)],
    "is silent": is_silent,
}


@pytest.mark.parametrize("resolve", UNKNOWN.values(), ids=UNKNOWN)
def test_a_name_that_nobody_knows_is_tried_again_later(
    resolve: Callable[[str], Sequence[str]],
) -> None:
    with pytest.raises(Refusal) as refusal:
        Reach(resolve=resolve).find(named(), 0.2)
    assert refusal.value.code == "travel-endpoint.host-unknown"
