"""The steps by which a database came to the tables of `schema.py`, oldest first; for Alembic."""
