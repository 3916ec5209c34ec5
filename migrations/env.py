"""Runs migrations over a connection given by the caller, or over DATABASE_URL from the command line."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from dispatch.storage.servers import Servers


def run(connection: Connection) -> None:
    """Run inside one transaction, with the lock that keeps two starting processes apart."""
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7261001)")
        context.run_migrations()


async def run_online(url: str) -> None:
    """Open an engine of our own. The URL is read by the driver, as everywhere else: it may name several servers."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=Servers(url).connect)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_online(context.config.attributes.get("url") or os.environ["DATABASE_URL"]))
