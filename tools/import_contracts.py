"""Three kinds of import rules for import-linter, over direct imports; a name stands for a module and what lies in it.

Unlike its own `protected` and `forbidden` they may name what nobody imports yet, and need no list of every library.
"""

from __future__ import annotations

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def within(module: str, names: list[str]) -> bool:
    """Tells whether a module is one of those named, or lies in one."""
    return any(module == name or module.startswith(name + ".") for name in names)


class DirectContract(Contract):
    """Holds while no direct import is one that `refuses` names."""

    importers = fields.ListField(subfield=fields.StringField())
    imported = fields.ListField(subfield=fields.StringField())

    def refuses(self, importer: str, imported: str) -> bool:
        """Tells whether one module must not import the other."""
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 (import-linter calls it so)
        """Collects every import that is refused, as "importer -> imported"."""
        strays = [
            f"{importer} -> {imported}"
            for importer in sorted(graph.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if self.refuses(importer, imported)
        ]
        return ContractCheck(kept=not strays, metadata={"strays": strays})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Prints one line for each such import."""
        for stray in check.metadata["strays"]:
            output.print_error(f"- {stray}", bold=False)
        output.new_line()


class ImportsOnly(DirectContract):
    """`importers` import each other, `imported`, Python's own library, and nothing else."""

    type_name = "imports_only"

    def refuses(self, importer: str, imported: str) -> bool:
        """Tells an import by one of `importers` that leads elsewhere."""
        importers: list[str] = self.importers  # type: ignore[assignment]
        welcome: list[str] = self.imported  # type: ignore[assignment]
        return (
            within(importer, importers)
            and not within(imported, [*importers, *welcome])
            and imported.split(".", maxsplit=1)[0] not in sys.stdlib_module_names
        )


class ImportsNoneOf(DirectContract):
    """`importers` import none of `imported`."""

    type_name = "imports_none_of"

    def refuses(self, importer: str, imported: str) -> bool:
        """Tells an import from one list to the other."""
        importers: list[str] = self.importers  # type: ignore[assignment]
        unwelcome: list[str] = self.imported  # type: ignore[assignment]
        return within(importer, importers) and within(imported, unwelcome)


class ImportedOnlyBy(DirectContract):
    """`imported` are imported by `importers`, by each other, and by nobody else."""

    type_name = "imported_only_by"

    def refuses(self, importer: str, imported: str) -> bool:
        """Tells an import of one of `imported` by anybody else."""
        guarded: list[str] = self.imported  # type: ignore[assignment]
        importers: list[str] = self.importers  # type: ignore[assignment]
        return within(imported, guarded) and not within(importer, [*importers, *guarded])
