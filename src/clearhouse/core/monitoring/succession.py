"""`changed`: which typologies another programme changes; each has a higher version then."""

from clearhouse.core.canonical import canonical
from clearhouse.core.monitoring.programme import Programme, Typology
from clearhouse.core.monitoring.wrong import VersionKept


def changed(old: Programme, new: Programme) -> tuple[str, ...]:
    """The typologies that are new, gone, or say something else, themselves or by their rules.

    Raises:
        VersionKept: One says something else under the number of its version, or a lower one.
    """
    was = {one.id: one for one in old.typologies}
    will_be = {one.id: one for one in new.typologies}
    found = []
    for id in sorted(was.keys() | will_be.keys()):
        before, after = was.get(id), will_be.get(id)
        if before and after:
            if _said(old, before) == _said(new, after):
                continue
            if after.number <= before.number:
                raise VersionKept(
                    f"{id} changes, and its version is {after.number} after {before.number}",
                    typology=id,
                )
        found.append(id)
    return tuple(found)


def _said(programme: Programme, typology: Typology) -> str:
    """All that decides about a typology's score and outcome."""
    rules = [
        [
            rule.id,
            rule.measure,
            {name: str(value) for name, value in rule.given.items()},
            [[band.name, str(band.least), str(band.below)] for band in rule.bands],
        ]
        for rule in programme.rules
        if rule.id in typology.weights
    ]
    weights = {
        rule: {band: str(weight) for band, weight in bands.items()}
        for rule, bands in typology.weights.items()
    }
    return canonical([programme.unit, str(typology.alert), str(typology.interdict), weights, rules])
