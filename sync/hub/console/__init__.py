"""The web console of the platform: what hall staff, technicians, auditors and administrators see and do."""
