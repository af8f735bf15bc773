"""The reference platform: receives cases, verifies, opens, re-runs the rules, stores, and shows them."""
