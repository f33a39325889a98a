"""The ledger as a folder of HTML pages that needs no network and no server: see ``gradproof.report.site.build``."""

from gradproof.report.site import Site, build

__all__ = ["Site", "build"]
