"""Run by alembic: migrates over the connection that ``service.migrations.migrate`` hands it, in its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
