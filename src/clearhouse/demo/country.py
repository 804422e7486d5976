"""The demo country: firms of Norland and Sudmark, their licences and wallets; all from one seed.

Norland (XA) is a pilot country, Sudmark (XB) its trading partner. Nothing in it is real: names are
put together from parts, and LEIs begin with `0000`, a prefix that no issuer has.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from stdnum.iso7064 import mod_97_10

from clearhouse.core.ids import ParticipantId
from clearhouse.demo.wallets import Wallet
from clearhouse.operations.admit import COLUMNS

LICENSED_FROM, LICENSED_TO = date(2026, 1, 1), date(2027, 12, 31)
NORTH = (  # noqa: SIM905 - words read better than a list of them
    "Aurland Birkvik Dalheim Eikfjord Falknes Grimstad Haldor Isvik Jordal Kaldnes Lofthus"
    " Midtvik Nordahl Oksfjord Rauvik Skarven Tindal Ulvik Vardnes Ytterdal"
).split()
SOUTH = (  # noqa: SIM905 - the same
    "Almera Bravela Cordena Duranza Estrema Fontalba Garoza Herrena Ibarola Jaloma Larena Montela"
    " Navarela Olvena Pradela Quintora Ribela Solana Tormela Valdora"
).split()
TRADES = (  # noqa: SIM905 - the same
    "Marine Timber Machinery Textile Ceramic Agro Metals Optics Paper Chemical Foods Tooling Glass"
    " Electric Packaging Instruments Stone Rubber Pumps Seeds"
).split()
TWO_WAY = 0.9  # the share of Norland's traders that both buy and sell abroad


@dataclass(frozen=True, slots=True)
class Firm:
    """A participant of the demo country, with what only it would know: its wallet."""

    id: ParticipantId
    name: str
    residence: str
    classes: tuple[str, ...]
    wallet: Wallet


@dataclass(frozen=True, slots=True)
class Country:
    """Everybody who takes part in the demo."""

    traders: tuple[Firm, ...]  # exporters and importers of both countries
    banks: tuple[Firm, ...]  # one of each country
    platform: Firm
    miners: tuple[Firm, ...]  # three registered miners of Norland
    authority: Firm
    stranger: Firm  # its licence ran out: it is not let in to trade

    def firms(self) -> Iterator[Firm]:
        """Everybody."""
        yield from (*self.traders, *self.banks, self.platform, *self.miners)
        yield from (self.authority, self.stranger)


def lei(dice: Random) -> ParticipantId:
    """Make an LEI that nobody has: ISO 17442, check digits by ISO 7064 MOD 97-10."""
    body = "0000" + "".join(dice.choices("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", k=14))
    return ParticipantId(body + mod_97_10.calc_check_digits(body))


def found(dice: Random, traders: int) -> Country:
    """Found the country.

    Args:
        traders: How many exporters and importers, half of them in each country.
    """
    names = {
        "XA": [f"{a} {b} AS" for a in NORTH for b in TRADES],
        "XB": [f"{a} {b} SA" for a in SOUTH for b in TRADES],
    }
    for pool in names.values():
        dice.shuffle(pool)

    def firm(name: str, residence: str, *classes: str) -> Firm:
        return Firm(lei(dice), name, residence, classes, Wallet.of(dice.randbytes(32)))

    def trader(number: int) -> Firm:
        residence = ("XA", "XB")[number % 2]
        pool = names[residence]
        index = number // 2
        name = pool[index % len(pool)]
        if index >= len(pool):
            name = f"{name.rpartition(' ')[0]} {index // len(pool) + 1} {name.rpartition(' ')[2]}"
        # Most firms both buy and sell abroad; that is what makes circles of debt.
        classes = ("exporter", "importer") if residence == "XB" or dice.random() < TWO_WAY else ()
        return firm(name, residence, *(classes or (dice.choice(("exporter", "importer")),)))

    return Country(
        traders=tuple(trader(number) for number in range(traders)),
        banks=(
            firm("Norland Foreign Trade Bank", "XA", "bank"),
            firm("Banco Exterior de Sudmark", "XB", "bank"),
        ),
        platform=firm("Polar Digital Exchange AS", "XA", "platform"),
        miners=tuple(
            firm(f"{name} Hydro Mining AS", "XA", "miner")
            for name in ("Fossdal", "Elvnes", "Stryn")
        ),
        authority=firm("Norland Financial Supervisory Authority", "XA", "authority"),
        stranger=firm("Lapsed Trading House AS", "XA", "importer"),
    )


def write_register(country: Country, file: Path) -> None:
    """Write the file that admits everybody; its last line is one that is refused."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in country.firms():
            address = "" if one is country.authority else one.wallet.address
            ends = date(2026, 1, 31) if one is country.stranger else LICENSED_TO
            issuer = "Norland Central Bank" if one.residence == "XA" else "Sudmark Treasury"
            for kind in one.classes:
                row = (one.id, one.name, one.residence, address, kind, issuer)
                writer.writerow((*row, LICENSED_FROM, ends))
        wrong = country.traders[0]
        swapped = wrong.id[:-2] + wrong.id[-1] + wrong.id[-2]
        if swapped == wrong.id:
            swapped = wrong.id[:-1] + str((int(wrong.id[-1]) + 1) % 10)
        mistyped = (swapped, "Mistyped Import AS", "XA", wrong.wallet.address, "importer")
        writer.writerow((*mistyped, "Norland Central Bank", LICENSED_FROM, LICENSED_TO))


def can(firm: Firm, role: str) -> bool:
    """Whether the firm may owe (`debtor`) or be owed (`creditor`) under its country's law."""
    buys = {"XA": {"importer", "platform", "bank", "miner"}, "XB": {"importer", "exporter", "bank"}}
    sells = {"XA": {"exporter", "platform", "bank", "miner"}, "XB": buys["XB"]}
    return bool(set(firm.classes) & (buys if role == "debtor" else sells)[firm.residence])


def of_role(firms: Sequence[Firm], residence: str, role: str) -> list[Firm]:
    """Those of a country who may take a role."""
    return [one for one in firms if one.residence == residence and can(one, role)]
