"""LEIs: how participants are known, with check digits of their own.

Source: ISO 17442; the check digits are ISO 7064 MOD 97-10.
"""

import re
from functools import lru_cache

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId

# ISO 17442; the check digits that ISO 7064 makes are 02 to 98. stdnum looks at the sum alone.
LEI_FORM = re.compile(r"[0-9A-Z]{18}(?!00|01|99)[0-9]{2}", re.ASCII)


class LeiWrong(Refusal):
    """An LEI is malformed or its check digits do not match."""

    code = "participant.lei-wrong"
    kind = Kind.MALFORMED


@lru_cache(maxsize=65_536)  # a register names the same ones over and over
def parse_lei(text: str) -> ParticipantId:
    """Check that `text` is an LEI: 20 characters, the last two its check digits.

    Raises:
        LeiWrong: It is not; nothing is guessed or normalised.
    """
    if not LEI_FORM.fullmatch(text):
        detail = f"{text[:40]!r}: 18 capitals or digits and 2 check digits, without spaces"
        raise LeiWrong(detail)
    try:
        mod_97_10.validate(text)
    except ValidationError as trouble:
        raise LeiWrong(f"{text[:40]!r}: {trouble}") from trouble
    return ParticipantId(text)
