"""Lists of wallets: an address a line, in ASCII; the file's name tells the asset."""

from clearhouse.core.screening import ListedWallet
from clearhouse.feeds.sanctions.opening import decoded
from clearhouse.feeds.sanctions.publication import WALLET_FILE
from clearhouse.feeds.sanctions.reading import ADDRESS_FORM, Reading
from clearhouse.feeds.sanctions.refusals import FileEmpty, malformed


def take_wallets(reading: Reading, file: str, content: bytes) -> None:
    """Read one file that is known to be whole.

    Raises:
        WrongEncoding, RowMalformed, FileEmpty: It is no list of addresses.
    """
    form = WALLET_FILE.fullmatch(file)
    assert form is not None
    asset, before = form["asset"], len(reading.wallets)
    for line, text in enumerate(decoded(file, content, "ascii").splitlines(), start=1):
        address = text.strip()
        if not address or address.startswith("#"):
            reading.skip(file, line, "blank" if not address else "comment")
        elif not ADDRESS_FORM.fullmatch(address):
            raise malformed(file, line, f"{address[:48]!r} is no address")
        elif (asset, address) in reading.wallets:
            reading.skip(file, line, "listed before")
        else:
            reading.wallets[asset, address] = ListedWallet(address, asset)
    if len(reading.wallets) == before:
        raise FileEmpty(f"{file} has no address", file=file)
