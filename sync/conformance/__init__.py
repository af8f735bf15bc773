"""A black-box run of the whole protocol against any platform, ours or another's: ``kiosk conformance``."""
