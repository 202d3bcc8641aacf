"""Plain forms as browsers send them."""

from dataclasses import dataclass

from fastapi import Request

_MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form in their order; files are left out."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field; the default where it is missing or empty."""
        return next((value for key, value in self.fields if key == name and value), default)

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be there more than once."""
        return [value for key, value in self.fields if key == name]


async def read_form(request: Request, *, most: int = _MOST_FIELDS) -> Form:
    """The form that the request carries; ``most``: how many fields it may have."""
    async with request.form(max_files=0, max_fields=most) as form:
        return Form(tuple((key, value) for key, value in form.multi_items() if isinstance(value, str)))
