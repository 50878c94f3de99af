"""Run the steps on the connection that the store hands over, inside its transaction."""

from alembic import context

from jupyter_deployfeedback.store.schema import VERSION_TABLE
from jupyter_deployfeedback.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # true of SQLite too, because the store begins its transactions itself
)
context.run_migrations()
