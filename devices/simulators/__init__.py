"""Byte-level fakes behind pseudo-terminals. They run only when started by ``kiosk demo`` or ``kiosk robot``."""
