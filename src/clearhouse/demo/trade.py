"""Invoices of the demo: who owes whom in a trading month, as the files that firms send.

Debts follow a supply chain with some trade against the stream, and firm sizes are Pareto: so, as in
published real data, a good part of the debt runs in circles and can be set off.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

from clearhouse.core.ids import ObligationId
from clearhouse.core.money import decimal
from clearhouse.core.obligation import obligation_id
from clearhouse.demo.country import Country, Firm, of_role
from clearhouse.operations.intake import COLUMNS

AGAINST_THE_STREAM = 0.35  # the share of draws against the supply chain that become trade
IN_DOLLARS, IN_EUROS = 0.65, 0.25  # shares of invoices; the rest is in bitcoin
UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:UBLVersionID>2.1</cbc:UBLVersionID>
  <cbc:ID>{reference}</cbc:ID>
  <cbc:IssueDate>{traded_on}</cbc:IssueDate>
  <cbc:DueDate>{due_on}</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:DocumentCurrencyCode>{asset}</cbc:DocumentCurrencyCode>
  <cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity>
    <cbc:RegistrationName>{creditor_name}</cbc:RegistrationName>
    <cbc:CompanyID schemeID="0199">{creditor}</cbc:CompanyID>
  </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party><cac:PartyLegalEntity>
    <cbc:RegistrationName>{debtor_name}</cbc:RegistrationName>
    <cbc:CompanyID schemeID="0199">{debtor}</cbc:CompanyID>
  </cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>
  <cac:LegalMonetaryTotal>
    <cbc:PayableAmount currencyID="{asset}">{amount}</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
</Invoice>
"""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice, as its creditor wrote it."""

    reference: str
    debtor: Firm
    creditor: Firm
    amount: str
    asset: str
    traded_on: date
    due_on: date

    @property
    def id(self) -> ObligationId:
        """The obligation's id, which anybody can work out."""
        return obligation_id(self.creditor.id, self.reference)

    def row(self) -> tuple[str, ...]:
        """As a line of a CSV file."""
        parties = (self.reference, self.debtor.id, self.creditor.id)
        return (*parties, self.amount, self.asset, str(self.traded_on), str(self.due_on))

    def ubl(self) -> str:
        """As a UBL 2.1 invoice."""
        values = dict(zip(COLUMNS, self.row(), strict=True))
        names = {"creditor_name": self.creditor.name, "debtor_name": self.debtor.name}
        return UBL.format(**{key: escape(text) for key, text in (values | names).items()})


def invoices(country: Country, count: int, day: date, dice: Random) -> list[Invoice]:
    """Draw the month's invoices between the two countries, due on `day` and the day after."""
    firms = [*country.traders, *country.banks, country.platform, *country.miners]
    rank = {one.id: place for place, one in enumerate(dice.sample(firms, len(firms)))}
    size = {one.id: dice.paretovariate(1.15) for one in firms}
    sides = {
        (home, role): of_role(firms, home, role)
        for home in ("XA", "XB")
        for role in ("debtor", "creditor")
    }
    weights = {side: [size[one.id] for one in members] for side, members in sides.items()}
    made: list[Invoice] = []
    while len(made) < count:
        home, abroad = dice.choice((("XA", "XB"), ("XB", "XA")))
        (debtor,) = dice.choices(sides[home, "debtor"], weights[home, "debtor"])
        (creditor,) = dice.choices(sides[abroad, "creditor"], weights[abroad, "creditor"])
        downstream = rank[debtor.id] < rank[creditor.id]
        if not downstream and dice.random() > AGAINST_THE_STREAM:
            continue
        scale = min(20.0, (size[debtor.id] * size[creditor.id]) ** 0.5)
        asset, amount = _amount(dice.lognormvariate(7.6, 1.2) * scale, dice)
        traded_on = day - timedelta(days=dice.randrange(1, 29))
        due_on = day + timedelta(days=dice.randrange(2))
        reference = f"INV-{traded_on:%y%m}-{len(made) + 1:06}"
        made.append(Invoice(reference, debtor, creditor, amount, asset, traded_on, due_on))
    return made


def _amount(dollars: float, dice: Random) -> tuple[str, str]:
    """An amount as people write it, in one of the currencies that trade is invoiced in."""
    draw = dice.random()
    if draw < IN_DOLLARS:
        return "USD", decimal(max(100, round(dollars * 100)), 2, "")
    if draw < IN_DOLLARS + IN_EUROS:
        return "EUR", decimal(max(100, round(dollars * 91)), 2, "")
    return "BTC", decimal(max(10_000, round(dollars / 60_000 * 10**8)), 8, "")


def write_csv(file: Path, made: Iterable[Invoice], *more: Sequence[str]) -> Path:
    """Write a file of obligations as a firm sends it, with `more` lines as they are given."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(one.row() for one in made)
        writer.writerows(more)
    return file


def by_party(made: Iterable[Invoice], role: str) -> dict[Firm, list[Invoice]]:
    """Sort invoices by their debtor or creditor."""
    sorted_by: defaultdict[str, list[Invoice]] = defaultdict(list)
    firms: dict[str, Firm] = {}
    for one in made:
        firm = one.debtor if role == "debtor" else one.creditor
        firms[firm.id] = firm
        sorted_by[firm.id].append(one)
    return {firms[id]: ours for id, ours in sorted(sorted_by.items())}
