"""Monitoring at the command line."""

from pathlib import Path
from shutil import copytree

from tests.cli.test_rulebook_cli import REFUSED, Desk

from clearhouse.feeds.typologies import SHIPPED

WRONG_USAGE = 2


def test_payments_are_judged_and_programmes_compared(desk: Desk, tmp_path: Path) -> None:
    """Of payments that nobody could value it says so, and not that all is well."""
    desk.trade("A", "b", *["15000.00"] * 6)
    said = desk.json("monitoring")
    assert (said["judged"], said["unvalued"], said["alerts"]) == (0, 6, [])
    assert "6 could not be valued" in " ".join(desk.text("monitoring").split())

    shown = desk.json("monitoring", "show")
    assert shown["programme"] == said["programme"]
    assert {one["typology"] for one in shown["typologies"]} >= {"sums", "structuring", "exposure"}
    assert all(one["citation"] for one in shown["rules"])
    assert "alert from" in desk.text("monitoring", "show")

    folder = Path(copytree(str(SHIPPED), tmp_path / "typologies"))
    told = desk.json("monitoring", "back-test", str(folder))
    assert (told["old"], told["new"]) == (shown["programme"], shown["programme"])
    assert (told["volumes"], told["raised"], told["unvalued"]) == ([], [], 6)
    assert "0 alerts more" in desk.text("monitoring", "back-test", str(folder))
    assert desk.json("monitoring", "--programme", str(folder))["programme"] == shown["programme"]


def test_a_programme_that_is_wrong_is_told(desk: Desk, tmp_path: Path) -> None:
    folder = Path(copytree(str(SHIPPED), tmp_path / "typologies"))
    (folder / "sums.toml").write_text("[[rule]")
    for words in (
        ("monitoring", "show", str(folder)),
        ("monitoring", "back-test", str(folder)),
        ("monitoring", "--programme", str(folder)),
    ):
        answer = desk.run(*words, "--json")
        assert answer.code == REFUSED
        assert answer.refused == "monitoring.malformed"
    assert desk.run("monitoring", "show", str(tmp_path / "nowhere")).code == WRONG_USAGE
