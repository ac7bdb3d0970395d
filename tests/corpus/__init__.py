"""Hundreds of damaged and disguised files, and the proof that a build binds or refuses each of them; see README.md."""
