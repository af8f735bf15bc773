"""A terminal on disk with its platform, as the tests of sync have it."""

from tests.sync.conftest import platform, terminal, url  # noqa: F401
