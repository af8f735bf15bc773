"""Barcode and QR readers on a serial line."""
