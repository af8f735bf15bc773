"""Departments behind one contract: accepted cases are handed over to whoever decides on them."""
