"""Fuzz targets: the manifest loader and the file recogniser, given any bytes; see README.md."""
