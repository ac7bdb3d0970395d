"""Binds a pile of evidence files into one indexed, paginated and proved book."""
