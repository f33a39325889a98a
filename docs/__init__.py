"""The errata and derivations in this folder are installed as ``gradproof.notes``: the report shows them beside the claims."""
