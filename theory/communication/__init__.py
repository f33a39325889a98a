"""Communication-efficient and distributed methods."""
