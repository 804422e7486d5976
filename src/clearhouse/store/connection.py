"""Connection: how the house talks to PostgreSQL.

Every connection is the same: UTC, numbers that are whole come back as `int`, and statements commit
by themselves unless they stand in a `with db.transaction():`. (Without autocommit a first SELECT
opens a transaction, and every later block becomes a savepoint in it that nobody commits.)
"""

import psycopg
from psycopg.adapt import Buffer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.numeric import IntLoader, NumericBinaryLoader

SETTINGS = "-c timezone=UTC -c statement_timeout=0"


class WholeNumberBinary(NumericBinaryLoader):
    """Reads NUMERIC in the binary form as `int`."""

    def load(self, data: Buffer) -> int:  # type: ignore[override]  # it narrows Decimal on purpose
        """Read a whole number.

        Raises:
            ValueError: There is a fraction, or it is no number.
        """
        number = super().load(data)
        if not number.is_finite() or number != number.to_integral_value():
            raise ValueError(f"{number} is not a whole number")
        return int(number)


def connect(url: str, name: str = "clearhouse") -> psycopg.Connection:
    """Open a connection.

    Args:
        url: Of the database.
        name: What it is for, as PostgreSQL's activity view shows it.
    """
    own = conninfo_to_dict(url).get("options")
    settings = f"{own} {SETTINGS}" if own else SETTINGS
    db = psycopg.connect(
        make_conninfo(url, options=settings, application_name=name), autocommit=True
    )
    # It reads whole numbers of any length, and nothing else: a fraction is an error.
    db.adapters.register_loader("numeric", IntLoader)
    db.adapters.register_loader("numeric", WholeNumberBinary)
    return db
