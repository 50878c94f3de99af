"""The store's schema, step by step; alembic runs this folder."""
