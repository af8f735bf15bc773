"""Machine-readable zones (ICAO Doc 9303) on photographs and scans of passports, cards and visas.

``rows`` finds lines of print and ``zones`` groups them; ``look`` has ``cut`` make strips of them, which ``lines_net``
reads; ``lattice`` sets what it read on an even grid and ``formats`` tells which format that is; ``attempts`` reads
again until ``decide``, which weighs by ``grammar`` and ``evidence``, has nothing left to doubt; ``reader`` runs all
that. Nothing here keeps or logs what a document says.
"""

from devices.scanner.mrz.reader import read_mrz
from devices.scanner.mrz.reading import MrzReading

__all__ = ["MrzReading", "read_mrz"]
