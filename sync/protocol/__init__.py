"""The published standard: envelope, canonical form, crypto suites. All cryptography lives here."""
