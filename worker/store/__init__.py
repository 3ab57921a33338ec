"""Every query: SQLAlchemy Core on SQLite and PostgreSQL. One query a function; rows in, frozen dataclasses out."""
