"""Databases of PostgreSQL that serve one test after another. To copy one and to drop it is six hundred files each time; to empty it, a
tenth of that."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tests.services.postgres import Postgres

if TYPE_CHECKING:
    from psycopg import Connection

# What is deleted stays in the files, and is read over. A new database costs less than to empty one of more bytes.
LARGE = 2_000_000
BYTES = """
    SELECT coalesce(sum(pg_relation_size(oid)), 0)::bigint FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
# All that a migration makes, and how far they went.
SHAPE = """
    SELECT
        (SELECT sum(hashtext(concat(oid, relname, relkind, relhastriggers))) FROM pg_class),
        (SELECT sum(hashtext(concat(attrelid, attname, atttypid, attnotnull, atthasdef))) FROM pg_attribute
            WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)),
        (SELECT sum(hashtext(one::text)) FROM pg_trigger one),
        (SELECT sum(hashtext(concat(oid, convalidated))) FROM pg_constraint),
        (SELECT sum(hashtext(one::text)) FROM pg_proc one WHERE pronamespace = 'public'::regnamespace),
        (SELECT string_agg(version_num, ' ') FROM alembic_version)
"""
HANG_UP = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
FIRST_NUMBERS = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"


@dataclass
class EmptiedDatabases:
    """Copies of *template*, which has every table and no row. One that a test has left otherwise than by its rows goes with it."""

    server: Postgres
    template: str
    free: list[tuple[str, "Connection"]] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a database with no row, for as long as the block lasts."""
        name, connection = self.free.pop() if self.free else self.new()
        yield self.server.url(name)
        connection.execute(HANG_UP)
        if self.is_worth_emptying(connection):
            connection.execute(self.emptying, prepare=False)
            self.free.append((name, connection))
        else:
            self.drop(name, connection)

    def new(self) -> tuple[str, "Connection"]:
        self.shape  # of the template: while somebody is connected to it, it cannot be copied  # noqa: B018
        name = self.server.create_database(template=self.template)
        return name, self.server.connect(name)

    def is_worth_emptying(self, connection: "Connection") -> bool:
        (size,) = connection.execute(BYTES).fetchone() or (0,)
        return int(size) <= LARGE and connection.execute(SHAPE).fetchone() == self.shape

    @cached_property
    def shape(self) -> object:
        with self.server.connect(self.template) as connection:
            return connection.execute(SHAPE).fetchone()

    @cached_property
    def emptying(self) -> bytes:
        """Statements. As a replica, PostgreSQL asks no trigger: some of our rows are never deleted."""
        from worker.store.database.tables import metadata  # only who asks for PostgreSQL waits for it

        deletes = [f'DELETE FROM "{table}"' for table in metadata.tables]
        return "; ".join(["SET session_replication_role = replica", *deletes, FIRST_NUMBERS]).encode()

    def drop(self, name: str, connection: "Connection") -> None:
        connection.close()
        self.server.drop_database(name)

    def close(self) -> None:
        while self.free:
            self.drop(*self.free.pop())
