"""Reads a folder tree of evidence: which folders are items, which files are their evidence, and what neither is.

A folder whose name begins with a number, in digits or Chinese, is a section or an item; what lies in an item is its
evidence, and a folder of photos one piece of it. Against a manifest that is there, files are matched to its items.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Final

from natsort import natsort_keygen, ns

from dossier import probe, sources
from dossier.errors import PathRefusedMessage
