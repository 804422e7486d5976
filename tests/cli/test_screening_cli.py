"""Lists and hits on the command line: what is in force, a new edition, and what people decide."""

import json
import shutil
import tempfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cli.test_rulebook_cli import DONE, REFUSED, USAGE, Desk
from tests.enacted import adding, ruled
from tests.listings import ftm
from tests.served import Served, serving

from clearhouse.core.ids import derived
from clearhouse.demo import lists
from clearhouse.demo.lists import misspelt

HERE = "http://127.0.0.1:9"  # where nobody answers


def edition(desk: Desk, *names: str) -> str:
    """A new edition of the list of names, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(dir=desk.folder))
    lists.write_lists(folder, desk.today() - timedelta(minutes=1), names)
    return str(folder / "ofac-sdn")


def test_an_edition_is_checked_loaded_and_what_it_hits_is_decided(desk: Desk) -> None:
    names = [desk.firm(letter).name for letter in "AC"]
    before = {one["list"]: one for one in desk.json("lists")["lists"]}
    assert before.keys() == {"OFAC-SDN", "OFAC-WALLETS"}
    assert all(one["mandatory"] and not one["stale"] for one in before.values())
    folder = edition(desk, misspelt(names[0]), names[1])
    checked = desk.json("lists", "check", folder)
    assert checked["changes"]["before"] == before["OFAC-SDN"]["version"]
    assert "2 new" in desk.text("lists", "check", folder) or checked["changes"]["changed"]
    assert desk.json("lists")["lists"][0]["version"] == before["OFAC-SDN"]["version"]

    (payment,) = desk.trade("A", "b", "100.00")
    loaded = desk.json("lists", "load", folder)
    assert {one["subject"] for one in loaded["hits"]} == {desk.firm(x).id for x in "AC"}
    assert payment in loaded["payments"]
    assert desk.json("lists")["lists"][0]["version"] == loaded["version"]
    again = desk.text("lists", "load", folder)
    assert "0 new, 0 changed, 0 gone" in again
    assert again.endswith("0 hits, 0 participants, 0 payments that wait\n")

    found = desk.json("hits")["hits"]
    assert [one["subject"] for one in found] == [desk.firm(x).id for x in "CA"], "closest first"
    words = (found[1]["subject"], "OFAC-SDN", found[1]["entity"])
    decide = ("hits", "decide", *words, "--outcome", "another", "--reason", "another seat")
    proposal = desk.json(*decide, "--with", desk.key("bela"))["command"]
    assert len(desk.json("hits")["hits"]) == 2, "one person decides nothing"
    desk.json("approve", proposal, "--with", desk.key("ada"))
    assert [one["subject"] for one in desk.json("hits")["hits"]] == [desk.firm("C").id]
    whole = {one["subject"]: one["decided"] for one in desk.json("hits", "--all")["hits"]}
    assert whole == {desk.firm("C").id: None, desk.firm("A").id: "another"}
    text = desk.text("hits", "--all")
    assert "another" in text
    assert names[1].upper() in text
    assert "1 hits" in desk.text("hits")
    (held,) = desk.json("records", "history", "hit_decision", "|".join(words))["history"]
    assert held["proposal"] == proposal
    assert "another seat" not in json.dumps(held)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("lists load nowhere", None),
        ("lists load http://example.org/sdn.xml --list X", None),
        ("lists load https://example.org/sdn.xml", None),
        ("hits decide 1 OFAC-SDN 2 --reason x --with ADA", None),
        ("hits decide 1 OFAC-SDN 2 --outcome maybe --reason x --with ADA", None),
        ("hits decide 1 OFAC-SDN 2 --outcome same --reason x", None),
        ("hits decide 1 OFAC-SDN 2 --outcome same --reason x --with ADA", "hit.unknown"),
        ("holds decide obl_1 XA.a.b --outcome released --reason x", None),
        ("holds decide obl_1 XA.a.b --outcome released --reason x --with ADA", "id.malformed"),
        ("lists load . ", "list.publication-missing"),
        ("lists check . ", "list.publication-missing"),
    ],
)
def test_what_is_wrong_is_told(desk: Desk, words: str, code: str | None) -> None:
    said = [desk.key("ada") if word == "ADA" else word for word in words.split()]
    said = [str(desk.folder) if word == "." else word for word in said]
    done = desk.run(*said, "--json")
    if code is None:
        assert done.code == USAGE
        return
    assert (done.code, done.json["error"]["code"]) == (REFUSED, code)


def test_a_shrunken_edition_is_refused_and_the_one_before_stays(desk: Desk) -> None:
    names = [f"Entirely Made Up {number}" for number in range(80)]
    assert desk.run("lists", "load", edition(desk, *names)).code == DONE
    before = desk.json("lists")["lists"][0]["version"]
    done = desk.run("lists", "load", edition(desk), "--json")
    assert done.json["error"]["code"] == "list.shrunken"
    assert desk.json("lists")["lists"][0]["version"] == before
    refused = desk.json("lists", "history", "--list", "OFAC-SDN")["editions"][-1]
    assert (refused["refused"], refused["before"]) == ("list.shrunken", before)
    told = desk.text("lists", "history")
    assert f"{refused['version']}: refused: OFAC-SDN has lost" in told, "whole, to be accepted"

    words = ("propose", "edition", "OFAC-SDN", refused["version"], "--reason", "announced")
    assert desk.run(*words, "--gone", "--with", desk.key("bela")).code == USAGE
    assert desk.run(*words[:3], *words[4:], "--with", desk.key("bela")).code == USAGE
    other = ("propose", "edition", "OFAC-SDN", "77" * 32, *words[4:], "--with", desk.key("bela"))
    assert desk.run(*other, "--json").json["error"]["code"] == "list.not-refused"
    gone = ("propose", "edition", "OFAC-SDN", "--gone", *words[4:], "--with", desk.key("bela"))
    assert desk.run(*gone, "--json").json["error"]["code"] == "list.mandatory"
    proposal = desk.json(*words, "--with", desk.key("bela"))["command"]
    desk.json("approve", proposal, "--with", desk.key("ada"))
    assert desk.run("lists", "load", edition(desk)).code == DONE
    (*_, last) = desk.json("lists", "history", "--list", "OFAC-SDN")["editions"]
    assert (last["proposal"], last["removed"], last["refused"]) == (proposal, 80, None)
    assert "as two people agreed" in desk.text("lists", "history")


def test_what_was_put_there_by_hand_and_cannot_follow_is_told(desk: Desk) -> None:
    kept, at = desk.home / "lists", desk.today() - timedelta(minutes=2)
    lists.write_lists(kept, at, ["An Older Edition"])
    (sdn, wallets) = desk.json("lists")["lists"]
    assert (sdn["adopted"], wallets["adopted"]) == (False, False)
    assert sdn["refused"].startswith("list.regressed: OFAC-SDN of")
    assert "OFAC-SDN is refused, and the gate stops: list.regressed" in desk.text("lists")
    lists.write_lists(kept, at + timedelta(minutes=1))
    assert [one["refused"] for one in desk.json("lists")["lists"]] == [None, None]


def test_what_the_law_holds_is_listed_and_decided(desk: Desk) -> None:
    assert desk.json("holds")["holds"] == []
    assert desk.text("holds") == "nothing is held\n"
    version = desk.json(
        "rulebook", "enter", desk.law("held", adding(ruled("XA.caps.all", "HOLD")))
    )["version"]
    later = (desk.today() + timedelta(minutes=5)).isoformat()
    desk.agree("rulebook", version, "--at", later)
    desk.now(desk.today() + timedelta(minutes=10))
    (id,) = desk.trade("B", "d", "70.00")
    (one,) = desk.json("holds")["holds"]
    assert (one["obligation"], list(one["rules"])) == (id, ["XA.caps.all"])
    assert [each["code"] for each in one["against"]] == ["gate.law-holds"]
    assert "XA.caps.all: " in desk.text("holds")
    (advice,) = one["remedies"]
    assert (advice["code"], advice["rule"], advice["by"]) == (
        *("gate.law-holds", "XA.caps.all"),
        one["by"],
    )
    assert "to change it: XA.caps.all (gate.law-holds)" in desk.text("holds")
    assert advice in desk.json("explain", id)["remedies"]
    assert desk.json("holds")["stopped"] is None
    words = ("holds", "decide", id, "XA.caps.all", "--outcome", "released", "--reason", "seen")
    assert "XA.caps.all" in desk.text(*words, "--with", desk.key("bela"))
    (waiting,) = [one for one in desk.json("proposals")["proposals"] if one["state"] == "waiting"]
    desk.json("approve", waiting["proposal"], "--with", desk.key("ada"))
    (held,) = desk.json("records", "history", "hold_decision", f"{id}|XA.caps.all")["history"]
    assert held["said"]["outcome"] == "released"


def test_lists_are_fetched_from_where_the_house_says(desk: Desk) -> None:
    assert desk.run("lists", "fetch", "--json").json["error"]["code"] == "list.source-malformed"
    names = ftm(
        {"id": "NK-1", "schema": "Company", "target": True, "properties": {"name": ["Volkan"]}}
    )
    with serving(Served(names.encode())) as served:
        table = '[[list]]\nname = "{}"\n[list.files]\n"entities.ftm.json" = "{}/{}"\n'
        (desk.home / "lists.toml").write_text(
            table.format("EU-FSF", served.url, "eu") + table.format("KV", HERE, "kv")
        )
        try:
            assert desk.run("lists", "fetch", "UN-SC", "--json").json["error"]["code"] == (
                "screening.list-unknown"
            )
            text = desk.run("lists", "fetch")
            assert text.code == REFUSED
            assert "EU-FSF of" in text.out
            assert "KV: list." in text.out
            done = desk.json("lists", "fetch", "EU-FSF")["lists"]
            assert [(one["list"], one["entries"], one["changes"]["added"]) for one in done] == [
                ("EU-FSF", 1, [])
            ]
        finally:
            (desk.home / "lists.toml").unlink()
    adopted = desk.json("lists", "history", "--list", "EU-FSF")["editions"]
    assert [one["before"] for one in adopted] == [None], "at one instant it is one edition"
    shutil.rmtree(desk.home / "lists" / "eu-fsf", ignore_errors=True)
    (desk.home / "lists" / "eu-fsf").unlink(missing_ok=True)
    assert desk.run("hits", "--json").json["error"]["code"] == "list.gone"
    words = ("propose", "edition", "EU-FSF", "--gone", "--reason", "closed")
    proposal = desk.json(*words, "--with", desk.key("bela"))["command"]
    desk.json("approve", proposal, "--with", desk.key("ada"))
    desk.json("hits")


def test_a_hit_is_a_case_that_somebody_takes(desk: Desk, tmp_path: Path) -> None:
    name = desk.firm("E").name
    assert desk.run("lists", "load", edition(desk, misspelt(name))).code == DONE
    (case,) = [one for one in desk.json("case")["cases"] if one["about"] == desk.firm("E").id]
    assert (case["kind"], case["owner"], case["overdue"]) == ("hit", None, False)
    bela = ("--with", desk.key("bela"))
    desk.json("case", "take", case["case"], *bela)
    document = tmp_path / "articles.pdf"
    document.write_bytes(b"articles")
    filed = ("evidence", case["case"], str(document), "--shows", "identity", "--said", "another")
    desk.json("case", *filed, *bela)
    shown = desk.json("case", "show", case["case"])
    assert shown["owner"].startswith("per_")
    assert [one["document"] for one in shown["evidence"]] == [sha256(b"articles").hexdigest()]
    assert "another" not in json.dumps(shown["evidence"])
    text = desk.text("case", "show", case["case"])
    assert f"owner {shown['owner']}" in text
    assert "clearhouse hits decide" in text
    (mine,) = desk.json("case", "--of", shown["owner"])["cases"]
    assert mine["case"] == case["case"]
    assert desk.json("case", "--overdue")["cases"] == []
    assert case["case"] in desk.text("case")
    for words, code in (
        (("take", "cas_1"), "id.malformed"),
        (("take", derived("cas", "none")), "case.unknown"),
        (("show", derived("cas", "none")), "case.unknown"),
        (("take", case["case"], "--for", derived("per", "none")), "case.owner-unfit"),
        ((*filed[:4], "taste", *filed[5:]), "record.malformed"),
    ):
        signed = bela if words[0] != "show" else ()
        said = desk.run("case", *words, *signed, "--json")
        assert said.code == REFUSED, said.out
        assert said.json["error"]["code"] == code, said.out
    desk.run("lists", "load", edition(desk))


def test_a_hit_is_shown_with_its_parts_and_its_reason(desk: Desk) -> None:
    firm, others = desk.firm("D"), [f"Entirely Made Up {number}" for number in range(5)]
    assert desk.run("lists", "load", edition(desk, misspelt(firm.name), *others)).code == DONE
    (one,) = [each for each in desk.json("hits")["hits"] if each["subject"] == firm.id]
    assert [part["name"] for part in one["parts"]] == [
        *("kind", "birth", "country", "gender", "numbers"),
    ]
    assert one["parts"][0]["agreement"] == "agrees"
    assert one["reason"].startswith(f"{firm.name} compared with {one['listed_name']!r}, entry")
    assert f"{one['score']} of 1000, and {one['rank']} with what else is known" in one["reason"]
    shown = desk.text("hits")
    assert f"{one['rank']:4}  {firm.id} {firm.name}  and  {one['listed_name']}\n" in shown
    assert f"names {one['score']} of 1000; kind agrees (organisation; organisation); " in shown
    words = (one["subject"], one["list"], one["entity"], "--outcome", "another", "--reason", "seat")
    preview = desk.text("hits", "decide", *words, "--with", desk.key("bela"))
    assert "  kind agrees (organisation; organisation): +0" in preview
    assert "  country not known (" not in preview
    assert "  country not known: +0" in preview
    assert f"of OFAC-SDN version {one['version'][:12]}" in preview
