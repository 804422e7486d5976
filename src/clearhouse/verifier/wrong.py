"""The one way in which the verifier says no."""


class Wrong(Exception):  # noqa: N818 - it is the word that people read
    """Something is not what it is said to be.

    Attributes:
        code: What is wrong, as `domain.kebab-case`; never renamed.
        detail: Where and how, for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        """The code and the detail, as one line."""
        return f"{self.code}: {self.detail}"
